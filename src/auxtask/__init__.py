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
    from auxtask.masking.entropy import EntropyMaskingCollator
    from auxtask.masking.frequency import FrequencyMaskingCollator
    from auxtask.masking.likelihood import L3MaskingCollator
    from auxtask.masking.mean_adjust import mean_adjust
    from auxtask.masking.permuted import PermutedL3MaskingCollator
    from auxtask.masking.random import RTMCollator
    from auxtask.masking.selective import SelectiveMaskingCollator
    from auxtask.masking.span import SpanMaskingCollator
    from auxtask.masking.unit_likelihood import UnitLikelihoodMaskingCollator
    from auxtask.masking.whole_units import WholeUnitMaskingCollator
    from auxtask.masking.whole_word import WholeWordMaskingCollator
    from auxtask.masking.word_scores import WordScoreCollator
    from auxtask.model.classifier import Classifier, load
    from auxtask.phrases.class_agnostic import ClassAgnosticExtractor
    from auxtask.phrases.extraction import NgramExtractor
    from auxtask.phrases.inventory import NgramInventory
    from auxtask.phrases.labelers import (
        AllPhraseLabeler,
        BitLabelLabeler,
        CommonLabelLabeler,
        DisregardLabeler,
    )
    from auxtask.phrases.log_odds import LogOddsExtractor
    from auxtask.phrases.pmi import PMIExtractor

_MODULES = {
    "AllPhraseLabeler": "phrases.labelers",
    "AuxtaskClassifier": "cli.estimator",
    "AuxtaskError": "errors",
    "BitLabelLabeler": "phrases.labelers",
    "ClassAgnosticExtractor": "phrases.class_agnostic",
    "Classifier": "model.classifier",
    "CommonLabelLabeler": "phrases.labelers",
    "DisregardLabeler": "phrases.labelers",
    "EntropyMaskingCollator": "masking.entropy",
    "FrequencyMaskingCollator": "masking.frequency",
    "L3MaskingCollator": "masking.likelihood",
    "LogOddsExtractor": "phrases.log_odds",
    "MaskingCollator": "masking.collator",
    "NgramExtractor": "phrases.extraction",
    "NgramInventory": "phrases.inventory",
    "PLLScorer": "likelihood.scorer",
    "PMIExtractor": "phrases.pmi",
    "PermutedL3MaskingCollator": "masking.permuted",
    "RTMCollator": "masking.random",
    "SelectiveMaskingCollator": "masking.selective",
    "SpanMaskingCollator": "masking.span",
    "TokenScores": "likelihood.scores",
    "UnitLikelihoodMaskingCollator": "masking.unit_likelihood",
    "WholeUnitMaskingCollator": "masking.whole_units",
    "WholeWordMaskingCollator": "masking.whole_word",
    "WordScoreCollator": "masking.word_scores",
    "fit": "cli.python",
    "load": "model.classifier",
    "mean_adjust": "masking.mean_adjust",
}

__all__ = [
    "AllPhraseLabeler",
    "AuxtaskClassifier",
    "AuxtaskError",
    "BitLabelLabeler",
    "ClassAgnosticExtractor",
    "Classifier",
    "CommonLabelLabeler",
    "DisregardLabeler",
    "EntropyMaskingCollator",
    "FrequencyMaskingCollator",
    "L3MaskingCollator",
    "LogOddsExtractor",
    "MaskingCollator",
    "NgramExtractor",
    "NgramInventory",
    "PLLScorer",
    "PMIExtractor",
    "PermutedL3MaskingCollator",
    "RTMCollator",
    "SelectiveMaskingCollator",
    "SpanMaskingCollator",
    "TokenScores",
    "UnitLikelihoodMaskingCollator",
    "WholeUnitMaskingCollator",
    "WholeWordMaskingCollator",
    "WordScoreCollator",
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
