"""`AuxtaskClassifier`: the fine-tuning of `auxtask.fit` as an estimator of scikit-learn."""

import io
import math
import tempfile
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import assert_all_finite, check_consistent_length, check_is_fitted, column_or_1d

from auxtask.cli.python import fit
from auxtask.data.splits import stratified_split
from auxtask.errors import AuxtaskError
from auxtask.ground.values import check_number, check_texts

# What `fit` of this name takes as it is.
PASSED_ON = (
    *("model", "aux", "max_length", "weighting", "loss", "adapter", "adaptation", "unlabelled", "trainer"),
    *("scoring", "seed", "cache", "name"),
)


class AuxtaskClassifier(ClassifierMixin, BaseEstimator):
    """A classifier of texts for scikit-learn: in a `Pipeline`, in `cross_val_score`, in `GridSearchCV`.

    It validates on a share of the training texts and keeps the best evaluation, as every run. The fitted estimator
    holds the network itself: a pickle of it (`joblib.dump`) needs no run folder, and is as large as the network.

    Args:
        model, aux, max_length, weighting, loss, adapter, adaptation, unlabelled, trainer, scoring: as for
            `auxtask.fit`.
        valid_share: share of the training texts that validate, in (0, 1): the same ones at every call, with the
            class shares of the whole; a class of one text keeps it for training.
        seed: as for `auxtask.fit`; it moves no text to or from validation.
        runs: folder of all runs, where a finished run is found again; None for one that is removed after `fit`.
        cache, name: as for `auxtask.fit`.
        verbose: whether `fit` says what a run says; its test documents are the validation texts, for want of
            others.

    Attributes:
        classes_: the labels, sorted, in the type they were given in, shape (classes,).
        classifier_: the network with its tokenizer, an `auxtask.Classifier` on the CPU.
        history_: the evaluations, a frame.
        valid_scores_: `micro_f1`, `macro_f1` and `accuracy` on the validation texts, each in [0, 1].

    >>> AuxtaskClassifier(aux="bit_label").set_params(seed=1)  # .fit(texts, labels).predict(texts)
    AuxtaskClassifier(aux='bit_label', seed=1)
    """

    def __init__(
        self,
        model: str | Path = "tiny",
        aux: Any = "l3masking",
        *,
        max_length: int | None = None,
        weighting: Any = "static",
        loss: Any = "cross_entropy",
        adapter: Any = None,
        adaptation: Any = None,
        unlabelled: str | Path | Mapping[str, Any] | None = None,
        trainer: str | Mapping[str, Any] = "default",
        scoring: str | Mapping[str, Any] = "default",
        valid_share: float = 0.1,
        seed: int = 0,
        runs: str | Path | None = None,
        cache: str | Path | None = None,
        name: str | None = None,
        verbose: bool = False,
    ) -> None:
        self.model = model
        self.aux = aux
        self.max_length = max_length
        self.weighting = weighting
        self.loss = loss
        self.adapter = adapter
        self.adaptation = adaptation
        self.unlabelled = unlabelled
        self.trainer = trainer
        self.scoring = scoring
        self.valid_share = valid_share
        self.seed = seed
        self.runs = runs
        self.cache = cache
        self.name = name
        self.verbose = verbose

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        # Of one column, as a frame gives it.
        tags.input_tags.two_d_array = True
        return tags

    def fit(self, X: Any, y: ArrayLike) -> "AuxtaskClassifier":  # noqa: N803
        """Fine-tune the encoder.

        Args:
            X: texts, a list, array, series or single column of them, (texts,) or (texts, 1); blank ones are left
                out.
            y: their labels, numbers or strings, (texts,).

        Returns:
            The estimator.

        Raises:
            AuxtaskError: there are too few texts, X holds something else, or a parameter is out of range.
        """
        check_number("valid_share", self.valid_share, "(0, 1)", example=0.1)
        labels = column_or_1d(y, warn=True)
        assert_all_finite(labels, input_name="y")
        check_classification_targets(labels)
        texts = texts_of(X)
        check_consistent_length(texts, labels)
        classes, indices = np.unique(labels, return_inverse=True)
        names = _class_names(classes)
        pairs = [(text, names[index]) for text, index in zip(texts, indices, strict=True) if text.strip()]
        of_pairs = [name for _, name in pairs]
        # Each class keeps a text to learn from, however large the share.
        n_valid = min(math.ceil(self.valid_share * len(pairs)), len(pairs) - len(set(of_pairs)))
        kept, aside = stratified_split(of_pairs, n_valid)
        train, valid = [pairs[row] for row in kept], [pairs[row] for row in aside]
        options = {name: getattr(self, name) for name in PASSED_ON}
        silence: AbstractContextManager[Any] = nullcontext() if self.verbose else redirect_stdout(io.StringIO())
        folder: AbstractContextManager[str | Path] = (
            tempfile.TemporaryDirectory() if self.runs is None else nullcontext(self.runs)
        )
        with silence, folder as runs:
            run = fit(train, valid=valid, test=valid, runs=runs, **options)
            self.classifier_ = run.classifier
            self.history_ = run.history
            self.valid_scores_ = run.metrics["valid"]
        self.classes_ = classes
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float32]:  # noqa: N803
        """Predict class probabilities.

        Args:
            X: texts, as for `fit`.

        Returns:
            The probability of each class of `classes_` in its order, (texts, classes); rows sum to 1.
        """
        check_is_fitted(self)
        probabilities = self.classifier_.predict_probabilities(texts_of(X)).numpy()
        ordered = np.zeros((len(probabilities), len(self.classes_)), dtype=np.float32)
        # The network has its classes sorted by their names, and none whose texts were all blank.
        names = _class_names(self.classes_)
        ordered[:, [names.index(name) for name in self.classifier_.label_names]] = probabilities
        return ordered

    def predict(self, X: Any) -> NDArray[Any]:  # noqa: N803
        """Predict the class of each text.

        Args:
            X: texts, as for `fit`.

        Returns:
            A label of `classes_` for each, (texts,).
        """
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]


def texts_of(X: Any) -> list[str]:  # noqa: N803
    """Read texts off whatever scikit-learn passes on.

    Args:
        X: a list, an array or a series of texts, (texts,), or a frame or array of one column, (texts, 1).

    Returns:
        The texts.

    Raises:
        AuxtaskError: it has another shape, or holds something that is no text.

    >>> texts_of(np.array([["the sea"], ["the land"]]))
    ['the sea', 'the land']
    """
    values = np.asarray(X, dtype=object)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise AuxtaskError(f"X={str(X)[:40]!r} has {values.ndim} dimensions; give a list or one column of texts")
    texts = values.tolist()
    check_texts("X", texts)
    return texts


def _class_names(classes: NDArray[Any]) -> list[str]:
    names = [str(label) for label in classes]
    if any(not name.strip() for name in names):
        raise AuxtaskError("y holds a blank label; give each class a name")
    return names
