"""Surprising words, against sums done by hand."""

import math

import pytest
from datasets import Dataset
from transformers import PreTrainedTokenizerFast

from auxtask.data.encoding import encode
from auxtask.likelihood.surprise import surprising_words


def test_words_are_ranked_by_mean_surprisal_and_frequency(tokenizer: PreTrainedTokenizerFast) -> None:
    dataset = encode(Dataset.from_dict({"text": ["the parsers .", "the parsers the .", "bank"]}), tokenizer, None)
    likelihood = {"the": 0.5, "bank": 1e-30, ".": 0.01, "parser": 0.1, "##s": 0.2}
    columns = [
        [likelihood.get(token, math.nan) for token in tokenizer.convert_ids_to_tokens(ids)]
        for ids in dataset["input_ids"]
    ]
    assert columns[0][2:4] == [0.1, 0.2]
    found = surprising_words(dataset.add_column("likelihoods", columns), tokenizer)
    assert [(word.word, word.count) for word in found] == [("parsers", 2), ("the", 3)]
    assert found[0].surprisal == pytest.approx(-math.log(0.1 * 0.2))
    assert found[0].weight == pytest.approx(-math.log(0.02) * math.log(3))
    # The word met once is left out unless asked for; a number or a full stop never counts.
    every = surprising_words(dataset.add_column("likelihoods", columns), tokenizer, limit=1, min_count=1)
    assert [word.word for word in every] == ["bank"]


def test_a_data_set_without_documents(tokenizer: PreTrainedTokenizerFast) -> None:
    columns: dict[str, list[list[float]]] = {"input_ids": [], "word_ids": [], "likelihoods": []}
    assert surprising_words(Dataset.from_dict(columns), tokenizer) == []
