"""A component from outside the package needs no declaration: it is checked against its signature."""

import importlib.util
import sys
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from auxtask.cli.checks import OptionError, check_options

SCRIPT = Path(__file__).parents[2] / "scripts" / "make_options.py"
spec = importlib.util.spec_from_file_location("make_options", SCRIPT)
make_options = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make_options)

STRATEGY = """
from dataclasses import dataclass
from auxtask.masking.random import RTMCollator

@dataclass
class MyCollator(RTMCollator):
    sharpness: float = 1.0

def my_function(strength, *, bias: int = 0):
    return None

class Open:
    def __init__(self, **anything):
        pass

@some.decorator
class Decorated:
    pass
"""


@pytest.fixture
def refusal(tmp_path, monkeypatch):
    """Check a run with a component from elsewhere; give what is refused."""
    (tmp_path / "my_strategies.py").write_text(STRATEGY)
    monkeypatch.syspath_prepend(tmp_path)
    config = OmegaConf.create(next(make_options.composed("train"))[1])

    def start(**nodes):
        try:
            check_options("train", OmegaConf.merge(config, nodes))
        except OptionError as error:
            assert "my_strategies" not in sys.modules
            return str(error)
        return None

    return start


def masking(**fields):
    node = {"_target_": "my_strategies.MyCollator", "_partial_": True, **fields}
    return {"l3masking": {"masking": node}}


def test_a_strategy_from_elsewhere_is_checked_by_its_signature(refusal):
    assert refusal(aux=masking(sharpness=3)) is None
    # The declaration of mask_rate is of auxtask's own strategies: here it may be what the signature says.
    assert refusal(aux=masking(mask_rate=2.5)) is None
    assert refusal(aux=masking(sharpnes=3)) == (
        "aux.l3masking.masking.sharpnes=3 is no option, did you mean aux.l3masking.masking.sharpness?"
    )
    assert refusal(aux=masking(sharpness="high")).startswith(
        "aux.l3masking.masking.sharpness='high' is not a number;"
    )
    assert refusal(aux=masking(qqq=1)) == (
        "aux.l3masking.masking.qqq=1 is no option, MyCollator takes adjust, mask_rate, "
        "mask_replace_prob, seed, sharpness, tokenizer"
    )


def test_what_a_component_from_elsewhere_needs_is_named(refusal):
    function = {"_target_": "my_strategies.my_function"}
    assert refusal(callbacks={"mine": function}) == (
        "callbacks.mine.strength is missing; my_strategies.my_function needs it"
    )
    assert refusal(callbacks={"mine": {**function, "_partial_": True}}) is None
    assert "callbacks.mine.bias=0.5 is not a whole number" in refusal(
        callbacks={"mine": {**function, "strength": 1, "bias": 0.5}}
    )


def test_where_the_source_does_not_tell_hydra_does(refusal):
    for target in ("my_strategies.Open", "my_strategies.Decorated", "no_such_module.X"):
        assert refusal(callbacks={"mine": {"_target_": target, "anything": {"at": "all"}}}) is None
