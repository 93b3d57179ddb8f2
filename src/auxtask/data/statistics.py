"""How many documents a data set has, and how evenly they fall on its classes."""

import numpy as np

from auxtask.data.dataset import SPLITS, TextDataset


def dataset_statistics(dataset: TextDataset) -> dict[str, int]:
    """Count documents and classes as the published data-set tables do.

    Args:
        dataset: texts and labels.

    Returns:
        `train`, `valid`, `test` (documents), `classes`, and `class_mean` and `class_std`: mean and population
        standard deviation of the documents of a class over all three splits, both truncated to integers.

    >>> from auxtask.data.dataset import build_text_dataset
    >>> pairs = [("a fine film", "good"), ("a dull film", "bad"), ("a weak film", "bad")]
    >>> dataset_statistics(build_text_dataset(dict.fromkeys(SPLITS, pairs), name="films", provenance={}))
    {'train': 3, 'valid': 3, 'test': 3, 'classes': 2, 'class_mean': 4, 'class_std': 1}
    """
    labels = np.concatenate([dataset[split]["label"] for split in SPLITS])
    documents = np.bincount(labels, minlength=len(dataset.label_names))
    return {
        **{split: len(dataset[split]) for split in SPLITS},
        "classes": len(documents),
        "class_mean": int(documents.mean()),
        "class_std": int(documents.std()),
    }


def first_texts(dataset: TextDataset) -> list[tuple[str, int, str]]:
    """Give an example of each class, so that a wrong column or a wrong reading is seen.

    Args:
        dataset: texts and labels.

    Returns:
        For each class its label, its number of training documents and the text of the first of them.

    >>> from auxtask.data.dataset import build_text_dataset
    >>> pairs = [("a fine film", "good"), ("a dull film", "bad"), ("a weak film", "bad")]
    >>> first_texts(build_text_dataset(dict.fromkeys(SPLITS, pairs), name="films", provenance={}))
    [('bad', 2, 'a dull film'), ('good', 1, 'a fine film')]
    """
    classes, first, sizes = np.unique(dataset["train"]["label"], return_index=True, return_counts=True)
    texts = dataset["train"][first.tolist()]["text"]
    names = [dataset.label_names[label] for label in classes]
    return list(zip(names, sizes.tolist(), texts, strict=True))
