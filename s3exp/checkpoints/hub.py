"""Whether a model hub can be asked, known within seconds: its client would try again and again for half a minute."""

from __future__ import annotations

import logging
import os
from functools import cache
from pathlib import Path

log = logging.getLogger(__name__)

HUB_SECONDS = 5.0
OFFLINE = "HF_HUB_OFFLINE"


@cache
def unreachable() -> str:
    """Why the hub cannot be asked; empty where it can. The hub's client is told, so that nothing waits for it later."""
    import httpx
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return f"{OFFLINE} is set"
    try:
        httpx.head(constants.ENDPOINT, timeout=HUB_SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL, ImportError, ValueError, OSError) as error:
        os.environ[OFFLINE] = "1"
        constants.HF_HUB_OFFLINE = True
        return " ".join((str(error) or type(error).__name__).split())[:200]
    return ""


def is_cached(name: str, revision: str | None) -> bool:
    """Whether an earlier download of a hub id is on this machine."""
    return cached_folder(name, revision) is not None


def cached_folder(name: str, revision: str | None) -> Path | None:
    """The folder of a hub id that an earlier download left on this machine."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found = try_to_load_from_cache(name, "config.json", revision=revision)
    except HFValidationError:
        return None
    return Path(found).parent if isinstance(found, str) else None
