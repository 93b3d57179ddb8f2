"""The Python of the contract, line by line, with the shipped encoder; and that importing auxtask costs nothing."""

import subprocess
import sys

import numpy as np
import pytest
from datasets import Dataset

import auxtask
from auxtask.data.encoding import encode


def test_every_public_name_can_be_imported():
    for name in auxtask.__all__:
        assert getattr(auxtask, name) is not None
    assert set(auxtask.__all__) <= set(dir(auxtask))
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = auxtask.no_such_name


def test_importing_auxtask_imports_no_heavy_library():
    code = "import sys, auxtask; print(sorted({'torch', 'transformers', 'datasets', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_notebook_of_the_readme():
    scorer = auxtask.PLLScorer.from_pretrained("tiny", metric="word_l2r")
    [scores] = scorer.score(["The traveler lost the souvenir."])
    assert scores.tokens[0] == "the"
    assert len(scores.tokens) == len(scores.token_ids) == len(scores.word_ids) == len(scores.likelihoods)
    assert scores.pll == pytest.approx(float(np.sum(scores.log_probs, dtype=np.float64)), abs=1e-4)
    assert np.allclose(np.exp(scores.log_probs), scores.likelihoods)

    probabilities = auxtask.mean_adjust(1 - scores.likelihoods, target=0.15)
    assert float(np.mean(probabilities, dtype=np.float64)) == pytest.approx(0.15, abs=1e-6)

    texts = ["the bank said that rates rose", "a film of the sea", "the bank said so again"]
    dataset = encode(Dataset.from_dict({"text": texts, "label": [0, 1, 0]}), scorer.tokenizer, 64)
    dataset = scorer.annotate(dataset)
    batch = auxtask.L3MaskingCollator(scorer.tokenizer, mask_rate=0.15)(list(dataset))
    assert batch["input_ids"].shape == batch["labels"].shape
    assert auxtask.RTMCollator(scorer.tokenizer, mask_rate=0.15)(list(dataset))["labels"].shape[0] == 3

    token_ids = [row[1:-1] for row in dataset["input_ids"]]
    inventory = auxtask.NgramExtractor(num_merges=300, min_frequency=2, scope="per_class").extract(
        token_ids, list(dataset["label"])
    )
    labels = auxtask.BitLabelLabeler(inventory).label(token_ids[0], document_class=0)
    assert labels[:4] == ["B-10", "I-10", "I-10", "O"]


def test_the_shipped_encoder_knows_english():
    """Plain sentences are more likely than the same words in reverse, for nearly all of them."""
    sentences = [
        "He opened the door and went into the house.",
        "The president said that the war would soon be over.",
        "She had never seen such a beautiful garden in her life.",
        "Most of the people in the city did not have a job.",
        "The price of a good depends on supply and demand.",
        "They walked along the river until it was dark.",
        "In the first place, I do not believe a word of it.",
        "The students were asked to write a short essay.",
    ]
    backwards = [" ".join(reversed(sentence.rstrip(".").split())) + "." for sentence in sentences]
    scorer = auxtask.PLLScorer.from_pretrained("tiny")
    pairs = zip(scorer.score(sentences), scorer.score(backwards), strict=True)
    assert sum(good.pll > bad.pll for good, bad in pairs) >= 7
