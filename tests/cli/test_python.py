"""`auxtask.fit` and the command line are one: the same folder, the same files, the same figures."""

import functools
import json
import sys

import numpy as np
import pandas as pd
import pytest
from datasets import ClassLabel, Dataset, Features, Value
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from transformers import TrainerCallback

import auxtask
from auxtask.cli.command import run_command
from auxtask.errors import AuxtaskError
from auxtask.ground.files import config_folder
from auxtask.masking.likelihood import L3MaskingCollator, annotate_likelihoods
from auxtask.phrases.extraction import NgramExtractor
from auxtask.phrases.labelers import BitLabelLabeler
from auxtask.runs.description import describe
from auxtask.runs.identity import RunIdentity
from auxtask.tasks.masking import MaskingTask
from auxtask.tasks.recognition import RecognitionTask
from auxtask.train import train
from auxtask.training.losses.cross_entropy import CrossEntropy
from auxtask.training.weighting.meta import MetaWeighting
from auxtask.training.weighting.static import StaticWeighting

PAIRS = [(f"the {word} number {n}", word) for word in ("sea", "land") for n in range(20)]
SHORT = {
    "max_steps": 2, "eval_strategy": "steps", "eval_steps": 1, "per_device_train_batch_size": 4,
    "disable_tqdm": True, "bf16": False, "use_cpu": True,
}  # fmt: skip


@pytest.fixture
def fit(model_folder, tmp_path):
    def call(data=PAIRS, **options):
        return auxtask.fit(
            data,
            **{
                "model": model_folder,
                "max_length": 16,
                "trainer": SHORT,
                "scoring": {"dtype": "float32"},
                "runs": tmp_path / "runs",
                "cache": tmp_path / "cache",
                **options,
            },
        )

    return call


ADAPTED = {
    "masking": "l3masking", "max_tokens": 300,
    "trainer": {"bf16": False, "gradient_accumulation_steps": 1, "learning_rate": 1e-2},
}  # fmt: skip


@pytest.mark.ci
def test_the_encoder_reads_the_domain_and_unlabelled_texts_are_masked(fit, tmp_path, capsys):
    texts = tmp_path / "more.txt"
    texts.write_text("\n".join(f"a text {n} of the sea" for n in range(40)) + f"\n{PAIRS[3][0]}\n")
    run = fit(aux="rtm", adaptation={**ADAPTED, "texts": texts}, unlabelled={"path": str(texts), "ratio": 0.5})
    said = capsys.readouterr().out
    assert "held-out loss" in said
    # A fixed share of the pairs validates and tests; what stands there is left out.
    assert "40 unlabelled texts" in said or "41 unlabelled texts" in said
    before, *_, after = run.metrics["adaptation"]["evaluations"]
    assert after["loss"] < before["loss"]
    config = (run.folder / "config.yaml").read_text()
    assert "auxtask.masking.likelihood.L3MaskingCollator" in config
    again = fit(aux="rtm", adaptation={**ADAPTED, "texts": texts}, unlabelled={"path": str(texts), "ratio": 0.5})
    assert not again.computed
    tapt = fit(aux="stl", adaptation=ADAPTED, seed=1)
    assert tapt.folder.name != run.folder.name
    with pytest.raises(AuxtaskError, match="unlabelled texts are masked, and aux=stl masks nothing"):
        fit(aux="stl", unlabelled=texts)
    with pytest.raises(AuxtaskError, match="adaptation changes nothing with baseline=tfidf_svm"):
        fit(aux="stl", adaptation="tapt", baseline="tfidf_svm")


def test_a_list_of_pairs_becomes_a_finished_run(fit, capsys):
    run = fit(aux="rtm", name="coast")
    assert run.computed
    assert run.folder.parts[-4] == "coast"
    assert run.metrics["status"] == "finished"
    assert run.history["step"].tolist() == [1, 2]
    probabilities = run.predict_proba(["the sea", "the land"])
    assert list(probabilities.columns) == ["land", "sea"]
    assert probabilities.sum(axis=1).tolist() == pytest.approx([1, 1])
    assert run.predict(["the sea", "the land"]) == probabilities.idxmax(axis=1).tolist()
    assert auxtask.load(run.folder).predict(pd.Series(["the sea"], index=[9])) == run.predict(["the sea"])
    wrong = round((1 - run.metrics["test"]["accuracy"]) * 8)
    assert len(run.errors) == wrong
    assert run.errors["prediction"].tolist() == run.predict(run.errors["text"])
    again = fit(aux="rtm", name="coast")
    assert (again.folder, again.computed) == (run.folder, False)
    assert fit(aux="rtm", name="coast", seed=1).folder != run.folder


def test_objects_of_the_default_config_find_the_folder_of_the_command(fit, tmp_path, model_folder, monkeypatch):
    data = tmp_path / "coast.jsonl"
    data.write_text("".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in PAIRS))
    fields = [f"trainer.{name}={value}" for name, value in SHORT.items()]
    line = [
        "dataset=files", f"dataset.train={data}", f"model.name={model_folder}", "model.max_length=16",
        "scoring.dtype=float32", *fields, f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}",
    ]  # fmt: skip
    monkeypatch.setattr(sys, "argv", ["train.py", *line])
    GlobalHydra.instance().clear()
    run_command("train", train)
    [commanded] = (path.parent for path in (tmp_path / "runs").rglob("metrics.json"))

    run = fit(
        data,
        aux={"l3masking": MaskingTask(
            functools.partial(L3MaskingCollator, mask_rate=0.15),
            functools.partial(annotate_likelihoods, metric="word_l2r"),
        )},
        weighting=StaticWeighting(),
        loss=CrossEntropy(),
        name="files",
        runs=tmp_path / "from python",
    )  # fmt: skip
    assert run.computed
    assert run.folder.parts[-4:] == commanded.parts[-4:]
    for file in ("predictions.jsonl", "model/config.json", "model/tokenizer.json"):
        assert (run.folder / file).read_bytes() == (commanded / file).read_bytes(), file
    of_config = [(folder / "config.yaml").read_text() for folder in (run.folder, commanded)]
    of_config = [text[text.index("model:") :].split("paths:")[0] for text in of_config]
    assert of_config[0] == of_config[1]
    figures = ("test", "valid", "per_class", "best_step", "steps", "parameters")
    written = [json.loads((folder / "metrics.json").read_text()) for folder in (run.folder, commanded)]
    assert [written[0][name] for name in figures] == [written[1][name] for name in figures]
    assert RunIdentity.of_folder(run.folder).run_id == run.folder.name


@pytest.mark.parametrize(
    "data",
    [
        pd.DataFrame(PAIRS, columns=["text", "label"]),
        Dataset.from_dict({"text": [text for text, _ in PAIRS], "label": [label for _, label in PAIRS]}),
        Dataset.from_dict(
            {"text": [text for text, _ in PAIRS], "label": [int(label == "sea") for _, label in PAIRS]},
            features=Features({"text": Value("string"), "label": ClassLabel(names=["land", "sea"])}),
        ),
    ],
    ids=["frame", "dataset", "class labels"],
)
def test_frames_and_data_sets_are_the_pairs_they_hold(fit, data):
    assert fit(data, aux="stl").folder == fit(aux="stl").folder


def test_options_by_name_by_fields_and_as_objects(fit):
    run = fit(
        aux={"rtm": {"masking": {"mask_rate": 0.3}}, "ngrams": RecognitionTask(NgramExtractor(), BitLabelLabeler)},
        weighting={"auxiliary": 0.5},
        loss="focal",
    )
    assert run.folder.parts[-2] == "rtm+ngrams"
    settings = RunIdentity.of_folder(run.folder).settings
    assert settings["aux.rtm.masking.mask_rate"] == 0.3
    assert settings["weighting.auxiliary"] == 0.5
    assert settings["loss.class"] == "FocalLoss"
    assert settings["aux.ngrams.labeler.class"] == "BitLabelLabeler"
    assert {"losses.main", "losses.rtm", "losses.ngrams"} <= set(run.history)
    svm = fit(PAIRS, baseline="tfidf_svm", aux="stl")
    assert svm.folder.parts[-2] == "tfidf_svm"
    assert svm.history.empty


class Counter(TrainerCallback):
    def __init__(self, every=1):
        self.every, self.steps = every, 0

    def on_step_end(self, args, state, control, **keywords):
        self.steps += 1


def test_a_callback_is_the_very_object_and_part_of_the_name(fit):
    counter = Counter()
    run = fit(aux="stl", callbacks=[counter])
    assert counter.steps == 2
    assert fit(aux="stl", callbacks=[Counter(every=2)]).folder != run.folder


def test_the_callers_own_hydra_is_left_alone(fit):
    with initialize_config_dir(str(config_folder()), version_base="1.3", job_name="mine"):
        before = GlobalHydra.instance().hydra
        fit(aux="stl")
        assert GlobalHydra.instance().hydra is before


def test_what_cannot_be_is_said_in_a_line(fit, tmp_path):
    for options, said in (
        ({"aux": "l3maskin"}, r"aux='l3maskin' is unknown.*l3masking"),
        ({"weighting": "metta"}, r"weighting='metta' is unknown"),
        ({"data": [("a text",)]}, r"train=.* is no list of \(text, label\) pairs"),
        ({"data": pd.DataFrame({"text": ["a"], "y": ["b"]})}, "train has no column 'label'"),
        ({"aux": {"mine": MaskingTask(lambda **keywords: None)}}, "no name to import it by"),
    ):
        with pytest.raises(AuxtaskError, match=said) as error:
            fit(**options)
        assert "\n" not in str(error.value)
    assert not (tmp_path / "runs").exists()


class Forgetful:
    def __init__(self, power):
        self.strength = power


def test_descriptions():
    assert describe(MetaWeighting(dev_steps=3))["dev_steps"] == 3
    assert describe(np.mean) == {"_target_": "numpy.mean", "_partial_": True}
    assert describe({"a": [1, None, True, "x"]}) == {"a": [1, None, True, "x"]}
    with pytest.raises(AuxtaskError, match="does not keep its argument 'power'"):
        describe(Forgetful(2))
    with pytest.raises(AuxtaskError, match="has arguments without names"):
        describe(functools.partial(np.mean, [1]))
