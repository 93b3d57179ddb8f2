"""What is logged of a masking strategy: spilling and likeness to L3Masking, against plain counts."""

from dataclasses import replace

import numpy as np
import pytest
from datasets import Dataset, DatasetDict

from auxtask.data.encoding import encode_texts
from auxtask.likelihood.scorer import PLLScorer
from auxtask.masking.likelihood import L3MaskingCollator, annotate_likelihoods
from auxtask.masking.mean_adjust import mean_adjust
from auxtask.masking.random import RTMCollator
from auxtask.masking.whole_word import WholeWordMaskingCollator
from auxtask.masking.word_scores import WordScoreCollator
from auxtask.tasks.mask_facts import mask_facts
from auxtask.tasks.masking import MaskingTask
from experiments import tools_of


@pytest.fixture
def split(tokenizer, sentences):
    return Dataset.from_dict(encode_texts([*sentences, ""], tokenizer, None))


@pytest.fixture
def tools(model_folder, masked_lm, tokenizer, tmp_path):
    def scorers(encoder, metric):
        return PLLScorer(masked_lm, tokenizer, metric, cache=tmp_path / "scores", progress=False)

    return replace(tools_of(model_folder, ["a", "b"]), scorers=scorers)


def test_spilled_documents_have_too_few_tokens_of_a_positive_score(tokenizer, tools):
    nan = float("nan")
    scores = [[nan, *np.ones(marked), *np.zeros(10 - marked), nan] for marked in (0, 1, 2, 5)]
    split = Dataset.from_dict({"input_ids": [[2, *range(5, 15), 3]] * 4, "word_scores": scores})
    ids = [[tokenizer.cls_token_id, *row[1:-1], tokenizer.sep_token_id] for row in split["input_ids"]]
    split = split.remove_columns("input_ids").add_column("input_ids", ids)
    for rate, spilled in ((0.15, 2), (0.05, 1), (0.3, 3)):
        facts = mask_facts(WordScoreCollator(tokenizer, rate), split, tools)
        assert facts["spilled"] == spilled / 4


def test_likeness_to_l3masking_is_told_where_its_likelihoods_are_known(tokenizer, split, tools):
    rng = np.random.default_rng(0)
    scores = [np.where(np.array(row) < 0, np.nan, rng.random(len(row))) for row in split["word_ids"]]
    split = split.add_column("word_scores", [row.tolist() for row in scores])
    masking = WordScoreCollator(tokenizer, 0.2)
    unknown = mask_facts(masking, split, tools)
    assert unknown.keys() == {"spilled", "at_ceiling", "probability_std"}
    likelihoods = annotate_likelihoods(split, tools)["likelihoods"]
    own, other, near, squares = [], [], [], []
    for row, likelihood in zip(scores, likelihoods, strict=True):
        inside = ~np.isnan(row)
        adjusted = mean_adjust(row[inside], 0.2).tolist()
        own += adjusted
        near += [each >= 0.95 * max(adjusted) for each in adjusted]
        squares += [(each - sum(adjusted) / len(adjusted)) ** 2 for each in adjusted]
        other += mean_adjust(1 - np.array(likelihood)[inside], 0.2).tolist()
    assert unknown["at_ceiling"] == pytest.approx(sum(near) / len(near))
    assert unknown["probability_std"] == pytest.approx((sum(squares) / len(squares)) ** 0.5)
    facts = mask_facts(masking, split, tools)
    assert facts["l3masking_correlation"] == pytest.approx(np.corrcoef(own, other)[0, 1], abs=1e-5)
    # Whoever masks all tokens alike, or several together, is like nobody.
    assert mask_facts(RTMCollator(tokenizer, 0.2), split, tools) == {"spilled": 0}
    assert mask_facts(WholeWordMaskingCollator(tokenizer, 0.2), split, tools) == {}


def test_l3masking_is_as_it_is(split, tools):
    splits = DatasetDict({"train": split})
    prepared = MaskingTask(L3MaskingCollator, annotate_likelihoods).prepare(splits, tools)
    assert prepared.facts["l3masking_correlation"] == pytest.approx(1)
