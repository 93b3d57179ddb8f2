"""Reuters news: documents are segmented as in training, and the tables hold what is known of the data."""

import pytest
from naive_bpe import cut

from auxtask.data.readers import read_pairs
from auxtask.phrases.extraction import NgramExtractor
from auxtask.phrases.labelers import AllPhraseLabeler
from auxtask.phrases.segmentation import MergeSegmenter, learn_merges
from auxtask.phrases.tables import summarize, top_ngrams
from auxtask.pretraining.text import train_wordpiece

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def r8(data_folder):
    pairs = read_pairs(data_folder / "r8" / "train.jsonl.gz")
    class_names = sorted({label for _, label in pairs})
    tokenizer = train_wordpiece([text for text, _ in pairs[::5]], vocabulary_size=2000)
    token_ids = tokenizer([text for text, _ in pairs], add_special_tokens=False)["input_ids"]
    return tokenizer, token_ids, [class_names.index(label) for _, label in pairs], class_names


@pytest.mark.ci
def test_three_thousand_documents_are_segmented_as_in_training(r8):
    _, token_ids, _, _ = r8
    documents = token_ids[:3000]
    merges = learn_merges(documents, num_merges=1000, min_frequency=2, max_length=10)
    assert len(merges) == 1000
    # Merging letters of one long string: str.replace joins from the left and never overlaps.
    letter = {(token,): chr(0x4E00 + token) for document in documents for token in document}
    text = "\n".join("".join(letter[token,] for token in document) for document in documents)
    for rank, (left, right) in enumerate(merges):
        joined = letter.setdefault(left + right, chr(0xF0000 + rank))
        text = text.replace(letter[left] + letter[right], joined)
    symbol = {character: symbol for symbol, character in letter.items()}
    expected = [[symbol[character] for character in line] for line in text.split("\n")]
    segmented = MergeSegmenter(merges).segment(documents)
    assert [cut(*pair) for pair in zip(documents, segmented, strict=True)] == expected


@pytest.mark.ci
def test_tables_of_r8(r8):
    tokenizer, token_ids, classes, class_names = r8
    inventory = NgramExtractor().extract(token_ids, classes, class_names=class_names)
    rows = top_ngrams(inventory, tokenizer, k=20)
    phrases = {name: {tokenizer.decode(row["token_ids"]) for row in rows if row["class"] == name}
               for name in [*class_names, "(common)"]}  # fmt: skip
    assert "crude oil" in phrases["crude"]
    assert "prime rate" in phrases["interest"]
    assert "trade surplus" in phrases["trade"]
    assert "of the" in phrases["(common)"]
    counted = summarize(inventory)
    # Known for a vocabulary of 30,000: 138 N-grams or more of each class alone, 110 patterns.
    assert counted["fewest_exclusive"] > 50
    assert 80 < counted["patterns"] < 200
    labeler = AllPhraseLabeler(inventory)
    labels = [label for pair in zip(token_ids, classes, strict=True) for label in labeler.label(*pair)]
    assert counted["coverage"] == pytest.approx(1 - labels.count("O") / len(labels), abs=1e-12)
