"""Which methods are compared with which: the contrasts that were planned, and those that explore."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auxtask.errors import AuxtaskError
from auxtask.evaluation.groups import METHOD_FINGERPRINTS, Block, Group
from auxtask.runs.metrics import REPORTED

# What is compared with the single-task reference is everything; with random masks, all that masks.
REFERENCE, RANDOM_MASKS = "stl", "rtm"
# Looked at without having been named: do places, types and the classes' own N-grams matter, whatever finds them?
CONTROLS = (
    ("bit_label", "random_spans"),
    ("bit_label", "shuffled_labels"),
    ("bit_label", "common_ngrams"),
)
# Settings of what is done beside the tasks: strategies that mask are compared with random masks of as much.
BESIDE = ("loss.", "adapter.", "adaptation.", "unlabelled.", *METHOD_FINGERPRINTS)
# Parts of a task that say which method it is; that these differ is what a contrast is about.
OF_THE_METHOD = ("class", "masking.class", "annotate.class")

# Puts other N-grams in the place of those of its reference.
CLASS_AGNOSTIC = "ClassAgnosticExtractor"
# What the options of masked main rows are called in a masking task.
OF_MAIN_ROWS = {
    "trainer.main_mask": "masking.mask_rate",
    "trainer.main_mask_replace_prob": "masking.mask_replace_prob",
}


@dataclass(frozen=True)
class PlannedContrast:
    """A comparison that was named before its runs were looked at; all others explore.

    Args:
        method, reference: strategies, as `auxtask.evaluation.groups.strategy_of` names them.
        metrics: by which it was planned, of `micro_f1` and `macro_f1`.
        datasets: on which it was planned; empty for all.
        models: with which it was planned, as the folders of runs name them; empty for all.

    Raises:
        AuxtaskError: a metric is none, or a method is compared with itself.

    >>> PlannedContrast("l3masking", "rtm", metrics=["macro_f1"]).covers("ohsumed", "tiny", "micro_f1")
    False
    """

    method: str
    reference: str
    metrics: Sequence[str] = REPORTED
    datasets: Sequence[str] = ()
    models: Sequence[str] = ()

    def __post_init__(self) -> None:
        for metric in self.metrics:
            if metric not in REPORTED:
                raise AuxtaskError(f"a contrast is planned by metrics of {', '.join(REPORTED)}, not by '{metric}'")
        if self.method == self.reference:
            raise AuxtaskError(f"a contrast is planned of '{self.method}' with itself; name another reference")

    def covers(self, dataset: str, model: str, metric: str) -> bool:
        """Tell whether it was planned for a data set, a model and a metric."""
        places = (self.metrics, metric), (self.datasets or [dataset], dataset), (self.models or [model], model)
        return all(name in names for names, name in places)


@dataclass(frozen=True)
class Contrast:
    """A method and what it is compared with.

    Args:
        group, reference: of one block.
        planned: by name what was planned of their two strategies; empty where they explore.
    """

    group: Group
    reference: Group
    planned: Mapping[str, PlannedContrast]

    def hypothesis(self, metric: str) -> str:
        """Give the name under which it was planned for a metric; empty where it explores."""
        place = self.group.dataset, self.group.model, metric
        return next((name for name, contrast in self.planned.items() if contrast.covers(*place)), "")


def contrasts(block: Block, planned: Mapping[str, PlannedContrast]) -> list[Contrast]:
    """List what is compared in a block.

    Every method is compared with `stl`, every masking strategy with `rtm`, and the two of each planned contrast
    and of each of `CONTROLS` with each other; but for `stl`, only where they agree in weighting, mask rate and
    whatever else they share.

    Args:
        block: groups that may be compared.
        planned: what was named before any run, by the name of the hypothesis.

    Returns:
        In the order of the groups.
    """
    found = []
    for group in block.groups:
        for reference in block.groups:
            pair = group.strategy, reference.strategy
            named = {name: each for name, each in planned.items() if (each.method, each.reference) == pair}
            if _compared(group, reference, bool(named)):
                found.append(Contrast(group, reference, named))
    return found


def _compared(group: Group, reference: Group, named: bool) -> bool:
    names = group.strategy, reference.strategy
    if names[0] == names[1] or names[0] == REFERENCE:
        return False
    if names[1] == REFERENCE:
        return True
    to_random_masks = names[1] == RANDOM_MASKS and masks(group) and _besides(group) == _besides(reference)
    return (named or to_random_masks or names in CONTROLS) and alike(group.settings, reference.settings)


def _besides(group: Group) -> dict[str, Any]:
    """The settings of what is done beside a method's tasks."""
    return {name: value for name, value in group.split_settings[0].items() if name.startswith(BESIDE)}


def masks(group: Group) -> bool:
    """Tell whether a task of a group masks tokens that it then predicts."""
    return any(name.startswith("aux.") and name.endswith(".masking.class") for name in group.settings)


def alike(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    """Tell whether two methods differ in what makes them two methods alone.

    Args:
        first, second: settings by dotted names. Tasks agree where any of one has the values of any of the other in
            all options that both have. `trainer.main_mask` is a mask rate, of mask tokens alone unless a run says
            otherwise, while a task shows 80 % of what it masks as the mask token. Weighting and scoring are the
            same or belong to one of the two.

    >>> rtm, l3masking = {"aux.rtm.masking.mask_rate": 0.15}, {"aux.l3masking.masking.mask_rate": 0.3}
    >>> alike(rtm, l3masking), alike({"trainer.main_mask": 0.15}, l3masking)
    (False, False)
    """
    for part in ("weighting.", "scoring."):
        one, other = ({name: each[name] for name in each if name.startswith(part)} for each in (first, second))
        if one and other and one != other:
            return False
    one, other = _of_tasks(first), _of_tasks(second)
    return all(one[name] & other[name] for name in one.keys() & other.keys())


def _of_tasks(settings: Mapping[str, Any]) -> dict[str, set[str]]:
    """The options of the tasks without the tasks' names; a value may be a list, so that its text stands for it."""
    options: dict[str, set[str]] = {}
    controls = tuple(
        name.removesuffix("class")
        for name, value in settings.items()
        if name.endswith(".extractor.class") and value == CLASS_AGNOSTIC
    )
    for name, value in settings.items():
        if name.startswith(controls):
            # What finds the N-grams that a control replaces is what it has in common with others.
            option = f"extractor.{name.partition('.extractor.reference.')[2]}" if ".reference." in name else ""
        elif name.startswith("aux."):
            # The units of N-grams stand within what scores them, or by themselves.
            option = ".".join(name.split(".")[2:]).replace("annotate.units.", "annotate.")
        else:
            option = OF_MAIN_ROWS.get(name, "")
        if option and option not in OF_THE_METHOD:
            options.setdefault(option, set()).add(repr(value))
    if any(name.endswith(".masking.class") for name in settings):
        # The identity of a run leaves out what is usual.
        options.setdefault("decoder", {repr("tied")})
        options.setdefault("masking.mask_replace_prob", {repr(0.8)})
    elif "trainer.main_mask" in settings:
        options.setdefault("masking.mask_replace_prob", {repr(1.0)})
    return options
