"""A run that is killed goes on with the same line, and a finished one is skipped."""

import json

import pytest

from processes import Command


@pytest.mark.ci
def test_a_killed_process_goes_on_with_the_same_line_and_a_finished_run_is_skipped(
    dataset, model_folder, tmp_path
):
    data = tmp_path / "data.jsonl"
    names = dataset.label_names
    rows = [{"text": row["text"], "label": names[row["label"]]} for split in dataset.values() for row in split]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def train():
        return Command(
            tmp_path, "train", "dataset=files", f"dataset.train={data}", f"model.name={model_folder}",
            "model.max_length=32", "trainer.bf16=false", "trainer.learning_rate=5e-3",
            "trainer.num_train_epochs=12", "trainer.patience=null",
            f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}",
        )  # fmt: skip

    killed = train()
    killed.wait_for(lambda: list(tmp_path.glob("runs/*/*/*/*/checkpoints/checkpoint-*/trainer_state.json")))
    killed.kill()
    killed.wait()
    [run_folder] = tmp_path.glob("runs/*/*/*/*")
    assert not (run_folder / "metrics.json").exists()
    assert not (run_folder / "model").exists()

    done = train()
    assert done.wait() == 0, done.error
    assert done.output.rstrip().endswith(f"run: {run_folder}")
    assert json.loads((run_folder / "metrics.json").read_text())["status"] == "finished"
    contract = {
        "config.yaml", "metrics.json", "history.jsonl", "predictions.jsonl", "model", "environment.json",
    }  # fmt: skip
    assert {path.name for path in run_folder.iterdir()} - {".lock"} == contract

    written = (run_folder / "metrics.json").stat().st_mtime_ns
    skipped = train()
    assert skipped.wait() == 0, skipped.error
    assert "already finished" in skipped.output
    assert (run_folder / "metrics.json").stat().st_mtime_ns == written
