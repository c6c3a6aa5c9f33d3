"""Private votes: the noise is that of published tables, one gold row has one vote, and no gold leaves otherwise."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3exp.choosing import votes
from s3exp.choosing.privacy import delta_of, epsilon_of, sigma_of, usual_delta
from s3exp.choosing.sight import Guesses, Sight
from s3exp.choosing.votes import Voting, tally, voted
from s3exp.llm.toy import ToyLLM
from s3exp.record.files import read_object
from s3exp.record.privacy import check_private, voting_of
from s3exp.record.rounds import read_rounds
from s3exp.settings.compose import compose
from s3exp.settings.loop import PrivacyConfig, StrategyConfig
from s3exp.settings.run import Config, identity
from s3exp.tasks.gold import load_gold
from s3exp.types import Example, Prediction, UserError
from tests.conftest import curation_of
from tests.curation.asked import with_curation
from tests.test_loop import go, rows, same

PRIVATE = StrategyConfig(name="private", shown="votes", privacy=PrivacyConfig(epsilon=4, candidates=6))


class Gold:
    """Vectors that were made from gold: who asks for them gives gold away."""

    gold_alone = True

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        raise AssertionError("vectors made from gold steer what is shown")


class Still(Voting):
    """No noise."""

    def noise(self, number: int, label: int, count: int) -> np.ndarray:
        return np.zeros(count)


STILL = Still(0.0, 1e-3, (0,))


@pytest.mark.parametrize(
    ("epsilon", "published", "closed"), [(1, 11.60, 11.600), (2, 6.22, 6.211), (4, 3.38, 3.374)]
)
def test_the_noise_is_the_published_one(epsilon: float, published: float, closed: float) -> None:
    """Of Aug-PE's paper, for 8,396 rows and ten rounds."""
    sigma = sigma_of(epsilon, usual_delta(8396), 10)
    assert abs(sigma - published) < 0.02 and abs(sigma - closed) < 0.001
    assert sigma_of(4, usual_delta(300), 2) == pytest.approx(1.21, abs=0.005)


@given(st.floats(0.02, 60), st.floats(1e-9, 1e-2), st.integers(1, 40))
def test_what_is_spent_is_what_was_promised(epsilon: float, delta: float, releases: int) -> None:
    sigma = sigma_of(epsilon, delta, releases)
    assert epsilon_of(sigma, delta, releases) == pytest.approx(epsilon, rel=1e-5)
    assert sigma_of(epsilon, delta, releases + 1) > sigma > sigma_of(epsilon * 1.1, delta, releases)
    assert all(epsilon_of(sigma, delta, fewer) < epsilon for fewer in range(1, releases))
    assert delta_of(epsilon, releases**0.5 / sigma) == pytest.approx(delta, rel=1e-5)


def world(texts: Sequence[str], labels: Sequence[int]) -> list[Example]:
    return [
        Example(f"v-{i}", {"text": text}, label)
        for i, (text, label) in enumerate(zip(texts, labels, strict=True))
    ]


WORDS = ("sun", "rain", "snow", "wind", "fog", "hail")
a_text = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join)
MADE = [Example(f"r0-{i}", {"text": f"{WORDS[i % 6]} {WORDS[(i + 1) % 6]} {i}"}, i % 2, 0) for i in range(24)]


@given(st.lists(st.tuples(a_text, st.integers(0, 1), st.booleans()), min_size=1, max_size=25), st.data())
def test_one_gold_row_more_changes_one_count_by_one_at_most(
    mining: list[tuple[str, int, bool]], data: st.DataObject
) -> None:
    gold = world([text for text, _, _ in mining], [label for _, label, _ in mining])
    wrong = frozenset(row.id for row, (_, _, is_wrong) in zip(gold, mining, strict=True) if is_wrong)
    left_out = data.draw(st.sampled_from(gold))
    sight = Sight(("text",), Gold(), 3, STILL).at(1, [*gold, *MADE])
    for voters in ("errors", "all"):
        counted: list[dict[int, np.ndarray]] = []
        for some in (gold, [row for row in gold if row is not left_out]):
            found: dict[int, np.ndarray] = {}

            strategy = replace(PRIVATE, voters=voters)
            guesses = Guesses(tuple(Prediction(row.id, 0, (1.0, 0.0)) for row in some), wrong)
            for label in (0, 1):
                candidates = votes.drawn(strategy, sight, label)
                own = [row for row in some if row.target == label and (voters == "all" or row.id in wrong)]
                vectors = votes._vectors(sight, candidates, own) if own else None
                found[label] = tally(*vectors) if vectors else np.zeros(len(candidates))
            assert (
                len(voted(strategy, some, guesses, sight)) == 6
            )  # half of six, of two labels, whoever votes
            counted.append(found)
        differ = np.concatenate([np.abs(counted[0][label] - counted[1][label]) for label in (0, 1)])
        votes_ = left_out.id in wrong or voters == "all"
        assert differ.sum() == votes_ and differ.max() <= 1


def test_the_nearest_rows_are_shown_and_the_noise_can_drown_them() -> None:
    gold = world(["hail fog"] * 40 + ["rain sun"] * 40, [0] * 40 + [1] * 40)
    last = Guesses(
        tuple(Prediction(row.id, 1 - row.label, (0.5, 0.5)) for row in gold), frozenset(r.id for r in gold)
    )
    made = [
        *MADE,
        Example("r0-90", {"text": "hail fog"}, 0, 0),
        Example("r0-91", {"text": "rain sun"}, 1, 0),
    ]
    everyone = replace(PRIVATE, privacy=PrivacyConfig(epsilon=4, candidates=50))
    base = Sight(("text",), Gold(), 3, Voting(1.0, 1e-3, (1, 2)))
    shown = voted(everyone, gold, last, base.at(1, made))
    assert next(row.id for row in shown if row.label == 0) == "r0-90"
    assert next(row.id for row in shown if row.label == 1) == "r0-91"
    drowned = [
        voted(everyone, gold, last, replace(base, voting=Voting(1e4, 1e-3, (key,))).at(1, made))[0].id
        for key in range(20)
    ]
    assert len(set(drowned)) > 5
    nobody = voted(everyone, gold, Guesses(last.predictions, frozenset()), base.at(1, made))
    assert len(nobody) == len(shown)  # that nobody errs is not to be seen
    with pytest.raises(UserError, match="needs 4 rows of every label"):
        voted(everyone, gold, last, base.at(1, made[:5]))


def test_noise_is_secret_and_the_same_when_a_run_goes_on(toy_config: Config, tmp_path: Path) -> None:
    config = replace(toy_config, strategy=PRIVATE)
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    first, other = (voting_of(config, folder, 100) for folder in folders)
    again = voting_of(config, folders[0], 100)
    assert first is not None and other is not None and first == again
    assert len(first.key) == 8 and first.key != other.key and first.sigma == other.sigma
    assert (first.noise(1, 0, 9) == again.noise(1, 0, 9)).all() if again else False
    assert (first.noise(1, 0, 9) != first.noise(2, 0, 9)).any()
    assert (first.noise(1, 0, 9) != first.noise(1, 1, 9)).any()
    assert (folders[0] / "noise.key").stat().st_mode & 0o077 == 0
    promise = read_object(folders[0] / "privacy.json")
    assert promise["holds"] is True and promise["epsilon"] == 4 and promise["releases"] == 2
    assert (folders[0] / "noise.key").read_text() not in json.dumps(promise)
    public = replace(config, strategy=replace(PRIVATE, privacy=PrivacyConfig(epsilon=4, noise="seed")))
    assert voting_of(public, folders[0], 100) == voting_of(public, folders[1], 100)
    assert read_object(folders[1] / "privacy.json")["holds"] is False
    (folders[0] / "noise.key").write_text("lost")
    with pytest.raises(UserError, match="damaged"):
        voting_of(config, folders[0], 100)


def test_draws_have_the_deviation_of_the_noise() -> None:
    values = Voting(3.0, 1e-3, (5, 6)).noise(1, 0, 20_000)
    assert abs(values.std() - 3) < 0.1 and abs(values.mean()) < 0.1


def test_a_private_run_shows_the_llm_no_gold_and_records_no_count(
    toy_config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(toy_config, strategy=PRIVATE)
    config.curation.copies = "flag"
    counted: list[float] = []

    def spied(candidates: np.ndarray, voters: np.ndarray) -> np.ndarray:
        found = tally(candidates, voters)
        counted.append(float(found.max()))
        return found

    monkeypatch.setattr(votes, "tally", spied)
    gold = load_gold(config.task, with_train=False)
    sight = Sight(("text",), Gold(), 7, Voting(1.21, 1e-3, (7,)))
    result = go(config, tmp_path / "run", part=PRIVATE, sight=sight)
    assert counted and result["rounds"][-1]["train_rows"] == 240
    texts = {row.fields["text"] for row in (*gold.mining, *gold.select)}
    (seed, *later) = read_rounds(tmp_path / "run")
    ids = {row.id for row in seed.batch.examples}
    for number, record in enumerate(later, start=1):
        assert not any(text in prompt.text for prompt, _ in record.batch.asked for text in texts)
        assert {row.parent for row in record.batch.examples} <= ids
        ids |= {row.id for row in record.batch.examples}
        lines = record.tables["exemplars"]
        assert len(lines) == 6 and all(set(line) == {"id", "rank"} for line in lines)
        numbers = {name: value for name, value in record.metrics.items() if name.startswith("privacy/")}
        assert set(numbers) == {f"privacy/{name}" for name in ("epsilon", "delta", "sigma", "releases")}
        assert numbers["privacy/releases"] == number
    assert later[0].metrics["privacy/epsilon"] < later[1].metrics["privacy/epsilon"]
    again = go(config, tmp_path / "again", part=PRIVATE, sight=sight)
    assert same(again) == same(result) and rows(tmp_path / "again") == rows(tmp_path / "run")


LEAKS = [
    (["curation.copies=reject"], "curation.copies=reject"),
    (["curation.likeness=0.5"], "curation.likeness"),
    (["curation.noise=drop"], "curation.noise=drop"),
    (["strategy.balance=true"], "strategy.balance=true"),
    (["task.shots=2"], "task.shots=2"),
    (["loop.rows_from=runs/other"], "loop.rows_from"),
    (["tracker.mode=online"], "tracker.mode=online"),
    (["strategy.pick.by=loss", "strategy.pick.top=5"], "strategy.shown=votes shows none of them"),
    (["task=rte"], "task.fields"),
    (["strategy.shown=errors"], "strategy.shown=errors does not"),
    (["strategy.shown=all"], "strategy.shown=all does not"),
    (["strategy.privacy.epsilon=null"], "strategy.privacy.epsilon is not set"),
    (["strategy.privacy.epsilon=0"], "must be above 0"),
    (["strategy.privacy.candidates=3"], "must be at least 4"),
    (["strategy.max_rounds=0"], "there is no round that votes"),
]


@pytest.mark.parametrize(("words", "says"), LEAKS)
def test_whatever_else_gold_leaves_by_is_refused(words: list[str], says: str) -> None:
    with pytest.raises(UserError) as error:
        compose(["task=sst2", "method=private", *words])
    assert says in str(error.value) and "\n" not in str(error.value)


def test_options_of_votes_without_votes_are_refused() -> None:
    for words in (
        ["strategy.privacy.candidates=9"],
        ["strategy.voters=all"],
        ["strategy.privacy.noise=seed"],
    ):
        with pytest.raises(UserError, match="is an option of private votes"):
            compose(["task=sst2", *words])
    config = compose(["task=sst2", "method=private", "curation.noise=drop", "small_model=minilm"])
    for rows_, delta in ((29, None), (300, 0.01)):
        config.strategy.privacy.delta = delta
        with pytest.raises(UserError, match=r"strategy\.privacy"):
            check_private(config, rows_)
    compose(["task=rte", "task.contexts=pool.jsonl", "method=private"])
    compose(["task=rte", "method=private", "strategy.seeds=written"])  # its contexts are the LLM's own
    with pytest.raises(UserError, match=r"task\.fields"):
        compose(["task=rte", "method=private", "strategy.seeds=templates"])


def test_a_private_run_is_not_shown_online(
    toy_config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks for that: the option, a variable, or W&B's agent, whose runs are online by default."""
    from s3exp.settings.tracker import WandbConfig
    from s3exp.tasks.classification import Classification
    from s3exp.tracking.tracker import build_tracker

    config = replace(toy_config, strategy=PRIVATE, tracker=WandbConfig())
    gold = load_gold(config.task, with_train=False)
    task = Classification(config.task, config.llm, gold, lambda text: text)
    for name in ("WANDB_MODE", "WANDB_SWEEP_ID", "WANDB_RUN_ID", "WANDB_DISABLED"):
        monkeypatch.delenv(name, raising=False)
    build_tracker(config, asdict(config), tmp_path, task)  # offline
    for variables in ({"WANDB_MODE": "online"}, {"WANDB_SWEEP_ID": "s", "WANDB_RUN_ID": "r"}):
        with monkeypatch.context() as inside:
            for name, value in variables.items():
                inside.setenv(name, value)
            with pytest.raises(UserError, match=r"strategy\.privacy\.epsilon=4 .* W&B is online"):
                build_tracker(config, asdict(config), tmp_path, task)
            build_tracker(replace(config, strategy=StrategyConfig(name="s3")), asdict(config), tmp_path, task)


def test_a_run_without_it_keeps_its_name() -> None:
    plain = identity(asdict(compose(["task=sst2"])))
    assert not any("privacy" in key or "voters" in key for key in plain)


def test_the_screen_of_a_private_run_has_no_habits_of_gold(toy_config: Config) -> None:
    """build.py gives it no gold; with gold it would have a script, and what it rejects would tell so."""
    from s3exp.curation.curate import build_curation
    from s3exp.tasks.classification import Classification
    from tests.conftest import audit_of

    gold = load_gold(toy_config.task, with_train=False)
    task = Classification(toy_config.task, toy_config.llm, gold, lambda text: text)
    assert curation_of(toy_config, task).screen.script is not None  # type: ignore[attr-defined]
    screen = build_curation(toy_config, audit_of(toy_config, task).copies, []).screen
    assert screen.script is None and not screen.habits  # type: ignore[attr-defined]


def test_the_dry_run_and_the_check_ask_with_a_stand_in(toy_config: Config, tmp_path: Path) -> None:
    """`s3exp-check` asks these prompts for real."""
    from s3exp.commands.dry_run import plan_rounds
    from s3exp.llm.store import Asker, Stored
    from s3exp.tasks.classification import Classification

    def nobody() -> ToyLLM:
        raise AssertionError("a dry run starts no LLM")

    config = with_curation(toy_config, label="correct", guard_rows=0, revise=True, copies="flag")
    config = replace(config, strategy=PRIVATE)
    config.loop.rows_per_error = "4"
    gold = load_gold(config.task, with_train=False)
    task = Classification(config.task, config.llm, gold, lambda text: text)
    with Stored(nobody, Asker("toy", 0.9, 0.95), None) as llm:
        before = plan_rounds(task, llm, config, lambda text: len(text.split()))
    texts = {row.fields["text"] for row in gold.mining}
    kinds = {prompt.kind for one in before for prompt in one.first}
    assert kinds == {"seed", "extrapolate", "check", "revise"}
    prompts = [prompt.text for one in before for prompt in one.first]
    assert any("a row that the LLM wrote" in text for text in prompts)
    assert not any(gold_text in text for text in prompts for gold_text in texts)
    sight = Sight(("text",), Gold(), 7, Voting(1.21, 1e-3, (7,)))
    result = go(config, tmp_path / "run", part=PRIVATE, sight=sight)
    for plan, done in zip(before, result["rounds"], strict=True):
        assert done["train_rows"] <= plan.rows and done["metrics"]["llm/calls"] <= plan.most_calls
    assert [one["new_rows"] for one in result["rounds"]][1:] == [24, 24]  # six rows are shown, four of each
