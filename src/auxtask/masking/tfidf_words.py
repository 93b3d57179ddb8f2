"""TF-IDF masking: words that are frequent in their document and rare in the others are masked more often."""

from datasets import Dataset

from auxtask.data.word_counts import WordCounts
from auxtask.ground.tools import Tools
from auxtask.masking.word_scores import WORD_SCORES


def annotate_tfidf(dataset: Dataset, tools: Tools | None = None) -> Dataset:
    """Add the column `word_scores`: the TF-IDF weight of each token's word in its document.

    Masking by TF-IDF is that of arXiv 2402.12036, which draws words with weight s^10. Here f keeps the mean exact;
    with the collator's gamma = 1 masking is graded, with 10 it is as sharp as published.

    Args:
        dataset: one split with the columns of `auxtask.data.encoding.encode`.
        tools: not needed.

    Returns:
        The data set with one column more: float32 above 0, aligned with `input_ids`; not a number outside words.

    >>> split = Dataset.from_dict({"input_ids": [[5, 6, 6], [5]], "word_ids": [[0, 1, 2], [0]]})
    >>> [round(score, 4) for score in annotate_tfidf(split)["word_scores"][0]]
    [1.0, 2.8109, 2.8109]
    """
    words = WordCounts.of(dataset)
    return words.add_scores(dataset, WORD_SCORES, words.tfidf)
