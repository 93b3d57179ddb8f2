"""Pre-train a vanilla masked language model, and say how much it knows beside unigrams and bigrams."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import PreTrainedModel, Trainer, TrainingArguments
from transformers.trainer_callback import ProgressCallback

from auxtask.constants import IGNORE_INDEX
from auxtask.data.cooccurrence import following_counts, unigram_probabilities
from auxtask.masking.collators import MaskingCollator
from auxtask.masking.pace import EpochCounter
from auxtask.model.heads import masked_lm_loss, run_encoder, store_shared_tensors_once
from auxtask.model.means import share_target_counts
from auxtask.training.progress import TokenSpeed
from auxtask.training.sampling import LengthGroupedSampler


class MaskedLanguageModeling(nn.Module):
    """A stock masked language model whose vocabulary head runs on masked positions alone.

    Args:
        masked_lm: any stock `AutoModelForMaskedLM`.
    """

    def __init__(self, masked_lm: PreTrainedModel) -> None:
        super().__init__()
        self.masked_lm = masked_lm
        store_shared_tensors_once(self)

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, labels: Tensor, targets: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Compute the mean loss over the masked positions.

        Args:
            input_ids: corrupted ids, (batch, length), int64.
            attention_mask: (batch, length), int64.
            labels: original ids at masked positions and -100 elsewhere, (batch, length), int64.
            targets: as for `masked_lm_loss`.

        Returns:
            `loss`, a scalar, and in eval mode the counts `predicted` and `correct` (top-1), scalars.
        """
        hidden_states = run_encoder(self.masked_lm, input_ids=input_ids, attention_mask=attention_mask)[0]
        loss, logits = masked_lm_loss(self.masked_lm, hidden_states, labels, targets)
        output = {"loss": loss}
        if not self.training:
            chosen = labels[labels != IGNORE_INDEX]
            output |= {
                "predicted": (labels != IGNORE_INDEX).sum(),
                "correct": (logits.argmax(dim=-1) == chosen).sum(),
            }
        return output


@torch.no_grad()
def start_from_counts(
    masked_lm: PreTrainedModel, unigram: NDArray[np.floating], embeddings: NDArray[np.floating]
) -> None:
    """Let a masked language model begin with what counting already knows of the tokens.

    The bias of the vocabulary head becomes the tokens' log-frequencies, so that no direction of the hidden states
    has to stand for them; without it, tied embeddings of rare tokens are all pushed that one way.

    Args:
        masked_lm: with random weights; it is changed.
        unigram: the tokens' probabilities, (vocabulary,), above 0.
        embeddings: the tokens' vectors, (vocabulary, width). At length 1 their products with hidden states that
            LayerNorm brings to unit deviation are as large as logits have to be.
    """
    weight: Any = masked_lm.get_input_embeddings().weight
    weight.copy_(torch.from_numpy(embeddings))
    bias = masked_lm.get_output_embeddings().bias
    if bias is not None:
        bias.copy_(torch.from_numpy(np.log(unigram)))


class PretrainingTrainer(Trainer):
    """`transformers.Trainer` for masked language modelling over packed blocks, with exact resume.

    The mask rate goes linearly from that of `masking` to `final_mask_rate` over the training: many predictions a
    step while they are cheap to learn from, few gaps in the context when the details are learned.

    Args:
        model: the masked language model, wrapped.
        args: training arguments.
        masking: draws the masks.
        final_mask_rate: the mask rate of the last step, in (0, 1).
        train_dataset: blocks with `input_ids`, all of one length.
        eval_dataset: held-out blocks.
        eval_masking: draws the masks of the held-out blocks, the same at every evaluation.
        **arguments: further arguments of `transformers.Trainer`.
    """

    def __init__(
        self,
        model: MaskedLanguageModeling,
        args: TrainingArguments,
        masking: MaskingCollator,
        final_mask_rate: float,
        train_dataset: Sequence[Mapping[str, Any]],
        eval_dataset: Sequence[Mapping[str, Any]],
        eval_masking: MaskingCollator,
        **arguments: Any,
    ) -> None:
        super().__init__(
            model=model,
            args=args,
            data_collator=_token_rows,
            train_dataset=train_dataset,
            eval_dataset=eval_dataset,
            **arguments,
        )
        self.masking = masking
        self.mask_rates = (masking.mask_rate, final_mask_rate)
        self.eval_masking = eval_masking
        self.add_callback(EpochCounter([masking]))
        if not args.disable_tqdm:
            self.remove_callback(ProgressCallback)
            self.add_callback(TokenSpeed(args.train_batch_size * len(train_dataset[0]["input_ids"])))

    def get_batch_samples(
        self, epoch_iterator: Iterator[Any], num_batches: int, device: torch.device
    ) -> tuple[list[Any], Any]:
        """Take the batches of a step and mask them; the loss is a mean over all masked tokens of the step."""
        batches, count = super().get_batch_samples(epoch_iterator, num_batches, device)
        # Masks are drawn here and not in the loader, which reads ahead: so the rate is that of this very step.
        first, final = self.mask_rates
        self.masking.mask_rate = first + (final - first) * self.state.global_step / self.state.max_steps
        features = [[{"input_ids": row} for row in batch["input_ids"].tolist()] for batch in batches]
        masked = [{"rows": self._prepare_inputs(self.masking(batch))} for batch in features]
        share_target_counts(masked)
        return [batch["rows"] for batch in masked], count

    def _get_train_sampler(self, train_dataset: Any = None) -> LengthGroupedSampler:
        # Blocks have one length: what is left of the grouping is the seeded shuffle of each epoch.
        size = len(self.train_dataset)  # type: ignore[arg-type]
        return LengthGroupedSampler(np.zeros(size), self.args.train_batch_size, self.args.seed)  # type: ignore[arg-type]

    def evaluate(self, *unused: Any, metric_key_prefix: str = "eval", **also_unused: Any) -> dict[str, float]:
        """Measure loss (nats a masked token) and top-1 accuracy on the held-out blocks."""
        model: Any = self.model
        blocks: Any = self.eval_dataset
        metrics = evaluate_masked_lm(model, blocks, self.eval_masking, self.args.per_device_eval_batch_size)
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in metrics.items()}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics


def _token_rows(blocks: Sequence[Mapping[str, Any]]) -> dict[str, Tensor]:
    return {"input_ids": torch.tensor([block["input_ids"] for block in blocks])}


@torch.inference_mode()
def evaluate_masked_lm(
    model: nn.Module, blocks: Sequence[Mapping[str, Any]], collator: MaskingCollator, batch_size: int
) -> dict[str, float]:
    """Measure a masked language model on held-out blocks.

    Args:
        model: `MaskedLanguageModeling`.
        blocks: with `input_ids`.
        collator: draws the masks; with a seed they are the same every time.
        batch_size: blocks of a forward pass.

    Returns:
        `loss`, the mean cross-entropy in nats a masked token, and `accuracy`, the share of masked tokens that
        the model ranks first, in [0, 1].
    """
    model.eval()
    device = next(model.parameters()).device
    loss = predicted = correct = 0.0
    for start in range(0, len(blocks), batch_size):
        features = [blocks[index] for index in range(start, min(start + batch_size, len(blocks)))]
        output = model(**{name: value.to(device) for name, value in collator(features).items()})
        loss += float(output["loss"]) * int(output["predicted"])
        predicted += int(output["predicted"])
        correct += int(output["correct"])
    model.train()
    return {"loss": loss / max(predicted, 1), "accuracy": correct / max(predicted, 1)}


def evaluate_counts(
    train_stream: NDArray[Any],
    blocks: Sequence[Mapping[str, Any]],
    collator: MaskingCollator,
    vocabulary_size: int,
) -> dict[str, dict[str, float]]:
    """Measure a unigram and a bigram model on the very masked positions that the encoder is measured on.

    The bigram model reads the true left neighbour and backs off to the unigrams by Witten and Bell's rule,
    p(w | h) = (c(h w) + t(h) p(w)) / (c(h) + t(h)) with t(h) the number of distinct successors of h; unigrams
    are counted with one added to each.

    Args:
        train_stream: token ids of the training text, (tokens,); may be memory-mapped.
        blocks: held-out blocks with `input_ids`.
        collator: as in `evaluate_masked_lm`.
        vocabulary_size: number of token ids.

    Returns:
        For `unigram` and `bigram` the `loss` (nats a masked token) and the top-1 `accuracy` in [0, 1].
    """
    unigram = unigram_probabilities(train_stream, vocabulary_size)
    following = following_counts(train_stream, vocabulary_size, window=1)
    history, successors = following.sum(axis=1), np.diff(following.indptr)

    tokens, lefts = [], []
    for block in blocks:
        masked = np.flatnonzero(collator([block])["labels"].numpy()[0] != IGNORE_INDEX)
        ids = np.asarray(block["input_ids"])
        tokens.append(ids[masked])
        lefts.append(ids[masked - 1])
    token, left = np.concatenate(tokens), np.concatenate(lefts)

    # A history that the text does not hold says nothing: its unigrams have all the weight.
    known = history[left] > 0
    weight = np.where(known, successors[left], 1)
    bigram = (following[left, token] + weight * unigram[token]) / (history[left] + weight)
    guess = np.where(known, following.argmax(axis=1)[left], unigram.argmax())
    return {
        name: {"loss": float(-np.log(probability).mean()), "accuracy": float((token == first).mean())}
        for name, probability, first in (
            ("unigram", unigram[token], unigram.argmax()),
            ("bigram", bigram, guess),
        )
    }
