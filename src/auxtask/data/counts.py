"""What misleads about a data set, counted once: copies, classes too small to be judged, texts that are cut."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
from datasets import DatasetDict
from transformers import PreTrainedTokenizerBase

from auxtask.data.copies import text_key
from auxtask.data.dataset import SPLITS, TextDataset, count, listed
from auxtask.data.encoding import document_lengths


def document_counts(dataset: TextDataset) -> dict[str, Any]:
    """Count what can mislead about the documents and their classes.

    Args:
        dataset: texts and labels.

    Returns:
        `documents` by split; `dropped`, the rows that were left out for want of a text or a label; `copies`, the
        test documents whose text is in `train`, and in `train_or_valid` (`copies_in_test`); and lists of label
        names: `absent_classes` (none of test's documents), `single_document_classes` (one of train's) and
        `label_variants` (groups that differ by white space or case alone).

    >>> from auxtask.data.dataset import build_text_dataset
    >>> train, test = [("fine", "good"), ("dull", "bad"), ("odd", "Bad")], [("Fine", "good")]
    >>> films = build_text_dataset({"train": train, "valid": train, "test": test}, name="films", provenance={})
    >>> counts = document_counts(films)
    >>> counts["copies"], counts["absent_classes"], counts["label_variants"]
    ({'train': 1, 'train_or_valid': 1}, ['Bad', 'bad'], [['Bad', 'bad']])
    """
    names = dataset.label_names
    sizes = {split: np.bincount(dataset[split]["label"], minlength=len(names)) for split in ("train", "test")}
    variants = defaultdict(list)
    for name in names:
        variants[text_key(name)].append(name)
    intake = dataset.provenance.get("intake", {}).values()
    return {
        "documents": {split: len(dataset[split]) for split in SPLITS},
        "dropped": sum(counts["no_text"] + counts["no_label"] for counts in intake),
        "copies": {where: int(copied.sum()) for where, copied in dataset.test_copies.items()},
        "absent_classes": [names[at] for at in np.flatnonzero(sizes["test"] == 0)],
        "single_document_classes": [names[at] for at in np.flatnonzero(sizes["train"] == 1)],
        "label_variants": [group for group in variants.values() if len(group) > 1],
    }


def token_counts(encoded: DatasetDict, tokenizer: PreTrainedTokenizerBase, max_length: int) -> dict[str, Any]:
    """Count the documents that are cut, and those in which the tokenizer finds nothing.

    Args:
        encoded: what `auxtask.data.encoding.encode` gives under `max_length`.
        tokenizer: that it was encoded with.
        max_length: tokens of a document, special ones included.

    Returns:
        `max_length`; `cut`, with `documents` and `tokens` that were cut off and `document_share` and
        `token_share` of all, in [0, 1]; and `empty`, the documents without a token but special ones.

    >>> from datasets import Dataset
    >>> from auxtask.data.encoding import encode
    >>> from auxtask.model.loading import load_tokenizer
    >>> tokenizer = load_tokenizer("tiny")
    >>> texts = DatasetDict({"train": Dataset.from_dict({"text": ["The sea.", "The sea and the land."]})})
    >>> token_counts(encode(texts, tokenizer, 5), tokenizer, 5)["cut"]
    {'documents': 1, 'tokens': 3, 'document_share': 0.5, 'token_share': 0.23076923076923078}
    """
    lengths = np.concatenate([document_lengths(split) for split in encoded.values()])
    cut = np.concatenate([split["cut_tokens"] for split in encoded.values()])
    documents, tokens = int((cut > 0).sum()), int(cut.sum())
    return {
        "max_length": max_length,
        "cut": {
            "documents": documents,
            "tokens": tokens,
            "document_share": documents / len(cut),
            "token_share": tokens / int((lengths + cut).sum()),
        },
        "empty": int((lengths <= tokenizer.num_special_tokens_to_add()).sum()),
    }


def counts_line(name: str, counts: Mapping[str, Any]) -> str:
    """Say in one line what misleads about a data set; what does not occur is left out.

    Args:
        name: of the data set.
        counts: `document_counts`, and `token_counts` where tokens are read.

    Returns:
        Numbers of documents, and after them each count that is not zero.

    >>> counts = {"documents": {"train": 9, "valid": 1, "test": 2}, "copies": {"train": 1, "train_or_valid": 2}}
    >>> counts_line("films", counts)
    'films: 9 train, 1 valid and 2 test documents; 2 test documents are also in train or valid (1 in train)'
    """
    sizes, copies, cut = counts["documents"], counts["copies"], counts.get("cut")
    found = [f"{name}: {sizes['train']:,} train, {sizes['valid']:,} valid and {sizes['test']:,} test documents"]
    if counts.get("dropped"):
        found.append(f"{count(counts['dropped'], 'row')} without text or label dropped")
    if copied := copies["train_or_valid"]:
        are = "is" if copied == 1 else "are"
        found.append(
            f"{count(copied, 'test document')} {are} also in train or valid ({copies['train']:,} in train)"
        )
    for field, said in (("absent_classes", "not in test"), ("single_document_classes", "with one train document")):
        if classes := counts.get(field):
            found.append(f"{len(classes):,} of the classes {said}: {listed(classes, 3)}")
    if variants := counts.get("label_variants"):
        groups = ", ".join(" = ".join(map(repr, group)) for group in variants[:3])
        more = f" and {len(variants) - 3} more" if len(variants) > 3 else ""
        found.append(f"labels that differ by white space or case alone: {groups}{more}")
    if cut and cut["documents"]:
        found.append(
            f"{cut['document_share']:.1%} of the documents cut at {counts['max_length']:,} tokens, "
            f"{cut['token_share']:.1%} of all tokens"
        )
    if counts.get("empty"):
        found.append(f"{count(counts['empty'], 'document')} without a token")
    return "; ".join(found)
