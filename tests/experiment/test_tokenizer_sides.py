"""Tokenizers that cut or pad on the left: columns follow the tokens kept, predictions do not see their batch."""

import functools
import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from datasets import DatasetDict
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertConfig,
    DebertaV2Config,
    DistilBertConfig,
    ModernBertConfig,
    RobertaConfig,
    pipeline,
)

from auxtask.data.dataset import build_text_dataset
from auxtask.data.encoding import NO_WORD, encode
from auxtask.experiment.finishing import export
from auxtask.masking.frequency import annotate_frequencies
from auxtask.model.classifier import Classifier, load
from auxtask.model.encoding import encode_all
from auxtask.phrases.extraction import NgramExtractor
from auxtask.phrases.labelers import AllPhraseLabeler, BitLabelLabeler, CommonLabelLabeler, DisregardLabeler
from auxtask.runs.folder import RunFolder
from auxtask.tasks.recognition import RecognitionTask
from experiments import tools_of
from families import FAMILIES

TEXTS = [
    "the bank said money supply rose again and the bank said crude oil fell",
    "crude oil fell, the bank said money supply rose",
    "money supply fell again. crude oil rose",
    "the bank",
    "東京大学の学生は東京に住む。京都大学の学生は京都に住む。 the bank said",
]
SIZES = {
    "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32,
    "max_position_embeddings": 48, "initializer_range": 0.4,
}  # fmt: skip
CONFIGS = {
    "bert": functools.partial(BertConfig, **SIZES),
    "roberta": functools.partial(RobertaConfig, **SIZES),
    "distilbert": functools.partial(
        DistilBertConfig,
        dim=16,
        n_layers=2,
        n_heads=2,
        hidden_dim=32,
        max_position_embeddings=48,
        initializer_range=0.4,
    ),
    "deberta-v2": functools.partial(
        DebertaV2Config, **SIZES, relative_attention=True, pos_att_type=["p2c", "c2p"]
    ),
    "modernbert": functools.partial(ModernBertConfig, **SIZES),
}


@pytest.fixture(scope="module", params=FAMILIES)
def family_tokenizer(request):
    return request.param(TEXTS * 3)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("labeler", [AllPhraseLabeler, DisregardLabeler, CommonLabelLabeler, BitLabelLabeler])
def test_every_column_is_that_of_the_tokens_kept(family_tokenizer, labeler, side):
    tokenizer = family_tokenizer
    tokenizer.truncation_side = side
    pairs = [(text, str(index % 2)) for index, text in enumerate(TEXTS)] * 2
    dataset = build_text_dataset({"train": pairs, "valid": pairs, "test": pairs}, name="sides", provenance={})

    def prepared(max_length):
        task = RecognitionTask(NgramExtractor(), labeler)
        encoded = task.prepare(encode(dataset, tokenizer, max_length), tools_of("", ["0", "1"], tokenizer)).dataset
        return DatasetDict({**encoded, "train": annotate_frequencies(encoded["train"])})

    whole, cut = prepared(None), prepared(9)
    for split in ("train", "valid"):
        for document, kept in zip(whole[split], cut[split], strict=True):
            inside = [position for position, word in enumerate(document["word_ids"]) if word != NO_WORD]
            chosen = inside[-7:] if side == "left" else inside[:7]
            positions = [position for position, word in enumerate(kept["word_ids"]) if word != NO_WORD]
            for column in ("input_ids", "phrase_labels"):
                assert [kept[column][position] for position in positions] == [
                    document[column][position] for position in chosen
                ]
            words, all_words = ([row["word_ids"][at] for at in places] for row, places in (
                (kept, positions), (document, chosen)
            ))  # fmt: skip
            assert (np.diff(words) != 0).tolist() == (np.diff(all_words) != 0).tolist()
            assert {len(value) for value in kept.values() if isinstance(value, list)} == {len(positions) + 2}
    labelled = [label for row in cut["train"]["phrase_labels"] for label in row if label > 0]
    assert labelled


def classifier_on(config, tokenizer):
    torch.manual_seed(0)
    ids = {f"{kind}_token_id": getattr(tokenizer, f"{kind}_token_id") for kind in ("pad", "cls", "sep")}
    frame = {"bos_token_id": tokenizer.cls_token_id, "eos_token_id": tokenizer.sep_token_id}
    model = AutoModelForSequenceClassification.from_config(
        config(vocab_size=len(tokenizer), num_labels=3, **ids, **frame)
    ).eval()
    # Classes apart: heads start near zero.
    for name, weight in model.named_parameters():
        if "classifier" in name and weight.dim() == 2:
            weight.data.mul_(20)
    return model


def one_at_a_time(model, tokenizer, texts, max_length):
    rows = [tokenizer(text, truncation=True, max_length=max_length)["input_ids"] for text in texts]
    return torch.cat([model(torch.tensor([row])).logits.softmax(-1) for row in rows]).detach()


@pytest.fixture
def sided(tokenizer):
    """A copy of the tokenizer, since its sides are changed."""

    def make(padding_side, truncation_side="right"):
        copy = AutoTokenizer.from_pretrained(
            tokenizer.name_or_path, padding_side=padding_side, truncation_side=truncation_side
        )
        copy.model_max_length = 20
        return copy

    return make


@pytest.mark.parametrize("padding_side", ["left", "right"])
@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_a_prediction_does_not_depend_on_its_batch(config, padding_side, sided, sentences):
    texts = [*sentences, "The sea.", "words " * 30, *(sentence[:20] for sentence in sentences)]
    tokenizer = sided(padding_side)
    model = classifier_on(config, tokenizer)
    expected = one_at_a_time(model, tokenizer, texts, 20)
    assert expected.std(dim=0).max() > 0.01
    for batch_size in (1, 3, 64):
        found = Classifier(model, tokenizer, batch_size).predict_probabilities(texts)
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
    rows = [tokenizer(text, truncation=True)["input_ids"] for text in texts]
    [found] = encode_all(lambda batch: (model(**batch).logits.softmax(-1),), rows, tokenizer, model.device, 5)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def said_when_loaded(tokenizer, folder):
    tokenizer.save_pretrained(folder)
    config = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps({**config, "padding_side": "left"}))
    return AutoTokenizer.from_pretrained(folder)


def said_in_python(tokenizer, folder):
    tokenizer.padding_side = "left"
    return tokenizer


def said_in_its_file(tokenizer, folder):
    # A tokenizer saved after it has padded keeps that in its file.
    tokenizer.padding_side = "left"
    tokenizer(["a", "a a"], padding=True)
    tokenizer.save_pretrained(folder)
    return AutoTokenizer.from_pretrained(folder)


@pytest.mark.parametrize("truncation_side", ["left", "right"])
@pytest.mark.parametrize("said", [said_when_loaded, said_in_python, said_in_its_file])
@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_the_exported_classifier_predicts_the_same_in_any_batch(
    config, said, truncation_side, sided, sentences, tmp_path
):
    texts = [*sentences, "The sea.", "words " * 30]
    tokenizer = said(sided("right", truncation_side), tmp_path / "tokenizer")
    assert tokenizer.padding_side == "left"
    model = classifier_on(config, tokenizer)
    expected = one_at_a_time(model, tokenizer, texts, 20)
    folder = RunFolder(tmp_path)
    export(None, model, SimpleNamespace(tokenizer=tokenizer, max_length=20), folder)
    exported = AutoTokenizer.from_pretrained(folder.model)
    assert (exported.padding_side, exported.truncation_side) == ("right", truncation_side)
    torch.testing.assert_close(load(folder.model).predict_probabilities(texts), expected, atol=1e-5, rtol=0)
    for batch_size in (1, 8):
        stock = pipeline("text-classification", str(folder.model), truncation=True, batch_size=batch_size)
        rows = [{row["label"]: row["score"] for row in rows} for rows in stock(texts, top_k=None)]
        found = torch.tensor([[row[f"LABEL_{index}"] for index in range(3)] for row in rows])
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
