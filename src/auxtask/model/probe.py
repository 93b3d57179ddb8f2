"""Whether a stock model comes apart into encoder and head as needed here: tried on a few tokens, not looked up."""

from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from auxtask.errors import AuxtaskError, first_line
from auxtask.model.heads import run_encoder, run_head, vocabulary_logits

# A short row beside a longer one: where they are padded, 4 tokens are.
LENGTHS = (9, 5)
MEND = "use an architecture that docs/architectures.md names, such as BERT, RoBERTa or ModernBERT"


@torch.no_grad()
def check_parts(model: PreTrainedModel, source: str) -> None:
    """Refuse a model that cannot be trained and scored in parts; takes a few forward passes of a few tokens.

    What is asked of it: it reads tokens alone; its encoder gives a vector a token; its head, run on those of the
    encoder alone, says what the whole model says; an encoder's vectors depend on the tokens around and not on
    padding; it also runs in training mode.

    Args:
        model: a stock model with a head, in eval mode; given back as it was.
        source: how it is called, to begin the message with.

    Raises:
        AuxtaskError: it cannot; the message says which of these is the reason.
    """
    input_ids, attention_mask = _rows(model)
    rows = {"input_ids": input_ids, "attention_mask": attention_mask}
    reason = None
    with torch.random.fork_rng(devices=[]):
        try:
            reason = _reason(model, rows)
        except Exception as error:
            # Whatever a model of another kind raises, it says in it what it cannot do.
            reason = f"it does not run on token ids and an attention mask alone ({first_line(error)})"
        finally:
            model.eval()
    if reason:
        raise AuxtaskError(f"{source} cannot be used: {reason}; {MEND}")


def _reason(model: PreTrainedModel, rows: dict[str, Tensor]) -> str | None:
    """Say why not; None where nothing speaks against it."""
    kind, encoder = type(model).__name__, type(model.base_model).__name__
    if model.base_model is model:
        return f"{kind} keeps no encoder apart from its head"
    whole = model(**rows).logits
    output = run_encoder(model, **rows)
    hidden = output[0]
    if hidden.shape[:2] != rows["input_ids"].shape:
        given, wanted = hidden.shape[1], rows["input_ids"].shape[1]
        return f"its encoder {encoder} gives {given} vectors for {wanted} tokens"

    short = rows["input_ids"][1:, : LENGTHS[1]].repeat(2, 1)
    short[1, 1] = rows["input_ids"][0, 2]
    alone, changed = run_encoder(model, input_ids=short)[0]
    if not _equal(alone, hidden[1, : LENGTHS[1]]):
        return f"what its encoder {encoder} makes of a text changes with the padding beside it"
    if torch.equal(alone[2:], changed[2:]):
        return f"its encoder {encoder} looks at no token's neighbours on this machine"

    try:
        if whole.ndim == 3 and whole.shape[:2] == rows["input_ids"].shape:
            # Heads of tokens run on chosen positions alone.
            apart, whole = vocabulary_logits(model, hidden[:, 1]), whole[:, 1]
        else:
            apart = run_head(model, output, **rows).logits
    except Exception as error:
        return f"the head of {kind} does not run on hidden states alone ({first_line(error)})"
    if apart.shape != whole.shape or not _equal(apart, whole):
        return f"the head of {kind} reads more than the encoder's hidden states"

    # Some architectures train on texts of one length only.
    model.train()
    run_encoder(model, **rows)
    return None


def _rows(model: PreTrainedModel) -> tuple[Tensor, Tensor]:
    """Two rows of ordinary tokens, the second padded; each ends as its model wants it."""
    config: Any = model.config.get_text_config()
    special = {config.pad_token_id, config.bos_token_id, config.eos_token_id}
    ordinary = [token for token in range(min(config.vocab_size, 64)) if token not in special]
    padding = 0 if config.pad_token_id is None else config.pad_token_id
    end = ordinary[-1] if config.eos_token_id is None else config.eos_token_id
    input_ids = torch.full((2, LENGTHS[0]), padding)
    for row, length in zip(input_ids, LENGTHS, strict=True):
        row[: length - 1] = torch.tensor(ordinary[-(length - 1) :])
        row[length - 1] = end
    attention_mask = (torch.arange(LENGTHS[0]) < torch.tensor(LENGTHS)[:, None]).long()
    return input_ids.to(model.device), attention_mask.to(model.device)


def _equal(one: Tensor, other: Tensor) -> bool:
    # Damaged weights are no matter of the architecture: what is not a number is told where it counts.
    return torch.allclose(
        one, other, rtol=1e-4, atol=1e-4 * float(other.nan_to_num(0.0).abs().max()), equal_nan=True
    )
