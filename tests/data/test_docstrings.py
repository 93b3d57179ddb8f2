import ast
import json
import re
import subprocess
import sys
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from auxtask.data import docstrings
from auxtask.data.docstrings import LABELS, load_docstrings, prose, without_label_words
from auxtask.errors import AuxtaskError


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The data set, built once, and the folder that keeps it."""
    folder = tmp_path_factory.mktemp("cache")
    return load_docstrings(folder), folder


def pairs_of(dataset):
    names = dataset.label_names
    return [(row["text"], names[row["label"]]) for split in dataset.values() for row in split]


def test_sizes_and_labels(built):
    dataset, _ = built
    assert 1200 <= len(dataset["train"]) <= 2000
    assert 250 <= len(dataset["valid"]) <= 350
    assert 500 <= len(dataset["test"]) <= 700
    assert 20 <= len(dataset.label_names) <= 26
    tested = Counter(dataset["test"]["label"][:])
    assert set(tested) == set(range(len(dataset.label_names)))


def test_splits_have_the_same_class_shares(built):
    dataset, _ = built
    everything = Counter(label for split in dataset.values() for label in split["label"])
    total = sum(everything.values())
    for split in dataset.values():
        counts = Counter(split["label"][:])
        assert all(abs(counts[label] - n * len(split) / total) <= 1.5 for label, n in everything.items())


def test_texts_are_short_prose_without_duplicates(built):
    texts = [text for text, _ in pairs_of(built[0])]
    assert len({re.sub(r"\W+", " ", text.lower()) for text in texts}) == len(texts)
    for text in texts:
        assert len(text.split()) >= 10
        assert not re.search(r">>>|``|::|:param|\n|  |[{}\[\]=|\\]", text)


def test_names_of_packages_and_words_of_labels_are_absent(built):
    for text, label in pairs_of(built[0]):
        words = set(re.findall(r"[a-z0-9_]+", text.lower()))
        package, *folders = label.split(".")
        banned = {"numpy", "scipy", "sklearn", "sympy", "networkx", "pandas", "torch", "pytorch", "np", "pd"}
        banned |= {package, *folders, *(part for folder in folders for part in folder.split("_"))}
        assert not words & banned, (label, text)


def test_tokens_stay_under_64(built):
    from auxtask.model.loading import load_tokenizer

    tokenizer = load_tokenizer("tiny")
    lengths = [len(ids) for ids in tokenizer([text for text, _ in pairs_of(built[0])])["input_ids"]]
    assert max(lengths) <= 64


def test_versions_are_recorded(built):
    versions = built[0].provenance["versions"]
    assert versions["sklearn"] == version("scikit-learn")
    assert set(versions) == {"numpy", "scipy", "sklearn", "sympy", "networkx", "pandas", "torch"}


def test_kept_set_is_read_back_the_same_without_parsing(built, monkeypatch):
    dataset, folder = built
    monkeypatch.setattr(docstrings, "make_docstrings", lambda: pytest.fail("made again"))
    assert load_docstrings(folder).fingerprint == dataset.fingerprint


def test_other_versions_are_made_again(built, monkeypatch):
    _, folder = built
    monkeypatch.setattr(docstrings, "version", lambda name: "99")
    monkeypatch.setattr(docstrings, "make_docstrings", lambda: {})
    with pytest.raises(AuxtaskError, match=r"train\.jsonl\.gz does not exist"):
        load_docstrings(folder)


@pytest.mark.ci
def test_a_fresh_process_makes_the_same_set_and_imports_none_of_the_packages(built):
    # `datasets` itself imports NumPy and pandas; SymPy, NetworkX, SciPy and torch come in only if we do it.
    program = (
        "import json, sys, os\n"
        "os.environ['USE_TORCH'] = '0'\n"
        "from auxtask.data.docstrings import make_docstrings\n"
        "before = set(sys.modules)\n"
        "splits = make_docstrings()\n"
        "new = {name.split('.')[0] for name in set(sys.modules) - before}\n"
        "print(json.dumps([splits, sorted(new), 'sympy' in sys.modules, 'networkx' in sys.modules]))"
    )
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "7"}
    ).stdout
    splits, new, sympy, networkx = json.loads(output)
    assert not {"numpy", "scipy", "sklearn", "sympy", "networkx", "pandas", "torch"} & set(new)
    assert not sympy
    assert not networkx
    dataset, _ = built
    names = dataset.label_names
    for split, pairs in splits.items():
        assert [(row["text"], names[row["label"]]) for row in dataset[split]] == [tuple(pair) for pair in pairs]


def test_the_task_can_be_learnt_and_is_not_trivial(built):
    dataset, _ = built
    model = make_pipeline(TfidfVectorizer(sublinear_tf=True), LinearSVC())
    model.fit(dataset["train"]["text"][:], dataset["train"]["label"][:])
    accuracy = model.score(dataset["test"]["text"][:], dataset["test"]["label"][:])
    majority = max(Counter(dataset["test"]["label"][:]).values()) / len(dataset["test"])
    assert majority < 0.25
    assert 0.6 < accuracy < 0.9


@pytest.mark.parametrize(
    ("docstring", "expected"),
    [
        ("One line. Two\nlines.", "One line. Two lines."),
        ("A title\n\nA sentence.", "A title. A sentence."),
        ("f(x, y, out=None) -> array\n\nAdds them.", "Adds them."),
        ("Adds.\n\nParameters\n----------\nx : int", "Adds."),
        ("Adds.\n\nExplanation\n===========\nWhy.", "Adds."),
        ("Adds.\n\nArgs:\n    x: one", "Adds."),
        ("Adds.\n:param x: one", "Adds."),
        ("Adds.\n\n.. math:: x + y\n\nMore.", "Adds."),
        ("Adds.\n>>> add(1, 2)\n3", "Adds."),
        ("Adds.\n\n    code = 1\n\nMore.", "Adds."),
        ("Adds.\n\n- one\n- two", "Adds."),
        ("Adds. Such as::\n\n    x = 1", "Adds."),
        ("Adds. Calls ``f(x)`` then. More.", "Adds."),
        ("An :class:`~pkg.Array` or ``None`` to *each* :func:`it <f>`.", "An Array or None to each it."),
        ("Adds. Solves the equation of\n\n.. math:: x", "Adds."),
        ("Solves the equation of the form\n\n.. math:: x", ""),
        ("====\nHead\n====\n\nText.", ""),
        ("Short. " + "A much longer sentence that goes on " * 9 + "here.", "Short."),
    ],
)  # fmt: skip
def test_prose(docstring, expected):
    assert prose(docstring) == expected


@pytest.mark.parametrize(
    ("text", "label", "expected"),
    [
        ("NumPy's and SciPy arrays (numpy).", "torch.nn", "and arrays."),
        ("An optimizer that optimises the Optimization.", "scipy.optimize", "An that the."),
        ("Nonlinear LinearModel, linearly.", "sklearn.linear_model", ""),
        ("Statistics state the static stats.", "scipy.stats", "state the static."),
        ("The man in the nn of a scan.", "torch.nn", "The man in the of a scan."),
        ("A signal.", "scipy.stats", "A signal."),
        ("Adds. SciPy. Statistics: (numpy) Fine.", "scipy.stats", "Adds. Fine."),
    ],
)
def test_label_words_go_in_every_form(text, label, expected):
    assert without_label_words(text, label) == expected


def test_private_and_nested_definitions():
    tree = ast.parse(
        '"""Module."""\n'
        'def _hidden():\n    """Hidden."""\n'
        'class Shown:\n    """Class."""\n    def method(self):\n        """Method."""\n'
        '    def _private(self):\n        """Private."""\n'
        "def bare(): pass\n"
    )
    assert list(docstrings._documented(tree)) == ["Module.", "Class.", "Method."]


@pytest.fixture
def fake_package(tmp_path, monkeypatch):
    """Seven empty packages but for one subpackage, in the place of the installed ones."""
    monkeypatch.setattr(docstrings, "_source_folder", lambda package: tmp_path / package)
    return tmp_path / "scipy" / "stats"


def test_odd_files_are_passed_over_and_small_classes_left_out(fake_package, tmp_path):
    for label in ("scipy/stats", "torch/nn"):
        (tmp_path / label / "tests").mkdir(parents=True)
    words = ["alpha", "beta", "gamma", "delta", "kappa", "sigma", "omega", "theta", "zeta", "iota", "eta", "mu"]
    for number, word in enumerate(words):
        body = f'"""Describes the {word} of a thing in more than ten plain words here."""\n'
        (tmp_path / "scipy/stats" / f"f{number}.py").write_text(body)
        (tmp_path / "torch/nn" / f"f{number}.py").write_text(body.replace("thing", "layer"))
        (tmp_path / "torch/nn/tests" / f"f{number}.py").write_text(body.replace("thing", "test"))
    (tmp_path / "torch/nn/broken.py").write_text("def (:\n")
    (tmp_path / "torch/nn/zero.py").write_bytes(b"\x00")
    (tmp_path / "torch/cuda").mkdir()
    (tmp_path / "torch/cuda/one.py").write_text(
        '"""Describes one single thing in more than ten plain words here."""'
    )
    splits = docstrings.make_docstrings()
    counts = Counter(label for pairs in splits.values() for _, label in pairs)
    assert counts == {"scipy.stats": 12, "torch.nn": 12}


def test_a_package_that_is_not_installed_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(docstrings.PACKAGES, "sympy", "sympy-that-is-not-there")
    with pytest.raises(AuxtaskError, match=r"package 'sympy'.*pip install sympy-that-is-not-there"):
        load_docstrings(tmp_path)
    assert not list(tmp_path.iterdir())


def test_every_label_is_a_folder_of_its_package():
    for label in LABELS:
        package, *folders = label.split(".")
        assert docstrings._source_folder(package).joinpath(*folders).is_dir()
    assert Path(docstrings._source_folder("sympy")).name == "sympy"
