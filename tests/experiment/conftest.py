"""Documents that small models learn to classify."""

import numpy as np
import pytest

from auxtask.data.dataset import build_text_dataset


@pytest.fixture(scope="module")
def dataset(sentences):
    """Three classes that a single word tells apart."""
    rng = np.random.default_rng(0)
    words = ["the", "model", "reads", "a", "text", "and", "returns", "which", "words", "we", "expect"]
    marks = {"bank": "rates", "film": "brothers", "heart": "patient"}

    def documents(count):
        labels = rng.choice(list(marks), size=count, p=[0.5, 0.3, 0.2])
        return [(" ".join([*rng.choice(words, rng.integers(2, 9)), marks[label]]), str(label)) for label in labels]

    splits = {"train": documents(96), "valid": documents(24), "test": documents(40)}
    return build_text_dataset(splits, name="marks", provenance={})
