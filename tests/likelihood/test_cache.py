"""The score cache: exact hits, no wrong hits, and nothing lost to damage, rivals or a kill."""

import multiprocessing
import os
import signal
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from datasets import Dataset
from transformers import BertForMaskedLM, PreTrainedTokenizerFast

from auxtask.data.encoding import encode
from auxtask.likelihood.cache import ScoreCache, weights_hash
from auxtask.likelihood.computation import Computation
from auxtask.likelihood.scorer import PLLScorer

NewScorer = Callable[..., PLLScorer]


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "scores"


@pytest.fixture
def new_scorer(masked_lm: BertForMaskedLM, tokenizer: PreTrainedTokenizerFast, cache: Path) -> NewScorer:
    def build(
        metric: str = "word_l2r", model: BertForMaskedLM = masked_lm, stride: int | None = None
    ) -> PLLScorer:
        return PLLScorer(model, tokenizer, metric, stride=stride, cache=cache, tokens_per_batch=100)

    return build


@pytest.fixture
def dataset(tokenizer: PreTrainedTokenizerFast, sentences: list[str]) -> Dataset:
    return encode(Dataset.from_dict({"text": [*sentences, ""]}), tokenizer, max_length=None)


def likelihoods(scorer: PLLScorer, dataset: Dataset) -> np.ndarray:
    return np.concatenate(scorer.annotate(dataset).with_format("numpy")["likelihoods"][:])


def hits(scorer: PLLScorer) -> int:
    assert scorer.summary is not None
    return scorer.summary.cached_documents


def test_a_hit_equals_the_miss_bit_by_bit(new_scorer: NewScorer, dataset: Dataset) -> None:
    first = new_scorer()
    computed = likelihoods(first, dataset)
    assert hits(first) == 0
    second = new_scorer()
    # Order and company do not matter: documents are addressed one by one.
    backwards = dataset.select(range(len(dataset))[::-1])
    again = second.annotate(backwards).select(range(len(dataset))[::-1])
    assert hits(second) == len(dataset)
    assert second.summary.cached_tokens == second.summary.tokens == first.summary.tokens
    np.testing.assert_array_equal(np.concatenate(again.with_format("numpy")["likelihoods"][:]), computed)


def test_new_documents_alone_are_computed(new_scorer: NewScorer, dataset: Dataset, cache: Path) -> None:
    new_scorer().annotate(dataset.select(range(3)))
    scorer = new_scorer()
    scorer.annotate(dataset)
    assert hits(scorer) == 3
    assert len(list(cache.rglob("*.npz"))) == 2
    # Nothing new, nothing written.
    new_scorer().annotate(dataset)
    assert len(list(cache.rglob("*.npz"))) == 2


def test_another_metric_stride_model_precision_or_boundary_misses(
    new_scorer: NewScorer, dataset: Dataset, masked_lm: BertForMaskedLM
) -> None:
    new_scorer().annotate(dataset)
    for other in (new_scorer(metric="original"), new_scorer(stride=4)):
        other.annotate(dataset)
        assert hits(other) == 0

    changed = dataset.map(lambda row: {"word_ids": [0 if word >= 0 else -1 for word in row["word_ids"]]})
    scorer = new_scorer()
    scorer.annotate(changed)
    # The one document without words is the same under any boundaries.
    assert hits(scorer) == 1

    for model in (BertForMaskedLM(masked_lm.config).eval(), masked_lm.to(torch.bfloat16)):
        other = new_scorer(model=model)
        other.annotate(dataset)
        assert hits(other) == 0


def test_weights_hash_sees_every_weight_and_setting_but_not_the_origin(masked_lm: BertForMaskedLM) -> None:
    before = weights_hash(masked_lm)
    masked_lm.config._name_or_path = "elsewhere"
    assert weights_hash(masked_lm) == before
    with torch.no_grad():
        masked_lm.cls.predictions.bias[3] += 1e-6
    changed = weights_hash(masked_lm)
    assert changed != before
    masked_lm.config.layer_norm_eps = 1e-3
    assert weights_hash(masked_lm) not in (before, changed)


def damage_truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def damage_flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    # A byte of the scores themselves, which only a checksum can tell.
    content[content.index(b"scores.npy") + 200] ^= 1
    path.write_bytes(content)


def damage_replace(path: Path) -> None:
    path.write_bytes(b"not a shard")


def damage_foreign(path: Path) -> None:
    shard = dict(np.load(path))
    np.savez(path, **{**shard, "scorer": np.array("another")})


def damage_mismatch(path: Path) -> None:
    shard = dict(np.load(path))
    np.savez(path, **{**shard, "keys": shard["keys"][1:]})


@pytest.mark.parametrize("damage", [damage_truncate, damage_flip, damage_replace, damage_foreign, damage_mismatch])
def test_a_damaged_or_foreign_shard_is_named_and_scored_again(
    new_scorer: NewScorer, dataset: Dataset, cache: Path, damage: Callable[[Path], None]
) -> None:
    computed = likelihoods(new_scorer(), dataset)
    [shard] = cache.rglob("*.npz")
    damage(shard)
    scorer = new_scorer()
    with pytest.warns(UserWarning, match=f"{shard.name} is damaged or foreign"):
        again = likelihoods(scorer, dataset)
    assert hits(scorer) == 0
    np.testing.assert_array_equal(again, computed)
    # It is said once: the scores have been written anew in its place.
    later = new_scorer()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(likelihoods(later, dataset), computed)
    assert hits(later) == len(dataset)
    assert len(list(cache.rglob("*.npz"))) == 1


def test_a_cache_that_cannot_be_written_is_told_before_anything_is_computed(
    new_scorer: NewScorer, dataset: Dataset, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.write_text("a file where a folder belongs")
    scorer = new_scorer()
    monkeypatch.setattr(Computation, "fresh", lambda *unused: pytest.fail("scored in vain"))
    with pytest.raises(OSError, match="scores"):
        scorer.annotate(dataset)


def test_scoring_that_stops_midway_keeps_what_it_had(
    new_scorer: NewScorer, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = likelihoods(PLLScorer(new_scorer().model, new_scorer().tokenizer, tokens_per_batch=100), dataset)
    scorer = new_scorer()
    forward, calls = scorer.model.base_model.forward, []

    def failing(*arguments: object, **named: object) -> object:
        calls.append(1)
        if len(calls) > 12:
            raise KeyboardInterrupt
        return forward(*arguments, **named)

    monkeypatch.setattr(scorer.model.base_model, "forward", failing)
    with pytest.raises(KeyboardInterrupt):
        scorer.annotate(dataset)
    monkeypatch.undo()
    resumed = new_scorer()
    np.testing.assert_array_equal(likelihoods(resumed, dataset), expected)
    assert 0 < hits(resumed) < len(dataset)


def key_of(number: int) -> bytes:
    return number.to_bytes(32, "little")


def scores_of(number: int) -> np.ndarray:
    return np.full(number % 7, number, dtype=np.float32)


def write_forever(folder: Path, first: int, last: int) -> None:
    """Add documents, a shard each."""
    cache = ScoreCache(folder, "scorer", seconds_per_shard=0)
    for number in range(first, last):
        cache.add(key_of(number), scores_of(number))


# Forked writers touch NumPy and files alone, never torch, whose threads do not survive a fork.
fork = multiprocessing.get_context("fork")


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_two_processes_write_at_once(cache: Path) -> None:
    writers = [fork.Process(target=write_forever, args=(cache, first, first + 100)) for first in (0, 50)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    known = ScoreCache(cache, "scorer").read()
    assert set(known) == {key_of(number) for number in range(150)}
    for number in range(150):
        np.testing.assert_array_equal(known[key_of(number)], scores_of(number))


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_killed_process_leaves_a_cache_of_whole_shards(cache: Path) -> None:
    writer = fork.Process(target=write_forever, args=(cache, 0, 10**9))
    writer.start()
    deadline = time.monotonic() + 60
    while len(list(cache.glob("[!.]*.npz"))) < 20 and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(writer.pid, signal.SIGKILL)
    writer.join()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        known = ScoreCache(cache, "scorer").read()
    # All it added but the last, which the kill may have met half-way.
    assert len(known) >= 20
    assert set(known) == {key_of(number) for number in range(len(known))}
    for number in range(len(known)):
        np.testing.assert_array_equal(known[key_of(number)], scores_of(number))
