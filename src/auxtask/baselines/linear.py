"""Linear yardsticks: what a user gets in seconds without any encoder."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from auxtask.data.dataset import TextDataset
from auxtask.metrics import classification_metrics

INVERSE_REGULARIZATION = (1.0, 10.0, 100.0)


def majority_class(dataset: TextDataset) -> NDArray[np.int64]:
    """Predict the most frequent training class for every test document.

    Args:
        dataset: texts and labels.

    Returns:
        Class indices, (test documents,), int64.
    """
    counts = np.bincount(dataset["train"]["label"], minlength=len(dataset.label_names))
    return np.full(len(dataset["test"]), counts.argmax())


def tfidf_logreg(dataset: TextDataset) -> NDArray[np.int64]:
    """TF-IDF over words and word pairs with logistic regression, its regularisation chosen by validation macro-F1.

    Args:
        dataset: texts and labels; nothing is fitted on test.

    Returns:
        Class indices predicted for the test documents, (test documents,), int64.
    """
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    features = {"train": vectorizer.fit_transform(dataset["train"]["text"])}
    features |= {split: vectorizer.transform(dataset[split]["text"]) for split in ("valid", "test")}
    labels = {split: np.asarray(dataset[split]["label"]) for split in features}

    def fitted(inverse_regularization: float) -> Any:
        model = LogisticRegression(C=inverse_regularization, max_iter=200)
        return model.fit(features["train"], labels["train"])

    def validation_score(model: Any) -> float:
        predicted = model.predict(features["valid"])
        return classification_metrics(labels["valid"], predicted, len(dataset.label_names))["macro_f1"]

    best = max(map(fitted, INVERSE_REGULARIZATION), key=validation_score)
    return best.predict(features["test"])


def yardsticks(dataset: TextDataset) -> dict[str, dict[str, float]]:
    """Score the yardsticks on the test split.

    Args:
        dataset: texts and labels.

    Returns:
        For `majority_class` and `tfidf_logreg` the metrics of `classification_metrics`.
    """
    gold = dataset["test"]["label"]
    return {
        yardstick.__name__: classification_metrics(gold, yardstick(dataset), len(dataset.label_names))
        for yardstick in (majority_class, tfidf_logreg)
    }
