"""The top N-grams of each class and across classes, and their renderings."""

import csv
import io

import pytest

from auxtask.errors import AuxtaskError
from auxtask.phrases.inventory import NgramInventory
from auxtask.phrases.tables import listed_ngrams, ngrams_by_class, summarize, top_ngrams
from auxtask.tables.rendering import to_csv, to_markdown


@pytest.fixture
def inventory(tokenizer):
    words = ["a", "the", "of", "and", "."]
    a, the, of, and_, stop = tokenizer.convert_tokens_to_ids(words)
    frequencies = {
        (a, the): {0: 3},
        (a, of): {0: 9},
        (of, the): {1: 2},
        (and_, the): {0: 1, 1: 7},
        (of, a): {0: 1, 1: 1, 2: 1},
        (stop, a, the): {0: 4, 2: 4},
    }
    return NgramInventory(("x", "y", "z"), (100, 100, 20), ((), (), ()), frequencies)


def test_top_ngrams(inventory, tokenizer):
    rows = top_ngrams(inventory, tokenizer, k=2)
    listed = [(row["class"], row["rank"], row["ngram"], row["frequency"], row["classes"]) for row in rows]
    # 8 and 8 tie: the lower token ids first.
    tie = sorted([(". a the", ["x", "z"]), ("and the", ["x", "y"])],
                 key=lambda item: tokenizer.convert_tokens_to_ids(item[0].split()))  # fmt: skip
    assert listed == [
        ("x", 1, "a of", 9, ["x"]),
        ("x", 2, "a the", 3, ["x"]),
        ("y", 1, "of the", 2, ["y"]),
        ("(common)", 1, tie[0][0], 8, tie[0][1]),
        ("(common)", 2, tie[1][0], 8, tie[1][1]),
    ]
    in_all = top_ngrams(inventory, tokenizer, common_min_classes=3)
    assert [row["ngram"] for row in in_all if row["class"] == "(common)"] == ["of a"]


def test_markdown(inventory, tokenizer):
    shown = to_markdown(ngrams_by_class(top_ngrams(inventory, tokenizer, k=2))).splitlines()
    assert shown[2:6] == [
        "| class    | 1           | 2           |",
        "| :------- | :---------- | :---------- |",
        "| x        | a of (9)    | a the (3)   |",
        "| y        | of the (2)  |             |",
    ]
    row = {"class": "a|b", "rank": 1, "ngram": "| |", "frequency": 1}
    assert to_markdown(ngrams_by_class([row])).splitlines()[4] == r"| a\|b  | \| \| (1) |"


def test_csv_is_read_back(inventory, tokenizer):
    rows = top_ngrams(inventory, tokenizer)
    read = list(csv.DictReader(io.StringIO(to_csv(listed_ngrams(rows)))))
    assert [row["ngram"] for row in read] == [row["ngram"] for row in rows]
    assert [list(map(int, row["token_ids"].split())) for row in read] == [row["token_ids"] for row in rows]
    assert [row["classes"].split(",") for row in read] == [row["classes"] for row in rows]


def test_summary(inventory):
    assert summarize(inventory) == {
        "ngrams": 6,
        # 2 * (3 + 9 + 2 + 8 + 3) + 3 * 8 of 220 tokens.
        "coverage": 74 / 220,
        "exclusive": 3,
        "fewest_exclusive": 0,
        "patterns": 5,
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [({"k": 0}, "k=0"), ({"common_min_classes": 1}, "from 2 to 3"), ({"common_min_classes": 4}, "from 2 to 3")],
)
def test_options_out_of_range(inventory, tokenizer, options, message):
    with pytest.raises(AuxtaskError, match=message):
        top_ngrams(inventory, tokenizer, **options)
