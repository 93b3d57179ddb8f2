"""The run object: what it says is what the files of its folder say, by arithmetic done here."""

import numpy as np
import pytest

from auxtask.data.dataset import build_text_dataset
from auxtask.errors import AuxtaskError
from auxtask.experiment.fitted import FittedRun
from auxtask.ground.files import write_json_lines
from auxtask.likelihood.scorer import PLLScorer
from auxtask.masking.mean_adjust import mean_adjust
from folders import make_run

TEST = [("one", "a"), ("two", "a"), ("three", "<b>"), ("four", "<b>"), ("five", "a")]
# Of each test document the probability of class a.
OF_A = [0.9, 0.4, 0.8, 0.3, 0.2]
HISTORY = [
    {"step": step, "epoch": 1.0, "seconds": 2.0 * step, "losses": {"main": 1 / step, "rtm": 2.0}, "tasks": {},
     "weights": {"main": 1.0, "rtm": 0.5}, "valid": {"loss": 0.5, "macro_f1": step / 10, "micro_f1": 0.5}}
    for step in (1, 2)
]  # fmt: skip


@pytest.fixture
def dataset():
    return build_text_dataset({"train": TEST, "valid": TEST, "test": TEST}, name="toy", provenance={})


@pytest.fixture
def run(tmp_path, dataset):
    names = ("<b>", "a")
    predicted = [int(probability > 0.5) for probability in OF_A]
    gold = [names.index(label) for _, label in TEST]
    folder = make_run(tmp_path, method="rtm", gold=gold, predicted=predicted, names=names)
    write_json_lines(
        folder / "predictions.jsonl",
        [
            {"index": at, "label": label, "prediction": names[best], "probabilities": {"<b>": 1 - of_a, "a": of_a}}
            for at, ((_, label), best, of_a) in enumerate(zip(TEST, predicted, OF_A, strict=True))
        ],
    )
    write_json_lines(folder / "history.jsonl", HISTORY)
    return FittedRun(folder, True, dataset)


def test_errors_are_the_wrong_ones_the_surest_first(run):
    errors = run.errors
    assert list(errors.columns) == ["text", "label", "prediction", "probability"]
    # Documents 1, 2 and 4 are wrong, at .6, .8 and .8; of equals the earlier stands first.
    assert errors.index.tolist() == [2, 4, 1]
    assert errors["text"].tolist() == ["three", "five", "two"]
    assert errors["prediction"].tolist() == ["a", "<b>", "<b>"]
    assert errors["probability"].tolist() == pytest.approx([0.8, 0.8, 0.6])
    assert len(errors) == round((1 - run.metrics["test"]["accuracy"]) * len(TEST))


def test_history_is_a_frame_of_plain_columns(run):
    assert run.history["step"].tolist() == [1, 2]
    assert run.history["losses.main"].tolist() == [1, 0.5]
    assert run.history["valid.macro_f1"].tolist() == [0.1, 0.2]
    assert "tasks" not in run.history
    (run.folder / "history.jsonl").unlink()
    assert FittedRun(run.folder, False, run.dataset).history.empty


def test_it_says_what_it_is(run):
    score = f"{run.metrics['test']['macro_f1']:.4f}"
    assert repr(run).startswith("FittedRun(toy · tiny · rtm: test micro-F1 0.4000, macro-F1 ")
    assert score in repr(run)
    page = run._repr_html_()
    assert score in page
    assert f"{run.metrics['valid']['micro_f1']:.4f}" in page
    assert "2 classes: &#x27;&lt;b&gt;&#x27;, &#x27;a&#x27;" in page
    assert "<b>" not in page
    assert str(run.folder) in page
    (run.folder / "metrics.json").unlink()
    assert "unfinished" in repr(run)


def test_pictures_draw_the_history_and_show_themselves(run):
    steps, seconds = run.plot.scores().axes
    drawn = {line.get_label(): line.get_xydata().round(9).tolist() for line in steps.lines}
    assert drawn == {"micro-F1": [[1, 50], [2, 50]], "macro-F1": [[1, 10], [2, 20]]}
    assert seconds.lines[1].get_xydata().round(9).tolist() == [[2, 10], [4, 20]]
    [axes] = run.plot.losses().axes
    assert {line.get_label(): line.get_ydata().tolist() for line in axes.lines} == {
        "main": [1, 0.5],
        "rtm": [2, 2],
    }
    [axes] = run.plot.weights().axes
    assert axes.lines[1].get_ydata().tolist() == [0.5, 0.5]
    assert run.plot.losses()._repr_png_().startswith(b"\x89PNG")


def test_a_heat_map_is_of_the_run_s_own_masking(tmp_path, model_folder, dataset):
    masking = {"_target_": "auxtask.masking.likelihood.L3MaskingCollator", "mask_rate": 0.3}
    annotate = {"_target_": "auxtask.masking.likelihood.annotate_likelihoods", "metric": "original"}
    place = {"model__name": str(model_folder), "model__max_length": 16, "method": "l3masking"}
    parts = {"aux__l3masking__masking": masking, "aux__l3masking__annotate": annotate}
    run = FittedRun(make_run(tmp_path / "runs", model="small", **parts, **place), True, dataset)
    text = "The film is a slow story of the sea."
    [scores] = PLLScorer.from_pretrained(model_folder, metric="original").score([text])
    expected = mean_adjust(1 - scores.likelihoods.astype(np.float64), 0.3)
    heatmap = run.plot.mask_heatmap(text)
    assert [token.probability for token in heatmap.tokens] == pytest.approx(expected.tolist(), abs=1e-5)
    assert heatmap.target == 0.3
    assert run.plot.mask_heatmap(text, target=0.2).target == 0.2

    parts["aux__l3masking__masking"] = {**masking, "mask_rate": {"_target_": "auxtask.masking.pace.Linear"}}
    changing = FittedRun(make_run(tmp_path / "runs", model="small", **parts, **place), True, dataset)
    with pytest.raises(AuxtaskError, match="changes over training; give one, as target="):
        changing.plot.mask_heatmap(text)


def test_what_a_run_lacks_is_said_in_a_line(run):
    with pytest.raises(AuxtaskError, match=r"no task of .* masks by 1 - likelihood"):
        run.plot.mask_heatmap("a text")
    with pytest.raises(AuxtaskError, match="keeps no classifier"):
        run.predict(["a text"])
