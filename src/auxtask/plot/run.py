"""Pictures of one run, read off its folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from matplotlib.figure import Figure

from auxtask.errors import AuxtaskError
from auxtask.ground.values import check_texts
from auxtask.plot.curves import curve_figure
from auxtask.plot.style import Curve
from auxtask.plot.weights import task_weights
from auxtask.runs.history import read_history, task_curves
from auxtask.runs.identity import YAML_LOADER
from auxtask.runs.metrics import HEADINGS
from auxtask.runs.settings import named_settings

if TYPE_CHECKING:
    from auxtask.plot.heatmap import MaskHeatmap


@dataclass(frozen=True)
class RunPlots:
    """The pictures of a run; each shows itself in a notebook.

    Args:
        folder: of the run.

    >>> RunPlots(Path("nowhere")).losses()
    Traceback (most recent call last):
    ...
    auxtask.errors.AuxtaskError: 'nowhere' holds no history.jsonl; give the folder of a run
    """

    folder: Path

    def scores(self) -> Figure:
        """Draw the validation scores of every evaluation over steps and over seconds.

        Returns:
            A matplotlib figure; `.savefig(path)` writes it.

        Raises:
            AuxtaskError: the run has no history, as that of a method that is not trained by steps.
        """
        rows = read_history(self.folder)

        def over(place: str) -> dict[str, list[Curve]]:
            return {
                heading: [([row[place] for row in rows], [100 * row["valid"][name] for row in rows])]
                for name, heading in HEADINGS.items()
            }

        return curve_figure("", {"steps": over("step"), "seconds": over("seconds")}, "validation score, %")

    def losses(self) -> Figure:
        """Draw the training loss of each task over steps, each point a mean since the evaluation before.

        Returns:
            A matplotlib figure.

        Raises:
            AuxtaskError: as for `scores`.
        """
        curves = task_curves([read_history(self.folder)], "losses")
        return curve_figure("", {"steps": curves}, "training loss")

    def weights(self) -> Figure:
        """Draw the weight of each task's loss over steps, see `auxtask.plot.task_weights`.

        Returns:
            A matplotlib figure.

        Raises:
            AuxtaskError: as for `scores`.
        """
        return task_weights(self.folder)

    def mask_heatmap(self, text: str, target: float | None = None) -> "MaskHeatmap":
        """Show which tokens of a text the run's L3Masking masks more and less often than its mask rate.

        Args:
            text: any text.
            target: the mask rate, in (0, 1); None for the run's.

        Returns:
            The picture, see `auxtask.plot.mask_heatmap`; likelihoods are those of the run's vanilla encoder.

        Raises:
            AuxtaskError: no task of the run masks by the likelihoods of the vanilla encoder, or its mask rate
                changes and no target is given.
        """
        from auxtask.likelihood.scorer import PLLScorer
        from auxtask.masking.likelihood import L3MaskingCollator
        from auxtask.plot.heatmap import mask_heatmap

        check_texts("text", [text])
        config = yaml.load((self.folder / "config.yaml").read_text(encoding="utf-8"), YAML_LOADER)
        settings = named_settings(config)
        task = _likelihood_task(settings)
        if task is None or config.get("adaptation"):
            raise AuxtaskError(
                f"no task of '{self.folder}' masks by 1 - likelihood of the vanilla encoder; "
                "auxtask.plot.mask_heatmap(scores, priorities=...) draws other strategies"
            )
        if target is None and f"{task}.masking.mask_rate.class" in settings:
            raise AuxtaskError(f"the mask rate of '{self.folder}' changes over training; give one, as target=0.15")
        if target is None:
            target = settings.get(f"{task}.masking.mask_rate", L3MaskingCollator.mask_rate)
        scorer = PLLScorer.from_pretrained(
            settings["model.name"],
            settings.get(f"{task}.annotate.metric", "word_l2r"),
            settings["model.max_length"],
        )
        return mask_heatmap(scorer.score([text])[0], target)


def _likelihood_task(settings: Mapping[str, Any]) -> str | None:
    """Find the first task that masks by 1 - P, as `aux.NAME`."""
    for name, value in settings.items():
        if value == "L3MaskingCollator" and name.endswith(".masking.class"):
            task = name.removesuffix(".masking.class")
            priority = settings.get(f"{task}.masking.priority.class", "one_minus_likelihood")
            annotate = settings.get(f"{task}.annotate.class")
            if (priority, annotate) == ("one_minus_likelihood", "annotate_likelihoods"):
                return task
    return None
