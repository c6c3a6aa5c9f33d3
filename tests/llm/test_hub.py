"""A model hub that is not there costs seconds, and the message says what was looked for."""

from __future__ import annotations

import time

import pytest

from s3exp.llm import check_llm, hub
from s3exp.settings.llm import ServerConfig, VllmConfig
from s3exp.types import UserError


@pytest.fixture(autouse=True)
def online(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a hub were allowed, at an address where nobody listens."""
    from huggingface_hub import constants

    monkeypatch.setenv(hub.OFFLINE, "0")  # undone after the test
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    hub.unreachable.cache_clear()


@pytest.mark.parametrize("proxy", [None, "socks5://127.0.0.1:9", "nonsense://"])
def test_a_folder_that_is_not_there_is_named_within_seconds(
    monkeypatch: pytest.MonkeyPatch, proxy: str | None
) -> None:
    if proxy is not None:
        monkeypatch.setenv("ALL_PROXY", proxy)
    began = time.monotonic()
    with pytest.raises(
        UserError, match=r"llm\.model=models/qwen: there is no such folder.*\./models/NAME"
    ) as error:
        check_llm(VllmConfig(model="models/qwen"))
    assert time.monotonic() - began < 10 and "\n" not in str(error.value)
    from huggingface_hub import constants

    assert constants.HF_HUB_OFFLINE  # nothing asks again
    hub.unreachable.cache_clear()


def test_a_served_name_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def never() -> str:
        raise AssertionError("a hub was asked")

    monkeypatch.setattr("s3exp.llm.unreachable", never)
    check_llm(ServerConfig(model="org/served-name"))
