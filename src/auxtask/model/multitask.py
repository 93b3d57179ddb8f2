"""One encoder, several stock heads: the network of multi-task fine-tuning."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from auxtask.ground.names import MAIN
from auxtask.ground.padding import IGNORE_INDEX
from auxtask.model.cpu import train_fast_on_cpu
from auxtask.model.heads import encoder_inputs, run_head, store_shared_tensors_once

Output = TypeVar("Output", bound=BaseModelOutput)
HeadLoss = Callable[[PreTrainedModel, BaseModelOutput, Mapping[str, Tensor]], Tensor]


class MultiTaskModel(nn.Module):
    """A stock sequence classifier and stock auxiliary heads that share its encoder.

    All rows of a step, the documents as they are and the corrupted copies that auxiliary tasks bring, go
    through the encoder in one call; a task without rows of its own reads the hidden states of the main rows.

    Args:
        classifier: a stock `AutoModelForSequenceClassification`; its encoder is the shared one.
        heads: for each auxiliary task a stock model of the same architecture (`AutoModelForMaskedLM`, ...).
            Its own encoder is replaced by the shared one and tied weights are tied anew, so a vocabulary head
            stays tied to the shared embeddings.
        losses: for each auxiliary task a function of (head, encoder output for its rows, its part of the
            batch) that returns a scalar loss.
        main_loss: from logits (documents, classes), float32, and labels (documents,) to a scalar loss, the mean
            over the documents.
        pretrained_heads: auxiliary tasks whose heads come with the checkpoint, not from random weights.
    """

    def __init__(
        self,
        classifier: PreTrainedModel,
        heads: Mapping[str, PreTrainedModel],
        losses: Mapping[str, HeadLoss],
        main_loss: Callable[[Tensor, Tensor], Tensor] = nn.functional.cross_entropy,
        pretrained_heads: Collection[str] = (),
    ) -> None:
        super().__init__()
        self.classifier = classifier
        for head in heads.values():
            setattr(head, head.base_model_prefix, classifier.base_model)
            head.tie_weights()
        self.heads = nn.ModuleDict(heads)
        self.losses = dict(losses)
        self.main_loss = main_loss
        self.pretrained_heads = frozenset(pretrained_heads)
        train_fast_on_cpu(self)
        store_shared_tensors_once(self)

    def forward(self, batch: Mapping[str, Mapping[str, Tensor]]) -> dict[str, Any]:
        """Classify the main rows and compute the loss of every task in the batch.

        Args:
            batch: part `main` with `input_ids`, `attention_mask` (documents, length) and `labels`
                (documents,); for each auxiliary task a part of its own, with `input_ids` and
                `attention_mask` where it brings its own rows, and in each `targets` where `share_target_counts`
                was told the whole step. One of `apart(batch)` will do.

        Returns:
            `losses`, a scalar by task name, and where there is a part `main` its `logits`, (documents, classes).
        """
        outputs = self._encode({name: part for name, part in batch.items() if "input_ids" in part})
        result: dict[str, Any] = {"losses": {}}
        for name, part in batch.items():
            part = {"targets": count_targets(part), **part}
            output = outputs[name if name in outputs else MAIN]
            if name == MAIN:
                rows = {name: part[name] for name in ("input_ids", "attention_mask")}
                logits = run_head(self.classifier, output, **rows).logits
                result["logits"] = logits
                share = len(part["labels"]) / part["targets"]
                result["losses"][name] = self.main_loss(logits.float(), part["labels"]) * share
            else:
                result["losses"][name] = self.losses[name](self.head(name), output, part)
        return result

    def head(self, name: str) -> PreTrainedModel:
        """Give the head of an auxiliary task, a stock model with the shared encoder."""
        return cast(PreTrainedModel, self.heads[name])

    def pretrained_parameters(self) -> set[nn.Parameter]:
        """Collect the parameters of the encoder and of the heads that come with its checkpoint."""
        modules = [self.classifier.base_model, *(self.heads[name] for name in self.pretrained_heads)]
        return {parameter for module in modules for parameter in module.parameters()}

    def activation_checkpointing_enable(self, **settings: Any) -> None:
        """Let the encoder compute its activations anew in the backward pass, as `transformers.Trainer` asks."""
        self.classifier.activation_checkpointing_enable(**settings)

    def _encode(self, parts: Mapping[str, Mapping[str, Tensor]]) -> dict[str, BaseModelOutput]:
        """Run the shared encoder once over the rows of all parts and give each part its own back."""
        calls = {
            name: encoder_inputs(
                self.classifier if name == MAIN else self.head(name),
                input_ids=part["input_ids"],
                attention_mask=part["attention_mask"],
            )
            for name, part in parts.items()
        }
        output = self.classifier.base_model(**_stacked(list(calls.values())))
        outputs, start = {}, 0
        for name, part in parts.items():
            rows, length = part["input_ids"].shape
            outputs[name] = _rows(output, start, start + rows, length)
            start += rows
        return outputs


def apart(batch: Mapping[str, Mapping[str, Tensor]]) -> list[dict[str, Mapping[str, Tensor]]]:
    """Split a batch into the smallest ones that have no rows in common.

    Args:
        batch: as for `MultiTaskModel`.

    Returns:
        The main part with those that read its rows, then every other part by itself.

    >>> rows = {"input_ids": torch.zeros(1, 3)}
    >>> [list(one) for one in apart({"main": rows, "rtm": rows, "bit_label": {}})]
    [['main', 'bit_label'], ['rtm']]
    """
    own = [name for name, part in batch.items() if "input_ids" in part and name != MAIN]
    return [
        {name: part for name, part in batch.items() if name not in own},
        *({name: batch[name]} for name in own),
    ]


def _stacked(calls: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Make one call of several: rows below each other, what one of them does not give 0 in its rows."""
    width = max(call["input_ids"].shape[1] for call in calls)
    stacked: dict[str, Any] = {}
    for name, example in {name: value for call in calls for name, value in call.items()}.items():
        stacked[name] = example
        if isinstance(example, Tensor):
            parts = [call.get(name, torch.zeros_like(call["input_ids"], dtype=example.dtype)) for call in calls]
            # What is added on the right is masked out: any value will do.
            stacked[name] = torch.cat([nn.functional.pad(part, (0, width - part.shape[1])) for part in parts])
    return stacked


def _rows(output: Output, start: int, stop: int, length: int) -> Output:
    """Take some rows of every tensor of an encoder output; hidden states are cut to the part's own length."""
    kept: dict[str, Any] = {}
    for name, value in output.items():
        if isinstance(value, Tensor):
            rows = value[start:stop]
            kept[name] = rows[:, :length] if rows.dim() == 3 else rows
    return type(output)(**kept)


def count_targets(part: Mapping[str, Tensor]) -> Tensor:
    """Count what a task predicts in its part of a batch.

    Args:
        part: with `labels` of any shape, -100 where nothing is to be predicted.

    Returns:
        A scalar, float32.

    >>> import torch
    >>> count_targets({"labels": torch.tensor([[-100, 7], [8, -100]])})
    tensor(2.)
    """
    return (part["labels"] != IGNORE_INDEX).sum().float()
