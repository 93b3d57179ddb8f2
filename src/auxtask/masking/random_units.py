"""Control: units of the same lengths at random places."""

from collections.abc import Callable

import numpy as np
from datasets import Dataset

from auxtask.ground.tools import Tools
from auxtask.masking.unit_ids import add_unit_ids
from auxtask.masking.whole_units import runs


def annotate_random_units(dataset: Dataset, tools: Tools, units: Callable[[Dataset, Tools], Dataset]) -> Dataset:
    """Add the column `unit_ids`: as many units of each length as others would be, in random order.

    Args:
        dataset: one split with the columns of `auxtask.data.encoding.encode`.
        tools: have the seed, which with the tokens of a document determines the order.
        units: adds the column `unit_ids` that has the lengths.

    Returns:
        The data set with one column more.
    """
    shuffled = []
    for row in units(dataset, tools).select_columns(["input_ids", "unit_ids"]):
        unit_ids = np.array(row["unit_ids"])
        _, lengths = runs(unit_ids[unit_ids >= 0])
        generator = np.random.default_rng([tools.seed, *row["input_ids"]])
        shuffled.append(np.repeat(np.arange(len(lengths)), generator.permutation(lengths)))
    return add_unit_ids(dataset, shuffled, "right")
