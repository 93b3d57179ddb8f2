"""Difference-Masking: the worked example, and a loop over words one at a time through the stock model."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from datasets import Dataset
from transformers import AutoModelForMaskedLM

from auxtask.data.document_frequencies import DocumentFrequencies
from auxtask.data.encoding import encode
from auxtask.data.word_counts import WordCounts
from auxtask.errors import AuxtaskError
from auxtask.masking import difference
from auxtask.masking.difference import annotate_difference, find_anchors, ranked, similarities, tf_icf
from auxtask.masking.mean_adjust import mean_adjust
from experiments import tools_of

# Vectors of the worked example: two anchors, then the words of a document.
VECTORS = {
    "parser": (1, 0), "corpus": (0.6, 0.8), "the": (0, 1), "new": (0.28, 0.96), "grammar": (0.96, 0.28),
    "covers": (0.6, 0.8), "text": (0.8, 0.6),
}  # fmt: skip


def test_anchors_of_the_worked_example():
    occurrences, held_by = np.array([30, 20, 500, 40]), np.array([20, 300, 95_000, 4000])
    found = tf_icf(occurrences, held_by, 100_000)
    np.testing.assert_allclose(found, (254.1, 116.1, 25.6, 128.7), atol=0.05)
    names = ["parser", "corpus", "the", "model"]
    words = SimpleNamespace(totals=np.array([*occurrences, 4, 99]), num_documents=1)
    general = DocumentFrequencies(100_000, dict(zip(names, held_by.tolist(), strict=True)))
    spelled = ["Parser", "corpus", "The", "model", "rare", "3.5"]
    assert find_anchors(words, spelled, general, 2).tolist() == [0, 3]
    assert find_anchors(words, spelled, general, 20).tolist() == [0, 3, 1, 2]
    words.totals[:] = 4
    with pytest.raises(AuxtaskError, match=r"no word of letters stands 5 times in 1 documents"):
        find_anchors(words, spelled, general, 2)


def test_of_equal_weights_the_first_by_token_ids_goes_before():
    words = SimpleNamespace(totals=np.array([5, 6, 6, 6]), num_documents=1)
    found = find_anchors(words, ["a", "b", "c", "d"], DocumentFrequencies(9, {}), 2)
    assert found.tolist() == [1, 2]


def test_similarity_and_masks_of_the_worked_example(monkeypatch, tokenizer, model_folder):
    # A word is its token; special tokens point elsewhere, so that they would be seen in a mean.
    words = ["parser", "corpus", "the", "new", "grammar", "covers", "text"]
    table = torch.zeros(len(tokenizer), 2) - 9
    table[20:27] = torch.tensor([VECTORS[word] for word in words])

    class Encoder(torch.nn.Module):
        def forward(self, input_ids, attention_mask):
            return (table[input_ids],)

    monkeypatch.setattr(difference, "load_encoder", lambda name: Encoder())
    split = Dataset.from_dict({"input_ids": [[2, *range(20, 27), 3]], "word_ids": [[-1, *range(7), -1]]})
    counted = WordCounts.of(split)
    found = similarities(counted, np.array([0, 1]), tools_of(model_folder, ["a"], tokenizer))
    np.testing.assert_allclose(found, (1, 1, 0.8, 0.936, 0.96, 1, 0.96), atol=1e-6)
    scores = ranked(found[2:], np.zeros(5))
    assert scores.tolist() == [1, 2, 3.5, 5, 3.5]
    np.testing.assert_allclose(mean_adjust(scores, 0.15), (0.05, 0.10, 0.175, 0.25, 0.175))
    np.testing.assert_allclose(mean_adjust(found[2:], 0.15), (0.1289, 0.1508, 0.1546, 0.1611, 0.1546), atol=5e-5)


@pytest.fixture
def split(tokenizer, sentences):
    texts = [*sentences * 4, "The parser, the parser: a TREE of 3 parsers!", "1997"]
    return encode(Dataset.from_dict({"text": texts}), tokenizer, None)


@torch.no_grad()
def naive_vector(model, tokenizer, word):
    row = torch.tensor([[tokenizer.cls_token_id, *word, tokenizer.sep_token_id]])
    vector = model.base_model(row)[0][0, 1:-1].double().mean(dim=0)
    return vector / vector.norm()


@pytest.mark.parametrize("shape", ["rank", "cosine"])
def test_scores_are_those_of_a_loop_over_the_words(split, tokenizer, model_folder, tmp_path, capsys, shape):
    (tmp_path / "general.txt").write_text("a tree and the sea\nthe bank of the sea\na story\n")
    tools = tools_of(model_folder, ["a"], tokenizer, cache=tmp_path)
    scored = annotate_difference(split, tools, general=tmp_path / "general.txt", anchors=3, shape=shape)
    documents = []
    for row in split:
        words = {}
        for token, word in zip(row["input_ids"], row["word_ids"], strict=True):
            words.setdefault(word, []).append(token)
        documents.append([tuple(words[word]) for word in sorted(words) if word >= 0])
    everything = [word for document in documents for word in document]
    held_by = {"a": 2, "tree": 1, "and": 1, "the": 2, "sea": 2, "bank": 1, "of": 1, "story": 1}
    weight = {}
    for word in sorted(set(everything)):
        text = tokenizer.decode(word).replace(" ", "")
        if text.isalpha() and everything.count(word) >= 5:
            weight[word] = everything.count(word) * np.log(4 / (held_by.get(text, 0) + 1))
    anchors = sorted(weight, key=lambda word: -weight[word])[:3]
    assert capsys.readouterr().out == (
        f"anchors of Difference-Masking: {', '.join(tokenizer.decode(word) for word in anchors)}\n"
    )
    model = AutoModelForMaskedLM.from_pretrained(model_folder).eval()
    vectors = {word: naive_vector(model, tokenizer, word) for word in set(everything)}
    near = {word: max(float(vector @ vectors[one]) for one in anchors) for word, vector in vectors.items()}
    near = {word: round(value, 6) for word, value in near.items()}
    for document, scores, word_ids in zip(documents, scored["word_scores"], split["word_ids"], strict=True):
        for score, word in zip(scores, word_ids, strict=True):
            if word < 0:
                assert np.isnan(score)
                continue
            value = near[document[word]]
            below = sum(near[other] < value for other in set(document))
            equal = sum(near[other] == value for other in set(document))
            expected = below + (equal + 1) / 2 if shape == "rank" else max(value, 0)
            assert score == pytest.approx(expected, abs=2e-6)


def test_what_cannot_be_is_refused(split, tokenizer, model_folder, tmp_path):
    tools = tools_of(model_folder, ["a"], tokenizer)
    for more, message in (
        ({"shape": "linear"}, r"shape='linear' is unknown; use rank or cosine"),
        ({"anchors": 0}, r"anchors=0 is below 1"),
        ({"general": tmp_path / "none.txt"}, r"none\.txt' does not exist; give a file of texts"),
    ):
        with pytest.raises(AuxtaskError, match=message):
            annotate_difference(split, tools, **more)
