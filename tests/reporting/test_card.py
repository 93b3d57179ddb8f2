"""Model cards: read by the hub's own library, and their figures by arithmetic done here."""

import json
import re

import pytest
import yaml
from huggingface_hub import ModelCard

from auxtask.experiment.fitted import FittedRun
from auxtask.reporting.card import model_card
from folders import make_run

NAMES = ("<b>", "a", "rare")
GOLD = [0] * 12 + [1] * 20 + [2]
PREDICTED = [0] * 9 + [1] * 3 + [1] * 18 + [0] * 2 + [1]


@pytest.fixture
def run(tmp_path):
    folder = make_run(tmp_path, method="rtm", gold=GOLD, predicted=PREDICTED, names=NAMES)
    (folder / "model").mkdir(exist_ok=True)
    config = yaml.safe_load((folder / "config.yaml").read_text())
    config["paths"] |= {"data": str(tmp_path / "data")}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    environment = json.loads((folder / "environment.json").read_text())
    (folder / "environment.json").write_text(json.dumps({**environment, "device": "cpu"}))
    metrics = json.loads((folder / "metrics.json").read_text())
    documents = {"train": 90, "valid": 9, "test": len(GOLD)}
    counts = {"documents": documents, "copies": {"train": 2}, "absent_classes": [], "cut": {"documents": 4}}
    metrics |= {"test_without_copies": metrics["test"], "counts": counts}
    (folder / "metrics.json").write_text(json.dumps(metrics))
    return folder


def test_the_hub_reads_its_metadata(run):
    card = ModelCard(model_card(run))
    scores = json.loads((run / "metrics.json").read_text())["test"]
    assert card.data.pipeline_tag == "text-classification"
    assert card.data.to_dict()["library_name"] == "transformers"
    assert {"auxtask", "rtm"} <= {*card.data.tags}
    results = {each.metric_name: each for each in card.data.eval_results}
    assert results["micro-F1"].metric_value == pytest.approx(scores["micro_f1"], abs=1e-4)
    assert results["macro-F1"].metric_value == pytest.approx(scores["macro_f1"], abs=1e-4)
    assert results["macro-F1"].metric_args == {"average": "macro"}


def test_the_text_is_the_runs_and_the_same_each_time(run):
    card = model_card(run)
    assert card == model_card(run)
    # 27 of 33 are right: the binomial interval of Wald is .818 ± .132.
    low, high = map(float, re.search(r"micro-F1 \| +0\.818 \| +(\S+) to (\S+) ", card).groups())
    assert low == pytest.approx(0.818 - 0.132, abs=0.03)
    assert high == pytest.approx(0.818 + 0.132, abs=0.03)
    assert "Classes with fewer than ten test documents, whose F1 says little: rare." in card
    assert "<b>" not in card.replace("`<b>`", "")
    assert str(run.parents[3]) not in card


def test_a_test_split_of_copies_alone_has_a_card(run):
    metrics = json.loads((run / "metrics.json").read_text())
    (run / "metrics.json").write_text(json.dumps({**metrics, "test_without_copies": None}))
    assert "every test document is one" in model_card(run)


def test_names_of_folders_are_replaced_as_folders_alone(run):
    config = yaml.safe_load((run / "config.yaml").read_text())
    config["paths"] = {"cache": "e", "data": "/d/a", "runs": "r"}
    config["dataset"]["data_folder"] = "/d/a/sets"
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    written = yaml.safe_load(model_card(run).split("```yaml\n")[1].split("```")[0])
    assert written["paths"] == {"cache": "cache", "data": "data", "runs": "runs"}
    assert written["dataset"]["data_folder"] == "data/sets"
    assert written["trainer"] == config["trainer"]


def test_pushing_sends_the_folder_with_its_card(run, monkeypatch):
    sent = []

    class Hub:
        def __init__(self, token=None):
            self.token = token

        def create_repo(self, repo_id, *, private, exist_ok):
            sent.append((repo_id, {"exist_ok": exist_ok, "private": private}, self.token))

        def upload_folder(self, *, repo_id, folder_path, revision=None):
            sent.append((repo_id, (folder_path / "README.md").read_text(), revision))
            return f"https://huggingface.co/{repo_id}/commit/0"

    monkeypatch.setattr("huggingface_hub.HfApi", Hub)
    fitted = FittedRun(run, False, None)
    assert fitted.push_to_hub("me/films", private=True, token="t", revision="new").endswith("me/films/commit/0")
    assert sent[0] == ("me/films", {"exist_ok": True, "private": True}, "t")
    assert sent[1] == ("me/films", model_card(run), "new")
