"""Fine-tune a classifier with mechanical auxiliary tasks: `python -m auxtask.train dataset=ohsumed aux=rtm`."""

from pathlib import Path

from datasets import Dataset
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from auxtask.baselines.yardsticks import cached_yardsticks
from auxtask.cli.command import in_sweep, left_out_if_it_fails, plain, run_command
from auxtask.cli.planning import load_dataset, method_name, run_folder
from auxtask.data.dataset import TextDataset
from auxtask.data.intake import intake_line
from auxtask.ground.escaping import visible
from auxtask.ground.files import write_json, write_text
from auxtask.ground.machine import is_main_process, share_of_cores
from auxtask.reporting.summary import print_summary
from auxtask.runs.folder import RunFolder, RunHeldError


def train(config: DictConfig) -> None:
    """Compute the run that the config describes, unless it is finished, and say what came of it."""
    dataset = load_dataset(config)
    if (intake := dataset.provenance.get("intake")) and is_main_process():
        print(intake_line(intake), flush=True)
    try:
        folder, computed = run(config, dataset)
    except RunHeldError as error:
        if not in_sweep():
            raise
        print(visible(f"{error}; going on with the next"))
        return
    if not is_main_process():
        return
    # The run is finished, whatever comes of what is said beside it.
    scores: dict[str, dict[str, float]] = {}
    with left_out_if_it_fails("the yardsticks are left out"):
        scores, skipped = cached_yardsticks(dataset, Path(config.paths.cache))
        for name, reason in skipped.items():
            print(f"yardstick {name} is skipped: {reason}")
    with left_out_if_it_fails(f"the scores are in '{folder.path / 'metrics.json'}', their table is left out"):
        print_summary(
            folder.path,
            title=f"{dataset.name} · {config.model.name} · {method_name(config)} · seed {config.seed}",
            yardsticks=scores,
            note=None if computed else "already finished; force=true computes it again",
        )


def run(config: DictConfig, dataset: TextDataset) -> tuple[RunFolder, bool]:
    """Compute the run that the config describes, unless it is finished; tell whether it was computed now."""
    folder, fingerprints = run_folder(config, dataset)
    with folder.locked():
        finished = folder.metrics is not None and not config.force
        if not finished:
            from auxtask.runs.environment import environment

            if config.force and is_main_process():
                folder.clear()
            with share_of_cores(Path(config.paths.cache) / "workers"):
                write_text(folder.path / "config.yaml", OmegaConf.to_yaml(config, resolve=True))
                write_json(
                    folder.path / "environment.json",
                    {
                        **environment(),
                        "seed": config.seed,
                        "fingerprints": fingerprints,
                        "data": dataset.provenance,
                    },
                )
                compute = compute_baseline if config.get("baseline") else fine_tune
                compute(config, dataset, folder)
    return folder, not finished


def fine_tune(config: DictConfig, dataset: TextDataset, folder: RunFolder) -> None:
    """Build the objects that the config names and run the experiment."""
    # Imported here because it takes seconds, and a finished run does without.
    from auxtask.data.segmenters import find_segmenter
    from auxtask.experiment.experiment import run_experiment
    from auxtask.likelihood.scorer import PLLScorer
    from auxtask.model.precision import choose_dtype

    segmenter = find_segmenter(instantiate(config.scoring).words)

    def annotate(split: Dataset, metric: str) -> Dataset:
        scorer = PLLScorer.from_pretrained(
            config.model.name,
            metric=metric,
            cache=Path(config.paths.cache) / "scores",
            stride=config.scoring.stride,
            segmenter=segmenter,
            dtype=choose_dtype(config.scoring.dtype),
        )
        return scorer.annotate(split)

    run_experiment(
        dataset,
        model_name=config.model.name,
        max_length=config.model.max_length,
        tasks={name: instantiate(task) for name, task in config.aux.items()},
        weighting=instantiate(config.weighting),
        loss=instantiate(config.loss),
        adapter=instantiate(config.get("adapter")),
        callbacks=list(instantiate(config.callbacks).values()),
        trainer=plain(config.trainer),
        seed=config.seed,
        folder=folder,
        annotate=annotate,
        segmenter=segmenter,
    )


def compute_baseline(config: DictConfig, dataset: TextDataset, folder: RunFolder) -> None:
    """Build the baseline that the config names and run it."""
    from auxtask.baselines.base import Resources, run_baseline

    def fine_tuned() -> Path:
        reference = OmegaConf.masked_copy(config, [str(name) for name in config if name != "baseline"])
        reference.aux, reference.force = {}, False
        return run(reference, dataset)[0].model

    settings = plain(config.baseline)
    baseline = instantiate({name: settings[name] for name in settings if name != "name"}, _convert_="all")
    run_baseline(baseline, dataset, Resources(config.seed, Path(config.paths.cache), fine_tuned), folder)


if __name__ == "__main__":
    run_command("train", train)
