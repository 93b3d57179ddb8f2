"""The BIO code: spans to one label a token, and back (Ramshaw and Marcus 1995)."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from auxtask.errors import AuxtaskError
from auxtask.ground.padding import IGNORE_INDEX

OUTSIDE = "O"


def spans_to_labels(length: int, spans: Iterable[tuple[int, int, str]]) -> list[str]:
    """Write typed spans as one label a token.

    Args:
        length: number of tokens.
        spans: (start, end, type) with `end` exclusive; they do not overlap.

    Returns:
        `B-type` at the first token of a span, `I-type` at the others, `O` outside.

    >>> spans_to_labels(4, [(1, 3, "Phrase")])
    ['O', 'B-Phrase', 'I-Phrase', 'O']
    """
    labels = [OUTSIDE] * length
    for start, end, kind in spans:
        begin, inside = _span_labels(kind)
        labels[start:end] = [begin] + [inside] * (end - start - 1)
    return labels


def labels_to_spans(labels: Sequence[str]) -> list[tuple[int, int, str]]:
    """Read labels as typed spans, the inverse of `spans_to_labels`.

    Args:
        labels: one a token, as a labeler writes or a model predicts them. As usual in span scoring, an
            `I-type` that continues no span of its type opens one.

    Returns:
        (start, end, type) with `end` exclusive, in order.

    >>> labels_to_spans(["B-10", "I-10", "B-10", "O", "I-11"])
    [(0, 2, '10'), (2, 3, '10'), (4, 5, '11')]
    """
    spans: list[tuple[int, int, str]] = []
    for at, label in enumerate(labels):
        if label == OUTSIDE:
            continue
        kind = label[2:]
        start = at
        if label.startswith("I-") and spans and spans[-1][1:] == (at, kind):
            start = spans.pop()[0]
        spans.append((start, at + 1, kind))
    return spans


def align_labels(
    labels: Sequence[str], word_ids: Sequence[int], label_ids: Mapping[str, int], truncation_side: str = "right"
) -> list[int]:
    """Turn the labels of a document into targets aligned with its `input_ids`.

    Args:
        labels: one for each token of the whole document, special tokens not counted.
        word_ids: aligned with `input_ids`, -1 at special tokens and padding. The document may have been
            truncated after labelling: the labels of what was cut off are dropped.
        label_ids: label to index.
        truncation_side: of the tokenizer, `right` or `left`: the end at which the document was cut, if it was.

    Returns:
        The index of each token's label, -100 (ignored by the loss) where `word_ids` is -1.

    Raises:
        AuxtaskError: there are fewer labels than ordinary tokens, or a label is not in `label_ids`.

    >>> align_labels(["O", "B-Phrase"], [-1, 0, 0, -1], {"O": 0, "B-Phrase": 1, "I-Phrase": 2})
    [-100, 0, 1, -100]
    >>> align_labels(["O", "B-Phrase"], [-1, 0, -1], {"O": 0, "B-Phrase": 1}, truncation_side="left")
    [-100, 1, -100]
    """
    ordinary = sum(word >= 0 for word in word_ids)
    if len(labels) < ordinary:
        raise AuxtaskError(
            f"{len(labels)} labels for {ordinary} tokens; label all tokens of the document but special ones"
        )
    following = iter(labels[len(labels) - ordinary :] if truncation_side == "left" else labels)
    try:
        return [IGNORE_INDEX if word < 0 else label_ids[next(following)] for word in word_ids]
    except KeyError as error:
        raise AuxtaskError(
            f"label {error.args[0]!r} was never seen in training; use the labeler that the model's labels "
            "came from"
        ) from None


@cache
def _span_labels(kind: str) -> tuple[str, str]:
    # One string for all tokens of a label: a large data set has millions.
    return f"B-{kind}", f"I-{kind}"
