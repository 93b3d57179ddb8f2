"""Text preparation of TextGCN: plain words, without stop words and rare words."""

import re
from collections import Counter
from collections.abc import Collection, Sequence

# The English stop words of the Natural Language Toolkit, less those with an apostrophe: a cleaned text has none.
ENGLISH_STOP_WORDS = frozenset({
    "i", "me", "my", "myself", "we", "our", "ours", "ourselves", "you", "your", "yours", "yourself",
    "yourselves", "he", "him", "his", "himself", "she", "her", "hers", "herself", "it", "its", "itself",
    "they", "them", "their", "theirs", "themselves", "what", "which", "who", "whom", "this", "that", "these",
    "those", "am", "is", "are", "was", "were", "be", "been", "being", "have", "has", "had", "having", "do",
    "does", "did", "doing", "a", "an", "the", "and", "but", "if", "or", "because", "as", "until", "while",
    "of", "at", "by", "for", "with", "about", "against", "between", "into", "through", "during", "before",
    "after", "above", "below", "to", "from", "up", "down", "in", "out", "on", "off", "over", "under", "again",
    "further", "then", "once", "here", "there", "when", "where", "why", "how", "all", "any", "both", "each",
    "few", "more", "most", "other", "some", "such", "no", "nor", "not", "only", "own", "same", "so", "than",
    "too", "very", "s", "t", "can", "will", "just", "don", "should", "now", "d", "ll", "m", "o", "re", "ve",
    "y", "ain", "aren", "couldn", "didn", "doesn", "hadn", "hasn", "haven", "isn", "ma", "mightn", "mustn",
    "needn", "shan", "shouldn", "wasn", "weren", "won", "wouldn",
})  # fmt: skip

NOT_KEPT = re.compile(r"[^A-Za-z0-9(),!?'`]")
SPLIT_OFF = re.compile(r"'s|'ve|n't|'re|'d|'ll")
PUNCTUATION = re.compile(r"[,!()?]")


def clean(text: str) -> list[str]:
    """Split a text into lower-case words as TextGCN does (Yao et al. 2019).

    Letters, digits and the marks `( ) , ! ? ' \\`` are kept, marks of punctuation and the endings 's, 've, n't,
    're, 'd and 'll become words of their own.

    Args:
        text: any text.

    Returns:
        Its words; none where nothing is kept.

    >>> clean("The bank's rates (in March) didn't rise: 3.5%!")
    ['the', 'bank', "'s", 'rates', '(', 'in', 'march', ')', 'did', "n't", 'rise', '3', '5', '!']
    """
    text = SPLIT_OFF.sub(r" \g<0>", NOT_KEPT.sub(" ", text))
    return PUNCTUATION.sub(r" \g<0> ", text).lower().split()


def clean_documents(
    texts: Sequence[str], stop_words: Collection[str] = ENGLISH_STOP_WORDS, min_count: int = 5
) -> list[list[str]]:
    """Split texts into words and drop stop words and rare words, as TextGCN does (Yao et al. 2019).

    Args:
        texts: any number of texts.
        stop_words: dropped wherever they occur.
        min_count: words with fewer occurrences over all texts are dropped; 1 keeps all.

    Returns:
        The words of each text, in order; of some perhaps none.

    >>> clean_documents(["The oil price", "Oil!"], min_count=2)
    [['oil'], ['oil']]
    """
    documents = [clean(text) for text in texts]
    counts = Counter(word for document in documents for word in document)
    kept = {word for word, count in counts.items() if count >= min_count}.difference(stop_words)
    return [[word for word in document if word in kept] for document in documents]
