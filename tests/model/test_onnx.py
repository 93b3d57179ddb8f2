"""ONNX files beside torch: the same logits for texts of any shape, and honest refusals."""

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification

import auxtask
from auxtask.errors import AuxtaskError
from auxtask.model import onnx
from auxtask.model.classifier import load

TEXTS = [
    "The sea",
    "A model learns which words a reader of the text would expect, and more of them",
    "",
    "tree " * 90,
]


@pytest.fixture(scope="module")
def classifier_folder(tmp_path_factory, model_folder, tokenizer):
    folder = tmp_path_factory.mktemp("classifier")
    torch.manual_seed(1)
    model = AutoModelForSequenceClassification.from_pretrained(
        model_folder, num_labels=3, id2label={0: "sea", 1: "land", 2: "air"}
    )
    # Heads of random weights hardly tell texts apart.
    model.classifier.weight.data.normal_(std=3)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def exported(classifier_folder):
    classifier = load(classifier_folder)
    difference = onnx.export_onnx(classifier.model, classifier.tokenizer, classifier_folder / onnx.FILES["onnx"])
    onnx.quantize(classifier_folder / onnx.FILES["onnx"], classifier_folder / onnx.FILES["onnx_int8"])
    return classifier_folder, difference


@pytest.mark.ci
def test_onnx_gives_the_logits_of_torch_for_texts_of_any_length(exported):
    folder, difference = exported
    assert difference <= onnx.TOLERANCE
    in_torch, in_onnx = (
        load(folder, runtime=runtime).predict_probabilities(TEXTS) for runtime in ("torch", "onnx")
    )
    assert in_onnx.numpy() == pytest.approx(in_torch.numpy(), abs=1e-5)
    # They are not all alike, so the comparison says something.
    assert np.ptp(in_torch.numpy(), axis=0).max() > 1e-3
    assert [path.name for path in (folder / "onnx").iterdir() if path.name.startswith(".")] == []


@pytest.mark.ci
def test_eight_bits_are_near_and_smaller(exported):
    folder, _ = exported
    whole, small = (
        load(folder, runtime=runtime).predict_probabilities(TEXTS) for runtime in ("onnx", "onnx_int8")
    )
    difference = (whole - small).abs().max()
    assert 0 < difference < 0.2
    sizes = [(folder / onnx.FILES[runtime]).stat().st_size for runtime in ("onnx", "onnx_int8")]
    assert sizes[1] < sizes[0]


@pytest.mark.ci
def test_a_file_that_is_not_right_is_not_kept(classifier_folder, tmp_path, monkeypatch):
    classifier = load(classifier_folder)
    monkeypatch.setattr(onnx, "_difference", lambda *_: 0.5)
    with pytest.raises(AuxtaskError, match=r"differ from torch's by 5\.0e-01, more than 1e-04; it is not kept"):
        onnx.export_onnx(classifier.model, classifier.tokenizer, tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_or_broken_file_or_runtime_is_said_in_a_line(classifier_folder, tmp_path):
    with pytest.raises(
        AuxtaskError, match=r"there is no '.*model\.onnx'; python -m auxtask\.export RUN writes it"
    ):
        onnx.OnnxModel.read(tmp_path / "model.onnx", None)
    (tmp_path / "model.onnx").write_bytes(b"no")
    with pytest.raises(AuxtaskError, match=r"is no ONNX file that onnxruntime reads"):
        onnx.OnnxModel.read(tmp_path / "model.onnx", None)
    with pytest.raises(AuxtaskError, match="runtime='tpu' is unknown; use torch, onnx or onnx_int8"):
        auxtask.load(classifier_folder, runtime="tpu")


def test_a_missing_package_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(AuxtaskError, match=r"pip install 'auxtask\[onnx\]'"):
        onnx.OnnxModel.read(tmp_path / "model.onnx", None)
