"""A classifier as ONNX: it is written with dynamic shapes, checked against torch, and run by onnxruntime."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase
from transformers.modeling_outputs import SequenceClassifierOutput

from auxtask.errors import AuxtaskError, first_line
from auxtask.ground.files import atomic_path
from auxtask.model.loading import load_config

# Where the files lie below a classifier, under the names that the hub's other libraries look for.
FILES = {"onnx": Path("onnx", "model.onnx"), "onnx_int8": Path("onnx", "model_int8.onnx")}
# The largest difference between the logits of torch and of ONNX.
TOLERANCE = 1e-4
# Rows and tokens of what the two are compared on: other shapes than the one that was traced.
CHECKED_SHAPES = ((1, 5), (3, 17), (2, 64))
EXAMPLE_SHAPE = (2, 11)
SEED = 0


class _Logits(nn.Module):
    """A classifier as a function of tensors, in the order of their names, with logits alone as its result."""

    def __init__(self, model: PreTrainedModel, names: list[str]) -> None:
        super().__init__()
        self.model, self.names = model, names

    def forward(self, *inputs: Tensor) -> Tensor:
        """Compute logits of shape (rows, classes)."""
        return self.model(**dict(zip(self.names, inputs, strict=True))).logits


def export_onnx(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, path: Path) -> float:
    """Write a classifier as an ONNX file, once its logits are those of torch.

    Args:
        model: a sequence classifier in eval mode and float32, on the CPU.
        tokenizer: its tokenizer, which says what the inputs are.
        path: the file; it appears once it is whole and right. Its inputs are int64 of shape (rows, length), both
            dynamic, its output `logits` is float32 of shape (rows, classes).

    Returns:
        The largest difference of a logit from torch's, over rows of several shapes.

    Raises:
        AuxtaskError: a package of the extra `onnx` is missing, torch cannot trace the model, or a difference is
            above `TOLERANCE`.
    """
    _package("onnxscript")
    names = list(tokenizer(["a"], return_tensors="pt"))
    example = _rows(tokenizer, *EXAMPLE_SHAPE)
    shape = {0: torch.export.Dim("rows"), 1: torch.export.Dim("length")}
    try:
        with _quiet():
            program = torch.onnx.export(
                _Logits(model, names).eval(),
                tuple(example[name] for name in names),
                dynamo=True,
                dynamic_shapes={"inputs": tuple(shape for _ in names)},
                input_names=names,
                output_names=["logits"],
                verbose=False,
            )
    except Exception as error:  # whatever torch, onnxscript or the model's own code has to say
        raise AuxtaskError(
            f"a classifier of architecture {model.config.model_type} cannot be written as ONNX "
            f"({first_line(error)}); predict with torch"
        ) from error
    with atomic_path(path) as temporary:
        assert program is not None
        program.save(str(temporary), external_data=False)
        difference = _difference(model, tokenizer, OnnxModel.read(temporary, model.config))
        if not difference <= TOLERANCE:
            raise AuxtaskError(
                f"logits of the ONNX file differ from torch's by {difference:.1e}, more than {TOLERANCE:.0e}; "
                "it is not kept, predict with torch"
            )
    return difference


def quantize(path: Path, quantized: Path) -> None:
    """Write an ONNX file with weights of 8 bits, activations quantised as they come (dynamic quantisation).

    Args:
        path: what `export_onnx` wrote.
        quantized: the file to write; it appears once it is whole.
    """
    _package("onnxruntime")
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with atomic_path(quantized) as temporary, _quiet():
        quantize_dynamic(path, temporary, weight_type=QuantType.QInt8)


@dataclass
class OnnxModel:
    """An ONNX classifier that takes and gives what the classifier of `transformers` does.

    Args:
        config: of the classifier.
        session: onnxruntime's.
    """

    config: PretrainedConfig
    session: Any
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @classmethod
    def read(cls, path: Path, config: PretrainedConfig) -> "OnnxModel":
        """Read a file.

        Args:
            path: the file.
            config: of the classifier.

        Raises:
            AuxtaskError: there is no such file, it is broken, or onnxruntime is missing.
        """
        onnxruntime = _package("onnxruntime")
        if not path.is_file():
            raise AuxtaskError(
                f"there is no '{path}'; python -m auxtask.export RUN writes it (int8=true: in 8 bits)"
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 3
        try:
            session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's exceptions have no class of their own
            raise AuxtaskError(
                f"'{path}' is no ONNX file that onnxruntime reads ({first_line(error)}); write it again with "
                "python -m auxtask.export"
            ) from error
        return cls(config, session)

    def __call__(self, **inputs: Tensor) -> SequenceClassifierOutput:
        """Compute logits of shape (rows, classes)."""
        names = [each.name for each in self.session.get_inputs()]
        [logits] = self.session.run(["logits"], {name: inputs[name].numpy() for name in names})
        return SequenceClassifierOutput(logits=torch.from_numpy(logits))


def read_onnx(folder: Path, runtime: str) -> OnnxModel:
    """Read the ONNX classifier in a folder.

    Args:
        folder: of the classifier.
        runtime: `onnx` or `onnx_int8`.

    Raises:
        AuxtaskError: the runtime is unknown, or its file cannot be read.
    """
    if runtime not in FILES:
        raise AuxtaskError(f"runtime={runtime!r:.60} is unknown; use torch, {' or '.join(FILES)}")
    return OnnxModel.read(folder / FILES[runtime], load_config(folder))


def _rows(tokenizer: PreTrainedTokenizerBase, rows: int, length: int) -> dict[str, Tensor]:
    """Make rows of random tokens; all but the first are shorter, so that some of it is padding."""
    generator = np.random.default_rng(SEED)
    texts = []
    for row in range(rows):
        ids = generator.integers(len(tokenizer), size=max(1, length - 2 - row)).tolist()
        texts.append(tokenizer.decode(ids, skip_special_tokens=True))
    encoded = tokenizer(texts, truncation=True, max_length=length, padding="max_length", padding_side="right")
    return {name: torch.tensor(values) for name, values in encoded.items()}


@torch.inference_mode()
def _difference(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, other: OnnxModel) -> float:
    batches = [_rows(tokenizer, *shape) for shape in CHECKED_SHAPES]
    return max(float((model(**batch).logits - other(**batch).logits).abs().max()) for batch in batches)


def _package(name: str) -> ModuleType:
    """Import a package of the extra `onnx`."""
    try:
        return import_module(name)
    except ImportError as error:
        raise AuxtaskError(f"ONNX needs the package {error.name}; pip install 'auxtask[onnx]'") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what the exporters say about themselves from the terminal."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
