"""Linear yardsticks: what they learn, how they choose, and that test plays no part in it."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from auxtask.baselines.linear import LinearModel, logistic_regression, tfidf_logreg, tfidf_svm
from auxtask.baselines.yardsticks import majority_class
from auxtask.data.dataset import build_text_dataset
from auxtask.runs.metrics import classification_metrics


@pytest.fixture(scope="module")
def dataset():
    """Three noisy classes; the rarest is missing from valid."""
    rng = np.random.default_rng(0)
    words = {
        "bank": ["rates", "money", "loan"],
        "film": ["scene", "actor", "plot"],
        "ship": ["sea", "port", "crew"],
    }
    everything = [word for group in words.values() for word in group]

    def documents(count, labels):
        drawn = [str(label) for label in rng.choice(labels, count)]
        return [(" ".join([*rng.choice(everything, 4), *rng.choice(words[label], 2)]), label) for label in drawn]

    splits = {"train": documents(90, list(words)), "valid": documents(30, ["bank", "film"]),
              "test": documents(60, list(words))}  # fmt: skip
    return build_text_dataset(splits, name="noisy", provenance={})


@pytest.mark.parametrize("baseline", [tfidf_logreg, tfidf_svm])
def test_probabilities_are_whole_and_better_than_the_majority(baseline, dataset):
    probabilities = baseline().predict(dataset, seed=0).probabilities["test"]
    assert probabilities.shape == (60, 3)
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(60))
    gold = np.asarray(dataset["test"]["label"])
    assert (probabilities.argmax(axis=1) == gold).mean() > (majority_class(dataset) == gold).mean() + 0.1


def test_the_candidate_that_does_best_on_valid_predicts(dataset):
    vectorizer = TfidfVectorizer(min_df=2, sublinear_tf=True)
    features = vectorizer.fit_transform(dataset["train"]["text"])
    models = [
        LogisticRegression(C=c, max_iter=500).fit(features, dataset["train"]["label"]) for c in (1e-3, 1, 1e3)
    ]

    def valid_score(model):
        predicted = model.predict(vectorizer.transform(dataset["valid"]["text"]))
        return classification_metrics(dataset["valid"]["label"], predicted, 3)["macro_f1"]

    expected = max(models, key=valid_score).predict(vectorizer.transform(dataset["test"]["text"]))
    found = tfidf_logreg(inverse_regularization=(1e-3, 1, 1e3)).predict(dataset, seed=0).probabilities["test"]
    assert found.argmax(axis=1).tolist() == expected.tolist()


def test_features_are_chosen_by_valid_too(dataset):
    labels = {split: np.asarray(dataset[split]["label"]) for split in dataset}
    telling = {split: np.eye(3)[labels[split]] for split in dataset}
    silent = {split: np.zeros((len(labels[split]), 3)) for split in dataset}
    outcome = LinearModel(logistic_regression, (1.0,)).fit_predict([silent, telling], dataset, seed=0)
    assert (outcome.probabilities["test"].argmax(axis=1) == labels["test"]).all()
