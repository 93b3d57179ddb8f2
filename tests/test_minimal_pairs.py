"""The shipped encoder knows some English: it prefers grammatical sentences far more often than chance."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "bench_minimal_pairs.py"


@pytest.mark.ci
def test_sentence_pll_prefers_the_grammatical_one():
    done = subprocess.run([sys.executable, SCRIPT, "--model", "tiny"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    totals = re.findall(r"^(\w+): (\d+) of (\d+) pairs", done.stdout, flags=re.MULTILINE)
    assert [metric for metric, _, _ in totals] == ["word_l2r", "original"]
    for _, hits, pairs in totals:
        assert int(pairs) >= 200
        # Chance would reach 60 % of 200 pairs once in 400 tries.
        assert int(hits) / int(pairs) > 0.6
