"""Linear yardsticks: what a user gets in seconds without any encoder."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC
from tqdm import tqdm

from auxtask.baselines.base import Outcome
from auxtask.data.dataset import TextDataset
from auxtask.errors import AuxtaskError
from auxtask.ground.tools import Resources
from auxtask.runs.metrics import classification_metrics

# A matrix (documents, features) for each split.
Features = Mapping[str, Any]


@dataclass(frozen=True)
class LinearModel:
    """A linear classifier, chosen by validation macro-F1 among several.

    Args:
        classifier: makes a scikit-learn classifier for an inverse regularisation `C` and a `random_state`.
        inverse_regularization: the candidates for `C`.
    """

    classifier: Callable[..., Any]
    inverse_regularization: Sequence[float]

    def fit_predict(self, candidates: Iterable[Features], dataset: TextDataset, seed: int) -> Outcome:
        """Fit every regularisation on every kind of features and predict with the one that does best on valid.

        Class probabilities are the softmax of the decision values at the temperature that suits valid (Guo et
        al. 2017), so that the most probable class is the prediction.

        Args:
            candidates: kinds of features of the same documents.
            dataset: labels of train and valid; those of test are not read.
            seed: of the solver.

        Returns:
            The predictions; weights and intercepts are the parameters.
        """
        started = time.perf_counter()
        labels = {split: np.asarray(dataset[split]["label"]) for split in ("train", "valid")}

        def fitted() -> Iterator[tuple[Any, Features]]:
            with tqdm(desc="Fitting", unit="model", leave=False, disable=None) as bar:
                for features in candidates:
                    for inverse_regularization in self.inverse_regularization:
                        model = self.classifier(C=inverse_regularization, random_state=seed)
                        yield model.fit(features["train"], labels["train"]), features
                        bar.update()

        def validation_score(candidate: tuple[Any, Features]) -> float:
            model, features = candidate
            predicted = model.predict(features["valid"])
            return classification_metrics(labels["valid"], predicted, len(dataset.label_names))["macro_f1"]

        best, features = max(fitted(), key=validation_score)
        values = {split: decision_values(best, features[split]) for split in ("valid", "test")}
        inverse_temperature = fit_inverse_temperature(values["valid"], labels["valid"])
        trained = time.perf_counter()
        return Outcome(
            {split: softmax(inverse_temperature * values[split], axis=1) for split in values},
            parameters=best.coef_.size + best.intercept_.size,
            seconds={"score": 0.0, "train": trained - started, "test": time.perf_counter() - trained},
        )


def decision_values(model: Any, features: Any) -> NDArray[np.float64]:
    """Give the decision value of each class, (documents, classes)."""
    # Of two classes scikit-learn tells the difference alone.
    values = model.decision_function(features)
    return values if values.ndim == 2 else np.stack([-values / 2, values / 2], axis=1)


def fit_inverse_temperature(values: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Find the β > 0 with which softmax(β values) gives the labels the highest likelihood (Guo et al. 2017).

    Args:
        values: (documents, classes).
        labels: class indices, (documents,).

    Returns:
        β, between e^-10 and e^10.

    >>> values = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> round(fit_inverse_temperature(values, np.array([0, 0, 1, 1])), 3)  # right in 3 of 4: e^β / (e^β + 1) = 3/4
    1.099
    """

    def loss(log_inverse_temperature: float) -> float:
        log_probabilities = log_softmax(np.exp(log_inverse_temperature) * values, axis=1)
        return -log_probabilities[np.arange(len(labels)), labels].mean()

    return float(np.exp(minimize_scalar(loss, bounds=(-10, 10)).x))


@dataclass(frozen=True)
class TfidfBaseline:
    """TF-IDF with a linear classifier; nothing is fitted on valid or test.

    Args:
        model: the classifier.
        ngram_ranges: candidates for the shortest and longest sequence of words that is a feature.
    """

    model: LinearModel
    ngram_ranges: Sequence[tuple[int, int]]

    def fit_predict(self, dataset: TextDataset, resources: Resources) -> Outcome:
        """Do what `predict` does, with the seed of the run; see `Baseline`."""
        return self.predict(dataset, resources.seed)

    def predict(self, dataset: TextDataset, seed: int) -> Outcome:
        """Fit on train, choose by valid, predict for valid and test.

        Args:
            dataset: texts and labels; those of test are not read.
            seed: of the solver.

        Returns:
            The predictions.
        """

        def features(ngram_range: tuple[int, int]) -> Features:
            vectorizer = TfidfVectorizer(ngram_range=tuple(ngram_range), min_df=2, sublinear_tf=True)
            try:
                train = vectorizer.fit_transform(dataset["train"]["text"])
            except ValueError as error:
                raise AuxtaskError(
                    "TF-IDF finds no word of two letters or more that two training documents hold; "
                    "fine-tune an encoder, whose tokens need no such words"
                ) from error
            return {"train": train} | {
                split: vectorizer.transform(dataset[split]["text"]) for split in ("valid", "test")
            }

        return self.model.fit_predict(map(features, self.ngram_ranges), dataset, seed)


def tfidf_logreg(
    inverse_regularization: Sequence[float] = (10.0, 100.0, 1000.0),
    ngram_ranges: Sequence[tuple[int, int]] = ((1, 1),),
) -> TfidfBaseline:
    """TF-IDF with logistic regression; arguments as for `LinearModel` and `TfidfBaseline`."""
    return TfidfBaseline(LinearModel(logistic_regression, inverse_regularization), ngram_ranges)


def tfidf_svm(
    inverse_regularization: Sequence[float] = (0.1, 0.3, 1.0, 3.0),
    ngram_ranges: Sequence[tuple[int, int]] = ((1, 1), (1, 2)),
) -> TfidfBaseline:
    """TF-IDF with a linear support vector machine; arguments as for `LinearModel` and `TfidfBaseline`."""
    return TfidfBaseline(LinearModel(LinearSVC, inverse_regularization), ngram_ranges)


def logistic_regression(**settings: Any) -> LogisticRegression:
    """Make a logistic regression that takes more steps than by default, for weak regularisation needs them."""
    return LogisticRegression(max_iter=500, **settings)
