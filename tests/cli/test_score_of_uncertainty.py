"""`auxtask.score functional=entropy`: the most uncertain words, and what entropy masking would mask."""

import re

import numpy as np
import pytest
from datasets import Dataset

from auxtask.data.encoding import encode
from auxtask.likelihood.scorer import PLLScorer
from auxtask.likelihood.surprise import words_by_score
from auxtask.masking.mean_adjust import mean_adjust
from auxtask.score import score
from processes import command_here


@pytest.fixture
def command(model_folder, tmp_path, monkeypatch, capsys):
    rows = [f"the {word} number {at} of the bank,{word}\n" for word in ("sea", "film") for at in range(10)]
    (tmp_path / "data.csv").write_text("text,label\n" + "".join(rows))

    def run(*overrides):
        line = [
            "dataset=files", f"dataset.train={tmp_path / 'data.csv'}", f"model.name={model_folder}",
            "model.max_length=32", f"paths.cache={tmp_path / 'cache'}", "scoring.dtype=float32", *overrides,
        ]  # fmt: skip
        code, said = command_here(monkeypatch, capsys, score, *line)
        return code, *said

    return run


def test_words_and_heat_map_are_those_of_the_entropies(command, model_folder, tmp_path):
    page = tmp_path / "document.html"
    code, said, error = command("functional=entropy", "heatmap=0", f"heatmap_file={page}", "mask_rate=0.3")
    assert code == 0, error
    scorer = PLLScorer.from_pretrained(model_folder, progress=False)
    assert "most uncertain words of" in said
    assert "mean entropy, nats" in said
    tokens = re.findall(r'title="(.*?)\nlikelihood .*?\nmask probability (.*?)"', page.read_text())
    # The document is found again among all by its entropies.
    rows = [f"the {word} number {at} of the bank" for word in ("sea", "film") for at in range(10)]
    drawn = [float(probability) for _, probability in tokens]
    encoded = encode(Dataset.from_dict({"text": rows}), scorer.tokenizer, None)
    matches = 0
    for row in range(len(rows)):
        entropies = scorer.token_values(encoded.select([row]), "entropy")
        expected = mean_adjust(entropies[~np.isnan(entropies)].astype(np.float64), 0.3)
        matches += len(expected) == len(drawn) and np.allclose(expected, drawn, atol=1e-4)
    assert matches >= 1


def test_the_uncertainty_of_a_word_is_the_sum_over_its_pieces(tokenizer):
    dataset = encode(Dataset.from_dict({"text": ["the parsers .", "the parsers the ."]}), tokenizer, None)
    of_token = {"the": 0.5, ".": 9.0, "parser": 1.0, "##s": 0.25}
    tokens = [token for ids in dataset["input_ids"] for token in tokenizer.convert_ids_to_tokens(ids)]
    scores = np.array([of_token.get(token, np.nan) for token in tokens])
    found = words_by_score(dataset, scores, tokenizer)
    assert [(word.word, word.count, word.surprisal) for word in found] == [("parsers", 2, 1.25), ("the", 3, 0.5)]


def test_a_histogram_of_likelihoods_is_no_picture_of_entropies(command):
    code, _, error = command("functional=gini", "histogram=a.png")
    assert code == 1
    assert error.startswith("error: histogram='a.png' shows likelihoods, and functional=gini is none")
