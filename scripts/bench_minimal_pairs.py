"""Ask a vanilla encoder which of two sentences is English: accuracy of sentence PLL on pairs made by templates.

Every pair differs in one respect: the number of a verb, a noun after a determiner or a reflexive pronoun, the
form of a verb after an auxiliary, or the order of two words. The sentence with the higher pseudo-log-likelihood is
taken as the grammatical one; 50 % is chance.

    python scripts/bench_minimal_pairs.py --model tiny
"""

import argparse
from collections.abc import Iterator
from itertools import product

from scipy.stats import binomtest

from auxtask.likelihood.scorer import PLLScorer

# Some are in every vocabulary; the last two come in pieces in a small one, where word_l2r and original differ.
NOUNS = [
    *(("teacher", "teachers"), ("doctor", "doctors"), ("friend", "friends"), ("sister", "sisters")),
    *(("violinist", "violinists"), ("bookkeeper", "bookkeepers")),
]
PLACES = ["near the house", "with the children", "from the city", "in the garden"]
VERBS = [("knows", "know"), ("likes", "like"), ("sees", "see"), ("wants", "want")]
TRANSITIVE = [("found", "the old letter"), ("opened", "the large door"), ("heard", "a strange noise")]
AUXILIARIES = [("will", "go", "went"), ("could", "see", "saw"), ("has", "gone", "go"), ("must", "take", "took")]


def subject_verb() -> Iterator[tuple[str, str]]:
    """The teachers near the house are / is ..."""
    for (one, many), place in product(NOUNS, PLACES):
        yield f"the {one} {place} is very old .", f"the {one} {place} are very old ."
        yield f"the {many} {place} are very old .", f"the {many} {place} is very old ."


def present_tense() -> Iterator[tuple[str, str]]:
    """The teacher knows / know the way."""
    for (one, many), (singular, plural) in product(NOUNS, VERBS):
        yield f"every day the {one} {singular} the people .", f"every day the {one} {plural} the people ."
        yield f"every day the {many} {plural} the people .", f"every day the {many} {singular} the people ."


def determiner_noun() -> Iterator[tuple[str, str]]:
    """These teachers / teacher ..."""
    for (one, many), (verb, thing) in product(NOUNS, TRANSITIVE):
        yield f"these {many} {verb} {thing} .", f"these {one} {verb} {thing} ."
        yield f"this {one} {verb} {thing} .", f"this {many} {verb} {thing} ."


def reflexive() -> Iterator[tuple[str, str]]:
    """The teachers saw themselves / himself in the mirror."""
    for (one, many), verb in product(NOUNS, ["saw", "told", "asked"]):
        yield f"the {many} {verb} themselves about it .", f"the {many} {verb} himself about it ."
        yield f"my {one} {verb} himself about it .", f"my {one} {verb} themselves about it ."


def verb_form() -> Iterator[tuple[str, str]]:
    """The teacher will go / went ..."""
    for (one, _), (auxiliary, good, bad) in product(NOUNS, AUXILIARIES):
        yield f"the {one} {auxiliary} {good} there again .", f"the {one} {auxiliary} {bad} there again ."


def word_order() -> Iterator[tuple[str, str]]:
    """The old letter / letter old ..."""
    for (one, many), (verb, thing) in product(NOUNS, TRANSITIVE):
        determiner, adjective, noun = thing.split()
        yield f"the {one} {verb} {thing} .", f"the {one} {verb} {determiner} {noun} {adjective} ."
        yield f"the {many} {verb} {thing} .", f"{many} the {verb} {thing} ."
        yield f"she said that the {one} {verb} {thing} .", f"she said the that {one} {verb} {thing} ."


PHENOMENA = [subject_verb, present_tense, determiner_noun, reflexive, verb_form, word_order]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--metrics", nargs="+", default=["word_l2r", "original"])
    arguments = parser.parse_args()
    pairs = {phenomenon.__name__: list(phenomenon()) for phenomenon in PHENOMENA}
    right: dict[str, dict[str, list[bool]]] = {}
    for metric in arguments.metrics:
        scorer = PLLScorer.from_pretrained(arguments.model, metric=metric)
        right[metric] = {
            name: [scorer.score([good])[0].pll > scorer.score([bad])[0].pll for good, bad in rows]
            for name, rows in pairs.items()
        }
    print(f"| {arguments.model} | pairs | " + " | ".join(arguments.metrics) + " |")
    print("|---|---|" + "---|" * len(arguments.metrics))
    for name, rows in pairs.items():
        shares = [f"{sum(right[metric][name]) / len(rows):.1%}" for metric in arguments.metrics]
        print(f"| {name.replace('_', ' ')} | {len(rows)} | " + " | ".join(shares) + " |")
    total = sum(map(len, pairs.values()))
    for metric in arguments.metrics:
        hits = sum(map(sum, right[metric].values()))
        chance = binomtest(hits, total, 0.5, alternative="greater").pvalue
        print(f"{metric}: {hits} of {total} pairs, {hits / total:.1%}; by chance with probability {chance:.1e}")


if __name__ == "__main__":
    main()
