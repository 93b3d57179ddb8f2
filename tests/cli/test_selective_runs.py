"""Selective masking in a run: its classifier is the single-task run, and those of folds are nobody's results."""

import json

import pytest

from auxtask import fit

TRAINER = {"max_steps": 2, "eval_strategy": "steps", "eval_steps": 2, "bf16": False, "use_cpu": True}
DOCUMENTS = [
    (f"the {word} number {number} of the bank", word[:1]) for number in range(12) for word in ("film", "dose")
]


@pytest.fixture
def trained(model_folder, tmp_path):
    def train(**options):
        places = {"runs": tmp_path / "runs", "cache": tmp_path / "cache", "name": "few"}
        scoring = {"dtype": "float32"}
        return fit(
            DOCUMENTS, model=model_folder, max_length=16, trainer=TRAINER, scoring=scoring, **places, **options
        )

    return train


def runs_in(folder):
    return sorted(path.parent.relative_to(folder).parts[-2] for path in folder.rglob("metrics.json"))


def test_the_classifier_is_the_single_task_run_of_the_same_seed(trained, tmp_path):
    texts = tmp_path / "more.txt"
    texts.write_text("the patient\nthe story of the sea\n")
    # What a task without masks would refuse: texts to mask, and a weight of a task that it does not have.
    run = trained(aux="selective", unlabelled=texts, weighting={"tasks": {"selective": 0.5}})
    assert run.computed
    assert runs_in(tmp_path / "runs") == ["selective", "stl"]
    assert not trained(aux="stl").computed
    assert len(list((tmp_path / "cache" / "importances").glob("*.npz"))) == 1


@pytest.mark.ci
def test_the_classifiers_of_folds_lie_in_the_cache_and_have_not_seen_their_fold(trained, tmp_path):
    run = trained(aux={"selective": {"annotate": {"folds": 2}}})
    assert run.computed
    assert runs_in(tmp_path / "runs") == ["selective"]
    crossed = tmp_path / "cache" / "cross_fitted"
    assert runs_in(crossed) == ["stl", "stl"]
    fingerprints = {
        json.loads(path.read_text())["fingerprints"]["dataset"] for path in crossed.rglob("environment.json")
    }
    assert len(fingerprints) == 2
    assert len(list((tmp_path / "cache" / "importances").glob("*.npz"))) == 2
