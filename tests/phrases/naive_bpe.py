"""Byte-pair merging the slow and obvious way, to compare with."""

from collections import Counter
from itertools import groupby, pairwise


def replay(document, merges):
    """Apply each merge once over the whole document, left to right, in the order of the merges."""
    symbols = [(unit,) for unit in document]
    for left, right in merges:
        merged, at = [], 0
        while at < len(symbols):
            if symbols[at : at + 2] == [left, right]:
                merged.append(left + right)
                at += 2
            else:
                merged.append(symbols[at])
                at += 1
        symbols = merged
    return symbols


def pair_counts(segmented, max_length):
    """Count adjacent pairs that may be merged; a boundary (None) is in no pair."""
    return Counter(
        (left, right)
        for symbols in segmented
        for left, right in pairwise(symbols)
        if (None,) not in (left, right) and len(left + right) <= max_length
    )


def cut(document, lengths):
    """Cut the units of a document, boundaries left out, into symbols of the given lengths."""
    units = [unit for unit in document if unit is not None]
    symbols, at = [], 0
    for length in lengths:
        symbols.append(tuple(units[at : at + length]))
        at += length
    assert at == len(units)
    return symbols


def parted(documents, min_frequency):
    """Put a boundary between equal units whose runs hold fewer pairs that do not overlap than are asked for."""
    pairs = Counter()
    for document in documents:
        for unit, run in groupby(document):
            pairs[unit] += len(list(run)) // 2
    result = []
    for document in documents:
        units = document[:1]
        for before, unit in pairwise(document):
            units += [None, unit] if before == unit and pairs[unit] < min_frequency else [unit]
        result.append(units)
    return result
