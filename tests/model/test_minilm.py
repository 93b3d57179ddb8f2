"""`minilm`: the low-rank update against plain products, and the model that is put together."""

import hashlib
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from safetensors.numpy import load_file, save_file
from transformers import AutoModelForMaskedLM, BertModel

from auxtask.errors import AuxtaskError
from auxtask.model import minilm
from auxtask.model.loading import load_classifier, load_masked_lm, load_tokenizer
from auxtask.model.low_rank import apply_update, low_rank_update
from auxtask.model.names import resolve

SENTENCE = "The patient was treated with a low dose of heparin."


def network(seed):
    random = np.random.default_rng(seed)
    shapes = {"wide": (6, 20), "tall": (16, 5), "bias": (7,), "same": (3, 3)}
    return {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def test_with_room_for_all_the_update_is_the_change_up_to_its_4_bits(tmp_path):
    base, trained = network(0), {**network(1), "head": np.ones((4, 4), np.float32)}
    trained["same"] = base["same"]
    save_file(low_rank_update(base, trained, num_bytes=10_000), tmp_path / "update.safetensors")
    update = load_file(tmp_path / "update.safetensors")
    assert not any(name.startswith("same") for name in update)
    restored = apply_update(base, update)
    assert restored.keys() == trained.keys()
    for name, weight in trained.items():
        changed = weight - base.get(name, 0)
        assert np.linalg.norm(restored[name] - weight) <= 0.15 * np.linalg.norm(changed)
        assert restored[name].dtype == np.float32


@settings(max_examples=50, deadline=None)
@given(change=arrays(np.float64, (5, 8), elements=st.floats(-4, 4, width=32)), num_bytes=st.integers(0, 120))
def test_it_keeps_to_its_bytes_and_holds_the_largest_directions(change, num_bytes):
    base = {"a": np.zeros((5, 8)), "b": np.zeros((4, 4))}
    trained = {"a": change, "b": np.full((4, 4), 0.01)}
    update = low_rank_update(base, trained, num_bytes)
    assert sum(each.nbytes for each in update.values()) <= num_bytes
    rank = len(update.get("a.scale", ()))
    left, values, right = np.linalg.svd(change)
    best = (left[:, :rank] * values[:rank]) @ right[:rank]
    # A number is off by at most half a step, 1/14 of the largest, in each of the two factors.
    bound = (np.sqrt(5) + np.sqrt(8)) / 14 * np.linalg.norm(values[:rank]) + 1e-6
    assert np.linalg.norm(apply_update(base, update)["a"] - best) <= bound


def test_vectors_that_do_not_fit_are_refused():
    with pytest.raises(AuxtaskError, match="num_bytes=10 is too small: vectors and new weights take 14"):
        low_rank_update(network(0), {"bias": network(1)["bias"]}, num_bytes=10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The model, put together in a cache of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUXTASK_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield Path(resolve("minilm"))


def test_it_is_a_masked_language_model_whose_head_is_tied(folder):
    model = load_masked_lm(folder)
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight
    tokenizer = load_tokenizer(folder)
    ids = tokenizer("He was one of [MASK] most famous men in the world.", return_tensors="pt")
    position = int((ids["input_ids"][0] == tokenizer.mask_token_id).nonzero())
    with torch.no_grad():
        best = model(**ids).logits[0, position].argmax()
    assert tokenizer.convert_ids_to_tokens(int(best)) == "the"


def test_its_tokenizer_reads_whole_texts(folder):
    tokenizer = load_tokenizer(folder)
    assert len(tokenizer(SENTENCE * 30)["input_ids"]) > 256
    assert [len(row.ids) for row in tokenizer.backend_tokenizer.encode_batch(["sea"])] == [3]
    assert tokenizer.model_max_length == 512


def test_what_was_not_trained_is_the_sentence_encoders(folder):
    base = BertModel.from_pretrained(Path(find_spec(minilm.PACKAGE).origin).parent / "model")
    embeddings = load_masked_lm(folder).get_input_embeddings().weight
    assert torch.equal(embeddings, base.embeddings.word_embeddings.weight)


@pytest.mark.ci
def test_it_is_the_same_to_the_last_bit_wherever_it_is_made(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("AUXTASK_CACHE", str(tmp_path))
    again = Path(resolve("minilm"))
    assert again != folder
    assert again.parent.name == hashlib.sha256(minilm.UPDATE.read_bytes()).hexdigest()[:12]
    for path in folder.iterdir():
        assert path.read_bytes() == (again / path.name).read_bytes()
    assert Path(resolve("minilm")) == again
    assert not list(again.parent.glob(".minilm-*"))


def test_a_classifier_on_it_has_its_pooling_layer(folder):
    classifier = load_classifier(folder, ["a", "b"])
    assert classifier.config.num_hidden_layers == 6
    base = BertModel.from_pretrained(Path(find_spec(minilm.PACKAGE).origin).parent / "model")
    assert torch.equal(classifier.bert.pooler.dense.weight, base.pooler.dense.weight)


def test_other_weights_are_refused(tmp_path, monkeypatch):
    package = tmp_path / minilm.PACKAGE
    shutil.copytree(Path(find_spec(minilm.PACKAGE).origin).parent / "model", package / "model")
    (package / "__init__.py").touch()
    with (package / "model" / "model.safetensors").open("r+b") as weights:
        weights.seek(-1, 2)
        weights.write(b"\x01")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("AUXTASK_CACHE", str(tmp_path / "cache"))
    with pytest.raises(AuxtaskError, match=r"model\.safetensors' is not the file that model=minilm is made of"):
        resolve("minilm")
    assert not list((tmp_path / "cache").rglob("model.safetensors"))


def test_without_the_package_and_without_a_hub_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(minilm, "PACKAGE", "no_such_package")
    monkeypatch.setenv("AUXTASK_CACHE", str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(AuxtaskError, match=r"pip install 'auxtask\[minilm\]'"):
        resolve("minilm")


def test_the_update_is_small():
    assert len(minilm.UPDATE.read_bytes()) <= 3_000_000


def test_it_reads_as_the_stock_classes_read_it(folder):
    model = AutoModelForMaskedLM.from_pretrained(folder)
    assert model.config.model_type == "bert"
    assert sum(parameter.numel() for parameter in model.parameters()) == pytest.approx(22.7e6, rel=0.01)
