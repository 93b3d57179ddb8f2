"""A control: N-grams that no class prefers, in place of the N-grams of each class and as frequent as those."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from auxtask.errors import AuxtaskError
from auxtask.ground.log_odds import log_odds_z_scores
from auxtask.ground.machine import is_main_process
from auxtask.ground.values import check_number, check_whole
from auxtask.phrases.documents import ClassDocuments
from auxtask.phrases.extraction import MeasuredExtractor
from auxtask.phrases.inventory import NgramInventory
from auxtask.phrases.segmentation import Ngram

Frequencies = Mapping[Ngram, Mapping[int, int]]


@dataclass(frozen=True)
class ClassAgnosticExtractor(MeasuredExtractor):
    """Puts an N-gram that no class prefers in the place of each N-gram of the reference.

    Candidates are the N-grams of the whole corpus whose log-odds z-scores (`auxtask.ground.log_odds`) lie below
    `max_z` in absolute value for every class. `match_ngrams` gives each N-gram of the reference one of them, which
    takes over its classes; the documents are segmented by the merges of the corpus. An N-gram without a partner
    has no counterpart in the control, which labels by so much less; the share of such N-grams is printed. It is
    high where classes are many or unlike in size, since few N-grams are then preferred by none.

    With the labelers' `span_source=own_class`, the default, a candidate is labelled where its partner would be, in
    documents of those classes alone: as often as the inventory says, but whether it is labelled tells the class,
    as it does of the N-grams of a class themselves. With `union` it is labelled in every document and tells
    nothing of the class; but there the longest match of any class counts in place of the merges, so that the
    frequencies are no longer equal.

    Args:
        reference: see `MeasuredExtractor`.
        num_merges: merges that are learned on the whole corpus, at least 1.
        max_z: above 0.
        max_factor: see `match_ngrams`.

    Raises:
        AuxtaskError: an argument is out of its range.

    >>> documents = [[5, 6], [5, 6], [8, 9], [8, 9], [8, 9], [8, 9]]
    >>> ClassAgnosticExtractor().extract(documents, classes=[0, 0, 0, 0, 1, 1]).frequencies
    0.0% of 2 N-grams have no class-agnostic partner
    {(5, 6): {0: 2}, (8, 9): {0: 2, 1: 2}}
    """

    num_merges: int = 5000
    max_z: float = 1.96
    max_factor: float = 1.5

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole("num_merges", self.num_merges, least=1, example=5000)
        check_number("max_z", self.max_z, "(0, inf)", example=1.96)
        check_number("max_factor", self.max_factor, "[1, inf)", example=1.5)

    def inventory(self, documents: ClassDocuments) -> NgramInventory:
        """Find the N-grams of the reference and those of the corpus, and match them."""
        wanted = self.reference.inventory(documents).frequencies
        corpus = replace(self.reference, scope="corpus", num_merges=self.num_merges).inventory(documents)
        z = log_odds_z_scores(count_table(corpus.frequencies, len(corpus.class_names)).T)
        agnostic = np.all(np.abs(z) < self.max_z, axis=0).tolist()
        candidates = {
            ngram: counts
            for (ngram, counts), kept in zip(corpus.frequencies.items(), agnostic, strict=True)
            if kept
        }
        partners = match_ngrams(wanted, candidates, self.max_factor)
        if not partners:
            raise AuxtaskError(
                f"none of {len(candidates)} class-agnostic N-grams is as frequent as one of the {len(wanted)} "
                "N-grams of the classes; raise num_merges, max_z or max_factor"
            )
        if is_main_process():
            share = 1 - len(partners) / len(wanted)
            print(f"{share:.1%} of {len(wanted):,} N-grams have no class-agnostic partner", flush=True)
        frequencies = {
            partner: {at: candidates[partner].get(at, 0) for at in wanted[ngram]}
            for ngram, partner in partners.items()
        }
        return replace(corpus, frequencies=dict(sorted(frequencies.items())))


def match_ngrams(wanted: Frequencies, candidates: Frequencies, max_factor: float) -> dict[Ngram, Ngram]:
    """Match N-grams with others of the same length and about the same frequency.

    The most frequent go first. Each takes, of the candidates that are left, the one whose frequency in the classes
    of the N-gram is nearest to its own on a logarithmic scale; ties go to lower token ids.

    Args:
        wanted: N-grams with their frequency by class index.
        candidates: likewise.
        max_factor: the larger of two frequencies is at most so many times the smaller, at least 1.

    Returns:
        For each N-gram that has a partner, the partner; no two share one.

    >>> match_ngrams({(1, 2): {0: 9}, (1, 3): {0: 4}}, {(5, 6): {0: 6, 1: 1}, (7, 8): {0: 3, 1: 9}}, 1.5)
    {(1, 2): (5, 6), (1, 3): (7, 8)}
    """
    classes = 1 + max(
        (at for each in (wanted, candidates) for counts in each.values() for at in counts), default=0
    )
    of_length: dict[int, list[Ngram]] = defaultdict(list)
    for ngram in sorted(candidates):
        of_length[len(ngram)].append(ngram)
    tables = {
        length: count_table({ngram: candidates[ngram] for ngram in ngrams}, classes)
        for length, ngrams in of_length.items()
    }
    partners: dict[Ngram, Ngram] = {}
    for ngram in sorted(wanted, key=lambda ngram: (-sum(wanted[ngram].values()), ngram)):
        if len(ngram) not in tables:
            continue
        frequency = sum(wanted[ngram].values())
        found = tables[len(ngram)][:, list(wanted[ngram])].sum(axis=1)
        with np.errstate(divide="ignore"):
            factors = np.maximum(found, frequency) / np.minimum(found, frequency)
        nearest = int(factors.argmin())
        if factors[nearest] <= max_factor:
            partners[ngram] = of_length[len(ngram)][nearest]
            tables[len(ngram)][nearest] = 0
    return partners


def count_table(frequencies: Frequencies, classes: int) -> NDArray[np.float64]:
    """Lay frequencies out as an array, shape (N-grams, classes), float64, in the order of the mapping."""
    table = np.zeros((len(frequencies), classes))
    for row, counts in zip(table, frequencies.values(), strict=True):
        row[list(counts)] = list(counts.values())
    return table
