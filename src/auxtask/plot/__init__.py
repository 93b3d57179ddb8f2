"""Pictures: what the scorer sees and how runs went. The names are imported on first use: curves need no torch."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auxtask.plot.heatmap import MaskHeatmap, mask_heatmap
    from auxtask.plot.histogram import likelihood_histogram
    from auxtask.plot.weights import task_weights

_MODULES = {
    "MaskHeatmap": "heatmap",
    "likelihood_histogram": "histogram",
    "mask_heatmap": "heatmap",
    "task_weights": "weights",
}

__all__ = ["MaskHeatmap", "likelihood_histogram", "mask_heatmap", "task_weights"]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(f"auxtask.plot.{_MODULES[name]}"), name)
    raise AttributeError(f"module 'auxtask.plot' has no attribute {name!r}")
