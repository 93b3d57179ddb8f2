"""The realised mask rate of an evaluation, against a count of the batches that were trained on."""

import numpy as np
import pytest

from auxtask.runs.history import history_rows
from auxtask.tasks.mask_facts import CountingCollator
from auxtask.training.weighting.static import StaticWeighting


def test_realised_rates_are_the_shares_of_the_tokens_that_were_masked(build, documents):
    trainer = build(StaticWeighting(), mask_rate=0.3)
    masking = trainer.data_collator.tasks["rtm"]
    parts = []

    def watched(features):
        parts.append(CountingCollator(masking, masking.maskable)(features))
        return parts[-1]

    trainer.data_collator.tasks["rtm"] = watched
    trainer.train()
    tokenizer, rates = masking.tokenizer, []
    special = {tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.pad_token_id}
    for part in parts[:4]:
        for ids, labels in zip(part["input_ids"].tolist(), part["labels"].tolist(), strict=True):
            masked = sum(label != -100 for label in labels)
            rates.append(masked / sum(token not in special for token in ids))
    rows = history_rows(trainer.state.log_history)
    assert len(rows) == 2
    for row, found in zip(rows, (rates[:12], rates[12:]), strict=True):
        assert list(row["mask_rates"]) == ["rtm"]
        assert row["mask_rates"]["rtm"] == pytest.approx({"mean": np.mean(found), "std": np.std(found)}, rel=1e-5)
