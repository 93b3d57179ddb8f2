"""The command launched on two real processes: the same scores, each computed once, told once."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from datasets import Dataset

from auxtask.data.encoding import encode
from auxtask.likelihood.scorer import PLLScorer
from processes import launch

SPLITS = ("train", "valid", "test")


@pytest.mark.ci
def test_two_processes_score_what_one_does(tmp_path: Path, model_folder: Path, sentences: list[str]) -> None:
    texts = [f"{sentence} {other}" for sentence in sentences for other in sentences]
    rows = [{"text": text, "label": str(index % 2)} for index, text in enumerate(texts)]
    for split in SPLITS:
        (tmp_path / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    main, other = launch(
        2, tmp_path, "score", "dataset=files", *(f"dataset.{split}={tmp_path / split}.jsonl" for split in SPLITS),
        f"model.name={model_folder}", "model.max_length=20", "long=window", "scoring.dtype=float32",
        f"paths.cache={tmp_path / 'cache'}", f"histogram={tmp_path / 'histogram.png'}",
    )  # fmt: skip
    assert other.output == ""
    [line] = re.findall(r"^train: .*$", main.output, re.MULTILINE)
    assert line.startswith(f"train: {len(texts)} documents, ")
    assert "0 documents and" in line
    assert re.search(r"2 shards, 0\.\d MB$", main.output.strip())
    assert (tmp_path / "histogram.png").stat().st_size > 0

    shards = [dict(np.load(path)) for path in (tmp_path / "cache" / "scores").rglob("*.npz")]
    keys = [{bytes(key) for key in shard["keys"]} for shard in shards]
    assert not keys[0] & keys[1]
    # Neighbours in length are dealt out in turn.
    assert abs(len(keys[0]) - len(keys[1])) <= 1

    scorer = PLLScorer.from_pretrained(model_folder, max_length=20, device="cpu", progress=False)
    dataset = encode(Dataset.from_dict({"text": texts}), scorer.tokenizer, None)
    alone = np.concatenate(scorer.annotate(dataset).with_format("numpy")["likelihoods"][:])
    scorer.cache = tmp_path / "cache" / "scores"
    together = np.concatenate(scorer.annotate(dataset).with_format("numpy")["likelihoods"][:])
    assert scorer.summary is not None
    assert scorer.summary.cached_documents == len(texts)
    np.testing.assert_allclose(together, alone, rtol=1e-5)
