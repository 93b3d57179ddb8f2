"""Classes and probabilities of the texts of a file: `python -m auxtask.predict RUN FILE`."""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import torch
import transformers
from numpy.typing import NDArray
from omegaconf import DictConfig
from tqdm import tqdm

import auxtask
from auxtask.cli.command import run_command
from auxtask.cli.overrides import with_names
from auxtask.data.chunk_readers import STREAMED, read_chunks
from auxtask.data.chunk_writers import open_writer
from auxtask.data.chunks import BINARY, ENDINGS, Chunk, format_of
from auxtask.data.download import file_hash
from auxtask.errors import AuxtaskError
from auxtask.ground.escaping import visible
from auxtask.ground.files import atomic_path, check_file
from auxtask.ground.machine import current_device, share_of_cores
from auxtask.ground.parts import Parts, finished_parts
from auxtask.model.classifier import Classifier, classifier_folder, load
from auxtask.model.fingerprint import fingerprint
from auxtask.model.predictions import Tally, add_predictions

# Standard input and standard output.
STANDARD = "-"

# Texts that are tokenized together, before they are put into batches.
TEXTS_AT_ONCE = 1024
# What may stand on the command line by itself.
WITHOUT_NAMES = ("run", "input")
# What a prediction depends on beside the file and the classifier.
OPTIONS_THAT_COUNT = ("text_column", "encoding", "rows", "tokens_per_batch", "runtime")


def predict(config: DictConfig) -> None:
    """Predict the class of each row and write the rows with it; say what was met."""
    files = _files(config)
    classifier = replace(
        load(config.run, current_device() if config.runtime == "torch" else "cpu", config.runtime),
        batch_size=TEXTS_AT_ONCE,
        tokens_per_batch=config.tokens_per_batch,
        progress=False,
    )
    tally, started = Tally(), time.perf_counter()
    with ExitStack() as stack:
        stack.enter_context(share_of_cores(Path(config.paths.cache) / "workers"))
        source = stack.enter_context(_opened(files))
        parts = stack.enter_context(_parts(config, files)) if files.can_go_on else None
        file = stack.enter_context(_written(files, parts))
        chunks = read_chunks(
            source, files.kind, text_column=config.text_column, encoding=config.encoding, most=config.rows
        )
        predicted = add_predictions(
            _with_bar(chunks),
            lambda number, texts: _classify(classifier, parts, number, texts),
            classifier.label_names,
            tally,
            source=files.source,
            text_column=config.text_column,
            prefix=config.prefix,
        )
        with open_writer(
            file, files.output_kind, like=files.kind, is_gzipped=files.output.endswith(".gz")
        ) as write:
            for chunk in predicted:
                write(chunk)
    seconds = time.perf_counter() - started
    longest = classifier.tokenizer.model_max_length
    said = f"{tally.rows:,} rows, {tally.without_text:,} of them without text and so without a prediction; "
    said += f"{tally.cut:,} documents cut to {longest:,} tokens; {tally.rows / seconds:,.0f} rows/s"
    if parts is not None and parts.found:
        said += f"; {parts.found:,} parts of it known before"
    if files.output == STANDARD:
        print(said, file=sys.stderr)
    else:
        print(visible(f"{said}; predictions: {files.output}"))


class _InAndOut(NamedTuple):
    """What is read and written.

    Args:
        input, output: names of files, or `STANDARD`.
        kind, output_kind: their formats.
    """

    input: str
    output: str
    kind: str
    output_kind: str

    @property
    def source(self) -> str:
        return "standard input" if self.input == STANDARD else f"file {self.input}"

    @property
    def can_go_on(self) -> bool:
        return STANDARD not in (self.input, self.output)


def _files(config: DictConfig) -> _InAndOut:
    """Find out what is read and written, and refuse what cannot be, before anything is loaded."""
    read = str(config.input)
    kind = config.format or ("lines" if read == STANDARD else format_of(read))
    if kind is None:
        raise AuxtaskError(f"input='{read}' has no known ending; name its format, for example format=csv")
    if read != STANDARD and not Path(read).is_file():
        raise AuxtaskError(f"file {read} does not exist; check the path (it is relative to {Path.cwd()})")
    own = "jsonl" if kind == "lines" else kind
    output = config.output or (STANDARD if read == STANDARD else _beside(Path(read), own))
    output_kind = own if output == STANDARD else format_of(output)
    if output_kind in (None, "lines"):
        endings = ", ".join(ending for other, ending in ENDINGS.items() if other != "lines")
        raise AuxtaskError(f"output='{output}' has no known ending; use one of {endings}")
    if output == STANDARD and own in BINARY:
        raise AuxtaskError(f"{own} is not written to standard output; name a file with output=...{ENDINGS[own]}")
    if output != STANDARD:
        check_file("output", output)
        if Path(output).exists() and read != STANDARD and Path(output).samefile(read):
            raise AuxtaskError(f"output='{output}' is the input itself; choose another file")
    return _InAndOut(read, str(output), kind, str(output_kind))


def _beside(path: Path, kind: str) -> str:
    """Name the output after the input.

    >>> _beside(Path("films.csv.gz"), "csv")
    'films-predictions.csv.gz'
    """
    packed = ".gz" if path.name.endswith(".gz") and kind not in BINARY else ""
    stem = Path(path.name.removesuffix(".gz")).stem
    return str(path.with_name(f"{stem}-predictions{ENDINGS[kind]}{packed}"))


@contextmanager
def _opened(files: _InAndOut) -> Iterator[Path | BinaryIO]:
    """Give the input as it is read; a format that is read twice is kept in a file of its own meanwhile."""
    if files.input != STANDARD:
        yield Path(files.input)
    elif files.kind in STREAMED:
        yield sys.stdin.buffer
    else:
        with tempfile.TemporaryDirectory() as folder:
            kept = Path(folder, f"standard-input{ENDINGS[files.kind]}")
            with open(kept, "wb") as file:
                shutil.copyfileobj(sys.stdin.buffer, file)
            yield kept


def _onnx_file(config: DictConfig) -> str | None:
    if config.runtime == "torch":
        return None
    from auxtask.model.onnx import FILES

    return file_hash(Path(classifier_folder(config.run)) / FILES[config.runtime])


@contextmanager
def _parts(config: DictConfig, files: _InAndOut) -> Iterator[Parts]:
    """Hold what is predicted already, by a call that was cut, of the same texts by the same classifier."""
    output, before = Path(files.output), _state(files)
    key = {
        "input": before,
        "format": files.kind,
        "classifier": fingerprint(classifier_folder(config.run)),
        "onnx": _onnx_file(config),
        "device": str(current_device()),
        "versions": [auxtask.__version__, torch.__version__, transformers.__version__],
        "options": {name: config[name] for name in OPTIONS_THAT_COUNT},
    }
    with finished_parts(output.with_name(f".{output.name}.parts"), key) as parts:
        yield parts
        if _state(files) != before:
            raise AuxtaskError(f"{files.source} was changed while it was read; run it again")


def _state(files: _InAndOut) -> list[Any]:
    found = Path(files.input).stat()
    return [str(Path(files.input).resolve()), found.st_size, found.st_mtime_ns]


@contextmanager
def _written(files: _InAndOut, parts: Parts | None) -> Iterator[BinaryIO]:
    """Open the output, which appears under its name once it is whole."""
    if files.output == STANDARD:
        try:
            yield sys.stdout.buffer
        except BrokenPipeError:
            # Who reads has enough; what is left in the buffer has nowhere to go.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(0) from None
    elif parts is None:
        with atomic_path(files.output) as temporary, open(temporary, "wb") as file:
            yield file
    else:
        # Among the parts a killed call leaves it where the next one finds it.
        unfinished = parts.folder / "output"
        with open(unfinished, "wb") as file:
            yield file
        unfinished.replace(files.output)


def _classify(
    classifier: Classifier, parts: Parts | None, number: int, texts: list[str]
) -> Mapping[str, NDArray[Any]]:
    def compute() -> dict[str, NDArray[Any]]:
        found = classifier.classify(texts)
        return {"probabilities": found.probabilities.numpy(), "is_cut": found.is_cut}

    return compute() if parts is None else parts.get(number, compute)


def _with_bar(chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """Show on standard error how far it is, and how long it will take as far as that can be known."""
    with tqdm(unit="row", desc="Predicting", delay=1) as bar:
        for chunk in chunks:
            yield chunk
            if chunk.share:
                bar.total = round((bar.n + len(chunk)) / chunk.share)
            bar.update(len(chunk))


if __name__ == "__main__":
    sys.argv[1:] = with_names(sys.argv[1:], WITHOUT_NAMES)
    run_command("predict", predict)
