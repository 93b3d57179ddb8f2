"""The document-word graph of TextGCN (Yao et al. 2019): PMI between words, TF-IDF between documents and words."""

import hashlib
import json
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from tqdm.auto import tqdm

from auxtask.errors import AuxtaskError
from auxtask.ground.files import atomic_path

PAIR_COUNTS = ("positions", "windows")


def document_word_edges(
    documents: Sequence[Sequence[str]], window: int = 20, pair_count: str = "positions"
) -> sp.csr_array:
    """Weigh the edges of the document-word graph, each once.

    A document of length n has max(1, n - window + 1) windows. #W is the number of all windows, #W(i) of those
    with word i. Words i and j are joined if

        PMI(i, j) = ln( #W(i, j) #W / (#W(i) #W(j)) ) > 0,

    with this weight; document and word are joined with weight count × ln(documents / document frequency). The
    counts are exact and take O(length × window) steps, see `_pair_counts`.

    Args:
        documents: words of each document.
        window: length of the windows, in words, at least 2.
        pair_count: what #W(i, j) counts: `positions`, the pairs of positions of i and j over all windows, as
            the public program and all published figures do, or `windows`, the windows that hold both, as the
            paper says.

    Returns:
        float32 of shape (documents + words, words), all weights positive. A document's row holds its TF-IDF
        weights, row `documents + i` the PMI of word i and every later word; words are in sorted order.

    Raises:
        AuxtaskError: `window` or `pair_count` is out of range, or there are no words.

    >>> edges = document_word_edges(["oil prices rise".split(), "oil oil output cut".split(),
    ...                              "bank cut rates".split()], window=3)
    >>> words = ["bank", "cut", "oil", "output", "prices", "rates", "rise"]
    >>> round(float(edges[3 + words.index("oil"), words.index("output")]), 4)
    0.6931
    >>> round(float(edges[1, words.index("oil")]), 4)
    0.8109
    """
    if window < 2:
        raise AuxtaskError(f"window={window} holds no pair of words; use at least 2, for example 20")
    if pair_count not in PAIR_COUNTS:
        raise AuxtaskError(f"pair_count={pair_count!r} is unknown; use {' or '.join(PAIR_COUNTS)}")
    lengths = np.array([len(document) for document in documents])
    vocabulary = {word: index for index, word in enumerate(sorted(set(chain.from_iterable(documents))))}
    if not vocabulary:
        raise AuxtaskError("no word is left for the document-word graph; use min_count=1 or more text")
    words = np.fromiter(map(vocabulary.__getitem__, chain.from_iterable(documents)), np.int32, lengths.sum())
    weights = [_tfidf(words, lengths, len(vocabulary)), _pmi(words, lengths, len(vocabulary), window, pair_count)]
    return sp.csr_array(sp.vstack(weights, format="csr", dtype=np.float32))


def cached_edges(
    documents: Sequence[Sequence[str]], window: int, pair_count: str, cache: str | Path
) -> sp.csr_array:
    """Give what `document_word_edges` gives, computed once for each content.

    Args:
        documents: words of each document.
        window: length of the windows.
        pair_count: what a pair's count counts.
        cache: folder of the kept graphs.

    Returns:
        The edges.
    """
    content = [Path(__file__).read_text(encoding="utf-8"), window, pair_count, *map(list, documents)]
    path = Path(cache) / f"{hashlib.sha256(json.dumps(content).encode()).hexdigest()}.npz"
    if not path.exists():
        with atomic_path(path) as temporary:
            sp.save_npz(temporary, document_word_edges(documents, window, pair_count), compressed=False)
    return sp.load_npz(path)


def normalized_adjacency(edges: sp.csr_array) -> sp.csr_array:
    """Make the graph symmetric, give every node a loop of weight 1 and normalise: D^-1/2 (A + I) D^-1/2.

    Args:
        edges: what `document_word_edges` returned, (documents + words, words).

    Returns:
        float32 of shape (nodes, nodes), symmetric, eigenvalues in [-1, 1]; documents first, then words.

    >>> edges = sp.csr_array(np.array([[3.0], [0.0]], dtype=np.float32))  # one document with one word
    >>> normalized_adjacency(edges).toarray().tolist()
    [[0.25, 0.75], [0.75, 0.25]]
    """
    nodes, words = edges.shape
    one_way = sp.hstack([sp.csr_array((nodes, nodes - words), dtype=edges.dtype), edges], format="csr")
    adjacency = one_way + one_way.T + sp.eye_array(nodes, dtype=edges.dtype, format="csr")
    scale = sp.diags_array(adjacency.sum(axis=1).astype(np.float64) ** -0.5)
    return sp.csr_array(scale @ adjacency @ scale, dtype=np.float32)


def _tfidf(words: NDArray[np.int32], lengths: NDArray[np.int64], num_words: int) -> sp.csr_array:
    """Count × ln(documents / document frequency), (documents, words); a word of all documents has no edge."""
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    counts = sp.csr_array((np.ones(len(words)), words, offsets), shape=(len(lengths), num_words))
    counts.sum_duplicates()
    document_frequency = np.bincount(counts.indices, minlength=num_words)
    counts.data *= np.log(len(lengths) / document_frequency)[counts.indices]
    counts.eliminate_zeros()
    return counts


def _pmi(
    words: NDArray[np.int32], lengths: NDArray[np.int64], num_words: int, window: int, pair_count: str
) -> sp.csr_array:
    """Positive pointwise mutual information of each pair of words, (words, words), upper triangle."""
    widths = np.minimum(window, lengths)
    document = np.repeat(np.arange(len(lengths)), lengths)
    position = np.arange(len(words)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    # A window goes by the position of its last token. Those that hold a token form an interval; of those, the
    # windows in which it is the last token of its word are counted once for each window that holds the word.
    first = np.maximum(position, widths[document] - 1)
    last = np.minimum(position + widths[document], lengths[document]) - 1
    last_as_last = np.minimum(last, _next_position(words, document, position) - 1)
    word_windows = np.bincount(words, np.maximum(last_as_last - first + 1, 0), minlength=num_words)
    pairs = _pair_counts(
        words, document, first, last if pair_count == "positions" else last_as_last, num_words, window
    )
    num_windows = (lengths - widths + 1).sum()
    expected = word_windows[pairs.row] * word_windows[pairs.col] / num_windows
    pairs.data = np.log(pairs.data / expected)
    positive = pairs.data > 0
    return sp.csr_array((pairs.data[positive], (pairs.row[positive], pairs.col[positive])), shape=pairs.shape)


def _next_position(
    words: NDArray[np.int32], document: NDArray[np.int64], position: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The position of the next token of the same word in the document; beyond all where there is none."""
    order = np.lexsort((position, words, document))
    same = (np.diff(words[order]) == 0) & (np.diff(document[order]) == 0)
    following = np.full(len(words), np.iinfo(np.int64).max)
    following[order[:-1][same]] = position[order[1:][same]]
    return following


def _pair_counts(
    words: NDArray[np.int32],
    document: NDArray[np.int64],
    first: NDArray[np.int64],
    last: NDArray[np.int64],
    num_words: int,
    window: int,
) -> sp.coo_array:
    """Count the windows that hold two positions, over all pairs of positions with words i < j.

    The windows that hold both are an interval as well: from the first with the later token to the last with
    both. So a pair of positions is looked at once, not once a window.
    """
    counts = sp.csr_array((num_words, num_words))
    for distance in tqdm(range(1, window), desc="Counting word pairs", delay=1):
        left = np.flatnonzero(document[:-distance] == document[distance:])
        right = left + distance
        both = np.minimum(last[left], last[right]) - first[right] + 1
        kept = (both > 0) & (words[left] != words[right])
        one, other = words[left[kept]], words[right[kept]]
        pair = (np.minimum(one, other), np.maximum(one, other))
        counts += sp.csr_array((both[kept].astype(np.float64), pair), shape=counts.shape)
    return counts.tocoo()
