"""Pictures: what the scorer sees and how a run went."""

from auxtask.plot.heatmap import MaskHeatmap, mask_heatmap

__all__ = ["MaskHeatmap", "mask_heatmap"]
