"""What counting says of the tokens of a stream: who stands beside whom, and so who is like whom."""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.utils.extmath import randomized_svd

PIECE = 2**22  # tokens counted at a time: memory does not grow with the stream


def unigram_probabilities(stream: NDArray[np.integer], vocabulary_size: int) -> NDArray[np.float64]:
    """Give each token its share of a stream, one added to every count.

    Args:
        stream: token ids in [0, vocabulary_size), (tokens,), int; may be memory-mapped.
        vocabulary_size: number of token ids.

    Returns:
        (vocabulary_size,), float64, above 0, with sum 1.

    >>> unigram_probabilities(np.array([0, 0, 1]), vocabulary_size=3).tolist()
    [0.5, 0.3333333333333333, 0.16666666666666666]
    """
    counts = np.ones(vocabulary_size)
    for begin in range(0, len(stream), PIECE):
        counts += np.bincount(stream[begin : begin + PIECE], minlength=vocabulary_size)
    return counts / counts.sum()


def following_counts(stream: NDArray[np.integer], vocabulary_size: int, window: int) -> sp.csr_array:
    """Count how often one token follows another, a pair d tokens apart counting 1 / d.

    Args:
        stream: token ids in [0, vocabulary_size), (tokens,), int; may be memory-mapped.
        vocabulary_size: number of token ids.
        window: the largest d, at least 1; 1 counts bigrams.

    Returns:
        (vocabulary_size, vocabulary_size), float64, the earlier token along the rows.

    >>> following_counts(np.array([0, 1, 1, 2]), vocabulary_size=3, window=2).toarray()
    array([[0. , 1.5, 0. ],
           [0. , 1. , 1.5],
           [0. , 0. , 0. ]])
    """
    counts = sp.csr_array((vocabulary_size, vocabulary_size), dtype=np.float64)
    for begin in range(0, len(stream), PIECE):
        # A pair belongs to the piece that its first token is in.
        tokens = np.asarray(stream[begin : begin + PIECE + window], dtype=np.int64)
        for distance in range(1, window + 1):
            first, second = tokens[:-distance][:PIECE], tokens[distance:][:PIECE]
            pairs = np.full(len(first), 1 / distance)
            counts += sp.csr_array((pairs, (first, second)), shape=counts.shape)
    return counts


def ppmi_embeddings(
    stream: NDArray[np.integer],
    vocabulary_size: int,
    width: int,
    window: int = 8,
    smoothing: float = 0.75,
    seed: int = 0,
) -> NDArray[np.float32]:
    """Give tokens vectors: a truncated SVD of their positive pointwise mutual information.

    With n(w, c) counted to both sides, M = max(0, ln n(w, c) / (n(w) p(c))), where p(c) is the share of n(c) to
    the power of `smoothing`; U S^0.5 of its SVD U S V are the vectors (Levy, Goldberg and Dagan 2015). Their mean,
    which tells no token from another, is taken away, and each is brought to length 1, which is how LayerNorm sees
    it.

    Args:
        stream: token ids in [0, vocabulary_size), (tokens,), int; may be memory-mapped.
        vocabulary_size: number of token ids.
        width: of the vectors; beyond the vocabulary's size their numbers are 0.
        window: how many tokens apart two still count, at least 1.
        smoothing: in (0, 1]; below 1 rare contexts weigh less.
        seed: of the SVD, and of the random directions of tokens that the stream does not hold.

    Returns:
        (vocabulary_size, width), rows of length 1.

    >>> stream = np.array([0, 1, 2, 0, 3, 2] * 5)  # 1 and 3 stand in the same places
    >>> vectors = ppmi_embeddings(stream, vocabulary_size=5, width=2, window=1)
    >>> round(float(vectors[1] @ vectors[3]), 3)
    1.0
    """
    following = following_counts(stream, vocabulary_size, window)
    counts = (following + following.T).tocoo()
    totals = np.asarray(counts.sum(axis=1)).ravel()
    shares = totals**smoothing / (totals**smoothing).sum()
    information = np.log(counts.data / (totals[counts.row] * shares[counts.col]))
    positive = information > 0
    matrix = sp.csr_array(
        (information[positive].astype(np.float32), (counts.row[positive], counts.col[positive])),
        shape=counts.shape,
    )
    rank = min(width, vocabulary_size)
    left, values, _ = randomized_svd(matrix, rank, random_state=seed)
    vectors = np.pad(left * np.sqrt(values), ((0, 0), (0, width - rank)))
    vectors -= vectors[totals > 0].mean(axis=0)
    lengths = np.linalg.norm(vectors, axis=1)
    known = (totals > 0) & (lengths > 0)
    vectors[~known] = np.random.default_rng(seed).normal(size=(int((~known).sum()), width))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
