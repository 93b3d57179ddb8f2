"""Segmenters by name and of one's own, as functions from a text to its words."""

import pytest

from auxtask.data.boundaries import word_boundaries
from auxtask.data.segmenters import SEGMENTERS, find_segmenter, japanese
from auxtask.errors import AuxtaskError


@pytest.mark.parametrize("words", [["東京", "x"], ["学生", "東京"], [(0, 99)], [(3, 1)]])
def test_a_segmenter_that_leaves_the_text_is_refused_in_one_line(words):
    with pytest.raises(AuxtaskError, match=r"^the segmenter gives .* which is not in the text[^\n]*$"):
        word_boundaries("東京の学生", lambda text: words)


def test_japanese_words():
    assert list(japanese("東京大学の学生は\n iPhoneを買った。")) == [
        "東京", "大学", "の", "学生", "は", "iPhone", "を", "買っ", "た", "。",
    ]  # fmt: skip
    text = "東京\0大学は"
    assert word_boundaries(text, japanese).tolist() == [0, 2, 3, 5, 6]


def test_segmenters_by_name():
    assert find_segmenter(None) is None
    assert find_segmenter("japanese") is SEGMENTERS["japanese"]
    with pytest.raises(
        AuxtaskError, match=r"^scoring.words='french' names no segmenter; use japanese, or [^\n]*$"
    ):
        find_segmenter("french")
