"""The classifier of a run as ONNX, beside its weights: `python -m auxtask.export RUN`."""

import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from omegaconf import DictConfig, OmegaConf

from auxtask.cli.command import left_out_if_it_fails, run_command
from auxtask.cli.overrides import with_names
from auxtask.cli.planning import load_dataset
from auxtask.data.dataset import TextDataset
from auxtask.errors import AuxtaskError
from auxtask.ground.escaping import visible
from auxtask.model.classifier import Classifier, classifier_folder, load
from auxtask.model.onnx import FILES, export_onnx, quantize
from auxtask.runs.metrics import HEADINGS, REPORTED, classification_metrics
from auxtask.tables.terminal import to_terminal
from auxtask.tables.values import Cell, Table

# What may stand on the command line by itself.
WITHOUT_NAMES = ("run",)


def export(config: DictConfig) -> None:
    """Write the ONNX files of a run, check them, and say what they score on its test documents."""
    folder = Path(classifier_folder(config.run))
    if not (folder / "config.json").is_file():
        raise AuxtaskError(f"'{config.run}' is no folder of a classifier; give a run, or its folder 'model'")
    classifier = load(folder)
    difference = export_onnx(classifier.model, classifier.tokenizer, folder / FILES["onnx"])
    print(visible(f"logits differ from torch's by at most {difference:.1e}"), flush=True)
    written = ["onnx"]
    if config.int8:
        quantize(folder / FILES["onnx"], folder / FILES["onnx_int8"])
        written.append("onnx_int8")
    with left_out_if_it_fails("the files are there, their scores on the test documents are left out"):
        dataset = _dataset_of(folder.parent)
        if dataset is not None:
            from rich.console import Console

            classifiers = {"torch": classifier} | {each: load(folder, runtime=each) for each in written}
            Console().print(to_terminal(_scores(folder, classifiers, dataset)))
    print(visible(f"ONNX: {', '.join(str(folder / FILES[each]) for each in written)}"))


def _dataset_of(run: Path) -> TextDataset | None:
    """Load the data of a run; None for a folder that is no run's."""
    path = run / "config.yaml"
    if not path.is_file():
        return None
    config = OmegaConf.load(path)
    assert isinstance(config, DictConfig)
    return load_dataset(config)


def _scores(folder: Path, classifiers: Mapping[str, Classifier], dataset: TextDataset) -> Table:
    gold, texts = np.array(dataset["test"]["label"]), dataset["test"]["text"]
    predicted: dict[str, NDArray[np.int64]] = {}
    rows = []
    for runtime, classifier in classifiers.items():
        predicted[runtime] = classifier.predict_probabilities(texts).argmax(dim=-1).numpy()
        scores = classification_metrics(gold, predicted[runtime], len(dataset.label_names))
        size = sum(path.stat().st_size for path in _files(folder, runtime)) / 1e6
        differing = int((predicted[runtime] != predicted["torch"]).sum())
        shown = [f"{scores[name]:.4f}" for name in REPORTED]
        rows.append([Cell(runtime), *map(Cell, shown), Cell(differing), Cell(f"{size:.1f}")])
    headings = ("runtime", *(HEADINGS[name] for name in REPORTED), "other predictions than torch", "MB")
    return Table("export", f"{dataset.name}: {len(gold):,} test documents", headings, rows)


def _files(folder: Path, runtime: str) -> list[Path]:
    return [folder / FILES[runtime]] if runtime in FILES else sorted(folder.glob("*.safetensors"))


if __name__ == "__main__":
    sys.argv[1:] = with_names(sys.argv[1:], WITHOUT_NAMES)
    run_command("export", export)
