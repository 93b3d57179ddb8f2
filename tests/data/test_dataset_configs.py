import inspect
from pathlib import Path

import pytest
from hydra.utils import get_method
from omegaconf import OmegaConf

CONFIGS = sorted((Path(__file__).parents[2] / "configs" / "dataset").glob("*.yaml"))


def test_the_data_sets_of_the_contract_are_there():
    names = ["docstrings", "acl_arc", "ohsumed", "imdb", "mr", "20ng", "r8", "r52", "files", "hub"]
    assert {path.stem for path in CONFIGS} >= set(names)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_config_names_a_reader_and_fits_its_arguments(path):
    config = OmegaConf.load(path)
    arguments = {key for key in config if key != "_target_"}
    # bind raises TypeError for an unknown or a missing argument.
    inspect.signature(get_method(config["_target_"])).bind(**dict.fromkeys(arguments))
    if "convert" in config:
        assert callable(get_method(config.convert["_target_"]))
        assert set(config.get("sha256", {})) <= set(config.urls)
        assert config.name == path.stem
