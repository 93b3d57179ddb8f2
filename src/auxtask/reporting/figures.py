"""What the figures of a block of runs show, as plain values for the pictures that draw them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from auxtask.evaluation.class_gains import gains_by_method
from auxtask.evaluation.confusion import confusion_of, shown_groups
from auxtask.evaluation.groups import Block
from auxtask.evaluation.redrawn import fraction_of
from auxtask.evaluation.redrawn_tables import learning_curves
from auxtask.plot.classes import Point, confusion_figure, learning_figure
from auxtask.plot.curves import Change, curve_figure, gain_figure
from auxtask.plot.style import Curve
from auxtask.plot.weights import weight_figure
from auxtask.runs.history import task_curves
from auxtask.runs.reading import Run

CAPTIONS = {
    "curves": "Validation macro-F1 over steps and over seconds: mean and range over seeds, by evaluations",
    "gains": "Change in F1 against stl of each class over its size; bars are a standard error over seeds",
    "weights": "Task weights over steps",
    "confusion": "Predicted over gold classes, shares of the gold class, all runs together",
    "learning": "Test macro-F1 over the share of the training documents: mean and 95 % interval over seeds",
}


def block_figures(block: Block) -> dict[str, Figure]:
    """Draw a block.

    Args:
        block: runs of one data set and model.

    Returns:
        By its kind, one of `CAPTIONS`, each figure that there is something to draw for.
    """
    title = f"{block.dataset}, {block.label}"
    figures = {}
    if points := learning_points(block):
        # Validation curves of several shares in one line would mix what is not alike.
        return {"learning": learning_figure(title, points, "test macro-F1, %")}
    if curves := score_curves(block):
        figures["curves"] = curve_figure(title, curves, "validation macro-F1, %")
    if gains := gains_by_method(block):
        changes = {
            method: [Change(gain.label, gain.size, gain.gain, gain.error) for gain in of_classes]
            for method, of_classes in gains.items()
        }
        figures["gains"] = gain_figure(title, changes, "stl")
    if weights := changing_weights(block):
        figures["weights"] = weight_figure(title, weights)
    if shown := shown_groups(block):
        names, _ = confusion_of(shown[0])
        panels = {group.label: confusion_of(group)[1] for group in shown}
        figures["confusion"] = confusion_figure(title, panels, names)
    return figures


def learning_points(block: Block) -> dict[str, list[Point]]:
    """Follow the test macro-F1 of every method over the share of the training documents.

    Args:
        block: runs of one data set and model.

    Returns:
        By the method's label its points, in percent; empty where all runs have seen one share.
    """
    if len({fraction_of(run) for group in block.groups for run in group.runs}) < 2:
        return {}
    return {
        label: [
            Point(share, score.mean, *((ends.low, ends.high) if ends else (score.mean, score.mean)))
            for share, score, ends in curve
        ]
        for label, curve in learning_curves(block).items()
    }


def score_curves(block: Block) -> dict[str, dict[str, list[Curve]]]:
    """Follow the validation macro-F1 of every method over steps and over seconds.

    Args:
        block: runs of one data set and model.

    Returns:
        By the name of the measure and the method's label the curve of each seed, in percent; empty where no run
        has a history. Seconds include what was prepared before training, such as token scores.
    """
    measures: dict[str, Callable[[Run, Mapping[str, Any]], float]] = {
        "steps": lambda run, row: row["step"],
        "seconds, preparation included": lambda run, row: row["seconds"] + run.seconds.get("score", 0.0),
    }
    trained = {group.label: [run for run in group.runs if run.history] for group in block.groups}
    if not any(trained.values()):
        return {}
    return {
        name: {
            label: [
                (
                    [measure(run, row) for row in run.history],
                    [100 * row["valid"]["macro_f1"] for row in run.history],
                )
                for run in runs
            ]
            for label, runs in trained.items()
            if runs
        }
        for name, measure in measures.items()
    }


def changing_weights(block: Block) -> dict[str, dict[str, list[Curve]]]:
    """Follow the weights of the tasks of every method that changes them.

    Args:
        block: runs of one data set and model.

    Returns:
        By the method's label and the task the curve of each seed.
    """
    return {
        group.label: task_curves([run.history for run in group.runs if run.history], "weights")
        for group in block.groups
        if any(_changes(run.history) for run in group.runs)
    }


def _changes(history: Sequence[Mapping[str, Any]]) -> bool:
    weights = [row.get("weights") for row in history]
    return bool(weights and weights[0]) and any(other != weights[0] for other in weights)
