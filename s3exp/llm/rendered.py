"""A prompt as the LLM reads it, for people to look at. No engine is started for it."""

from __future__ import annotations

import json
import logging
from typing import Any

from s3exp.settings.llm import LLMConfig, LocalLLMConfig

log = logging.getLogger(__name__)


def rendered(config: LLMConfig, path: str, text: str) -> str:
    """The text with the model's chat template around it; for a server, which applies its own, the messages as sent."""
    messages = [{"role": "user", "content": text}]
    if not isinstance(config, LocalLLMConfig):
        return json.dumps(messages, ensure_ascii=False, indent=1)
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(
        path, revision=config.revision, trust_remote_code=config.trust_remote_code
    )
    return str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))
