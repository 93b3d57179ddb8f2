"""Adaptation: the text it reads, what it leaves in the cache, what a run makes of it, and a killed one."""

import json
from dataclasses import replace
from functools import partial

import pytest
import torch
from datasets import DatasetDict

from auxtask.data.dataset import build_text_dataset
from auxtask.data.encoding import encode_texts
from auxtask.errors import AuxtaskError
from auxtask.masking.likelihood import L3MaskingCollator, annotate_likelihoods
from auxtask.masking.log_odds import annotate_log_odds
from auxtask.masking.random import RTMCollator
from auxtask.masking.selective import SelectiveMaskingCollator, annotate_importances
from auxtask.masking.word_scores import WordScoreCollator
from auxtask.model.loading import load_masked_lm
from auxtask.pretraining.adaptation import Adaptation
from auxtask.tasks.masking import MaskingTask
from auxtask.tasks.self_paced import SelfPacedTask
from experiments import tools_of
from processes import Command

TRAINER = {
    "num_train_epochs": 20, "per_device_train_batch_size": 4, "gradient_accumulation_steps": 2,
    "per_device_eval_batch_size": 8, "learning_rate": 1e-2, "bf16": False, "eval_on_start": True,
    "eval_strategy": "steps", "eval_steps": 0.5, "save_steps": 5, "disable_tqdm": True, "report_to": "none",
}  # fmt: skip
RTM = {"rtm": MaskingTask(partial(RTMCollator, mask_rate=0.15))}


@pytest.fixture
def dataset(sentences):
    pairs = [(f"{first} {second}", "ab"[at % 2]) for at, first in enumerate(sentences) for second in sentences[:4]]
    return build_text_dataset(
        {"train": pairs[::2], "valid": pairs[1::4], "test": pairs[3::4]}, name="small", provenance={}
    )


@pytest.fixture
def tools(model_folder, dataset, tmp_path):
    return tools_of(model_folder, dataset.label_names, cache=tmp_path / "cache")


def test_the_training_text_is_learned_and_the_second_run_takes_the_cache(dataset, tools, capsys):
    adapted_tools, adapted = Adaptation(RTM, TRAINER).adapt(dataset, tools, max_length=16)
    first, *_, last = adapted.evaluations
    assert (first["step"], last["step"]) == (0, adapted.steps)
    assert last["loss"] < first["loss"] - 0.3
    assert adapted.computed
    assert "adapted: " in capsys.readouterr().out
    assert adapted_tools.encoder == str(adapted.encoder)
    assert not (adapted.encoder.parent / "checkpoints").exists()
    before, after = load_masked_lm(tools.encoder), load_masked_lm(adapted.encoder)
    assert not torch.equal(before.get_input_embeddings().weight, after.get_input_embeddings().weight)

    # Another seed of the run is no other adaptation; the order, the masks and dropout go by its own.
    _, again = Adaptation(RTM, TRAINER).adapt(dataset, replace(tools, seed=7), max_length=16)
    assert not again.computed
    assert again.record == adapted.record
    assert "taken from the cache" in capsys.readouterr().out


@pytest.mark.parametrize(
    "change",
    [{"seed": 1}, {"max_tokens": 50}, {"trainer": {**TRAINER, "learning_rate": 1e-3}},
     {"masking": {"rtm": MaskingTask(partial(RTMCollator, mask_rate=0.3))}}],
    ids=["seed", "max_tokens", "learning_rate", "masking"],
)  # fmt: skip
def test_what_changes_the_result_makes_another_encoder(dataset, tools, change):
    def key(adaptation, tools=tools):
        return adaptation._key(adaptation.domain_texts(dataset), dataset, tools, 16)

    short = Adaptation(RTM, TRAINER, max_tokens=100)
    assert key(replace(short, **change)) != key(short)
    assert key(replace(short, scorer="base", trainer={**TRAINER, "logging_steps": 9})) == key(short)
    # Scores matter to a strategy that reads them, and to no other.
    in_bfloat16 = replace(tools, scoring={"dtype": "bfloat16"})
    assert key(short, in_bfloat16) == key(short)
    scored = replace(short, masking={"l3masking": MaskingTask(L3MaskingCollator, annotate_likelihoods)})
    assert key(scored, in_bfloat16) != key(scored)


def test_no_more_tokens_are_read_than_asked_for(dataset, tools, capsys):
    _, adapted = Adaptation(RTM, TRAINER, max_tokens=200).adapt(dataset, tools, max_length=16)
    assert adapted.tokens == pytest.approx(200, rel=0.3)
    assert adapted.passes < 1
    assert "adaptation.max_tokens=200" in capsys.readouterr().out


def test_further_texts_lose_what_validates_or_tests_and_hold_every_twentieth_out(dataset, tools, tmp_path):
    texts = tmp_path / "domain.txt"
    own = [f"text {number} of the domain" for number in range(40)]
    texts.write_text("\n".join([dataset["valid"]["text"][0].upper(), *own, dataset["test"]["text"][0]]))
    adaptation = Adaptation(RTM, {**TRAINER, "num_train_epochs": 1}, texts)
    assert adaptation.domain_texts(dataset).documents["text"][:] == own
    _, adapted = adaptation.adapt(dataset, tools, max_length=16)
    assert adapted.copies == 2
    assert adapted.tokens == pytest.approx(38 * 10, rel=0.4)
    texts.write_text("one\ntwo\n")
    with pytest.raises(AuxtaskError, match="too few to hold one out of twenty"):
        Adaptation(RTM, TRAINER, texts).adapt(dataset, tools, max_length=16)


def test_likelihoods_are_those_of_the_encoder_that_is_named(dataset, tools):
    likelihoods = MaskingTask(partial(L3MaskingCollator, mask_rate=0.15), annotate_likelihoods)
    adaptation = Adaptation({"l3masking": likelihoods}, {**TRAINER, "num_train_epochs": 2})
    adapted_tools, adapted = adaptation.adapt(dataset, tools, max_length=16)
    assert adapted_tools.scorer("word_l2r").model.name_or_path == str(adapted.encoder)
    base_tools, again = replace(adaptation, scorer="base").adapt(dataset, tools, max_length=16)
    assert not again.computed
    assert base_tools.encoder == str(adapted.encoder)
    assert base_tools.scorer("word_l2r").model.name_or_path == tools.encoder


# The rows that a strategy was shown.
READ = []


def annotate_and_keep(rows, tools):
    READ.append(rows)
    return annotate_log_odds(rows)


def test_strategies_read_the_labels_of_the_training_documents(dataset, tools):
    READ.clear()
    adaptation = Adaptation(
        {"log_odds": MaskingTask(WordScoreCollator, annotate_and_keep)}, TRAINER, max_tokens=100
    )
    _, adapted = adaptation.adapt(dataset, tools, max_length=8)
    assert adapted.computed
    [rows] = READ
    # Windows of a document have its label: read one after the other they are its tokens.
    whole = encode_texts(dataset["train"]["text"], tools.tokenizer, None)["input_ids"]
    expected = [token for row in whole for token in row[1:-1]]
    assert [token for row in rows["input_ids"] for token in row[1:-1]] == expected
    labels = [label for label, row in zip(dataset["train"]["label"], whole, strict=True) for _ in row[1:-1]]
    assert [
        label for label, row in zip(rows["label"], rows["input_ids"], strict=True) for _ in row[1:-1]
    ] == labels
    # Other labels are another adaptation, where a strategy may read them.
    relabelled = DatasetDict({**dataset, "train": dataset["train"].map(lambda row: {"label": 1 - row["label"]})})
    for masking, differs in ((adaptation.masking, True), (RTM, False)):
        keys = [
            replace(adaptation, masking=masking)._key(adaptation.domain_texts(each), each, tools, 8)
            for each in (dataset, relabelled)
        ]
        assert (keys[0] != keys[1]) == differs


def test_strategies_that_lack_labels_or_a_classifier_are_refused(dataset, tools, tmp_path):
    texts = tmp_path / "domain.txt"
    texts.write_text("\n".join(f"text {number} of the domain" for number in range(40)))
    log_odds = {"log_odds": MaskingTask(WordScoreCollator, annotate_log_odds)}
    with pytest.raises(AuxtaskError, match="log-odds masking needs documents with a label, and none has one; use"):
        Adaptation(log_odds, TRAINER, texts).adapt(dataset, tools, max_length=16)
    selective = {"selective": MaskingTask(SelectiveMaskingCollator, annotate_importances)}
    with pytest.raises(AuxtaskError, match=r"share an adapted encoder; use for example adaptation"):
        Adaptation(selective, TRAINER).adapt(dataset, tools, max_length=16)


def test_what_is_not_one_masking_task_is_refused():
    pace = SelfPacedTask(partial(L3MaskingCollator, mask_rate=0.15), annotate_likelihoods)
    for masking in ({}, {"rtm": RTM["rtm"], "more": RTM["rtm"]}, {"refreshed": pace}, {"other": object()}):
        with pytest.raises(AuxtaskError, match=r"adaptation\.masking=.* is not one masking task"):
            Adaptation(masking, TRAINER)
    with pytest.raises(AuxtaskError, match=r"adaptation\.scorer='vanilla' is unknown; use adapted or base"):
        Adaptation(RTM, TRAINER, scorer="vanilla")


@pytest.fixture
def line(dataset, model_folder, tmp_path):
    """A command line of a small run with an adaptation."""
    files = {}
    for split, rows in dataset.items():
        files[split] = tmp_path / f"{split}.jsonl"
        lines = (json.dumps({"text": row["text"], "label": "ab"[row["label"]]}) for row in rows)
        files[split].write_text("\n".join(lines))
    return [
        "dataset=files", *(f"dataset.{split}={path}" for split, path in files.items()), "aux=stl",
        f"model.name={model_folder}", "model.max_length=16", "adaptation=tapt", "adaptation.masking=l3masking",
        "adaptation.trainer.learning_rate=1e-2", "adaptation.trainer.gradient_accumulation_steps=1",
        "adaptation.trainer.per_device_train_batch_size=4", "adaptation.trainer.save_steps=2",
        "adaptation.trainer.bf16=false", "trainer.bf16=false", "scoring.dtype=float32",
        "trainer.num_train_epochs=1",
    ]  # fmt: skip


@pytest.mark.ci
def test_a_killed_adaptation_goes_on_and_ends_as_an_uninterrupted_one(line, tmp_path):
    def run(name, seed=0):
        places = [f"paths.runs={tmp_path / name / 'runs'}", f"paths.cache={tmp_path / name / 'cache'}"]
        return Command(tmp_path, "train", *line, *places, f"seed={seed}")

    killed = run("cut")
    killed.wait_for(lambda: list(tmp_path.glob("cut/cache/adapted/*/checkpoints/checkpoint-*/trainer_state.json")))
    killed.kill()
    killed.wait()
    results = []
    for name in ("cut", "whole"):
        done = run(name)
        assert done.wait() == 0, done.error
        assert "held-out loss" in done.output
        (metrics,) = tmp_path.glob(f"{name}/runs/*/*/*/*/metrics.json")
        results.append(json.loads(metrics.read_text()))
    assert results[0]["adaptation"] == results[1]["adaptation"]
    assert results[0]["test"] == results[1]["test"]
    losses = [entry["loss"] for entry in results[0]["adaptation"]["evaluations"]]
    assert losses[-1] < losses[0]

    second = run("whole", seed=1)
    assert second.wait() == 0, second.error
    assert "taken from the cache" in second.output
    assert len(list(tmp_path.glob("whole/cache/adapted/*/adapted.json"))) == 1
