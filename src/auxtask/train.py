"""Fine-tune a classifier with mechanical auxiliary tasks: `python -m auxtask.train dataset=ohsumed aux=rtm`."""

from pathlib import Path

from omegaconf import DictConfig

from auxtask.baselines.yardsticks import cached_yardsticks
from auxtask.cli.command import in_search, in_sweep, left_out_if_it_fails, run_command
from auxtask.cli.planning import fit_config, load_dataset, method_name
from auxtask.data.intake import intake_line
from auxtask.ground.escaping import visible
from auxtask.ground.machine import is_main_process
from auxtask.runs.folder import RunHeldError


def train(config: DictConfig) -> float | None:
    """Compute the run that the config describes, unless it is finished, and say what came of it.

    Args:
        config: of the run.

    Returns:
        Its validation score by `trainer.metric`, in [0, 1]; None where another process computes it, and in all
        processes of a run but the main one.
    """
    dataset = load_dataset(config)
    if (intake := dataset.provenance.get("intake")) and is_main_process():
        print(intake_line(intake), flush=True)
    try:
        run = fit_config(config, dataset)
    except RunHeldError as error:
        if not in_sweep():
            raise
        print(visible(str(error) if in_search() else f"{error}; going on with the next"))
        return None
    if not is_main_process():
        return None
    score: float = run.metrics["valid"][config.trainer.metric]
    if in_search():
        # Whoever sees test scores while choosing may choose by them.
        print(visible(f"validation {config.trainer.metric} {score:.4f}, run: {run.folder}"), flush=True)
        return score
    # The run is finished, whatever comes of what is said beside it.
    scores: dict[str, dict[str, float]] = {}
    with left_out_if_it_fails("the yardsticks are left out"):
        scores, skipped = cached_yardsticks(dataset, Path(config.paths.cache))
        for name, reason in skipped.items():
            print(f"yardstick {name} is skipped: {reason}")
    with left_out_if_it_fails(f"the scores are in '{run.folder / 'metrics.json'}', their table is left out"):
        from auxtask.reporting.summary import print_summary

        print_summary(
            run.folder,
            title=f"{dataset.name} · {config.model.name} · {method_name(config)} · seed {config.seed}",
            yardsticks=scores,
            note=None if run.computed else "already finished; force=true computes it again",
        )
    return score


if __name__ == "__main__":
    run_command("train", train)
