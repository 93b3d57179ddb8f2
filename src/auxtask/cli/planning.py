"""From a config of `auxtask.train` to the run it describes: its data, its folder, the objects it names."""

import copy
import os
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from auxtask.cli.command import plain
from auxtask.cli.resolving import resolved
from auxtask.data.dataset import TextDataset
from auxtask.data.redrawn import DRAWING_OPTIONS, Drawing, redraw
from auxtask.errors import AuxtaskError
from auxtask.experiment.fit import Method, fit
from auxtask.experiment.fitted import FittedRun
from auxtask.ground.machine import is_main_process, process_count
from auxtask.ground.tools import Resources
from auxtask.model.fingerprint import fingerprint
from auxtask.runs.identity import GENERAL_TEXT, RunIdentity
from auxtask.runs.settings import named_settings

if TYPE_CHECKING:
    from datasets import Dataset

    from auxtask.data.texts import Texts
    from auxtask.experiment.experiment import Experiment


def load_dataset(config: DictConfig) -> TextDataset:
    """Load the data of a run, drawn as it says; the runs of a sweep load it once."""
    fields = plain(config.dataset)
    drawing = Drawing.of(fields)
    whole = {name: value for name, value in fields.items() if name not in DRAWING_OPTIONS}
    # Nothing but a fraction is drawn by the seed of the run.
    seed = 0 if drawing.train_fraction == 1 else config.get("seed", 0)
    return _drawn_dataset(OmegaConf.to_yaml(OmegaConf.create(whole)), drawing, seed)


@lru_cache(maxsize=8)
def _drawn_dataset(whole: str, drawing: Drawing, seed: int) -> TextDataset:
    return redraw(_load_dataset(whole), drawing, seed)


@lru_cache(maxsize=8)
def _load_dataset(dataset: str) -> TextDataset:
    return cast(TextDataset, instantiate(OmegaConf.create(dataset)))


def method_name(config: DictConfig) -> str:
    """Name the method in the paths of its runs: the baseline, or the auxiliary tasks."""
    return config.baseline.name if config.get("baseline") else "+".join(config.aux) or "stl"


def model_name(config: DictConfig) -> str:
    """Name the encoder in paths: the last part of its hub id or of its folder, even if that is given as `..`."""
    return Path(os.path.abspath(config.model.name)).name


def run_identity(config: DictConfig, dataset: TextDataset) -> RunIdentity:
    """Find which run a config describes.

    Args:
        config: of `auxtask.train`, `resolved`.
        dataset: what `load_dataset` gives for it.

    Returns:
        The identity; it gives the run's folder.
    """
    fingerprints = {
        "dataset": dataset.source,
        "dataset_versions": dataset.provenance.get("versions"),
        "model": fingerprint(config.model.name),
    }
    if checkpoint := (config.get("baseline") or {}).get("checkpoint"):
        fingerprints["checkpoint"] = fingerprint(checkpoint)
    if texts := (config.get("adaptation") or {}).get("texts"):
        from auxtask.data.texts import read_texts

        fingerprints["adaptation"] = read_texts(texts, config.adaptation.text_column).fingerprint
    if config.get("unlabelled"):
        fingerprints["unlabelled"] = _texts(config).fingerprint
    fingerprints |= _general_texts(config)
    names = (dataset.name, model_name(config), method_name(config))
    return RunIdentity.of(plain(config), fingerprints, names, process_count())


def _general_texts(config: DictConfig) -> dict[str, str]:
    """Identify the files of general text that masking tasks compare the training text with, by the option."""
    if config.get("baseline"):
        return {}
    settings = named_settings(plain(config))
    given = {name: value for name, value in settings.items() if GENERAL_TEXT.fullmatch(name) and value is not None}
    if not given:
        return {}
    from auxtask.data.texts import read_texts

    return {name: read_texts(path).fingerprint for name, path in given.items()}


def fit_config(config: DictConfig, dataset: TextDataset, given: Mapping[str, Any] | None = None) -> FittedRun:
    """Compute the run that a config describes, unless it is finished.

    Args:
        config: of `auxtask.train`.
        dataset: what `load_dataset` gives for it.
        given: objects that are there already, by their places in the config, which describes them.

    Returns:
        The run.
    """
    config = resolved(config)
    identity = run_identity(config, dataset)
    return fit(
        identity,
        plain(config),
        dataset,
        lambda: build_method(config, dataset, given or {}),
        runs=Path(config.paths.runs),
        cache=Path(config.paths.cache),
        force=config.force,
    )


def build_method(config: DictConfig, dataset: TextDataset, given: Mapping[str, Any]) -> Method:
    """Build what a config names: a baseline, or fine-tuning with its tasks."""
    if config.get("baseline"):
        from auxtask.baselines.base import run_baseline

        baseline = _built(config, "baseline", given, leave_out="name", _convert_="all")
        return partial(run_baseline, baseline, dataset, _resources(config, dataset))
    from auxtask.experiment.experiment import run_experiment

    return partial(run_experiment, build_experiment(config, dataset, given))


def build_experiment(
    config: DictConfig, dataset: TextDataset, given: Mapping[str, Any] | None = None
) -> "Experiment":
    """Build the objects that a config of fine-tuning names.

    Args:
        config: of `auxtask.train`.
        dataset: what `load_dataset` gives for it.
        given: as for `fit_config`.

    Returns:
        What the run trains, and on what.
    """
    # Imported here because it takes seconds, and a finished run does without.
    from auxtask.data.segmenters import find_segmenter
    from auxtask.experiment.experiment import Experiment
    from auxtask.ground.tools import Tools
    from auxtask.likelihood.scorer import PLLScorer
    from auxtask.model.loading import load_tokenizer
    from auxtask.model.precision import choose_dtype
    from auxtask.tasks.masking import MaskingTask
    from auxtask.training.plan import TrainingPlan

    uncertainties = {OmegaConf.select(task, "annotate.functional") for task in config.aux.values()} - {None}
    # Whatever is scored first, one pass serves all tasks; likelihoods cost next to nothing beside the others.
    beside = sorted({"likelihood", *uncertainties}) if uncertainties else []
    segmenter = find_segmenter(instantiate(config.scoring).words)

    def scorers(encoder: str, metric: str) -> PLLScorer:
        return PLLScorer.from_pretrained(
            encoder,
            metric=metric,
            cache=Path(config.paths.cache) / "scores",
            beside=beside,
            stride=config.scoring.stride,
            segmenter=segmenter,
            dtype=choose_dtype(config.scoring.dtype),
        )

    def built(place: str) -> Any:
        return _built(config, place, given or {})

    tasks = {name: built(f"aux.{name}") for name in config.aux}
    unlabelled = _unlabelled(config, dataset) if config.get("unlabelled") else None
    if unlabelled is not None and not any(isinstance(task, MaskingTask) for task in tasks.values()):
        raise AuxtaskError(
            f"unlabelled texts are masked, and aux={method_name(config)} masks nothing; use aux=rtm or another"
        )
    return Experiment(
        dataset,
        tasks=tasks,
        plan=TrainingPlan.of(
            plain(config.trainer),
            built("weighting"),
            config.seed,
            [built(f"callbacks.{name}") for name in config.callbacks],
        ),
        tools=Tools(
            **vars(_resources(config, dataset)),
            encoder=config.model.name,
            tokenizer=load_tokenizer(config.model.name),
            label_names=dataset.label_names,
            scorers=scorers,
            segmenter=segmenter,
            scoring=plain(config.scoring),
            unlabelled=unlabelled,
            unlabelled_ratio=OmegaConf.select(config, "unlabelled.ratio", default=1.0),
        ),
        max_length=config.model.max_length,
        loss=built("loss"),
        adapter=built("adapter"),
        adaptation=_built(config, "adaptation", given or {}, _convert_="all"),
    )


def _unlabelled(config: DictConfig, dataset: TextDataset) -> "Dataset":
    """Read the unlabelled texts, leave out those that validate or test, and say how many there are."""
    texts = _texts(config).without([*dataset["valid"]["text"], *dataset["test"]["text"]])
    if is_main_process():
        print(texts.line, flush=True)
    return texts.documents


def _texts(config: DictConfig) -> "Texts":
    return cast("Texts", _built(config, "unlabelled", {}, leave_out="ratio"))


def _built(
    config: DictConfig, place: str, given: Mapping[str, Any], leave_out: str | None = None, **how: Any
) -> Any:
    """Give the object that is there already, or build the one that the config describes in this place."""
    if place in given:
        return given[place]
    node = OmegaConf.select(config, place)
    if node is None:
        return None
    settings = with_seed(plain(node), config.seed)
    return instantiate({name: value for name, value in settings.items() if name != leave_out}, **how)


def with_seed(settings: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Give a component the seed of the run where its own is null.

    >>> with_seed({"rtm": {"seed": None, "mask_rate": 0.15}}, seed=7)
    {'rtm': {'seed': 7, 'mask_rate': 0.15}}
    """
    return {
        name: with_seed(value, seed)
        if isinstance(value, Mapping)
        else seed
        if name == "seed" and value is None
        else value
        for name, value in settings.items()
    }


def _resources(config: DictConfig, dataset: TextDataset) -> Resources:
    cache = Path(config.paths.cache)

    def fine_tuned(left_out: Sequence[int] = ()) -> Path:
        # A classifier of the vanilla encoder and the labelled documents: it may be what adapts the encoder.
        others = ("baseline", "adaptation", "unlabelled")
        reference = copy.deepcopy(
            OmegaConf.masked_copy(config, [str(name) for name in config if name not in others])
        )
        reference.aux, reference.force = {}, False
        # Weights and rows may be of tasks that it does not have.
        reference.weighting = {"_target_": "auxtask.training.weighting.static.StaticWeighting"}
        OmegaConf.update(
            reference, "trainer", {"main_rows": None, "main_clean": 0, "task_every": 1}, force_add=True
        )
        if not left_out:
            return fit_config(reference, dataset).folder / "model"
        # It has seen less than a run of this data set: no report takes it for one.
        reference.paths.runs = str(cache / "cross_fitted")
        return fit_config(reference, dataset.without(left_out)).folder / "model"

    return Resources(config.seed, cache, fine_tuned)
