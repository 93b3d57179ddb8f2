"""N-grams by a score: naive counts, worked numbers, and as many of them as byte-pair merges find."""

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auxtask.errors import AuxtaskError
from auxtask.ground.log_odds import log_odds_z_scores
from auxtask.phrases.documents import ClassDocuments
from auxtask.phrases.extraction import NgramExtractor
from auxtask.phrases.inventory import NgramInventory
from auxtask.phrases.labelers import AllPhraseLabeler, BitLabelLabeler, CommonLabelLabeler, DisregardLabeler
from auxtask.phrases.log_odds import LogOddsExtractor
from auxtask.phrases.pmi import PMIExtractor
from auxtask.phrases.positions import number_ngrams

EXTRACTORS = [LogOddsExtractor, PMIExtractor]
# Few different tokens, a boundary now and then, and never an empty training set.
CORPORA = st.lists(
    st.lists(st.lists(st.sampled_from([1, 2, 3, 4, None]), max_size=12), max_size=4), min_size=2, max_size=3
).map(lambda corpus: [*corpus[:-1], [*corpus[-1], [1, 2, 3]]])


def occurrences(documents, length):
    """All N-grams of some documents, overlaps included."""
    windows = (tuple(text[at : at + length]) for text in documents for at in range(len(text) - length + 1))
    return Counter(window for window in windows if None not in window)


def of_classes(corpus):
    return ClassDocuments(tuple(map(str, range(len(corpus)))), (1,) * len(corpus), corpus, None)


@given(CORPORA, st.integers(2, 4), st.integers(1, 3))
def test_positions_hold_all_ngrams_that_are_frequent(corpus, longest, min_frequency):
    found = number_ngrams(of_classes(corpus), longest, min_frequency)
    everything = [text for documents in corpus for text in documents]
    frequent = {
        ngram: count
        for length in range(1, longest + 1)
        for ngram, count in sorted(occurrences(everything, length).items())
        if length == 1 or count >= min_frequency
    }
    assert [found.ngram(item) for item in range(len(found.first))] == list(frequent)
    assert found.counts().tolist() == list(frequent.values())
    assert found.tokens.tolist() == found.lengths.tolist() == list(map(len, frequent))
    for document_class, documents in enumerate(corpus):
        counts = [occurrences(documents, length) for length in range(1, longest + 1)]
        assert found.room[:, document_class].tolist() == [each.total() for each in counts]
        own = found.counts(found.slices[document_class]).tolist()
        assert own == [counts[len(ngram) - 1][ngram] for ngram in frequent]


def test_words_are_units_of_several_tokens():
    found = number_ngrams(of_classes([[[(1, 2), (3,), (1, 2), (3,)]]]), 2, min_frequency=2)
    assert [found.ngram(item) for item in range(3)] == [(1, 2), (3,), (1, 2, 3)]
    assert found.tokens.tolist() == [2, 1, 3]


def test_log_odds_are_of_naive_counts():
    rng = np.random.default_rng(0)
    corpus = [rng.integers(1, 6, (6, 9)).tolist(), rng.integers(2, 7, (4, 9)).tolist()]
    ngrams = number_ngrams(of_classes(corpus), 3, min_frequency=2)
    counts = [occurrences(documents, 2) + occurrences(documents, 3) for documents in corpus]
    names = sorted(name for name, count in (counts[0] + counts[1]).items() if count >= 2)
    z = log_odds_z_scores([[count[name] for name in names] for count in counts])
    for document_class in (0, 1):
        scores = LogOddsExtractor().scores(ngrams, document_class)
        found = {ngrams.ngram(item): scores[item] for item in np.flatnonzero(ngrams.lengths > 1)}
        expected = {
            name: each if each > 0 else -math.inf for name, each in zip(names, z[document_class], strict=True)
        }
        assert found == pytest.approx(expected)


def naive_pmi(ngram, p, power):
    """The lowest over all ways to cut, each a set of places."""
    lowest = math.inf
    for cuts in range(1, 2 ** (len(ngram) - 1)):
        ends = [at for at in range(1, len(ngram)) if cuts >> (at - 1) & 1]
        parts = [ngram[start:end] for start, end in zip([0, *ends], [*ends, len(ngram)], strict=True)]
        lowest = min(lowest, power * p(ngram) - sum(map(p, parts)))
    return lowest


@given(CORPORA, st.sampled_from(["plain", "squared"]))
def test_pmi_is_the_lowest_over_all_ways_to_cut(corpus, score):
    ngrams = number_ngrams(of_classes(corpus), 4, min_frequency=1)
    for document_class, documents in enumerate(corpus):
        counts = {length: occurrences(documents, length) for length in range(1, 5)}

        def log_p(ngram, counts=counts):
            return math.log(counts[len(ngram)][ngram] / counts[len(ngram)].total())

        scores = PMIExtractor(min_frequency=1, score=score).scores(ngrams, document_class)
        for item in np.flatnonzero(ngrams.lengths > 1).tolist():
            ngram = ngrams.ngram(item)
            power = 2 if score == "squared" else 1
            expected = naive_pmi(ngram, log_p, power) if counts[len(ngram)][ngram] else -math.inf
            assert scores[item] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("score", "worked"), [("plain", (3.825, 2.9957, 3.0827)), ("squared", (-0.6848, -2.1203, -2.0333))]
)
def test_worked_example_of_pmi(score, worked):
    new, york, city = 1, 2, 3
    documents = [[new, york, city]] * 6 + [[new, york]] * 5 + [[new]] * 9 + [[york]] + [[city]] * 19
    ngrams = number_ngrams(of_classes([documents]), 3, min_frequency=2)
    ngrams = replace(ngrams, room=np.full((3, 1), 1000))
    scores = PMIExtractor(max_length=3, score=score).scores(ngrams, 0)
    found = {ngrams.ngram(item): scores[item] for item in np.flatnonzero(ngrams.lengths > 1)}
    expected = dict(zip([(new, york), (york, city), (new, york, city)], worked, strict=True))
    assert found == pytest.approx(expected, abs=6e-5)


@pytest.fixture(scope="module")
def training():
    """Documents of three classes whose tokens have different and partly shared habits, and some short ones."""
    rng = np.random.default_rng(1)
    documents, classes = [], []
    for number in range(120):
        document_class = number % 3
        weights = 1 / (1 + np.roll(np.arange(30), 7 * document_class))
        documents.append(
            rng.choice(np.arange(10, 40), size=rng.integers(1, 60), p=weights / weights.sum()).tolist()
        )
        classes.append(document_class)
    return documents, classes


def sizes(inventory):
    return [sum(at in counts for counts in inventory.frequencies.values()) for at in range(3)]


def covered(inventory):
    rows = [[counts.get(at, 0) * len(ngram) for at in range(3)] for ngram, counts in inventory.frequencies.items()]
    return np.sum(rows, axis=0)


@pytest.mark.parametrize("extractor", EXTRACTORS)
def test_as_many_ngrams_as_the_reference_has(extractor, training):
    reference = NgramExtractor(num_merges=60)
    assert sizes(extractor(reference).extract(*training)) == sizes(reference.extract(*training))


@pytest.mark.parametrize("extractor", EXTRACTORS)
def test_as_many_tokens_as_the_reference_covers(extractor, training):
    reference = NgramExtractor(num_merges=60)
    goal = covered(reference.extract(*training))
    found = covered(extractor(reference, equal="coverage").extract(*training))
    assert (found >= goal).all()
    assert (found <= goal + 30).all()


@pytest.mark.parametrize("extractor", EXTRACTORS)
def test_frequencies_are_those_of_the_longest_match(extractor, training):
    documents, classes = training
    inventory = extractor(NgramExtractor(num_merges=60)).extract(documents, classes)
    counts = {}
    for document, document_class in zip(documents, classes, strict=True):
        known = {ngram for ngram, of in inventory.frequencies.items() if document_class in of}
        at, spans = 0, []
        while at < len(document):
            found = [n for n in range(2, 6) if tuple(document[at : at + n]) in known and at + n <= len(document)]
            if found:
                spans.append((at, tuple(document[at : at + max(found)])))
            at += max(found, default=1)
        assert inventory.spans(document, document_class) == spans
        for _, ngram in spans:
            of_ngram = counts.setdefault(ngram, Counter())
            of_ngram[document_class] += 1
    assert inventory.frequencies == {ngram: dict(sorted(of.items())) for ngram, of in counts.items()}


@pytest.mark.parametrize("extractor", EXTRACTORS)
def test_the_four_labelers_read_it_as_any_inventory(extractor, training):
    documents, classes = training
    inventory = extractor(NgramExtractor(num_merges=60)).extract(documents, classes)
    assert NgramInventory.from_json(inventory.to_json()) == inventory
    for labeler in (AllPhraseLabeler, DisregardLabeler, CommonLabelLabeler, BitLabelLabeler):
        labels = [labeler(inventory).label(text, at) for text, at in zip(documents, classes, strict=True)]
        begun = sum(label.startswith("B-") for row in labels for label in row)
        assert begun == sum(map(inventory.frequency, inventory))
    filtered = inventory.filter(lambda ngram, counts: len(ngram) == 2)
    assert {len(span.ngram) for span in filtered.spans(documents[1], 1)} == {2}


@pytest.mark.parametrize("extractor", EXTRACTORS)
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_length": 1}, "max_length=1"),
        ({"min_frequency": 0}, "min_frequency=0"),
        ({"equal": "tokens"}, "equal='tokens' is unknown; use size or coverage"),
        ({"reference": 300}, "reference=300 is no NgramExtractor"),
    ],
)
def test_options_out_of_range(extractor, options, message):
    with pytest.raises(AuxtaskError, match=message):
        extractor(**options)


def test_no_score_of_this_name():
    with pytest.raises(AuxtaskError, match="score='cubed' is unknown; use squared or plain"):
        PMIExtractor(score="cubed")


def test_one_class_prefers_nothing():
    with pytest.raises(AuxtaskError, match=r"no N-gram found.*of two classes or more"):
        LogOddsExtractor().extract([[1, 2, 3], [1, 2, 4]], [0, 0])
