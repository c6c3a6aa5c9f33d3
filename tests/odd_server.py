"""A server on loopback that answers as odd servers do, and the outcome that a user would want of each answer.

The table comes first. An `Odd` is one answer of a server: to every prompt, or to one in three while the others get a
good row. To add a kind, add a line to one of the tables: `CONTENTS` has texts of an answer, the others whole replies.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

JSON = "application/json"
GOOD = "a plain row about seed {seed} and nothing else"


def chat(content: Any = "a row of words that is long enough", *, finish: Any = "stop", **message: Any) -> str:
    """The body of a chat completion; `message` has more fields of the assistant's turn."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": content, **message},
        "finish_reason": finish,
    }
    return json.dumps({"object": "chat.completion", "choices": [choice], "usage": USAGE})


def error(message: str, **more: Any) -> str:
    """The body of an error in the most common shape."""
    return json.dumps({"error": {"message": message, **more}})


def events(*pieces: Any, end: str = "data: [DONE]\n\n") -> str:
    """A stream of events that was not asked for."""
    return "".join(f"data: {json.dumps(piece)}\n\n" for piece in pieces) + end


def delta(finish: str | None = None, **fields: Any) -> dict[str, Any]:
    """One event of such a stream."""
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": finish}]}


USAGE = {"prompt_tokens": 7, "completion_tokens": 9}


@dataclass(frozen=True)
class Odd:
    """One odd answer.

    `wanted` is the text of the row, or `-> reason`: the rejection of that one prompt. `words` have to be among what the
    user reads: the rejected row's text, or the one line of an error. `cut` bytes are missing at the end of the body.
    """

    name: str
    body: str | bytes
    wanted: str = ""
    words: str = ""
    status: int = 200
    type: str = JSON
    cut: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)


ROW = "a row of words that is long enough"
LONG = "-> prompt_too_long"
FILTER = "-> content_filter"
REFUSED = "-> refused_by_server"
BAD = "-> malformed_answer"

# what one prompt meets: its own row or rejection, whatever it is, and never the end of the run
ONE = (
    # too long, in the words of those who say so
    Odd("OpenAI: too long", error(
        "This model's maximum context length is 4097 tokens. However, your messages resulted in 5012 tokens. Please "
        "reduce the length of the messages.", type="invalid_request_error", param="messages",
        code="context_length_exceeded"), LONG, "5012 tokens", 400),
    Odd("OpenAI: too long, a later wording", error(
        "Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 280012 tokens."),
        LONG, "280012", 400),
    Odd("vLLM: too long", json.dumps({"object": "error", "type": "BadRequestError", "code": 400, "message":
        "The decoder prompt (length 5012) is longer than the maximum model length of 2048."}), LONG, "5012", 400),
    Odd("llama.cpp: too long", json.dumps({"error": {"code": 400, "type": "exceed_context_size_error", "message":
        "the request exceeds the available context size, try increasing it", "n_prompt_tokens": 5012}}),
        LONG, "available context size", 400),
    Odd("llama.cpp of before: too long with 500", json.dumps({"error": {"code": 500, "type": "server_error", "message":
        "the request exceeds the available context size. try increasing the context size"}}), LONG, "", 500),
    Odd("TGI: too long", json.dumps({"error_type": "validation", "error":
        "Input validation error: `inputs` must have less than 1024 tokens. Given: 3001"}), LONG, "3001", 422),
    Odd("TGI: prompt and answer together too long", json.dumps({"error_type": "validation", "error":
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 2048. Given: 1999 and 256"}),
        LONG, "1999", 422),
    Odd("Ollama: too long", json.dumps({"error": "the input length exceeds the context length"}), LONG, "", 400),
    Odd("SGLang: too long", json.dumps({"object": "error", "code": 400, "message":
        "Requested token count exceeds the model's maximum context length of 4096 tokens."}), LONG, "", 400),
    Odd("Mistral: too long", json.dumps({"object": "error", "code": "3051", "message":
        "Prompt contains 40012 tokens and 0 draft tokens, too large for model with 32768 maximum context length"}),
        LONG, "40012", 400),
    Odd("LM Studio: too long", json.dumps({"error":
        "The number of tokens to keep from the initial prompt is greater than the context length"}), LONG, "", 400),
    Odd("Anthropic: too long", json.dumps({"type": "error", "error": {"type": "invalid_request_error", "message":
        "prompt is too long: 210012 tokens > 200000 maximum"}}), LONG, "210012", 400),
    Odd("Google: too long, in a list", json.dumps([{"error": {"code": 400, "status": "INVALID_ARGUMENT", "message":
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."}}]),
        LONG, "1200000", 400),
    Odd("a proxy: 413 in HTML", "<html><head><title>413 Request Entity Too Large</title></head></html>", LONG,
        "Request Entity", 413, "text/html"),
    Odd("too long in words of nobody", error("Prompt zu lang"), REFUSED, "Prompt zu lang", 400),
    # filtered
    Odd("Azure: filtered prompt", json.dumps({"error": {"code": "content_filter", "status": 400, "param": "prompt",
        "innererror": {"code": "ResponsibleAIPolicyViolation"}, "message":
        "The response was filtered due to the prompt triggering the content management policy."}}), FILTER,
        "content management policy", 400),
    Odd("a gateway: flagged with 403", error("Your input was flagged by moderation", code=403,
        metadata={"reasons": ["violence"]}), FILTER, "flagged", 403),
    Odd("451", "", FILTER, "451", 451),
    Odd("finish_reason content_filter", chat("half a ro", finish="content_filter"), FILTER, "content_filter"),
    Odd("finish_reason SAFETY", chat(None, finish="SAFETY"), FILTER, "SAFETY"),
    Odd("an error inside a 200: filtered", error("Input flagged", code=403, type="moderation"), FILTER, "flagged"),
    # refused for reasons of its own
    Odd("400 without words", "", REFUSED, "400", 400),
    Odd("422 of FastAPI", json.dumps({"detail": [{"loc": ["body", "messages", 0], "msg": "a strange character"}]}),
        REFUSED, "body.messages.0: a strange character", 422),
    Odd("an error inside a 200", error("Provider returned error", code=400), REFUSED, "Provider returned error"),
    Odd("an error inside a 200 in a form of its own", json.dumps({"base_resp": {"status_code": 1004, "status_msg":
        "no such group"}, "choices_of": []}), REFUSED, "no such group"),
    # no chat completion
    Odd("no choices", json.dumps({"choices": []}), BAD, "choices"),
    Odd("choices are null", json.dumps({"choices": None}), BAD, "choices"),
    Odd("choices are an object", json.dumps({"choices": {"0": {"message": {"content": "x"}}}}), BAD, "choices"),
    Odd("a choice without message", json.dumps({"choices": [{"index": 0, "finish_reason": "stop"}]}), BAD, "message"),
    Odd("content is a number", chat(42), BAD, "content"),
    Odd("content is an object", chat({"text": "x"}), BAD, "content"),
    Odd("a list instead of an object", "[]", BAD, ""),
    Odd("a bare text", '"a row"', BAD, ""),
    Odd("null", "null", BAD, ""),
    Odd("an empty body", "", BAD, "empty"),
    Odd("HTML with 200", "<html><body>Welcome to our portal</body></html>", BAD, "Welcome", 200, "text/html"),
    Odd("half a JSON", '{"choices": [{"message": {"con', BAD, "no JSON"),
    Odd("JSON too deep", "[" * 100_000, BAD, ""),
    Odd("bytes that are no text", b"\xff\xfe\x00\x01", BAD, ""),
    Odd("gzip that is none", chat(), BAD, "decoded", headers={"content-encoding": "gzip"}),
    Odd("it broke off", chat("half a ro", finish="error"), BAD, "finish_reason"),
    Odd("an error in the choice", json.dumps({"choices": [{"message": {"content": "half a ro"}, "finish_reason": None,
        "error": {"code": 502, "message": "upstream idle"}}]}), BAD, "upstream idle"),
    Odd("an error beside the choices", json.dumps({"choices": [{"message": {"content": "half a ro"}}],
        "error": {"message": "upstream gone"}}), BAD, "upstream gone"),
    Odd("a stream that was cut", events(delta(content="half a ro"), end=""), BAD, "", 200, "text/event-stream"),
    Odd("500 for this one prompt", error("internal error"), "-> server_failed", "internal error", 500),
    Odd("502 in HTML for this one prompt", "<html><h1>Bad Gateway</h1></html>", "-> server_failed", "Bad Gateway",
        502, "text/html"),
    Odd("the body is cut", chat(), "-> server_failed", "", cut=9),
    # a turn without a text
    Odd("no content", chat(None), "-> empty"),
    Odd("content is missing", json.dumps({"choices": [{"message": {"role": "assistant"}}]}), "-> empty"),
    Odd("a refusal in its own field", chat(None, refusal="I can't help with that."), "-> refusal", "can't help"),
    Odd("a tool call", chat(None, finish="tool_calls", tool_calls=[{"id": "1", "type": "function",
        "function": {"name": "write", "arguments": "{}"}}]), "-> tool_call", "tool call"),
    Odd("a function call", chat("", finish="function_call", function_call={"name": "write"}), "-> tool_call"),
    Odd("it only reasoned (reasoning_content)", chat("", finish="length", reasoning_content="Let me see. " * 9),
        "-> only_reasoning", "length"),
    Odd("it only reasoned (reasoning)", chat(None, reasoning="Let me see."), "-> only_reasoning", "reasoning"),
    Odd("it only reasoned (thinking)", chat("", thinking="Let me see."), "-> only_reasoning", "reasoning"),
    Odd("it only reasoned (reasoning_details)", chat(None, reasoning_details=[{"type": "reasoning.summary",
        "summary": "Let me see."}]), "-> only_reasoning", "reasoning"),
    Odd("a refusal among the parts", chat([{"type": "refusal", "refusal": "I can't help."}]), "-> refusal", "help"),
    Odd("finish_reason content-filter", chat("half a ro", finish="content-filter"), FILTER, "content-filter"),
    Odd("finish_reason content_filter: OTHER", chat("half a ro", finish="content_filter: OTHER"), FILTER, "OTHER"),
    Odd("cut off, max-tokens", chat("half a row of words that is", finish="max-tokens"), "-> truncated"),
    Odd("cut off", chat("half a row of words that is", finish="length"), "-> truncated"),
    Odd("cut off, MAX_TOKENS", chat("half a row of words that is", finish="MAX_TOKENS"), "-> truncated"),
    Odd("cut off, model_length", chat("half a row of words that is", finish="model_length"), "-> truncated"),
    # odd, and a row all the same
    Odd("reasoning beside the row", chat(ROW, reasoning_content="Let me see."), ROW),
    Odd("reasoning of another type", chat(ROW, reasoning={"text": "Let me see."}), ROW),
    Odd("parts", chat([{"type": "text", "text": "a row of words "}, {"type": "text", "text": "that is long enough"}]),
        ROW),
    Odd("parts with thoughts", chat([{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
        {"type": "text", "text": ROW}]), ROW),
    Odd("parts of the type reasoning", chat([{"type": "reasoning", "text": "hm"}, {"type": "text", "text": ROW}]), ROW),
    Odd("more tokens than any", json.dumps({**json.loads(chat(ROW)), "usage": {"completion_tokens": 10**30}}), ROW),
    Odd("a stream of several answers", events({"choices": [{"index": 1, "delta": {"content": "another"}}]},
        delta(content=ROW), {"choices": [{"index": 1, "delta": {}, "finish_reason": "stop"}]}, [7], delta("stop")),
        ROW),
    Odd("a stream of parts", events(delta(content=[{"type": "text", "text": ROW}]), delta("stop")), ROW),
    Odd("finish_reason null", chat(ROW, finish=None), ROW),
    Odd("finish_reason a number", chat(ROW, finish=2), ROW),
    Odd("finish_reason of its own", chat(ROW, finish="eos_token"), ROW),
    Odd("tool_calls is an empty list", chat(ROW, tool_calls=[]), ROW),
    Odd("several choices", json.dumps({"choices": [{"index": n, "message": {"content": text}} for n, text in
        enumerate((ROW, "another row of words entirely"))]}), ROW),
    Odd("several choices in another order", json.dumps({"choices": [{"index": n, "message": {"content": text}} for
        n, text in ((1, "another row of words entirely"), (0, ROW))]}), ROW),
    Odd("201", chat(ROW), ROW, status=201),
    Odd("a stream whose events have no error", events({**delta(content=ROW), "error": None}, delta("stop")), ROW),
    Odd("error is null", json.dumps({**json.loads(chat(ROW)), "error": None}), ROW),
    Odd("a byte order mark", b"\xef\xbb\xbf" + chat(ROW).encode(), ROW),
    Odd("the wrong content type", chat(ROW), ROW, type="text/plain"),
    Odd("usage of wrong types", json.dumps({**json.loads(chat(ROW)), "usage": {"prompt_tokens": "many",
        "completion_tokens": -3}}), ROW),
    Odd("usage is a list", json.dumps({**json.loads(chat(ROW)), "usage": [7, 9]}), ROW),
    Odd("a stream that nobody asked for", events(delta(role="assistant"), delta(content="a row of words "),
        delta(content="that is long enough"), delta("stop")), ROW, type="text/event-stream"),
)  # fmt: skip

# what every prompt would meet: one line at once, with the option to set, and no delay
EVERY = (
    Odd("wrong key", error("Incorrect API key provided", code="invalid_api_key"), "key_variable", "Incorrect", 401),
    Odd("no permission", error("You have no access"), "llm.key_variable", "no access", 403),
    Odd("unknown model", error("The model `m` does not exist", code="model_not_found"), "llm.model=m", "exist", 404),
    Odd("wrong path", "404 page not found", "/v1", "page not found", 404, "text/plain"),
    Odd("a wrong path of FastAPI", json.dumps({"detail": "Not Found"}), "/v1", "Not Found", 404),
    Odd("method not allowed", "<h1>405 Not Allowed</h1>", "llm.url", "Not Allowed", 405, "text/html"),
    Odd("no quota", error("You exceeded your current quota, please check your plan and billing details.",
        type="insufficient_quota", code="insufficient_quota"), "credit", "quota", 429),
    Odd("no balance", error("Insufficient Balance"), "credit", "Insufficient Balance", 402),
    Odd("no credits with 403", json.dumps({"code": "forbidden", "error": "Your team has run out of credits."}),
        "credit", "credits", 403),
    Odd("moved", "", "set llm.url", "elsewhere.invalid/v1", 308, headers={"location": "https://elsewhere.invalid/v1"}),
    Odd("max_tokens unsupported", error(
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        type="invalid_request_error", param="max_tokens", code="unsupported_parameter"),
        "'llm.request.rename={max_tokens: max_completion_tokens}'", "Unsupported parameter", 400),
    Odd("temperature unsupported", error(
        "Unsupported value: 'temperature' does not support 0.9 with this model. Only the default (1) is supported.",
        param="temperature", code="unsupported_value"), "llm.request.drop=[temperature]", "Unsupported value", 400),
    Odd("seed unknown, without a code", json.dumps({"message": "json: unknown field \"seed\""}),
        "llm.request.drop=[seed]", "unknown field", 400),
    Odd("a parameter that is too long", error("Invalid 'seed': the sequence is too long. Expected a length of at most "
        "4.", param="seed", code="array_above_max_length"), "llm.request.drop=[seed]", "at most 4", 400),
    Odd("top_p forbidden, FastAPI", json.dumps({"detail": [{"loc": ["body", "top_p"], "msg": "Extra inputs are not "
        "permitted", "type": "extra_forbidden"}]}), "llm.request.drop=[top_p]", "not permitted", 422),
    Odd("no words at all", "", "each of the first 5 prompts", "400", 400),
    Odd("a portal", "<html>Please sign in</html>", "llm.url", "sign in", 200, "text/html"),
    Odd("an empty object", "{}", "llm.url", "choices", 200),
    Odd("no choices, always", json.dumps({"choices": []}), "llm.url", "choices", 200),
    Odd("not implemented", error("not implemented"), "llm.url", "not implemented", 501),
)  # fmt: skip

# texts that a server answers, and the row that they become, or why they become none; for the real parser
CONTENTS: tuple[Odd, ...] = ()


class OddServer:
    """Plays one odd answer, to every prompt or to those whose seed can be divided by three, but for 0, the seed of the
    fixed question. `asked` has the requests.

    `model` is what it says of itself in its list of models; None: it has no list. `prefix` is the path before
    `/chat/completions`.
    """

    def __init__(
        self, odd: Odd | None = None, *, every: bool = False, model: Mapping[str, Any] | None = None
    ) -> None:
        self.odd, self.every, self.model = odd, every, model
        self.asked: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def reply(self, body: Mapping[str, Any]) -> Odd:
        """The reply to one request."""
        self.asked.append(dict(body))
        seed = body.get("seed", 1)
        if self.odd is not None and (self.every or (seed and seed % 3 == 0)):
            return self.odd
        return Odd("good", chat(self.good(body)))

    def good(self, body: Mapping[str, Any]) -> str:
        """The text of a good answer."""
        return GOOD.format(seed=body.get("seed"))


def _handler(server: OddServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # or the body of each answer waits 40 ms for its head

        def do_POST(self) -> None:
            server.paths.append(self.path)
            server.headers.append({name.lower(): value for name, value in self.headers.items()})
            self._send(server.reply(json.loads(self.rfile.read(int(self.headers["content-length"])))))

        def do_GET(self) -> None:
            listed = {"object": "list", "data": [server.model]}
            known = server.model is not None and self.path.partition("?")[0].endswith("/models")
            self._send(Odd("models", json.dumps(listed if known else {}), status=200 if known else 404))

        def _send(self, odd: Odd) -> None:
            data = odd.body if isinstance(odd.body, bytes) else odd.body.encode()
            self.send_response(odd.status)
            self.send_header("content-type", odd.type)
            self.send_header("content-length", str(len(data)))
            for name, value in odd.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data[: len(data) - odd.cut])
            if odd.cut:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None: ...

    return Handler
