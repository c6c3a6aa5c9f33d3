"""Whole commands with JSON or worked examples: what a server is sent, which rows its answers become, how they count."""

from __future__ import annotations

import json
import subprocess
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from s3exp.llm.toy import ToyLLM
from s3exp.record.rounds import RoundRecord, read_rounds
from s3exp.types import Completion, Prompt, prompt_hash
from tests import warm
from tests.toy_world import ToyServer, write_task

pytestmark = pytest.mark.process

REASONS = json.dumps([f"reason {number} of many" for number in range(20)])
PROMPT_SETS = {
    "toy": {
        "rationale": "{count} reasons for label={label}",
        "seed": "label={label}",
        "seed_with_rationales": "of {rationales}: label={label}",
        "extrapolate": "label={label} like: {text}",
        "labels": ["0", "1"],
    }
}


class Listing(ToyServer):
    """Answers with as many rows as the schema asks for: one in four repeats a row, one in three is cut off."""

    def answer(self, body: Mapping[str, Any]) -> tuple[int, str]:
        text, seed = body["messages"][-1]["content"], body.get("seed", 0)
        if "reasons for" in text:
            return 200, self._chat(REASONS, "stop")
        if "label=" not in text:
            return super().answer(body)
        schema = body["response_format"]["json_schema"]["schema"]
        count = schema["properties"]["rows"]["minItems"]
        rows = [self._row(text, seed * 10 + number) for number in range(count)]
        rows = [*rows[:-1], rows[0]] if seed % 4 == 1 else rows
        said = json.dumps({"rows": [{"text": row} for row in rows]})
        cut = said.rindex(" ") - 2 if seed % 3 == 0 else len(said)
        return 200, self._chat(said[:cut], "length" if seed % 3 == 0 else "stop")

    def _row(self, text: str, seed: int) -> str:
        asked = text.partition("\n\n")[0]
        ((_, made),) = self.llm.generate([Prompt(asked[asked.index("label=") :], "seed", seed, 99, 0)])
        return made.text

    def _chat(self, text: str, finish: str) -> str:
        choice = {"message": {"role": "assistant", "content": text}, "finish_reason": finish}
        return json.dumps({"choices": [choice], "usage": {"prompt_tokens": 20, "completion_tokens": 30}})


class Refusing(ToyServer):
    """Knows no response_format."""

    def answer(self, body: Mapping[str, Any]) -> tuple[int, str]:
        if "response_format" in body:
            return 400, json.dumps({"error": {"message": "This model does not know 'json_schema'."}})
        if "reasons for" in body["messages"][-1]["content"]:
            return 200, json.dumps({"choices": [{"message": {"content": REASONS}}]})
        return 200, json.dumps({"choices": [{"message": {"content": f"a row of words {body.get('seed')}"}}]})


def s3exp(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return warm.run(["-m", "s3exp", *words], cwd=folder, plots=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("structured")
    (folder / "words.json").write_text(json.dumps(write_task(folder, prompt_sets=PROMPT_SETS)))
    return folder


@pytest.fixture(scope="module")
def run(folder: Path) -> tuple[list[RoundRecord], Listing]:
    words = json.loads((folder / "words.json").read_text())
    with Listing() as server:
        ended = s3exp(
            folder,
            *words,
            "llm.structured=true",
            "task.rows_per_answer=3",
            f"llm.url={server.url}",
            "run_dir=run",
        )
    assert ended.returncode == 0, ended.stderr
    return read_rounds(folder / "run"), server


def test_a_server_gets_the_schema_of_rows_and_not_of_reasons(run: tuple[list[RoundRecord], Listing]) -> None:
    bodies = [body for _, _, body in run[1].requests if "label=" in body["messages"][-1]["content"]]
    lists = [body for body in bodies if "reasons for" in body["messages"][-1]["content"]]
    assert lists and not any("response_format" in body for body in lists)
    for body in bodies:
        if body in lists:
            continue
        held = body["response_format"]
        assert held["type"] == "json_schema" and held["json_schema"]["strict"] is True
        assert held["json_schema"]["schema"]["required"] == ["rows"]
        assert (
            body["max_tokens"] == 3 * 256
            and '{"rows": [{"text": "..."}, ...]}' in body["messages"][-1]["content"]
        )


def test_every_row_of_an_answer_has_its_place_its_tokens_and_its_fate(
    run: tuple[list[RoundRecord], Listing],
) -> None:
    rejected: Counter[str] = Counter()
    for record in run[0]:
        batch = record.batch
        assert len(batch.examples) == batch.quota
        assert [row.id for row in batch.examples] == [f"r{record.round}-{n}" for n in range(batch.quota)]
        places = defaultdict[str, list[int]](list)
        for one in (*batch.examples, *batch.rejected):
            if one.place is not None:
                places[str(one.prompt)].append(one.place)
        asked = {prompt_hash(prompt): completion for prompt, completion in batch.asked if prompt.schema}
        assert set(places) == set(asked) and all(sorted(of) == [0, 1, 2] for of in places.values())
        for row in batch.examples:
            text = asked[str(row.prompt)].text
            assert (
                row.fields["text"] == json.loads(text + '"}]}' * (text[-1] != "}"))["rows"][row.place]["text"]
            )
            assert row.tokens in (16, 17)  # of 50 in three
        rejected.update(one.reason for one in batch.rejected)
        assert record.metrics["rejected"] == len(batch.rejected)
    assert rejected["duplicate"] and rejected["truncated"] and set(rejected) <= {
        "duplicate", "truncated", "over_quota"}  # fmt: skip
    texts = [row.fields["text"] for record in run[0] for row in record.batch.examples]
    assert len(set(texts)) == len(texts)


def test_the_certificate_and_the_budget_count_every_row(
    folder: Path, run: tuple[list[RoundRecord], Listing]
) -> None:
    rows = sum(len(record.batch.examples) for record in run[0])
    certificate = json.loads((folder / "run" / "certificate.json").read_text())
    assert certificate["clean"] is True and certificate["rows"] == rows == 48
    result = json.loads((folder / "run" / "result.json").read_text())
    asked = sum(len(record.batch.asked) for record in run[0])
    assert result["llm"]["completion_tokens"] == 30 * asked and asked < rows
    words = json.loads((folder / "words.json").read_text())
    options = ("llm.structured=true", "task.rows_per_answer=3", "loop.budget.tokens=1500", "strategy=zerogen")
    with Listing() as server:
        ended = s3exp(folder, *words, *options, f"llm.url={server.url}", "run_dir=capped", "llm.store=null")
    assert ended.returncode == 0 and "for its LLM tokens" in ended.stderr, ended.stderr
    (seed,) = read_rounds(folder / "capped")
    assert 3 <= len(seed.batch.examples) < 48  # a full answer has 768 tokens, and each took 50
    assert sum(completion.tokens or 0 for _, completion in seed.batch.asked) <= 1500


def test_a_server_that_refuses_it_ends_the_run_with_the_option(folder: Path) -> None:
    words = json.loads((folder / "words.json").read_text())
    options = ("llm.structured=true", "llm.store=null")
    with Refusing() as server:
        ended = s3exp(folder, *words, *options, f"llm.url={server.url}", "run_dir=refused")
        assert ended.returncode == 2 and "Traceback" not in ended.stderr, ended.stderr
        assert "set llm.structured=false" in ended.stderr and "'json_schema'" in ended.stderr
        assert len(server.requests) < 40
        in_words = ("llm.request.drop=[response_format]", "strategy=zerogen", "run_dir=words")
        ended = s3exp(folder, *words, *options, f"llm.url={server.url}", *in_words)
    # the toy LLM answers without JSON: each answer is a rejection by name, and the end says what to set
    assert ended.returncode == 2 and "not_json" in ended.stderr and "llm.structured=false" in ended.stderr


def test_plain_answers_of_before_have_no_new_words(tmp_path: Path) -> None:
    """Neither record nor store has a word of it in a run that does not set it."""

    class Plain(ToyLLM):
        def _answer(self, prompt: Prompt) -> Completion:
            assert prompt.schema is None
            return super()._answer(prompt)

    words = write_task(tmp_path)
    with ToyServer(Plain()) as server:
        ended = s3exp(tmp_path, *words, "strategy=zerogen", f"llm.url={server.url}", "run_dir=run")
        assert ended.returncode == 0, ended.stderr
        assert not any("response_format" in body for _, _, body in server.requests)
    for file in (tmp_path / "run" / "rounds" / "0").glob("*.jsonl"):
        for line in file.read_text().splitlines():
            assert not {"schema", "place", "shots"} & set(json.loads(line))
    facts = json.loads((tmp_path / "run" / "run.json").read_text())["identity"]
    assert not any("structured" in key or "rows_per_answer" in key or key.endswith(".form") for key in facts)


class Copying(ToyServer):
    """The toy LLM, but one answer in three is the first example of its prompt, word by word."""

    def answer(self, body: Mapping[str, Any]) -> tuple[int, str]:
        text = body["messages"][-1]["content"]
        if "label=" not in text or body["seed"] % 3:
            return super().answer(body)
        return 200, json.dumps({"choices": [{"message": {"content": text.split("\n")[1]}}]})


def test_worked_examples_are_mining_rows_on_record_and_their_copies_are_rejected(tmp_path: Path) -> None:
    words = write_task(tmp_path)
    with Copying() as server:
        ended = s3exp(tmp_path, *words, "task.shots=2", f"llm.url={server.url}", "run_dir=run")
    assert ended.returncode == 0, ended.stderr
    records = read_rounds(tmp_path / "run")
    mining = {guess.id for guess in records[0].predictions}
    gold = [json.loads(line) for line in (tmp_path / "validation.jsonl").read_text().splitlines()]
    rows = {name: gold[int(name.rpartition("-")[2])] for name in mining}
    for record in records:
        for prompt, _ in record.batch.asked:
            shown = [rows[name] for name in prompt.shots]  # rows of select would not be among them
            assert len(shown) == 2 and prompt.parent not in prompt.shots
            assert all(row["label"] == prompt.target and row["text"] in prompt.text for row in shown)
        assert "copy_of_gold" in {one.reason for one in record.batch.rejected}
        assert not {row.fields["text"] for row in record.batch.examples} & {row["text"] for row in gold}
    assert json.loads((tmp_path / "run" / "certificate.json").read_text())["clean"] is True
    assert json.loads((tmp_path / "run" / "run.json").read_text())["identity"]["task.shots"] == 2
