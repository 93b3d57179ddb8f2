"""What a command of the report gives a field, Hydra reads back."""

from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from auxtask.cli.overrides import override_value

PIECES = ("\\", "$", "{", "}", '"', "'", " ", ",", "[", "]", "(", ")", "=", ":", "\n", "%", "~", "-", ".", "a",
          "1", "日", "null", "True", "nan", "e5", "${x}")  # fmt: skip
TEXTS = st.one_of(st.text(max_size=8), st.lists(st.sampled_from(PIECES), max_size=7).map("".join))
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXTS)


@given(st.one_of(SCALARS, st.lists(SCALARS, max_size=3)))
@settings(deadline=None)
def test_every_value_is_read_back_with_its_type(value):
    parsed = OverridesParser.create().parse_override(f"field={override_value(value)}").value()
    read = OmegaConf.to_container(OmegaConf.create({"field": parsed}), resolve=True)["field"]
    assert read == value
    assert type(read) is type(value)


def test_a_mapping_is_read_back():
    value = {"betas": [0.9, 0.98], "a b": {"c,d": "x y"}}
    assert OverridesParser.create().parse_override(f"field={override_value(value)}").value() == value
