"""The seam: which adapter writes a round, what is on record of it, what is dropped; nothing is learned twice."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import s3exp
from s3exp.llm import build_llm, remote, tuning
from s3exp.llm.store import Stored
from s3exp.llm.tuning import Nll, Took
from s3exp.llm.turns import Turn
from s3exp.record.adapters import WEIGHTS
from s3exp.record.numbers import Meter, and_of_tutor
from s3exp.record.rounds import RoundRecord
from s3exp.settings.llm import ServerConfig, TransformersConfig
from s3exp.settings.run import Config
from s3exp.settings.task import PromptSet, TaskConfig
from s3exp.settings.tutor import DpoConfig, SftConfig, SftDpoConfig, TutorConfig
from s3exp.tasks.classification import Classification
from s3exp.tasks.roles import Gold, Sealed
from s3exp.tutor.pairs import pairs_of, scored
from s3exp.tutor.stages import School
from s3exp.tutor.tutor import Taught, both
from s3exp.types import Batch, Completion, Example, LLMFault, Prompt, Rejected, UserError, prompt_hash
from tests.tiny_llm import tiny_llm
from tests.toy_world import ToyServer

SFT = SftConfig(sft_epochs=3, sft_lr=0.02, batch=8, cpu_threads=1)
PROMPTS = [Prompt(f"Write a {word} film review.", "seed", seed, 8, 0) for seed, word in enumerate("abcdef")]


@pytest.fixture(scope="module")
def llm(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny_llm(tmp_path_factory.mktemp("llm") / "tiny"))


@pytest.fixture
def school_of(llm: str, tmp_path: Path) -> Callable[[TutorConfig], School]:
    """A school whose gold rows all say the same, and whose run is alone in the test's folder."""

    def make(tutor: TutorConfig) -> School:
        sets = {"p": PromptSet(seed="Write a {label} film review.", extrapolate="Like {text}: {label}")}
        task = TaskConfig(
            name="t", fields=["text"], generate="text", labels=["bad", "good"], prompts="p", prompt_sets=sets
        )
        rows = [Example(f"g{i}", {"text": f"the plot is dull and slow {i}"}, i % 2) for i in range(30)]
        gold = Gold((), (rows[0],), (rows[1],), Sealed([rows[2]]), learned=tuple(rows[3:]))
        config = Config(task=task, tutor=tutor, llm=TransformersConfig(model=llm, store=None, max_tokens=24))
        built = Classification(task, config.llm, gold, lambda text: text)
        return School(
            config,
            built,
            llm,
            tmp_path / "run",
            lambda number: [],
            lambda: pytest.fail("no small model"),
            _unasked,
        )

    return make


def _unasked(prompts: Sequence[Prompt]) -> Sequence[Completion]:
    return pytest.fail("the LLM is asked nothing")


def meter_of(engine: Stored) -> Meter:
    return Meter(engine, 0)


def engine_of(school: School, store: Path | None = None) -> Stored:
    config = replace(school.config.llm, store=None if store is None else str(store))
    return build_llm(config, progress=False)


def test_the_tuned_writer_has_an_identity_of_its_own_and_no_answer_crosses(
    school_of: Callable[[TutorConfig], School], tmp_path: Path
) -> None:
    school = school_of(SFT)
    with engine_of(school, tmp_path / "store.sqlite") as base:
        untaught = base.generate(PROMPTS)
        writer = Taught(school).writer(base, 0, meter_of(base))
        assert writer.llm.peek(PROMPTS) == [None] * len(PROMPTS)
        taught = writer.llm.generate(PROMPTS)
        assert sum(one.stored for one in taught) == 0
        assert [one.text for one in taught] != [one.text for one in untaught]
        again = Taught(school).writer(base, 0, meter_of(base)).llm.generate(PROMPTS)
        assert [one.text for one in again] == [one.text for one in taught]
        assert all(one.stored for one in again)
        assert [one.text for one in base.generate(PROMPTS)] == [one.text for one in untaught]
        assert all(one.stored for one in base.generate(PROMPTS))


def test_what_was_learned_is_on_record_and_not_learned_again(
    school_of: Callable[[TutorConfig], School], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    school = school_of(SFT)
    with engine_of(school) as base:
        first = Taught(school).writer(base, 0, meter_of(base))
        assert first.numbers["tutor/kept"] == 1 and first.numbers["tutor/nll_fell_low"] > 0.05
        assert first.numbers["tutor/rows"] == 24 and first.numbers["tutor/held_out"] == 3
        lines = [
            json.loads(line)
            for line in (tmp_path / "run/adapters/sft-0/lessons.jsonl").read_text().splitlines()
        ]
        assert sum(line["held_out"] for line in lines) == 3
        assert lines[0]["prompt"] == "Write a good film review." and lines[0]["answer"].startswith("the plot")
        monkeypatch.setattr(School, "pupil", lambda *_: pytest.fail("it was learned twice"))
        meter = meter_of(base)
        second = Taught(school).writer(base, 0, meter)
        assert second.numbers == first.numbers and second.adapter == first.adapter
        assert meter.numbers()["seconds/tune"] > 0 and meter.numbers()["cost/seconds"] > 0
        later = Taught(school).writer(base, 3, meter_of(base))
        assert later.numbers == {} and later.adapter == first.adapter


def test_two_runs_that_learn_the_same_have_one_llm_whenever_they_learn(
    school_of: Callable[[TutorConfig], School], tmp_path: Path
) -> None:
    """Their records differ in seconds; the answers of the one are those of the other."""
    school = school_of(replace(SFT, sft_epochs=1))
    folders = [tmp_path / "one/run", tmp_path / "two/run"]  # not side by side: each learns
    with engine_of(school) as base:
        answers = []
        for folder in folders:
            own = replace(school, folder=folder)
            writer = Taught(own).writer(base, 0, meter_of(base))
            answers.append(writer.llm.generate(PROMPTS))
    one, two = (json.loads((folder / "adapters/sft-0/tuned.json").read_text()) for folder in folders)
    assert one["seconds"] != two["seconds"] and one["sha256"] == two["sha256"]
    assert [one.text for one in answers[0]] == [one.text for one in answers[1]]
    assert not any(one.stored for one in answers[0]) and all(one.stored for one in answers[1])


def adapter_in(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in run.glob("adapters/*/*") if path.name != "tuned.json"}


def test_a_run_takes_what_one_beside_it_has_learned_as_if_it_had_learned_it(
    school_of: Callable[[TutorConfig], School],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    school = school_of(replace(SFT, sft_epochs=1))
    later = replace(school_of(replace(SFT, sft_epochs=1, when="rounds")), folder=tmp_path / "later")
    third = replace(later, folder=tmp_path / "third")
    with engine_of(school) as base:
        first = Taught(school).writer(base, 0, meter_of(base))
        monkeypatch.setattr(School, "pupil", lambda *_: pytest.fail("it was learned twice"))
        for one in (later, third):
            meter = meter_of(base)
            writer = Taught(one).writer(base, 1, meter)
            assert writer.numbers == first.numbers and adapter_in(one.folder) == adapter_in(school.folder)
            assert meter.numbers()["seconds/tune"] > 0 and meter.numbers()["cost/cpu_seconds"] > 0
            tuned = json.loads((one.folder / "adapters/sft-1/tuned.json").read_text())
            assert (tuned["round"], tuned["taken_from"]) == (1, "run")  # of the third, too
    assert caplog.text.count("run has learned the same rows") == 2


@pytest.mark.parametrize("changed", ["sft_lr", "row", "seed", "llm", "its adapter"])
def test_what_was_learned_otherwise_or_was_changed_is_not_taken(
    school_of: Callable[[TutorConfig], School], tmp_path: Path, changed: str
) -> None:
    school = school_of(replace(SFT, sft_epochs=1))
    config, gold = school.config, school.task.gold
    other = replace(school, folder=tmp_path / "other")
    if changed == "sft_lr":
        other = replace(other, config=replace(config, tutor=replace(SFT, sft_epochs=1, sft_lr=0.01)))
    elif changed == "row":
        rows = (replace(gold.learned[0], fields={"text": "a joy"}), *gold.learned[1:])
        task = Classification(config.task, config.llm, replace(gold, learned=rows), str)
        other = replace(other, task=task)
    elif changed == "seed":
        other = replace(other, config=replace(config, seed=1))
    elif changed == "llm":
        other = replace(other, config=replace(config, llm=replace(config.llm, system="You write reviews.")))
    with engine_of(school) as base:
        Taught(school).writer(base, 0, meter_of(base))
        if changed == "its adapter":
            path = school.folder / "adapters/sft-0" / WEIGHTS
            path.write_bytes(path.read_bytes()[:-1] + b"x")
        Taught(other).writer(base, 0, meter_of(base))
    assert json.loads((other.folder / "adapters/sft-0/tuned.json").read_text())["taken_from"] == ""


@pytest.mark.parametrize("what", ["llm.max_tokens", "positions"])
def test_rows_that_are_too_long_are_left_out_and_counted(
    school_of: Callable[[TutorConfig], School],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
) -> None:
    """No answer is cut to what fits: its end would be learned in the middle of it."""
    school = school_of(replace(SFT, sft_epochs=1))
    long = replace(school.task.gold.learned[0], fields={"text": "the plot is dull and slow " * 6})
    gold = replace(school.task.gold, learned=(long, *school.task.gold.learned[1:]))
    school = replace(school, task=replace(school.task, gold=gold))  # type: ignore[type-var]
    if what == "positions":
        monkeypatch.setattr(tuning, "most_tokens", lambda model: 40)
        school = replace(
            school, config=replace(school.config, llm=replace(school.config.llm, max_tokens=200))
        )
    with engine_of(school) as base:
        writer = Taught(school).writer(base, 0, meter_of(base))
    assert writer.numbers["tutor/left_out"] == 1
    assert writer.numbers["tutor/rows"] + writer.numbers["tutor/held_out"] == 26
    assert "1 gold rows are not learned" in caplog.text


def test_pairs_that_the_llm_does_not_read_are_left_out(
    school_of: Callable[[TutorConfig], School],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    school = replace(school_of(DpoConfig(pairs="screen", batch=8)), rounds=lambda number: [joyful(0)])
    monkeypatch.setattr(tuning, "most_tokens", lambda model: 3)
    with engine_of(school) as base:
        writer = Taught(school).writer(base, 1, meter_of(base))
    assert (
        writer.llm is base and writer.numbers["tutor/left_out"] == 30 and writer.numbers["tutor/pairs"] == 0
    )
    assert "30 pairs of answers are longer than the 3 tokens" in caplog.text


def test_two_tunings_before_one_round_were_kept_if_both_were() -> None:
    rows, pairs = ({"tutor/kept": kept, "tutor/tokens": 5.0, "tutor/rows": 1.0} for kept in (0.0, 1.0))
    pairs |= {"tutor/pairs": 3.0}
    for found in (both(rows, pairs), both(pairs, rows)):
        assert found == {"tutor/kept": 0.0, "tutor/tokens": 10.0, "tutor/rows": 1.0, "tutor/pairs": 3.0}


def test_with_rounds_the_seed_is_written_without(
    school_of: Callable[[TutorConfig], School], tmp_path: Path
) -> None:
    school = school_of(replace(SFT, when="rounds", sft_epochs=1))
    with engine_of(school) as base:
        tutor = Taught(school)
        assert tutor.writer(base, 0, meter_of(base)).llm is base
        one, two = tutor.writer(base, 1, meter_of(base)), tutor.writer(base, 2, meter_of(base))
        assert one.llm is two.llm and one.numbers and not two.numbers
        assert [path.name for path in (tmp_path / "run/adapters").iterdir()] == ["sft-1"]


@pytest.mark.parametrize("words", [["strategy=gold"], ["strategy=zerogen"]])
def test_a_baseline_that_asks_no_llm_runs_beside_tuned_ones(
    llm: str, tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    small = ["task.gold.mining_rows=60", "task.gold.select_rows=30", "task.gold.test_rows=30", "audit=none"]
    tuned = [
        "tutor=sft",
        "tutor.most_rows=30",
        "tutor.sft_epochs=1",
        "loop.budget.rows=20",
        f"llm.model={llm}",
    ]
    own = [
        "llm=transformers",
        "llm.max_tokens=40",
        "llm.truncated=keep",
        "small_model.epochs=1",
        "tracker=none",
    ]
    result = s3exp.run(["task=reviews", *words, *small, *tuned, *own, "llm.store=null"])
    assert (result.folder / "adapters").is_dir() == (words != ["strategy=gold"])
    assert result.result["gold"].get("learned", 0) == (0 if words == ["strategy=gold"] else 30)


def test_without_epochs_nothing_is_learned(
    school_of: Callable[[TutorConfig], School], tmp_path: Path
) -> None:
    school = school_of(replace(SFT, sft_epochs=0))
    with engine_of(school) as base:
        assert Taught(school).writer(base, 0, meter_of(base)).llm is base
    assert not (tmp_path / "run/adapters").exists()


class Spoiled:
    """A pupil that knows less after its lesson."""

    def __init__(self, after: float) -> None:
        self.took, self._nats, self._after = Took(), 2.0, after

    limit = 512

    def reads(self, turn: Turn, answer: int | None = None) -> bool:
        return True

    def nlls(self, turns: Sequence[Turn]) -> list[Nll]:
        return [Nll(self._nats, 1) for _ in turns]

    def learn(self, turns: Sequence[Turn], config: SftConfig) -> None:
        self._nats = self._after

    def save(self, folder: Path) -> None:
        pytest.fail("a worse adapter is kept")

    def close(self) -> None: ...


@pytest.mark.parametrize("spoiled", [2.1, float("nan"), None])
def test_an_adapter_that_makes_it_worse_is_dropped_and_that_is_on_record(
    school_of: Callable[[TutorConfig], School],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    spoiled: float | None,
) -> None:
    """And so is one whose numbers run away."""
    if spoiled is not None:
        monkeypatch.setattr(School, "pupil", lambda *_: Spoiled(spoiled))
    school = school_of(replace(SFT, sft_lr=1e20))
    with engine_of(school) as base:
        writer = Taught(school).writer(base, 0, meter_of(base))
        assert writer.llm is base and writer.adapter is None and writer.numbers["tutor/kept"] == 0
        assert "the adapter is dropped" in caplog.text
        assert not (tmp_path / "run/adapters/sft-0" / WEIGHTS).exists()
        assert Taught(school).writer(base, 0, meter_of(base)).numbers == writer.numbers


def test_a_byte_of_the_adapter_that_was_changed_is_noticed(
    school_of: Callable[[TutorConfig], School], tmp_path: Path
) -> None:
    school = school_of(replace(SFT, sft_epochs=1))
    with engine_of(school) as base:
        Taught(school).writer(base, 0, meter_of(base))
        path = tmp_path / "run/adapters/sft-0" / WEIGHTS
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"sft-0.*damaged.*safetensors was changed") as caught:
            Taught(school).writer(base, 0, meter_of(base))
        assert "\n" not in str(caught.value)
        path.unlink()
        with pytest.raises(UserError, match="damaged"):
            Taught(school).writer(base, 0, meter_of(base))


def test_rows_that_cannot_be_learned_are_refused_with_their_number(
    school_of: Callable[[TutorConfig], School],
) -> None:
    school = school_of(SFT)
    school = replace(school, config=replace(school.config, llm=replace(school.config.llm, max_tokens=4)))
    with engine_of(school) as base, pytest.raises(UserError, match=r"0 of 27 gold rows.*llm\.max_tokens=4"):
        Taught(school).writer(base, 0, meter_of(base))


class Loading(ToyServer):
    """Loads adapters as vLLM does, or refuses to."""

    def __init__(self, *statuses: int) -> None:
        """`statuses` of its replies, one after another; after them it loads."""
        super().__init__()
        self.statuses = list(statuses)
        self.keeps = 99  # answers that it gives before it forgets

    def answer(self, body: Mapping[str, Any]) -> tuple[int, str]:
        if "lora_name" in body:
            self.about = {"id": body["lora_name"]}
            status = self.statuses.pop(0) if self.statuses else 200
            words = {200: "Success", 400: "The lora adapter has already been loaded.", 503: "busy"}
            return status, words.get(status, "Not Found")
        if body["model"].startswith("s3exp-"):
            self.keeps -= 1
            if self.keeps < 0:
                self.about = {"id": "toy"}
                return 404, json.dumps({"error": {"message": f"The model `{body['model']}` does not exist."}})
        return super().answer(body)


def served(school: School, server: ToyServer) -> School:
    """The school with its LLM behind a server."""
    llm = ServerConfig(model="toy", url=server.url, store=None, max_tokens=24, retries=1)
    tutor = replace(school.config.tutor, weights=school.path)  # type: ignore[call-arg]
    return replace(school, config=replace(school.config, llm=llm, tutor=tutor))


def test_a_server_is_told_to_load_the_adapter_and_asked_by_its_name(
    school_of: Callable[[TutorConfig], School],
) -> None:
    ask = [replace(prompt, text=f"{prompt.text} label=0") for prompt in PROMPTS]
    with Loading() as server:
        school = served(school_of(replace(SFT, sft_epochs=1)), server)
        with engine_of(school) as base:
            base.generate(ask)
            writer = Taught(school).writer(base, 0, meter_of(base))
            assert writer.llm.peek(ask) == [None] * len(ask)
            writer.llm.generate(ask)
    told = [body for path, _, body in server.requests if path.endswith("/v1/load_lora_adapter")]
    assert len(told) == 1 and told[0]["lora_path"].endswith("adapters/sft-0")
    asked = [body["model"] for _, _, body in server.requests if "label=0" in str(body.get("messages"))]
    assert asked == ["toy"] * len(ask) + [told[0]["lora_name"]] * len(ask)


@pytest.mark.parametrize("statuses", [[503, 200], [503, 400], [400]])
def test_a_server_that_is_busy_or_has_the_adapter_is_asked(
    school_of: Callable[[TutorConfig], School], monkeypatch: pytest.MonkeyPatch, statuses: list[int]
) -> None:
    monkeypatch.setattr(remote, "PAUSE_SECONDS", 0.0)
    with Loading(*statuses) as server:
        school = served(school_of(SFT), server)
        school = replace(school, config=replace(school.config, llm=replace(school.config.llm, retries=3)))
        config = remote.loaded(school.config.llm, Path("folder"), "sha256:0123456789abcdef0123")  # type: ignore[arg-type]
        assert config.model == "s3exp-0123456789abcdef" and len(server.requests) == len(statuses)


def test_a_server_that_never_has_time_is_a_fault(
    school_of: Callable[[TutorConfig], School], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "PAUSE_SECONDS", 0.0)
    with Loading(*[503] * 9) as server:
        school = served(school_of(SFT), server)
        with pytest.raises(
            LLMFault, match=r"has not loaded the adapter in .*503: busy.*llm\.timeout"
        ) as caught:
            remote.loaded(school.config.llm, Path("folder"), "sha256:0")  # type: ignore[arg-type]
        assert "\n" not in str(caught.value)


def test_a_server_that_cannot_be_asked_at_all_is_told_once(
    school_of: Callable[[TutorConfig], School], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote.time, "sleep", lambda seconds: pytest.fail("it waits for nothing"))
    with Loading() as server:
        config = served(school_of(SFT), server).config.llm
        config = replace(config, url=server.url.replace("http:", "https:"))  # type: ignore[call-arg]
        with pytest.raises(UserError, match=r"does llm\.url begin with http://"):
            remote.loaded(config, Path("folder"), "sha256:0")  # type: ignore[arg-type]


def test_a_server_that_forgets_the_adapter_is_said_to_and_told_again(
    school_of: Callable[[TutorConfig], School],
) -> None:
    ask = [replace(prompt, text=f"{prompt.text} label=0") for prompt in PROMPTS]
    with Loading() as server:
        server.keeps = 4
        school = served(school_of(replace(SFT, sft_epochs=1)), server)
        with engine_of(school) as base:
            writer = Taught(school).writer(base, 0, meter_of(base))
            with pytest.raises(LLMFault, match=r"has forgotten the adapter .*the same command") as caught:
                writer.llm.generate(ask)
            assert "\n" not in str(caught.value)
            server.keeps = 99
            assert len(writer.llm.generate(ask)) == len(ask)
        told = [body for path, _, body in server.requests if path.endswith("load_lora_adapter")]
    assert len(told) == 2 and len(set(server.asked)) == len(server.asked) == len(ask)


def test_a_server_that_loads_no_adapter_is_one_line(school_of: Callable[[TutorConfig], School]) -> None:
    with Loading(404) as server:
        school = served(school_of(replace(SFT, sft_epochs=1)), server)
        with (
            engine_of(school) as base,
            pytest.raises(UserError, match="loads no adapter.*404.*--enable-lora"),
        ):
            Taught(school).writer(base, 0, meter_of(base)).llm.generate(PROMPTS)


def joyful(number: int) -> RoundRecord:
    """A round whose rows speak of joy, and whose rejected answers complain."""
    asked, rows, rejected = [], [], []
    for i in range(60):
        prompt, good = Prompt(f"Write {i % 7}.", "seed", i, 9, i % 2), i % 4 < 2
        text = f"joy and noise {i}" if good else f"sorry, it drags {i}"
        asked.append((prompt, Completion(text, 1, 1, "stop")))
        if good:
            rows.append(Example(f"r{i}", {"text": text}, i % 2, number, prompt=prompt_hash(prompt)))
        else:
            rejected.append(Rejected("refusal", text, prompt_hash(prompt), i % 2))
    return RoundRecord(number, Batch(tuple(rows), tuple(rejected), tuple(asked)), (), {})


def test_pairs_are_learned_before_every_round_on_top_of_the_rows(
    school_of: Callable[[TutorConfig], School], tmp_path: Path
) -> None:
    both = SftDpoConfig(
        sft_epochs=1, sft_lr=0.02, dpo_epochs=4, dpo_lr=0.01, pairs="screen", batch=8, cpu_threads=1
    )
    school = replace(school_of(both), rounds=lambda number: [joyful(at) for at in range(number)])
    with engine_of(school) as base:
        tutor = Taught(school)
        named = []
        for number in range(3):
            writer = tutor.writer(base, number, meter_of(base))
            assert writer.adapter is not None and writer.numbers["tutor/kept"] == 1
            assert ("tutor/rows" in writer.numbers) == (number == 0)
            named.append(writer.adapter["name"])
            if number:
                assert writer.numbers["tutor/pairs"] == 30 * number
                assert writer.numbers["tutor/pair_loss"] < 0.6 and writer.numbers["tutor/pairs_right"] > 0.7
                lines = (tmp_path / f"run/adapters/dpo-{number}/pairs.jsonl").read_text().splitlines()
                held = {line["better"] for line in map(json.loads, lines) if line["held_out"]}
                first = pairs_of(scored("screen", school.task, school.rounds(number), school.fitted), 99, 0)
                # of all pairs, not of those that are furthest apart
                assert len(held) == 3 * number and held != {pair.better.answer for pair in first[: len(held)]}
        assert named == ["sft-0", "dpo-1", "dpo-2"]
        assert len({path.read_bytes() for path in tmp_path.glob(f"run/adapters/*/{WEIGHTS}")}) == 3


def test_a_judge_is_asked_once_and_what_it_costs_is_the_rounds(
    school_of: Callable[[TutorConfig], School], tmp_path: Path
) -> None:
    asked: list[Prompt] = []

    def ask(prompts: Sequence[Prompt]) -> list[Completion]:
        """Prefers the rows with the highest number at their end."""
        asked.extend(prompts)
        places = [[int(n) for n in re.findall(r"noise (\d+)", prompt.text)] for prompt in prompts]
        return [
            Completion(f"{rows.index(max(rows)) + 1} {rows.index(min(rows)) + 1}", 50, 3, "stop")
            for rows in places
        ]

    tutor = DpoConfig(pairs="judge", judge_rows=2, dpo_epochs=1, batch=8, cpu_threads=1)
    school = replace(school_of(tutor), rounds=lambda number: [joyful(at) for at in range(number)], ask=ask)
    with engine_of(school) as base:
        writer = Taught(school).writer(base, 1, meter_of(base))
        lists = writer.numbers["tutor/judge_lists"]
        assert writer.numbers["tutor/judge_agrees"] == 1 and writer.numbers["tutor/pairs"] == lists
        assert writer.numbers["llm/calls"] == len(asked) == 2 * lists
        lines = (tmp_path / "run/adapters/dpo-1/judged.jsonl").read_text().splitlines()
        assert len(lines) == lists and len(json.loads(lines[0])["answers"]) == 2
        again = Taught(school).writer(base, 1, meter_of(base))
        assert again.numbers == writer.numbers and len(asked) == 2 * lists
    of_round = {"llm/calls": 5.0, "new_rows": 3.0}
    both = and_of_tutor(of_round, writer.numbers)
    assert both["llm/calls"] == 5 + len(asked) and both["new_rows"] == 3 and both["tutor/pairs"] == lists


def test_where_either_answer_is_preferred_at_random_the_same_pairs_are_learned(
    school_of: Callable[[TutorConfig], School], tmp_path: Path
) -> None:
    config = DpoConfig(dpo_epochs=1, pairs="screen", preferred="random", batch=8, cpu_threads=1)
    school = replace(school_of(config), rounds=lambda number: [joyful(0)])
    with engine_of(school) as base:
        writer = Taught(school).writer(base, 1, meter_of(base))
        assert writer.numbers["tutor/pairs"] == 30
    lines = [
        json.loads(line) for line in (tmp_path / "run/adapters/dpo-1/pairs.jsonl").read_text().splitlines()
    ]
    good = [line["better"].startswith("joy") for line in lines]
    assert sum(good) == 15 and all(
        line["worse"].startswith("joy") != one for line, one in zip(lines, good, strict=True)
    )


def test_too_few_pairs_leave_the_llm_as_it_is(
    school_of: Callable[[TutorConfig], School], tmp_path: Path
) -> None:
    school = school_of(DpoConfig(pairs="screen"))
    with engine_of(school) as base:
        writer = Taught(school).writer(base, 1, meter_of(base))
        assert writer.llm is base and writer.numbers == {"tutor/pairs": 0, "tutor/kept": 0}
