"""Which N-grams a class has to itself, and which ones classes share."""

from collections import Counter
from typing import Any

from transformers import PreTrainedTokenizerBase

from auxtask.errors import AuxtaskError
from auxtask.phrases.inventory import NgramInventory
from auxtask.phrases.segmentation import Ngram
from auxtask.phrases.vocabulary import display

COMMON_ROW = "(common)"


def top_ngrams(
    inventory: NgramInventory,
    tokenizer: PreTrainedTokenizerBase,
    k: int = 5,
    common_min_classes: int = 2,
) -> list[dict[str, Any]]:
    """List for each class the k most frequent N-grams that it alone has, and the k most frequent shared ones.

    Args:
        inventory: the N-grams of the training documents.
        tokenizer: the tokenizer that they were encoded with.
        k: how many for each class, at least 1.
        common_min_classes: in how many classes a shared N-gram occurs at least, from 2 to the number of
            classes.

    Returns:
        One row an N-gram, class by class and the shared ones last: `class` (a class name or `(common)`),
        `rank` (from 1), `ngram` (as text), `token_ids`, `frequency` (in all classes) and `classes` (names of
        those that have it). Ties are ordered by token ids. A class with fewer than k such N-grams has fewer
        rows.

    Raises:
        AuxtaskError: the inventory was made with another tokenizer, or a number is out of its range.
    """
    if k < 1:
        raise AuxtaskError(f"k={k} is too small; it is at least 1")
    number_of_classes = len(inventory.class_names)
    if not 2 <= common_min_classes <= max(number_of_classes, 2):
        raise AuxtaskError(
            f"common_min_classes={common_min_classes} is out of range; it is from 2 to {number_of_classes}"
        )
    inventory.check_tokenizer(tokenizer)
    groups: dict[str, list[Ngram]] = {name: [] for name in (*inventory.class_names, COMMON_ROW)}
    for ngram in sorted(inventory, key=lambda ngram: (-inventory.frequency(ngram), ngram)):
        classes = inventory.classes(ngram)
        if len(classes) == 1:
            groups[inventory.class_names[classes[0]]].append(ngram)
        elif len(classes) >= common_min_classes:
            groups[COMMON_ROW].append(ngram)
    return [
        {
            "class": name,
            "rank": rank,
            "ngram": display(ngram, tokenizer),
            "token_ids": list(ngram),
            "frequency": inventory.frequency(ngram),
            "classes": [inventory.class_names[at] for at in inventory.classes(ngram)],
        }
        for name, ngrams in groups.items()
        for rank, ngram in enumerate(ngrams[:k], 1)
    ]


def summarize(inventory: NgramInventory) -> dict[str, Any]:
    """Count what an inventory holds.

    Args:
        inventory: the N-grams of the training documents.

    Returns:
        `ngrams` (how many), `coverage` (share of the training tokens inside one, in [0, 1]), `exclusive` (how
        many occur in exactly one class), `fewest_exclusive` (of any class) and `patterns` (distinct sets of
        classes).

    >>> from auxtask.phrases.extraction import NgramExtractor
    >>> summarize(NgramExtractor().extract([[5, 6, 9, 5, 6]], classes=[0]))
    {'ngrams': 1, 'coverage': 0.8, 'exclusive': 1, 'fewest_exclusive': 1, 'patterns': 1}
    """
    patterns = Counter(map(inventory.classes, inventory))
    exclusive = [patterns[(document_class,)] for document_class in range(len(inventory.class_names))]
    return {
        "ngrams": len(inventory),
        "coverage": inventory.coverage,
        "exclusive": sum(exclusive),
        "fewest_exclusive": min(exclusive),
        "patterns": len(patterns),
    }
