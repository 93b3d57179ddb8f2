"""`auxtask.fit`: the main line for Python, by the same configs and the same call as the command line."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from auxtask.cli.checks import check_options
from auxtask.cli.command_line import meant
from auxtask.cli.overrides import options_of, override_value
from auxtask.cli.planning import fit_config, load_dataset
from auxtask.data.in_memory import load_in_memory
from auxtask.data.redrawn import Drawing, redraw
from auxtask.errors import AuxtaskError, did_you_mean, first_line
from auxtask.experiment.fitted import FittedRun
from auxtask.ground.files import config_folder
from auxtask.runs.description import describe


def fit(
    train: Any,
    valid: Any = None,
    test: Any = None,
    *,
    model: str | Path = "tiny",
    aux: Any = "l3masking",
    max_length: int | None = None,
    weighting: Any = "static",
    loss: Any = "cross_entropy",
    adapter: Any = None,
    adaptation: Any = None,
    unlabelled: str | Path | Mapping[str, Any] | None = None,
    baseline: Any = None,
    trainer: str | Mapping[str, Any] = "default",
    scoring: str | Mapping[str, Any] = "default",
    callbacks: Sequence[Any] = (),
    seed: int = 0,
    runs: str | Path = "runs",
    cache: str | Path | None = None,
    force: bool = False,
    name: str | None = None,
    text_column: str = "text",
    label_column: str = "label",
    train_fraction: float = 1.0,
    split: str | None = None,
    fold: int | None = None,
    resplit: int | None = None,
    group_column: str | None = None,
) -> FittedRun:
    """Fine-tune a classifier with mechanical auxiliary tasks, as `python -m auxtask.train` does.

    Each keyword that is named as a group of configs takes an option of the group by its name, a mapping of fields
    that differ from the group's default, or an object.

    Args:
        train: (text, label) pairs; a frame of pandas or polars, or another with the Arrow interface; a
            `datasets.Dataset`, or a `DatasetDict` of all splits; the path of a CSV, TSV, JSON lines, Parquet or
            Excel file; or the name of a data set of auxtask's, such as `docstrings` or `acl_arc`.
        valid, test: likewise; without one, a share of train is set aside.
        model: the vanilla encoder: an option such as `tiny` or `roberta-base`, a hub id, or a folder.
        aux: auxiliary tasks: the name of one, a list of names, or a mapping from names to objects or to fields of
            the option of that name; `stl` or an empty mapping for none.
        max_length: tokens of a document, special ones included; None for the model's default.
        weighting: of the tasks.
        loss: of the main task.
        adapter: `lora`, or None to train the encoder's own weights.
        adaptation: masked language modelling before fine-tuning: `tapt`; a mapping such as
            `{"texts": "domain.txt", "masking": "l3masking", "max_tokens": 500_000}`, whose `texts` make it `dapt`;
            or an `auxtask.pretraining.adaptation.Adaptation`. None for the vanilla encoder.
        unlabelled: a file of texts that masking tasks mask beside the documents, or a mapping with its `path` and
            their `ratio`; None for none.
        baseline: a rival that takes the place of fine-tuning; None for fine-tuning.
        trainer: a preset, or fields of `transformers.TrainingArguments` and auxtask's own.
        scoring: how likelihoods are computed.
        callbacks: further callbacks of `transformers.Trainer`.
        seed: of new heads, the order of the documents, dropout and masks.
        runs: folder of all runs.
        cache: folder of what is computed once; None for the usual one.
        force: whether to compute a finished run anew.
        name: of the data in the paths of runs; None for its fingerprint.
        text_column, label_column: of frames, data sets and files.
        train_fraction: share of the training documents of each class, in (0, 1], drawn by the seed.
        split: `cv:K` tests one of K folds of all documents; None keeps the splits.
        fold: which one, in [0, K).
        resplit: seed of other splits of the same sizes, copies of a text on one side; None keeps the splits.
        group_column: of frames, data sets and files, such as the author: documents of equal value stay on one side
            of all splits that are drawn.

    Returns:
        The run; a finished one is not computed again.

    Raises:
        AuxtaskError: an option, a field or the data are wrong.

    >>> import tempfile
    >>> documents = [("a fine film", "good"), ("a dull film", "bad")] * 20
    >>> run = fit(documents, aux="rtm", trainer={"num_train_epochs": 1}, runs=tempfile.mkdtemp())
    data-f9608948: 28 train, 4 valid and 8 test documents; ...
    >>> sorted(run.metrics["test"])
    ['accuracy', 'macro_f1', 'micro_f1']
    """
    groups = {
        "aux": _task_mapping(aux),
        "weighting": weighting,
        "loss": loss,
        "adapter": adapter,
        "baseline": baseline,
    }
    groups |= {"trainer": trainer, "scoring": scoring}
    adaptation_overrides, groups["adaptation"] = _adaptation_fields(adaptation)
    if unlabelled is not None:
        groups["unlabelled"] = unlabelled if isinstance(unlabelled, Mapping) else {"path": str(unlabelled)}
        adaptation_overrides.append("unlabelled=files")
    is_known = isinstance(train, str) and train in options_of("dataset")
    overrides = [f"dataset={train if is_known else 'files'}", *_model_overrides(str(model)), f"seed={seed}"]
    overrides += [override for group, value in groups.items() for override in _chosen(group, value)]
    overrides += adaptation_overrides
    overrides += [f"paths.runs={override_value(str(runs))}", f"force={override_value(force)}"]
    overrides += [] if cache is None else [f"paths.cache={override_value(str(cache))}"]
    overrides += [] if max_length is None else [f"model.max_length={max_length}"]
    drawing = {"train_fraction": train_fraction, "split": split, "fold": fold, "resplit": resplit}
    overrides += [f"dataset.{field}={override_value(value)}" for field, value in drawing.items()]
    overrides += [] if group_column is None else [f"dataset.group_column={override_value(group_column)}"]
    config = _composed(overrides)
    given: dict[str, Any] = {}
    for group, value in groups.items():
        _take(config, group, value, given)
    for number, callback in enumerate(callbacks):
        _take(config, f"callbacks.{type(callback).__name__}_{number}", callback, given)
    check_options("train", config)
    if is_known:
        dataset = load_dataset(config)
    else:
        columns = {"text_column": text_column, "label_column": label_column}
        whole = load_in_memory(train, valid, test, name=name, group_column=group_column, **columns)
        dataset = redraw(whole, Drawing.of(config.dataset), config.seed)
        config.dataset = {"name": dataset.name} | drawing | {"group_column": group_column}
    return fit_config(config, dataset, given)


def _task_mapping(aux: Any) -> Mapping[str, Any]:
    """Give tasks by name: what is named by an option has no fields to change, an object goes by its class."""
    if isinstance(aux, Mapping):
        return aux
    tasks = [aux] if isinstance(aux, str) or not isinstance(aux, Sequence) else aux
    named = {each if isinstance(each, str) else type(each).__name__: each for each in tasks}
    return {name: {} if isinstance(task, str) else task for name, task in named.items() if name != "stl"}


def _adaptation_fields(adaptation: Any) -> tuple[list[str], Any]:
    """Choose the adaptation that a mapping is about, and its masking strategy where that is a name."""
    if not isinstance(adaptation, Mapping):
        return [], adaptation
    masking = adaptation.get("masking")
    named = [meant(f"adaptation.masking={masking}")] if isinstance(masking, str) else []
    kind = "dapt" if "texts" in adaptation else "tapt"
    fields = {name: value for name, value in adaptation.items() if name != "masking" or not named}
    return [f"adaptation={kind}", *named], fields


def _chosen(group: str, value: Any) -> list[str]:
    """Say which options of a group a value names, as an override; none for the group's default."""
    if group == "aux":
        names = [name for name, task in value.items() if isinstance(task, Mapping)]
        written = f"[{','.join(names)}]" if names else "stl"
    elif isinstance(value, str):
        names, written = [value], value
    else:
        return []
    known = sorted(options_of(group))
    for name in names:
        if name not in known:
            near = did_you_mean(name, known)
            raise AuxtaskError(f"{group}={name!r} is unknown{near}; use {', '.join(known)}, or give an object")
    return [f"{group}={written}"]


def _model_overrides(model: str) -> list[str]:
    return [f"model={model}"] if model in options_of("model") else [f"model.name={override_value(model)}"]


def _composed(overrides: Sequence[str]) -> DictConfig:
    # Hydra is one for the whole process: what the caller had set up is put aside and given back.
    callers, GlobalHydra.instance().hydra = GlobalHydra.instance().hydra, None
    try:
        with initialize_config_dir(str(config_folder()), version_base="1.3"):
            config = compose("train", list(overrides))
    except (HydraException, OmegaConfBaseException) as error:
        raise AuxtaskError(first_line(error)) from error
    finally:
        GlobalHydra.instance().hydra = callers
    OmegaConf.set_struct(config, False)
    return config


def _take(config: DictConfig, place: str, value: Any, given: dict[str, Any]) -> None:
    """Put fields, or the description of an object, into their place in the config; keep the object itself."""
    if value is None or isinstance(value, str):
        return
    if isinstance(value, Mapping):
        for name, each in value.items():
            if isinstance(each, Mapping) or place == "aux":
                _take(config, f"{place}.{name}", each, given)
            else:
                OmegaConf.update(config, f"{place}.{name}", describe(each))
        return
    # A baseline is named in the path of its runs.
    name = {"name": type(value).__name__} if place == "baseline" else {}
    OmegaConf.update(config, place, name | describe(value), merge=False)
    given[place] = value
