"""`AuxtaskClassifier` is an estimator of scikit-learn: by its checks, in its tools."""

import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import check_estimator

import auxtask
from auxtask.cli.estimator import texts_of
from auxtask.errors import AuxtaskError

SHORT = {
    "max_steps": 1, "eval_strategy": "steps", "eval_steps": 1, "disable_tqdm": True, "bf16": False,
    "use_cpu": True,
}  # fmt: skip
TEXTS = ["the film of the sea", "a bank said that rates rose"] * 8
# As text 10 stands before 2, as a number behind it.
LABELS = [10, 2] * 8

NUMBERS = "its documents are numbers, and the estimator reads texts; it refuses them in a line"
COLUMNS = "it indexes columns of X, and texts are one-dimensional"
OWN_WORDS = "it wants scikit-learn's words on a fault of numbers; the estimator says that they are no texts"
# Which of scikit-learn's checks an estimator of texts fails, and why.
EXPECTED_FAILED_CHECKS = {
    "check_fit_score_takes_y": NUMBERS,
    "check_estimators_overwrite_params": NUMBERS,
    "check_estimators_fit_returns_self": NUMBERS,
    "check_readonly_memmap_input": NUMBERS,
    "check_n_features_in_after_fitting": NUMBERS,
    "check_positive_only_tag_during_fit": NUMBERS,
    "check_estimators_dtypes": NUMBERS,
    "check_dtype_object": NUMBERS,
    "check_pipeline_consistency": NUMBERS,
    "check_estimators_pickle": NUMBERS,
    "check_classifier_data_not_an_array": NUMBERS,
    "check_classifiers_one_label": NUMBERS,
    "check_classifiers_classes": NUMBERS,
    "check_classifiers_train": NUMBERS,
    "check_supervised_y_2d": NUMBERS,
    "check_fit_idempotent": NUMBERS,
    "check_fit_check_is_fitted": NUMBERS,
    "check_n_features_in": NUMBERS,
    "check_dont_overwrite_parameters": COLUMNS,
    "check_f_contiguous_array_estimator": COLUMNS,
    "check_methods_sample_order_invariance": COLUMNS,
    "check_methods_subset_invariance": COLUMNS,
    "check_fit2d_1sample": COLUMNS,
    "check_fit2d_1feature": COLUMNS,
    "check_dict_unchanged": COLUMNS,
    "check_fit2d_predict1d": COLUMNS,
    "check_estimators_empty_data_messages": OWN_WORDS,
    "check_estimators_nan_inf": OWN_WORDS,
    "check_estimator_sparse_array": "it converts a sparse array of one dimension to a format that has none",
}
# And which a pipeline of rows made texts fails.
EXPECTED_OF_A_PIPELINE = {
    "check_estimators_overwrite_params": "a pipeline fits its steps where they stand",
    "check_dont_overwrite_parameters": "a pipeline fits its steps where they stand",
    "check_classifiers_train": "one step of a random network does not learn as much as it asks for",
}


def rows_as_texts(rows):
    return [" ".join("sea" if value > 0 else "bank" for value in row) for row in rows]


@pytest.fixture
def estimator(model_folder, tmp_path):
    return auxtask.AuxtaskClassifier(model_folder, "stl", max_length=8, trainer=SHORT, cache=tmp_path / "cache")


def test_texts_come_in_many_shapes():
    expected = ["the sea", "the land"]
    frame = pd.DataFrame({"text": expected}, index=[7, 3])
    for given in (expected, tuple(expected), np.array(expected), frame["text"], frame, frame.to_numpy()):
        assert texts_of(given) == expected
    for given, said in (
        ("the sea", "dimensions; give a list or one column of texts"),
        ([["a", "b"]], "2 dimensions; give a list or one column of texts"),
        (["a", None], "X hold None, which is no text"),
        ([1.5], "X hold 1.5, which is no text"),
    ):
        with pytest.raises(AuxtaskError, match=said):
            texts_of(given)


def test_parameters_are_scikit_learn_s(estimator):
    twin = clone(estimator).set_params(aux=["rtm", "bit_label"], trainer={"max_steps": 3})
    assert twin.get_params()["aux"] == ["rtm", "bit_label"]
    assert estimator.get_params()["aux"] == "stl"
    tags = get_tags(estimator)
    assert tags.estimator_type == "classifier"
    assert tags.input_tags.string
    assert tags.target_tags.required
    with pytest.raises(NotFittedError):
        estimator.predict(TEXTS)


@pytest.mark.parametrize(
    ("texts", "labels", "parameters", "said"),
    [
        (TEXTS, LABELS, {"valid_share": 1.5}, r"valid_share=1.5 is outside \(0, 1\)"),
        (TEXTS, LABELS[:-1], {}, "inconsistent numbers of samples"),
        (TEXTS, np.linspace(0, 1, 16), {}, "continuous"),
        (TEXTS, ["", "a"] * 8, {}, "y holds a blank label"),
        (["a", "b"], [0, 1], {}, "0 of 2 documents in 2 classes cannot be set aside"),
        (TEXTS, [1] * 16, {}, "one class only"),
        (TEXTS, LABELS, {"aux": "rtn"}, "aux='rtn' is unknown"),
    ],
)
def test_what_cannot_be_learned_is_said_in_a_line(estimator, texts, labels, parameters, said):
    with pytest.raises(ValueError, match=said):
        estimator.set_params(**parameters).fit(texts, labels)


@pytest.mark.ci
def test_labels_keep_their_type_and_columns_their_classes(estimator, tmp_path, capsys):
    estimator.fit(pd.DataFrame({"text": TEXTS}), pd.Series(LABELS, index=range(50, 66)))
    assert capsys.readouterr().out == ""
    assert estimator.classes_.tolist() == [2, 10]
    names = estimator.classifier_.label_names
    by_name = dict(zip(names, estimator.classifier_.predict_probabilities(TEXTS).T.numpy(), strict=True))
    probabilities = estimator.predict_proba(TEXTS)
    assert np.array_equal(probabilities, np.column_stack([by_name["2"], by_name["10"]]))
    predicted = estimator.predict(np.array(TEXTS)[:, None])
    assert predicted.dtype == np.asarray(LABELS).dtype
    assert estimator.score(TEXTS, LABELS) == np.mean(predicted == LABELS)
    assert set(estimator.valid_scores_) == {"micro_f1", "macro_f1", "accuracy"}
    assert estimator.history_["step"].tolist() == [1]

    joblib.dump(estimator, tmp_path / "estimator.joblib")
    again = joblib.load(tmp_path / "estimator.joblib")
    assert np.array_equal(again.predict_proba(TEXTS), probabilities)
    assert np.array_equal(clone(estimator).fit(TEXTS, LABELS).predict_proba(TEXTS), probabilities)


@pytest.mark.ci
def test_tiny_classes_blank_texts_and_kept_runs(estimator, tmp_path):
    texts, labels = [*TEXTS, "one of its kind", " "], [*map(str, LABELS), "rare", "blank"]
    estimator.set_params(runs=tmp_path / "runs", name="mine", valid_share=0.9).fit(texts, labels)
    assert estimator.classes_.tolist() == ["10", "2", "blank", "rare"]
    probabilities = estimator.predict_proba(TEXTS)
    # Without a text there is nothing to learn of a class.
    assert (probabilities[:, 2] == 0).all()
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(16), abs=1e-6)
    [metrics] = (tmp_path / "runs" / "mine").rglob("metrics.json")
    written = metrics.stat().st_mtime_ns
    assert np.array_equal(clone(estimator).fit(texts, labels).predict_proba(TEXTS), probabilities)
    assert metrics.stat().st_mtime_ns == written


@pytest.mark.ci
def test_it_sits_in_pipelines_and_searches(estimator):
    pipeline = make_pipeline(FunctionTransformer(lambda texts: [text.lower() for text in texts]), estimator)
    scores = cross_val_score(pipeline, TEXTS, LABELS, cv=2)
    assert scores.shape == (2,)
    assert ((scores >= 0) & (scores <= 1)).all()
    search = GridSearchCV(estimator, {"aux": ["stl", "rtm"]}, cv=2, refit=True).fit(np.array(TEXTS), LABELS)
    assert search.best_params_["aux"] in ("stl", "rtm")
    assert set(search.predict(TEXTS)) <= {2, 10}


@pytest.mark.ci
def test_scikit_learn_s_checks(estimator):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(estimator, expected_failed_checks=EXPECTED_FAILED_CHECKS, on_skip=None)
    by_status = {
        status: {result["check_name"] for result in results if result["status"] == status}
        for status in ("passed", "xfail", "skipped")
    }
    # Whatever is expected to fail does fail, and the rest holds.
    assert by_status["xfail"] == set(EXPECTED_FAILED_CHECKS)
    assert {"check_estimators_unfitted", "check_requires_y_none", "check_set_params"} <= by_status["passed"]
    assert len(by_status["passed"]) >= 20
    assert by_status["skipped"] == {"check_array_api_input"}


@pytest.mark.slow
def test_scikit_learn_s_checks_of_rows_made_texts(estimator):
    """Behind a step that writes numbers as words, the checks train it in earnest."""
    pipeline = make_pipeline(FunctionTransformer(rows_as_texts, validate=True), estimator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(pipeline, expected_failed_checks=EXPECTED_OF_A_PIPELINE, on_skip=None)
    failed = {result["check_name"] for result in results if result["status"] == "xfail"}
    assert failed == set(EXPECTED_OF_A_PIPELINE)
    assert {"check_estimators_pickle", "check_fit_idempotent", "check_methods_subset_invariance"} <= {
        result["check_name"] for result in results if result["status"] == "passed"
    }
