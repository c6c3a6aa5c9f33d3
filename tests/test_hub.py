"""A model hub that is not there costs seconds, and the message says what was looked for."""

from __future__ import annotations

import time

import pytest

from s3exp.checkpoints import hub
from s3exp.llm import check_llm
from s3exp.settings.llm import ServerConfig, VllmConfig
from s3exp.settings.small_model import EncoderConfig
from s3exp.small_model import build_small_model
from s3exp.tasks.sources.hub import read_hub
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


def test_an_encoder_and_a_data_set_are_named_within_seconds() -> None:
    began = time.monotonic()
    config = EncoderConfig(checkpoint="models/nowhere")
    small = build_small_model(config, labels=["a", "b"], fields=["text"], progress=False)
    with pytest.raises(UserError, match=r"small_model.checkpoint=models/nowhere: there is no such folder"):
        small.check()
    with pytest.raises(UserError, match=r"stanfordnlp/imdb:test: .* no model hub can be asked"):
        read_hub("stanfordnlp/imdb:test")
    assert time.monotonic() - began < 60  # a client that tries again takes minutes
