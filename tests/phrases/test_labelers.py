"""The slide's table exactly, the four labelers' rules, and properties that hold for any text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auxtask.errors import AuxtaskError
from auxtask.phrases.bio import labels_to_spans
from auxtask.phrases.extraction import NgramExtractor
from auxtask.phrases.inventory import NgramInventory
from auxtask.phrases.labelers import (
    AllPhraseLabeler,
    BitLabelLabeler,
    CommonLabelLabeler,
    DisregardLabeler,
)

LABELERS = [AllPhraseLabeler, DisregardLabeler, CommonLabelLabeler, BitLabelLabeler]

TRAINING = [
    ("we expect modest profit rise from oesterreichische laenderbank ag", 0),
    ("modest profit rise at oesterreichische laenderbank ag", 0),
    ("oesterreichische laenderbank ag bond issue", 1),
    ("oesterreichische laenderbank ag said bond issue", 1),
]
DOCUMENT = "laenderbank expects a modest profit rise in oesterreichische laenderbank ag"
TABLE = """
laenderbank       O         O         O         O
expects           O         O         O         O
a                 O         O         O         O
modest            B-Phrase  B-Class1  B-Class1  B-10
profit            I-Phrase  I-Class1  I-Class1  I-10
rise              I-Phrase  I-Class1  I-Class1  I-10
in                O         O         O         O
oesterreichische  B-Phrase  B-Class1  B-∅       B-11
laenderbank       I-Phrase  I-Class1  I-∅       I-11
ag                I-Phrase  I-Class1  I-∅       I-11
"""


class Whitespace:
    """Token ids of words in the order in which they are met."""

    def __init__(self):
        self.ids = {}

    def __call__(self, text):
        return [self.ids.setdefault(word, len(self.ids)) for word in text.split()]


@pytest.fixture
def ids():
    return Whitespace()


@pytest.fixture
def slide(ids):
    documents, classes = zip(*TRAINING, strict=True)
    return NgramExtractor().extract([ids(text) for text in documents], classes)


@pytest.mark.parametrize(("column", "labeler"), list(enumerate(LABELERS, 1)))
def test_the_slides_table(slide, ids, column, labeler):
    rows = [row.split() for row in TABLE.strip().splitlines()]
    assert [row[0] for row in rows] == DOCUMENT.split()
    assert labeler(slide).label(ids(DOCUMENT), document_class=0) == [row[column] for row in rows]


@pytest.mark.parametrize(("labeler", "kind"), list(zip(LABELERS, ["Phrase", "Class2", "∅", "11"], strict=True)))
def test_the_same_phrase_in_a_document_of_the_other_class(slide, ids, labeler, kind):
    labels = labeler(slide).label(ids("profit of oesterreichische laenderbank ag"), document_class=1)
    assert labels == ["O", "O", f"B-{kind}", f"I-{kind}", f"I-{kind}"]


def test_the_slides_companion_example(ids):
    training = ["visit ##ed", "visit ##ed", "Head ##quarter ##s", "Quarter ##quarter ##s"]
    inventory = NgramExtractor().extract(list(map(ids, training)), [0] * 4)
    document = ids("Barack Obama visit ##ed the United Nations Head ##quarter ##s")
    labels = AllPhraseLabeler(inventory).label(document, 0)
    assert [label[0] for label in labels] == list("OOBIOOOOBI")


def test_label_names(slide):
    assert AllPhraseLabeler(slide).label_names == ["O", "B-Phrase", "I-Phrase"]
    assert DisregardLabeler(slide).label_names == ["O", "B-Class1", "I-Class1", "B-Class2", "I-Class2"]
    assert len(CommonLabelLabeler(slide).label_names) == 2 * (2 + 1) + 1
    assert CommonLabelLabeler(slide).label_names[-2:] == ["B-∅", "I-∅"]
    # (modest profit rise), (bond issue) and the shared one: all three patterns of two classes are seen.
    assert set(BitLabelLabeler(slide).types) == {"10", "01", "11"}


def inventory_of(frequencies, class_tokens):
    """An inventory with given frequencies by class; merges play no part in what is tested with it."""
    names = tuple(f"Class{number}" for number in range(1, len(class_tokens) + 1))
    return NgramInventory(names, class_tokens, tuple(() for _ in names), frequencies)


def test_disregard_looks_for_the_nearest_class_where_the_documents_has_none():
    # 4 of 100 tokens of class 1 is more than 6 of 300 in class 2; class 3 does not have the N-gram.
    inventory = inventory_of({(1, 2): {0: 4, 1: 6}, (3, 4): {0: 1, 1: 3}}, (100, 300, 50))
    labeler = DisregardLabeler(inventory, span_source="union")
    assert labeler.label([1, 2], document_class=2) == ["B-Class1", "I-Class1"]
    assert labeler.label([1, 2], document_class=1) == ["B-Class2", "I-Class2"]
    assert labeler.label([1, 2]) == ["B-Class1", "I-Class1"]
    # 1 of 100 and 3 of 300 tie: the lower index.
    assert labeler.label([3, 4], document_class=2) == ["B-Class1", "I-Class1"]


def test_disregard_may_drop_what_is_common():
    inventory = inventory_of({(1, 2): {0: 4, 1: 6}, (3, 4): {0: 1}}, (100, 300))
    labeler = DisregardLabeler(inventory, drop_common=True)
    assert labeler.label([1, 2, 3, 4]) == ["O", "O", "B-Class1", "I-Class1"]


def test_how_many_classes_make_an_ngram_common():
    inventory = inventory_of({(1, 2): {0: 4, 1: 6}, (3, 4): {0: 1, 1: 1, 2: 1}}, (100, 100, 100))
    assert CommonLabelLabeler(inventory).label([1, 2, 3, 4]) == ["B-∅", "I-∅", "B-∅", "I-∅"]
    labeler = CommonLabelLabeler(inventory, common_min_classes=3)
    assert labeler.label([1, 2, 3, 4]) == ["B-Class2", "I-Class2", "B-∅", "I-∅"]


def test_bit_label_keeps_the_patterns_of_most_tokens():
    frequencies = {(1, 2): {0: 5}, (3, 4, 5): {1: 4}, (6, 7): {0: 2, 1: 1}, (8, 9): {2: 1}}
    inventory = inventory_of(frequencies, (100, 100, 100))
    document = [1, 2, 3, 4, 5, 6, 7, 8, 9]
    everything = BitLabelLabeler(inventory)
    assert sorted(everything.types) == ["001", "010", "100", "110"]
    assert everything.label(document)[::2] == ["B-100", "B-010", "I-010", "I-110", "I-001"]
    # 12 tokens bear 010, 10 bear 100, 6 bear 110 and 2 bear 001.
    two = BitLabelLabeler(inventory, max_patterns=2)
    assert sorted(two.types) == ["*", "010", "100"]
    assert two.label(document)[-4:] == ["B-*", "I-*", "B-*", "I-*"]
    assert "*" not in BitLabelLabeler(inventory, max_patterns=4).types


def test_span_source():
    # Merges of class 1 find (2, 3) first; of any class, (1, 2) comes first from the left.
    documents = [[2, 3]] * 3 + [[1, 2]] * 2 + [[1, 2]] * 3
    inventory = NgramExtractor().extract(documents, [0] * 5 + [1] * 3)
    assert AllPhraseLabeler(inventory).label([1, 2, 3], 0) == ["O", "B-Phrase", "I-Phrase"]
    assert AllPhraseLabeler(inventory, span_source="union").label([1, 2, 3], 0) == ["B-Phrase", "I-Phrase", "O"]
    # Without a class there is only the union.
    assert AllPhraseLabeler(inventory).label([1, 2, 3]) == ["B-Phrase", "I-Phrase", "O"]


@pytest.mark.parametrize("labeler", LABELERS)
def test_short_documents(slide, labeler):
    assert labeler(slide).label([], 0) == []
    assert labeler(slide).label([3], 1) == ["O"]
    assert labeler(slide).label([10**6, 10**6], 0) == ["O", "O"]


@pytest.mark.parametrize("labeler", LABELERS)
def test_label_ids_are_aligned_with_the_input(slide, ids, labeler):
    labeler = labeler(slide)
    labels = labeler.label(ids(DOCUMENT), 0)
    names = labeler.label_names
    # Special tokens before and after, the second word in two pieces, the document cut after five tokens.
    aligned = labeler.label_ids(labels, [-1, 0, 1, 1, 2, 3, -1, -1])
    assert aligned == [-100, *(names.index(label) for label in labels[:5]), -100, -100]
    assert labeler.label_ids([], [-1, -1]) == [-100, -100]


DOCUMENTS = st.lists(st.lists(st.integers(1, 4), max_size=20), min_size=2, max_size=6)


@given(documents=DOCUMENTS, unseen=st.lists(st.integers(1, 5), max_size=20), data=st.data())
def test_labels_of_any_text_are_ngrams_of_the_inventory(documents, unseen, data):
    # One pair for sure, so that there is an N-gram.
    documents = [*documents, [1, 2], [1, 2]]
    classes = data.draw(st.lists(st.integers(0, 2), min_size=len(documents) - 2, max_size=len(documents) - 2))
    classes += [0, 0]
    scope = data.draw(st.sampled_from(["per_class", "corpus"]))
    inventory = NgramExtractor(scope=scope).extract(documents, classes, class_names=["a", "b", "c"])
    document_class = data.draw(st.sampled_from([0, 1, 2, None]))
    allowed = {n for n in inventory if document_class is None or document_class in inventory.classes(n)}
    for kind in LABELERS:
        labeler = kind(inventory)
        names = labeler.label_names
        for document in [*documents, unseen]:
            labels = labeler.label(document, document_class)
            assert labels == labeler.label(document, document_class)
            assert len(labels) == len(document)
            assert set(labels) <= set(names)
            for before, label in zip(["O", *labels], labels, strict=False):
                if label.startswith("I-"):
                    assert before in (label, "B" + label[1:])
            spans = [tuple(document[start:end]) for start, end, _ in labels_to_spans(labels)]
            assert spans == [span.ngram for span in inventory.spans(document, document_class)]
            assert set(spans) <= allowed
        # What was labelled leaves no trace in the label set.
        assert kind(inventory).label_names == names
        assert len(set(names)) == len(names)


@given(documents=DOCUMENTS)
def test_the_ngrams_of_the_training_documents_are_the_inventory(documents):
    documents = [*documents, [1, 2], [1, 2]]
    inventory = NgramExtractor().extract(documents, [0] * len(documents))
    found = [span.ngram for document in documents for span in inventory.spans(document, 0)]
    assert {ngram: found.count(ngram) for ngram in found} == {n: inventory.frequency(n) for n in inventory}


@pytest.mark.parametrize("document_class", [-1, 2])
@pytest.mark.parametrize("span_source", ["own_class", "union"])
def test_a_class_out_of_range(slide, document_class, span_source):
    with pytest.raises(AuxtaskError, match=f"document_class={document_class} is out of range; .* 0 to 1"):
        AllPhraseLabeler(slide, span_source=span_source).label([1], document_class)


def test_bit_patterns_never_seen_in_training(slide):
    with pytest.raises(AuxtaskError, match="label 'B-00' was never seen in training"):
        BitLabelLabeler(slide).label_ids(["B-00"], [0])


def test_too_few_labels(slide):
    with pytest.raises(AuxtaskError, match="1 labels for 2 tokens"):
        AllPhraseLabeler(slide).label_ids(["O"], [-1, 0, 1, -1])


@pytest.mark.parametrize(
    ("labeler", "options", "message"),
    [
        (AllPhraseLabeler, {"span_source": "all"}, "span_source='all' is unknown"),
        (BitLabelLabeler, {"max_patterns": 0}, "max_patterns=0"),
        (CommonLabelLabeler, {"common_min_classes": 1}, "common_min_classes=1"),
    ],
)
def test_options_out_of_range(slide, labeler, options, message):
    with pytest.raises(AuxtaskError, match=message):
        labeler(slide, **options)
