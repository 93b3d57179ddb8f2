"""A user's own file, and options of quick runs on it."""

import json

import pytest


@pytest.fixture
def quick_runs(tmp_path, model_folder):
    """Options of runs on forty rows of two classes."""
    data = tmp_path / "data.jsonl"
    rows = [{"text": f"the {word} number {n}", "label": word} for word in ("sea", "land") for n in range(20)]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return [
        "dataset=files",
        f"dataset.train={data}",
        f"model.name={model_folder}",
        "model.max_length=16",
        "trainer.eval_strategy=steps",
        "trainer.disable_tqdm=true",
        f"paths.cache={tmp_path / 'cache'}",
    ]
