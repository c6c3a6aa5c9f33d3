"""The chat that a prompt is sent as, by the template of a local LLM's tokenizer or the user's own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from s3exp.llm.identity import read_template
from s3exp.settings.llm import LLMConfig, LocalLLMConfig, PluginLLMConfig, ServerConfig
from s3exp.settings.server import body_for
from s3exp.types import Prompt, UserError


class Chat:
    """Encodes prompts as chats."""

    def __init__(self, config: LocalLLMConfig, tokenizer: Any) -> None:
        """Try the template on one prompt.

        Raises:
            UserError: there is no template, it fails, or it does not read what the user sets.
        """
        self._config, self._tokenizer = config, tokenizer
        self._template = None if config.chat_template is None else read_template(config.chat_template)
        source = self._template or tokenizer_template(tokenizer)
        if source is None and not callable(getattr(tokenizer, "apply_chat_template", None)):
            raise no_template(config)
        try:
            self.encode(["x"])
        except ValueError as error:
            if source is None:
                raise no_template(config) from error
            raise UserError(f"llm.model={config.model}: its chat template cannot be used: {error}") from error
        except Exception as error:
            hint = "; it may know no system message: set llm.system=null" if config.system else ""
            what = "llm.chat_template" if self._template else f"the chat template of llm.model={config.model}"
            raise UserError(f"{what} fails: {' '.join(str(error).split())[:300]}{hint}") from error
        if source is not None:
            self._check_read(source)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Tokens of one chat a text: the text is the user's turn, and the assistant is about to answer."""
        return self._encode(texts, self._config.system or "")

    def written(self, text: str) -> str:
        """The chat of one text, as text."""
        return str(self._applied([text], self._config.system or "", tokenize=False)[0])

    def end_of_answer(self) -> int:
        """The token that ends an answer: that of the template, if it is a special one, or else the tokenizer's.

        Raises:
            UserError: there is none.
        """
        (asked,), answer = self.encode(["x"]), self._tokenizer.encode("x", add_special_tokens=False)
        whole = self._whole("x", "x")
        after = whole[len(asked) + len(answer) :]
        if (
            after
            and after[0] in self._tokenizer.all_special_ids
            and whole[: -len(after)] == [*asked, *answer]
        ):
            return after[0]
        if self._tokenizer.eos_token_id is None:
            raise UserError(
                f"llm.model={self._config.model}: no token ends an answer: name one as eos_token in its "
                "tokenizer_config.json"
            )
        return int(self._tokenizer.eos_token_id)

    def _whole(self, text: str, answer: str) -> list[int]:
        """The tokens of a chat with an answer; none where the template takes no answer."""
        system = [{"role": "system", "content": self._config.system}] if self._config.system else []
        turns = [{"role": "user", "content": text}, {"role": "assistant", "content": answer}]
        more = {} if self._template is None else {"chat_template": self._template}
        try:
            tokens = self._tokenizer.apply_chat_template(
                [*system, *turns],
                tokenize=True,
                return_dict=False,
                **more,
                **self._config.chat_template_kwargs,
            )
        except Exception:  # noqa: BLE001 - templates raise what they like
            return []
        return list(tokens)

    def _encode(self, texts: Sequence[str], message: str) -> list[list[int]]:
        return [list(tokens) for tokens in self._applied(texts, message, tokenize=True, return_dict=False)]

    def _applied(self, texts: Sequence[str], message: str, **how: bool) -> Any:
        system = [{"role": "system", "content": message}] if message else []
        chats = [[*system, {"role": "user", "content": text}] for text in texts]
        more = {} if self._template is None else {"chat_template": self._template}
        return self._tokenizer.apply_chat_template(
            chats, add_generation_prompt=True, **how, **more, **self._config.chat_template_kwargs
        )

    def _check_read(self, source: str) -> None:
        """Refuse variables that the template does not read, and a system message that it leaves out."""
        from jinja2 import Environment, meta
        from jinja2.exceptions import TemplateSyntaxError

        try:
            named = meta.find_undeclared_variables(
                Environment(extensions=["jinja2.ext.loopcontrols"], autoescape=False).parse(source)
            )
        except TemplateSyntaxError:  # tags of Transformers' own
            named = {name for name in self._config.chat_template_kwargs if name in source}
        unread = sorted(set(self._config.chat_template_kwargs) - named)
        if unread:
            raise UserError(
                f"llm.chat_template_kwargs: the chat template does not read {', '.join(unread)}; it reads "
                f"{', '.join(sorted(named)) or 'nothing'}"
            )
        if self._config.system and self.encode(["x"]) == self._encode(["x"], ""):
            raise UserError("llm.system: the chat template leaves a system message out: set it to null")


def rendered(config: LLMConfig, path: str, prompt: Prompt) -> str:
    """The prompt as a local LLM reads it, or the request as a server gets it. Starts nothing, and sends nothing.

    An LLM of a package gets the bare text.

    Raises:
        UserError: the template cannot be used.
    """
    if isinstance(config, ServerConfig):
        return json.dumps(body_for(config, prompt), ensure_ascii=False, indent=1)
    if isinstance(config, PluginLLMConfig):
        return prompt.text
    assert isinstance(config, LocalLLMConfig)
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(
        path, revision=config.revision, trust_remote_code=config.trust_remote_code
    )
    return Chat(config, tokenizer).written(prompt.text)


def tokenizer_template(tokenizer: Any) -> str | None:
    """The template that a tokenizer brings, if it is one text."""
    template = getattr(tokenizer, "chat_template", None)
    if isinstance(template, dict):
        template = template.get("default")
    return template if isinstance(template, str) else None


def no_template(config: LocalLLMConfig) -> UserError:
    """The error of a model that has no template."""
    return UserError(
        f"llm.model={config.model} has no chat template: choose an instruction-tuned model, or give a base model one "
        "by llm.chat_template, a Jinja template or the path of one"
    )
