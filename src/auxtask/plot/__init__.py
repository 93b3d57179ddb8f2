"""Pictures: what the scorer sees and how a run went."""

from auxtask.plot.heatmap import MaskHeatmap, mask_heatmap
from auxtask.plot.histogram import likelihood_histogram
from auxtask.plot.weights import task_weights

__all__ = ["MaskHeatmap", "likelihood_histogram", "mask_heatmap", "task_weights"]
