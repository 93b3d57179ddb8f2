"""A real launch of two processes (gloo) beside one process with the same batch in all."""

import json
import subprocess
import sys
from types import SimpleNamespace

import pytest
from transformers import BertConfig, BertForMaskedLM

from processes import launch

STEPS = 20


@pytest.fixture
def started(tokenizer, sentences, tmp_path):
    model = tmp_path / "encoder"
    BertForMaskedLM(
        BertConfig(
            vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
            intermediate_size=64, max_position_embeddings=64, hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
    ).save_pretrained(model)  # fmt: skip
    tokenizer.save_pretrained(model)
    for split, copies in (("train", 8), ("valid", 2), ("test", 2)):
        rows = [
            {"text": " ".join(sentence.split()[copy % 3 :]), "label": "ab"[index % 2]}
            for copy in range(copies)
            for index, sentence in enumerate(sentences)
        ]
        (tmp_path / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def start(count, *overrides, by=launch):
        runs = tmp_path / f"{count} {by.__name__}"
        processes = by(
            count, tmp_path, "train", "dataset=files",
            *(f"dataset.{split}={tmp_path / split}.jsonl" for split in ("train", "valid", "test")),
            f"model.name={model}", "model.max_length=32", "model.learning_rate=3e-3",
            f"trainer.per_device_train_batch_size={8 // count}",
            f"trainer.max_steps={STEPS}", "trainer.eval_strategy=steps", "trainer.eval_steps=2",
            "trainer.bf16=false", "trainer.use_cpu=true", "trainer.patience=null",
            f"paths.runs={runs}", f"paths.cache={tmp_path / f'cache-{count}'}",
            *overrides,
        )  # fmt: skip
        [folder] = runs.glob("*/*/*/*")
        history = [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]
        return history, "".join(process.output for process in processes)

    return start


def torchrun(count, folder, name, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={count}",
         "-m", f"auxtask.{name}", *arguments],
        # A launch whose processes wait for each other ends here.
        timeout=240, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return [SimpleNamespace(output=done.stdout)]


@pytest.mark.parametrize(
    ("aux", "overrides"),
    [
        pytest.param("l3masking", [], marks=pytest.mark.ci),
        pytest.param("rtm", ["weighting=meta", "weighting.learning_rate=0.1"], marks=pytest.mark.ci),
        pytest.param(
            "l3masking_refreshed",
            ["weighting=gradnorm", "aux.l3masking_refreshed.refresh_every=1"],
            marks=pytest.mark.ci,
        ),
        pytest.param("bit_label", ["weighting=uncertainty"], marks=pytest.mark.ci),
    ],
)
def test_two_processes_are_one_with_the_same_batch(started, aux, overrides):
    one, _ = started(1, f"aux={aux}", *overrides)
    two, printed = started(2, f"aux={aux}", *overrides)
    assert [row["step"] for row in two] == list(range(2, STEPS + 1, 2))
    for first, second in zip(one, two, strict=True):
        assert second["losses"] == pytest.approx(first["losses"], abs=1e-4)
        assert second["weights"] == pytest.approx(first["weights"], abs=1e-4)
        assert second["valid"]["loss"] == pytest.approx(first["valid"]["loss"], abs=1e-4)
    assert one[-1]["losses"][aux] < one[0]["losses"][aux] - 0.1
    assert printed.count("run: ") == 1


@pytest.mark.ci
def test_two_processes_that_accumulate_are_one_that_does_not(started):
    one, _ = started(1, "aux=rtm")
    two, _ = started(
        2, "aux=rtm", "trainer.per_device_train_batch_size=2", "trainer.gradient_accumulation_steps=2"
    )
    for first, second in zip(one, two, strict=True):
        assert second["losses"] == pytest.approx(first["losses"], abs=1e-4)
        assert second["valid"]["loss"] == pytest.approx(first["valid"]["loss"], abs=1e-4)


@pytest.mark.ci
def test_torchrun_launches_the_same(started):
    found, printed = started(2, "aux=l3masking", by=torchrun)
    expected, _ = started(2, "aux=l3masking")
    for row, other in zip(found, expected, strict=True):
        assert {**row, "seconds": 0} == {**other, "seconds": 0}
    assert printed.count("run: ") == 1


@pytest.mark.ci
def test_two_processes_adapt_as_one_does(started, tmp_path):
    adaptation = ["aux=stl", "adaptation=tapt", "adaptation.masking=l3masking", "adaptation.max_tokens=4000",
                  "adaptation.trainer.learning_rate=1e-2", "adaptation.trainer.gradient_accumulation_steps=1",
                  "adaptation.trainer.bf16=false", "scoring.dtype=float32"]  # fmt: skip
    results = []
    for count in (1, 2):
        _, printed = started(count, *adaptation, f"adaptation.trainer.per_device_train_batch_size={8 // count}")
        assert printed.count("adapted: ") == 1
        [path] = (tmp_path / f"cache-{count}" / "adapted").glob("*/adapted.json")
        results.append(json.loads(path.read_text()))
    assert results[0]["steps"] == results[1]["steps"]
    for one, two in zip(results[0]["evaluations"], results[1]["evaluations"], strict=True):
        assert two["loss"] == pytest.approx(one["loss"], abs=5e-3)
    assert results[0]["evaluations"][-1]["loss"] < results[0]["evaluations"][0]["loss"] - 0.1
