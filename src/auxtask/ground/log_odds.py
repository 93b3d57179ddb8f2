"""The evidence that words or N-grams belong to a class: log-odds with an informative prior."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

# A z-score below this is none: it comes of rounding, where a word is as frequent in all classes.
ROUNDING = 1e-9


def log_odds_z_scores(counts: ArrayLike, kappa: float = 1.0) -> NDArray[np.float64]:
    """Weigh the evidence that a word belongs to a class, for each class against all others.

    z-scores of the log-odds ratio with an informative Dirichlet prior (Monroe et al. 2008):
    with counts y and totals n of a class c and of the rest r, and a prior a of sum a_0,

        d = ln((y_c + a) / (n_c + a_0 - y_c - a)) - ln((y_r + a) / (n_r + a_0 - y_r - a))
        z = d / sqrt(1 / (y_c + a) + 1 / (y_r + a))

    The prior of a word is a = kappa (y_c + y_r), the text itself.

    Args:
        counts: how often each word stands in each class, at least 0, shape (classes, words).
        kappa: strength of the prior, above 0.

    Returns:
        z, positive where the word is more frequent in the class; 0 for a word that stands in no class, shape
        (classes, words), float64.

    >>> log_odds_z_scores([[8, 40, 12, 0], [2, 150, 8, 20]])[0].round(4).tolist()
    [2.0791, -3.0141, 1.9855, -1.4159]
    """
    counts = np.asarray(counts)
    words, classes = counts.sum(axis=0), counts.sum(axis=1, keepdims=True)
    total = words.sum()
    # Neither a word without counts nor one without others beside it says anything of a class.
    telling = (words > 0) & (words < total)
    own, rest = counts[:, telling], (words - counts)[:, telling]
    prior, prior_total = kappa * words[telling], kappa * total
    ratio = np.log((own + prior) / (classes + prior_total - own - prior))
    ratio -= np.log((rest + prior) / (total - classes + prior_total - rest - prior))
    z = np.zeros(counts.shape)
    z[:, telling] = ratio / np.sqrt(1 / (own + prior) + 1 / (rest + prior))
    return np.where(np.abs(z) < ROUNDING, 0.0, z)
