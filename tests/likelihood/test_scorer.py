"""The scorer against a naive one-row-at-a-time loop with full logits, and against golden numbers."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from transformers import (
    AutoModelForMaskedLM,
    BertConfig,
    BertForMaskedLM,
    DebertaV2Config,
    DistilBertConfig,
    ElectraConfig,
    ModernBertConfig,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    RobertaConfig,
)

from auxtask.data.documents import Documents
from auxtask.data.encoding import encode, encode_texts
from auxtask.errors import AuxtaskError
from auxtask.likelihood.rows import PLL_METRICS
from auxtask.likelihood.scorer import PLLScorer
from oracles import naive_log_probs

# A wide initialization makes tokens differ in likelihood by orders of magnitude.
SIZES = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 64,
    "initializer_range": 0.4,
}


@pytest.fixture(scope="session")
def byte_level_tokenizer(sentences: list[str]) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer in the manner of RoBERTa."""
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=["<s>", "<pad>", "</s>", "<mask>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator(sentences, trainer)
    backend.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token="<s>",
        cls_token="<s>",
        pad_token="<pad>",
        eos_token="</s>",
        sep_token="</s>",
        mask_token="<mask>",
    )


def architectures(wordpieces: int, byte_pieces: int) -> dict[str, PretrainedConfig]:
    bert_sizes = {**SIZES, "vocab_size": wordpieces}
    ids = {"bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2}
    return {
        "bert": BertConfig(**bert_sizes),
        "roberta": RobertaConfig(**{**SIZES, "vocab_size": byte_pieces, "max_position_embeddings": 66}, **ids),
        "distilbert": DistilBertConfig(
            vocab_size=wordpieces, dim=16, n_layers=2, n_heads=2, hidden_dim=32, initializer_range=0.4
        ),
        "electra": ElectraConfig(**bert_sizes, embedding_size=8),
        "deberta-v2": DebertaV2Config(**bert_sizes, relative_attention=True, pos_att_type=["p2c", "c2p"]),
        "modernbert": ModernBertConfig(
            **{**SIZES, "vocab_size": byte_pieces}, **ids, cls_token_id=0, sep_token_id=2, local_attention=8
        ),
    }


def random_model(config: PretrainedConfig) -> PreTrainedModel:
    torch.manual_seed(0)
    return AutoModelForMaskedLM.from_config(config).eval()


@pytest.fixture
def scorer(tokenizer: PreTrainedTokenizerFast) -> PLLScorer:
    return PLLScorer(random_model(BertConfig(**SIZES, vocab_size=len(tokenizer))), tokenizer)


@pytest.mark.parametrize("metric", PLL_METRICS)
@pytest.mark.parametrize("architecture", ["bert", "roberta", "distilbert", "electra", "deberta-v2", "modernbert"])
def test_scores_equal_a_naive_loop(
    architecture: str,
    metric: str,
    tokenizer: PreTrainedTokenizerFast,
    byte_level_tokenizer: PreTrainedTokenizerFast,
    sentences: list[str],
) -> None:
    byte_level = architecture in ("roberta", "modernbert")
    tokenizer = byte_level_tokenizer if byte_level else tokenizer
    config = architectures(len(tokenizer), len(tokenizer))[architecture]
    model = random_model(config)
    texts = [*sentences[:2], "a film", "souvenirs"]
    encoded = encode_texts(texts, tokenizer, None)
    # Words of several pieces, or the metrics would not differ.
    assert any(word == later for row in encoded["word_ids"] for word, later in pairwise(row))
    scorer = PLLScorer(model, tokenizer, metric, tokens_per_batch=200)
    for scores, ids, words in zip(scorer.score(texts), encoded["input_ids"], encoded["word_ids"], strict=True):
        expected = naive_log_probs(model, ids, words, metric, tokenizer.mask_token_id)
        inside = ~np.isnan(expected)
        assert scores.log_probs.dtype == np.float32
        np.testing.assert_allclose(scores.log_probs, expected[inside], rtol=0, atol=1e-5)
        assert scores.token_ids.tolist() == [token for token, keep in zip(ids, inside, strict=True) if keep]
        assert scores.pll == pytest.approx(expected[inside].sum(), abs=1e-4)


def test_scores_depend_neither_on_the_batch_nor_on_the_other_documents(
    scorer: PLLScorer, sentences: list[str]
) -> None:
    expected = {text: scores.log_probs for text, scores in zip(sentences, scorer.score(sentences), strict=True)}
    for tokens_per_batch in (1, 50, 100_000):
        other = PLLScorer(scorer.model, scorer.tokenizer, tokens_per_batch=tokens_per_batch)
        for text, scores in zip(reversed(sentences), other.score(sentences[::-1]), strict=True):
            np.testing.assert_allclose(scores.log_probs, expected[text], rtol=0, atol=1e-5)


def test_metrics_agree_where_every_word_is_one_piece(scorer: PLLScorer) -> None:
    text = "the bank of a sea"
    results = [
        PLLScorer(scorer.model, scorer.tokenizer, metric).score([text])[0]
        for metric in ("original", "whole_word", "word_l2r")
    ]
    assert results[0].word_ids.tolist() == [0, 1, 2, 3, 4]
    for result in results[1:]:
        np.testing.assert_allclose(result.log_probs, results[0].log_probs, rtol=0, atol=1e-6)


def test_annotate_aligns_with_input_ids(scorer: PLLScorer, sentences: list[str]) -> None:
    dataset = Dataset.from_dict({"text": [*sentences, ""], "label": list(range(7))})
    # An indices mapping and a column order of its own: rows must still meet their scores.
    dataset = encode(dataset, scorer.tokenizer, max_length=12).shuffle(seed=1)
    annotated = scorer.annotate(dataset)
    assert annotated.column_names == [*dataset.column_names, "likelihoods"]
    assert annotated.features["likelihoods"].feature.dtype == "float32"
    assert annotated["label"] == dataset["label"]
    for row in annotated:
        likelihoods = np.array(row["likelihoods"])
        assert np.array_equal(np.isnan(likelihoods), np.array(row["word_ids"]) < 0)
        expected = naive_log_probs(scorer.model, row["input_ids"], row["word_ids"], "word_l2r", 4)
        np.testing.assert_allclose(likelihoods, np.exp(expected), rtol=1e-4)


def test_annotate_reads_words_off_the_tokens_where_no_column_has_them(
    scorer: PLLScorer, sentences: list[str]
) -> None:
    # In these sentences the tokenizer splits no punctuation inside a word, so both rules agree.
    dataset = encode(Dataset.from_dict({"text": sentences}), scorer.tokenizer, None)
    annotated = scorer.annotate(dataset)
    again = scorer.annotate(annotated.remove_columns("word_ids"))
    assert again["likelihoods"][0][1:-1] == annotated["likelihoods"][0][1:-1]
    assert again.column_names.count("likelihoods") == 1


def test_texts_without_tokens_and_of_one_token(scorer: PLLScorer) -> None:
    empty, single = scorer.score(["", "the"])
    assert (len(empty), empty.pll, empty.tokens) == (0, 0.0, [])
    assert math.isnan(empty.pseudo_perplexity)
    assert single.tokens == ["the"]
    assert single.pseudo_perplexity == pytest.approx(1 / single.likelihoods[0], rel=1e-5)
    assert scorer.score([]) == []


def test_word_scores_sum_the_pieces(scorer: PLLScorer) -> None:
    [scores] = scorer.score(["the souvenirs of a parser."])
    expected = [
        math.fsum(
            log_prob for log_prob, index in zip(scores.log_probs, scores.word_ids, strict=True) if index == word
        )
        for word in sorted(set(scores.word_ids))
    ]
    np.testing.assert_allclose(scores.word_log_probs, expected, rtol=1e-6)
    assert len(expected) < len(scores)


def test_equal_documents_are_computed_once_and_the_model_is_left_as_it_was(
    scorer: PLLScorer, sentences: list[str]
) -> None:
    scorer.model.train()
    first, second = scorer.score([sentences[0], sentences[0]])
    assert scorer.model.training
    assert np.array_equal(first.log_probs, second.log_probs)
    assert scorer.summary is not None
    assert (scorer.summary.documents, scorer.summary.cached_documents) == (2, 1)
    assert scorer.summary.tokens == 2 * scorer.summary.cached_tokens == 2 * len(first)
    # Dropout was off, so the same scores come again.
    assert np.array_equal(scorer.score([sentences[0]])[0].log_probs, first.log_probs)


def test_a_model_in_bfloat16_comes_close(scorer: PLLScorer, sentences: list[str]) -> None:
    exact = np.concatenate([scores.likelihoods for scores in scorer.score(sentences)])
    half = PLLScorer(random_model(scorer.model.config).to(torch.bfloat16), scorer.tokenizer)
    close = np.concatenate([scores.likelihoods for scores in half.score(sentences)])
    assert close.dtype == np.float32
    assert 0 < np.abs(exact - close).max() < 0.1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"metric": "l2r"}, "metric='l2r' is unknown"),
        ({"max_length": 65}, "max_length=65 is outside 3 to 64"),
        ({"stride": 0}, "stride=0 is below 1"),
        ({"metric": "unmasked", "stride": 8}, "stride=8 means nothing to metric='unmasked'"),
        ({"max_length": 2}, "max_length=2 is outside 3 to 64"),
    ],
)
def test_bad_settings_are_named(scorer: PLLScorer, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(AuxtaskError, match=message):
        PLLScorer(scorer.model, scorer.tokenizer, **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"text": ["the"]}, "has no column 'input_ids'"),
        ({"input_ids": [[2, 5, 3]], "word_ids": [[-1, 0]]}, "document 0 has 3 input_ids and 2 word_ids"),
        ({"input_ids": [[2, 999, 3]], "word_ids": [[-1, 0, -1]]}, "token id 999 is beyond the model's vocabulary"),
    ],
)
def test_bad_columns_are_named(scorer: PLLScorer, columns: dict[str, list[object]], message: str) -> None:
    with pytest.raises(AuxtaskError, match=message):
        scorer.annotate(Dataset.from_dict(columns))


def test_a_model_that_gives_no_numbers_is_refused(scorer: PLLScorer) -> None:
    with torch.no_grad():
        scorer.model.cls.predictions.bias[7] = float("nan")
    with pytest.raises(AuxtaskError, match="not finite"):
        scorer.score(["the bank"])


def test_a_data_set_without_documents(scorer: PLLScorer) -> None:
    columns: dict[str, list[list[int]]] = {"input_ids": [], "word_ids": []}
    assert scorer.annotate(Dataset.from_dict(columns)).column_names == ["input_ids", "word_ids", "likelihoods"]


def test_one_string_instead_of_a_list(scorer: PLLScorer) -> None:
    with pytest.raises(AuxtaskError, match="give a list of texts"):
        scorer.score("the bank")


def test_documents_from_a_data_set_equal_documents_from_lists() -> None:
    token_ids = [[1, 2, 3], [], [4]]
    dataset = Dataset.from_dict({"input_ids": token_ids, "word_ids": token_ids}).select([2, 0, 1])
    read, expected = (
        Documents.from_dataset(dataset),
        Documents.from_lists([[4], [1, 2, 3], []], [[4], [1, 2, 3], []]),
    )
    assert list(read.keys()) == list(expected.keys())
    assert read.offsets.tolist() == [0, 1, 4, 4]
    part = expected.take(np.array([1, 0]))
    assert (part.token_ids.tolist(), part.offsets.tolist()) == ([1, 2, 3, 4], [0, 3, 4])


def test_a_bert_of_another_seed_scores_otherwise(scorer: PLLScorer, sentences: list[str]) -> None:
    torch.manual_seed(1)
    other = PLLScorer(BertForMaskedLM(scorer.model.config), scorer.tokenizer)
    assert np.abs(other.score(sentences)[0].log_probs - scorer.score(sentences)[0].log_probs).max() > 0.1


def test_the_surprisal_of_a_word_is_the_sum_of_a_naive_loop_over_its_tokens(masked_lm, tokenizer, sentences):
    frame = PLLScorer(masked_lm, tokenizer, progress=False).word_scores(["", *sentences])
    encoded = encode_texts(sentences, tokenizer, None)
    expected = []
    for text, (ids, words) in enumerate(zip(encoded["input_ids"], encoded["word_ids"], strict=True), start=1):
        log_probs = naive_log_probs(masked_lm, ids, words, "word_l2r", tokenizer.mask_token_id)
        for word in range(max(words) + 1):
            places = [at for at, own in enumerate(words) if own == word]
            pieces = "".join(tokenizer.convert_ids_to_tokens(ids[at]).removeprefix("##") for at in places)
            expected.append((text, word, pieces, len(places), -sum(log_probs[at] for at in places)))
    assert list(frame.columns) == ["text", "word_id", "word", "tokens", "surprisal"]
    for name, values in zip(frame.columns[:4], list(zip(*expected, strict=True))[:4], strict=True):
        assert frame[name].tolist() == list(values)
    np.testing.assert_allclose(frame["surprisal"], [row[4] for row in expected], rtol=1e-4)
