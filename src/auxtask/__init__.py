"""Mechanical auxiliary tasks for fine-tuning encoder language models on text classification.

The public names are imported on first use, so that `import auxtask` costs nothing.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Beside other busy processes OpenMP's threads would spin long for one that does not run, at every step. So few
# turns cost nothing on an idle machine. OpenMP reads this when torch is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

if TYPE_CHECKING:
    from auxtask import plot
    from auxtask.cli.estimator import AuxtaskClassifier
    from auxtask.cli.python import fit
    from auxtask.errors import AuxtaskError
    from auxtask.likelihood.scorer import PLLScorer
    from auxtask.likelihood.scores import TokenScores
    from auxtask.masking.collator import MaskingCollator
    from auxtask.masking.frequency import FrequencyMaskingCollator
    from auxtask.masking.likelihood import L3MaskingCollator
    from auxtask.masking.mean_adjust import mean_adjust
    from auxtask.masking.random import RTMCollator
    from auxtask.masking.span import SpanMaskingCollator
    from auxtask.masking.whole_word import WholeWordMaskingCollator
    from auxtask.model.classifier import Classifier, load
    from auxtask.phrases.extraction import NgramExtractor
    from auxtask.phrases.inventory import NgramInventory
    from auxtask.phrases.labelers import (
        AllPhraseLabeler,
        BitLabelLabeler,
        CommonLabelLabeler,
        DisregardLabeler,
    )

_MODULES = {
    "fit": "cli.python",
    "AllPhraseLabeler": "phrases.labelers",
    "AuxtaskClassifier": "cli.estimator",
    "AuxtaskError": "errors",
    "BitLabelLabeler": "phrases.labelers",
    "Classifier": "model.classifier",
    "CommonLabelLabeler": "phrases.labelers",
    "DisregardLabeler": "phrases.labelers",
    "FrequencyMaskingCollator": "masking.frequency",
    "L3MaskingCollator": "masking.likelihood",
    "MaskingCollator": "masking.collator",
    "NgramExtractor": "phrases.extraction",
    "NgramInventory": "phrases.inventory",
    "PLLScorer": "likelihood.scorer",
    "RTMCollator": "masking.random",
    "SpanMaskingCollator": "masking.span",
    "TokenScores": "likelihood.scores",
    "WholeWordMaskingCollator": "masking.whole_word",
    "load": "model.classifier",
    "mean_adjust": "masking.mean_adjust",
}

__all__ = [
    "AllPhraseLabeler",
    "AuxtaskClassifier",
    "AuxtaskError",
    "BitLabelLabeler",
    "Classifier",
    "CommonLabelLabeler",
    "DisregardLabeler",
    "FrequencyMaskingCollator",
    "L3MaskingCollator",
    "MaskingCollator",
    "NgramExtractor",
    "NgramInventory",
    "PLLScorer",
    "RTMCollator",
    "SpanMaskingCollator",
    "TokenScores",
    "WholeWordMaskingCollator",
    "fit",
    "load",
    "mean_adjust",
    "plot",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(f"auxtask.{_MODULES[name]}"), name)
    if name == "plot":
        return import_module("auxtask.plot")
    raise AttributeError(f"module 'auxtask' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
