"""How likely the vanilla model finds the tokens of a data set."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import ArrayLike

from auxtask.errors import AuxtaskError
from auxtask.ground.values import check_whole
from auxtask.plot.style import NotebookFigure, legend_label

# Blue, orange, green and pink of Okabe and Ito: told apart with any kind of colour vision.
_COLORS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7")


def likelihood_histogram(likelihoods: Mapping[str, ArrayLike], bins: int = 20) -> Figure:
    """Draw the likelihoods of the tokens of one or more data sets, and their surprisals.

    Tokens far to the left of the first panel, and to the right of the second, are those L3Masking prefers.

    Args:
        likelihoods: probabilities in [0, 1] by the name of their data set, any shape; not-a-numbers, as at special
            tokens, are left out.
        bins: bars of each panel.

    Returns:
        The figure: the share of tokens by likelihood P, and by surprisal -ln P in nats; `.savefig("x.png")`.

    Raises:
        AuxtaskError: there are no likelihoods, or one is outside [0, 1].

    >>> figure = likelihood_histogram({"train": [0.1, 0.9, float("nan")]})
    >>> [axes.get_xlabel() for axes in figure.axes]
    ['likelihood', 'surprisal, nats']
    """
    check_whole("bins", bins, least=1, example=20)
    if not isinstance(likelihoods, Mapping):
        raise AuxtaskError(f"likelihoods={likelihoods!r:.60} have no names; give them by data set")
    try:
        values = [np.asarray(given, dtype=np.float64).ravel() for given in likelihoods.values()]
    except (TypeError, ValueError) as error:
        raise AuxtaskError(f"likelihoods={likelihoods!r:.60} are no numbers; give probabilities") from error
    values = [given[~np.isnan(given)] for given in values]
    if not values or any(len(given) == 0 for given in values):
        raise AuxtaskError("a histogram needs at least one likelihood of each data set; score documents first")
    if any(given.min() < 0 or given.max() > 1 for given in values):
        raise AuxtaskError("a likelihood is outside [0, 1]; use the column likelihoods, not log-probabilities")
    # A likelihood too small for float32 counts as the smallest it can hold.
    surprisals = [-np.log(np.maximum(given, np.finfo(np.float32).tiny)) for given in values]
    farthest = max(float(given.max()) for given in surprisals) or 1.0

    figure = NotebookFigure(figsize=(8.0, 3.2), layout="constrained")
    panels = zip(figure.subplots(1, 2), (values, surprisals), (1.0, farthest), strict=True)
    for axes, shown, right in panels:
        axes.hist(
            shown,
            bins=np.linspace(0, right, bins + 1),
            weights=[np.full(len(given), 1 / len(given)) for given in shown],
            color=[_COLORS[index % len(_COLORS)] for index in range(len(shown))],
            label=[
                legend_label(f"{name}, {len(given):,} tokens")
                for name, given in zip(likelihoods, shown, strict=True)
            ],
        )
        axes.set_xlim(0, right)
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.spines[["top", "right"]].set_visible(False)
    likelihood_axes, surprisal_axes = figure.axes
    likelihood_axes.set(xlabel="likelihood", ylabel="share of tokens")
    surprisal_axes.set(xlabel="surprisal, nats")
    surprisal_axes.legend(frameon=False)
    return figure
