"""How documents are padded, ordered and batched changes no likelihood, mask, label or prediction."""

import numpy as np
import pytest
import torch
from datasets import Dataset
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from transformers import BertConfig, BertForMaskedLM, BertForSequenceClassification

from auxtask import (
    BitLabelLabeler,
    Classifier,
    FrequencyMaskingCollator,
    L3MaskingCollator,
    NgramExtractor,
    PLLScorer,
    RTMCollator,
    SpanMaskingCollator,
    WholeWordMaskingCollator,
)
from auxtask.data.encoding import encode_texts
from auxtask.masking.frequency import annotate_frequencies
from auxtask.masking.unit_likelihood import UnitLikelihoodMaskingCollator
from auxtask.masking.whole_units import WholeUnitMaskingCollator
from auxtask.masking.word_scores import WordScoreCollator
from auxtask.training.batches import ClassificationCollator

COLLATORS = (
    RTMCollator, L3MaskingCollator, FrequencyMaskingCollator, WholeWordMaskingCollator, SpanMaskingCollator,
    WordScoreCollator,
    WholeUnitMaskingCollator, UnitLikelihoodMaskingCollator,
)  # fmt: skip
WORDS = (
    "the", "parser", "reads", "sentence", "tree", "model", "learns", "reader", "text", "would", "expect", "rates"
)  # fmt: skip
SIZES = {
    "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16,
    "max_position_embeddings": 64,
}  # fmt: skip

cases = st.fixed_dictionaries(
    {
        "texts": st.lists(st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join), min_size=1, max_size=5),
        "padding": st.lists(st.integers(0, 7), min_size=5, max_size=5),
        "side": st.sampled_from(["left", "right"]),
        "order": st.permutations(range(5)),
        "batch_size": st.integers(1, 5),
        "tokens_per_batch": st.sampled_from([1, 40, 4096]),
        "seed": st.integers(0, 2**31),
    }
)


@pytest.fixture(scope="module")
def check(tokenizer):
    torch.manual_seed(0)
    masked_lm = BertForMaskedLM(BertConfig(vocab_size=len(tokenizer), **SIZES)).eval()
    classifier = BertForSequenceClassification(BertConfig(vocab_size=len(tokenizer), num_labels=3, **SIZES)).eval()

    def scored(dataset, tokens_per_batch=4096):
        scorer = PLLScorer(masked_lm, tokenizer, tokens_per_batch=tokens_per_batch, progress=False)
        return annotate_frequencies(scorer.annotate(dataset))

    def padded(values, amount, side, fill):
        return [fill] * amount + list(values) if side == "left" else list(values) + [fill] * amount

    def pad_column(rows, padding, side, fill):
        return [padded(row, amount, side, fill) for row, amount in zip(rows, padding, strict=False)]

    def rows(columns):
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def check_case(texts, padding, side, order, batch_size, tokens_per_batch, seed):
        order = [index for index in order if index < len(texts)]
        columns = encode_texts(texts, tokenizer, None)
        ones = [[1] * len(row) for row in columns["input_ids"]]
        plain = scored(Dataset.from_dict({**columns, "attention_mask": ones, "label": [0] * len(texts)}))[:]
        fills = {"input_ids": tokenizer.pad_token_id, "word_ids": -1, "attention_mask": 0}
        stuffed = {name: pad_column(plain[name], padding, side, fill) for name, fill in fills.items()}
        ordered = {name: [column[index] for index in order] for name, column in stuffed.items()}
        other = scored(Dataset.from_dict(ordered), tokens_per_batch)

        for row, index in zip(other, order, strict=True):
            attended = np.array(row["attention_mask"], dtype=bool)
            for column, tolerance in (("likelihoods", 1e-5), ("frequencies", 0)):
                values = np.array(row[column], dtype=np.float64)
                expected = np.array(plain[column][index], dtype=np.float64)
                np.testing.assert_allclose(values[attended], expected, atol=tolerance, rtol=0)
                assert np.isnan(values[~attended]).all()

        # The likelihoods of one of the two, for rounding may move a mask.
        stuffed["likelihoods"] = pad_column(plain["likelihoods"], padding, side, 0.5)
        stuffed["frequencies"] = pad_column(plain["frequencies"], padding, side, 0.5)
        # Any numbers will do for the scores of words.
        plain["word_scores"], stuffed["word_scores"] = plain["frequencies"], stuffed["frequencies"]
        # Neighbouring words are a unit, and a word without a neighbour.
        plain["unit_ids"] = [[word // 2 for word in row] for row in plain["word_ids"]]
        stuffed["unit_ids"] = pad_column(plain["unit_ids"], padding, side, -1)
        features = rows({**stuffed, "label": plain["label"]})
        collators = [make(tokenizer, 0.3, seed=seed) for make in COLLATORS]
        for collator in (*collators, ClassificationCollator(tokenizer)):
            alone = [collator([row]) for row in rows(plain)]
            for start in range(0, len(order), batch_size):
                batch = collator([features[index] for index in order[start : start + batch_size]])
                for at, index in enumerate(order[start : start + batch_size]):
                    length = len(columns["input_ids"][index])
                    for name, value in batch.items():
                        expected = alone[index][name][0]
                        found = value[at][:length] if value.dim() == 2 else value[at]
                        assert torch.equal(found, expected), (type(collator).__name__, name)
                    assert batch["attention_mask"][at].sum() == length

        classes = [index % 2 for index in range(len(texts))]
        documents = [*columns["input_ids"], *columns["input_ids"]]
        extractor = NgramExtractor(num_merges=20)
        bare = [row[1:-1] for row in documents]
        if all(len(row) < 2 for row in bare):
            return
        expected = extractor.extract(bare, classes * 2)
        masks = [[0, *row[1:-1], 0] for row in ones]
        given_mask = extractor.extract(
            pad_column(columns["input_ids"], padding, side, 0) * 2, classes * 2,
            attention_mask=pad_column(masks, padding, side, 0) * 2,
        )  # fmt: skip
        by_tokenizer = extractor.extract(stuffed["input_ids"] * 2, classes * 2, tokenizer=tokenizer)
        for found in (given_mask, by_tokenizer):
            assert (found.frequencies, found.class_tokens) == (expected.frequencies, expected.class_tokens)
        labeler, plainly = BitLabelLabeler(by_tokenizer), BitLabelLabeler(expected)
        for row, bare_row, mask, label in zip(
            stuffed["input_ids"], bare, stuffed["attention_mask"], classes, strict=False
        ):
            labels = np.array(labeler.label(row, label))
            inside = np.array(mask, dtype=bool)
            assert labels[inside].tolist() == ["O", *plainly.label(bare_row, label), "O"]
            assert set(labels[~inside]) <= {"O"}

        tokenizer.padding_side = side
        try:
            whole = Classifier(classifier, tokenizer, batch_size=batch_size)
            found = whole.predict_probabilities([texts[index] for index in order])
        finally:
            tokenizer.padding_side = "right"
        one_by_one = torch.cat([Classifier(classifier, tokenizer).predict_probabilities([text]) for text in texts])
        torch.testing.assert_close(found, one_by_one[order], rtol=0, atol=1e-5)

    return check_case


CHECKED = {"deadline": None, "suppress_health_check": list(HealthCheck), "phases": [Phase.generate]}


@settings(max_examples=30, derandomize=True, **CHECKED)
@given(case=cases)
def test_padding_order_and_batches_change_nothing(check, case):
    check(**case)


@pytest.mark.ci
@settings(max_examples=300, derandomize=True, **CHECKED)
@given(case=cases)
def test_padding_order_and_batches_change_nothing_in_three_hundred_cases(check, case):
    check(**case)


@pytest.mark.slow
@settings(max_examples=10_000, **CHECKED)
@given(case=cases)
@pytest.mark.timeout(7200)
def test_padding_order_and_batches_change_nothing_in_ten_thousand_cases(check, case):
    check(**case)
