"""A hub that refuses, is slow or answers: its libraries' own retries are what must not happen where it refuses."""

import os

import httpx2
import pytest
from huggingface_hub import constants
from huggingface_hub.utils import _http

from auxtask.data.hub import load_hub
from auxtask.errors import AuxtaskError
from auxtask.ground import hub_access
from auxtask.model.fingerprint import fingerprint
from auxtask.model.loading import load_config, load_masked_lm, load_tokenizer


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A function that lets the hub's client answer, or raise; every wait of its own is a failure."""
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "datasets")
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setitem(os.environ, "HF_HUB_OFFLINE", "0")
    monkeypatch.setattr(_http.time, "sleep", lambda seconds: pytest.fail(f"waits {seconds} s"))
    hub_access.ask_hub.cache_clear()
    asked = []

    def answering(answer):
        def head(url, timeout):
            asked.append((url, timeout))
            if isinstance(answer, Exception):
                raise answer
            return answer

        client = type("Client", (), {"head": staticmethod(head)})
        monkeypatch.setattr("huggingface_hub.get_session", lambda: client)
        return asked

    yield answering
    hub_access.ask_hub.cache_clear()


@pytest.mark.parametrize(
    "load", [load_hub, load_config, load_tokenizer, load_masked_lm, fingerprint], ids=lambda load: load.__name__
)
@pytest.mark.parametrize(
    "error", [httpx2.ConnectError("no such name"), httpx2.ProxyError("403"), OSError("unreachable")]
)
def test_a_hub_that_cannot_be_reached_is_asked_once_and_said_first(hub, capsys, load, error):
    asked = hub(error)
    for _ in range(2):
        with pytest.raises(AuxtaskError, match=r"some/name.* cannot be loaded") as raised:
            load("some/name")
        assert "\n" not in str(raised.value)
    assert len(asked) == 1
    assert capsys.readouterr().err == (
        f"the hub ({constants.ENDPOINT}) cannot be reached; looking in its cache on this machine\n"
    )


def test_a_slow_hub_is_waited_for(hub, capsys):
    asked = hub(httpx2.ConnectTimeout("10 s"))
    assert hub_access.ask_hub()
    assert asked == [(constants.ENDPOINT, constants.HF_HUB_ETAG_TIMEOUT)]
    assert not constants.is_offline_mode()
    assert "slow to answer" in capsys.readouterr().err


@pytest.mark.parametrize("status", [200, 404, 503])
def test_any_answer_will_do(hub, capsys, status):
    hub(httpx2.Response(status))
    assert hub_access.ask_hub()
    assert not constants.is_offline_mode()
    assert capsys.readouterr().err == ""


def test_nobody_is_asked_for_local_folders_or_where_the_user_works_offline(
    hub, monkeypatch, model_folder, tmp_path
):
    asked = hub(httpx2.ConnectError("no such name"))
    load_config(model_folder)
    load_tokenizer("tiny")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert not hub_access.ask_hub()
    assert asked == []
