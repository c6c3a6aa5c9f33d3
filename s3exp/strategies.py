"""The exemplars and the number of rows of each round. A strategy is data (conf/strategy/)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from s3exp.choosing.helpful import helpful, notes_of_helpful
from s3exp.choosing.pick import picked, table
from s3exp.choosing.sight import NO_NOTES, NO_SIGHT, Guesses, Notes, Sight
from s3exp.choosing.votes import notes_of, stand_ins, voted
from s3exp.seeds import stream
from s3exp.settings.curation import CurationConfig
from s3exp.settings.loop import FILLED, LoopConfig, StrategyConfig
from s3exp.settings.plugins import SHOWN as PLUGINS
from s3exp.settings.plugins import apart, load, origin, with_failures
from s3exp.settings.small_model import SmallModelConfig
from s3exp.settings.task import TaskConfig
from s3exp.types import Example, UserError


def plan(strategy: StrategyConfig, loop: LoopConfig) -> list[int]:
    """Rows to synthesize in each round; round 0 is the seed.

    They sum to `loop.budget.rows`, unless seed and rounds have smaller fixed sizes. A strategy without extrapolation
    spends all of it on the seed; one without the LLM has one round of 0 rows.
    """
    if strategy.human:
        return [0]
    rounds = loop.rounds if strategy.max_rounds is None else min(loop.rounds, strategy.max_rounds)
    rows = loop.budget.rows
    if strategy.shown == "nothing" or strategy.max_rounds == 0:
        return [rows]
    if rounds == 0:
        return [min(rows, loop.seed_rows or rows)]
    seed = min(loop.seed_rows or max(1, round(rows * loop.seed_fraction)), rows)
    seed = 0 if strategy.seeds == "none" else seed
    share = None if loop.round_fraction is None else max(1, round(rows * loop.round_fraction))
    fixed = loop.round_rows or share
    if fixed is not None:
        left = [rows - seed - fixed * before for before in range(rounds)]
        return [seed, *(max(0, min(fixed, rest)) for rest in left)]
    even, remainder = divmod(rows - seed, rounds)
    return [seed, *(even + (index < remainder) for index in range(rounds))]


def trained_on(strategy: StrategyConfig) -> str | None:
    """The role of the gold rows that are trained on, alone or beside synthesized rows: train, mining, or none."""
    return strategy.gold_rows if strategy.human or strategy.with_gold else None


OF_TRAINED_GOLD = ("strategy.human", "strategy.with_gold", "strategy.gold_rows")


def asks(strategy: StrategyConfig, loop: LoopConfig, curation: CurationConfig) -> bool:
    """Whether a run asks its LLM anything: not where it trains on rows that exist, or on filled templates alone."""
    filled = strategy.seeded in FILLED and len(plan(strategy, loop)) == 1
    curated = curation.label != "none" or curation.revise
    return not strategy.human and loop.rows_from is None and (curated or not filled)


# options that change nothing where nothing is extrapolated, where no label is checked, and where no LLM is asked
OF_ROUNDS = (
    "loop.rounds",
    "loop.seed_rows",
    "loop.round_rows",
    "loop.seed_fraction",
    "loop.round_fraction",
    "loop.rows_per_error",
)
OF_GIVEN = (
    *(*OF_ROUNDS, "loop.tries", "loop.rows_names", "loop.budget.tokens", "llm", "tutor"),
    *("task.prompts", "task.prompt_sets", "task.rows_per_answer", "task.shots"),
    *("strategy.seeds", "task.domains", "task.instances", "task.attributes"),
)
OF_EXEMPLARS = ("strategy.pick", "strategy.balance")  # where no round shows any
OF_SWITCH = {  # with the option and its value that read them
    "small_model.loss_q": ("small_model.loss", "gce"),
    "small_model.unlearning": ("curation.flaws", "unlearn"),
}
OF_CHECK = ("curation.votes", "curation.guard", "curation.guard_rows")
OF_LLM = (
    *OF_GIVEN,
    "loop.budget",
    "loop.sets",
    "curation.label",
    "curation.revise",
    "curation.program",
    *OF_CHECK,
)
OF_FILLED = ("llm", "tutor", "loop.budget.tokens", "task.shots")  # where rows are filled templates alone
OF_SEED_ROWS = ("loop.seed_rows", "loop.seed_fraction")  # where there are none
OF_WRITTEN = ("task.domains", "task.instances")


def idle(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """The options, or groups of them, that change nothing in a run with these flat options."""
    unread = tuple(option for option, (switch, on) in OF_SWITCH.items() if facts.get(switch) != on)
    if facts.get("strategy.human"):
        return (*unread, *OF_LLM)
    if facts.get("strategy.given"):
        return (*unread, *OF_GIVEN)
    alone = facts.get("strategy.shown") == "nothing" or facts.get("strategy.max_rounds") == 0
    seeds = facts.get("strategy.seeds")
    unchecked = facts.get("curation.label", "none") == "none"
    curated = not unchecked or facts.get("curation.revise", False)
    unshown = alone or facts.get("loop.rounds") == 0
    filled = seeds in FILLED and unshown and not curated
    return (
        *unread,
        *(OF_ROUNDS if alone else ()),
        *(OF_EXEMPLARS if unshown else ()),
        *(OF_FILLED if filled else ()),
        *(OF_CHECK if unchecked else ()),
        *(OF_SEED_ROWS if seeds == "none" else ()),
        *(() if seeds == "written" else OF_WRITTEN),
        *(("strategy.rationales",) if seeds else ()),
    )


def canonical(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The flat options of a run without the idle ones: configs that cannot differ are one run, and one directory."""
    ignored = tuple(f"{key}." for key in idle(facts))
    kept = {key: value for key, value in facts.items() if not f"{key}.".startswith(ignored)}
    rounds, most = kept.get("loop.rounds"), facts.get("strategy.max_rounds")
    if isinstance(rounds, int) and isinstance(most, int):
        kept["loop.rounds"] = min(rounds, most)
    return kept


def check_plan(strategy: StrategyConfig, loop: LoopConfig) -> None:
    """Refuse a budget that leaves a round without rows: such a round trains on the rows of the one before.

    Raises:
        UserError: names the first round without rows, and the options to set.
    """
    quotas = plan(strategy, loop)
    needed = quotas[1:] if strategy.seeds == "none" else quotas
    if strategy.human or loop.rows_from is not None or all(needed):
        return
    first = len(quotas) - len(needed) + needed.index(0)
    raise UserError(
        f"loop.budget.rows={loop.budget.rows} leaves no rows for round {first} of {len(quotas) - 1} "
        f"(rows by round: {', '.join(map(str, quotas))}): give it more rows, set fewer loop.rounds, or use shares, "
        "loop.seed_fraction and loop.round_fraction, in place of loop.seed_rows and loop.round_rows"
    )


def check_sets_have_rows(strategy: StrategyConfig, loop: LoopConfig, small: SmallModelConfig) -> None:
    """Refuse members for whose sets the first round has too few rows: each needs two, of two labels.

    Raises:
        UserError: names the options to set.
    """
    if small.members == 1 or small.member_rows != "own" or strategy.human:
        return
    if loop.sources and not strategy.given:  # the rows of a run are as many as it has
        return
    first = plan(strategy, loop)[0]
    if first < 2 * loop.all_sets:
        raise UserError(
            f"small_model.members={small.members} and loop.budget.rows={loop.budget.rows}: round 0 has {first} rows "
            "for as many sets, each of which needs two or more: set more rows, or fewer members"
        )


def _as_many_as_errors(mining: Sequence[Example], last: Guesses, seed: int) -> list[Example]:
    """Mining rows drawn at random, as many as the errors among them."""
    drawn = stream(seed, "shown").sample(range(len(mining)), len(last.wrong))
    return [mining[place] for place in sorted(drawn)]


# Criteria of `strategy.shown`: they choose and order the mining rows.
SHOWN: dict[str, Callable[[Sequence[Example], Guesses, int], list[Example]]] = {
    "nothing": lambda mining, last, seed: [],
    "errors": lambda mining, last, seed: [row for row in mining if row.id in last.wrong],
    "correct": lambda mining, last, seed: [row for row in mining if row.id not in last.wrong],
    "random": _as_many_as_errors,
    "all": lambda mining, last, seed: list(mining),
}


# Those that show synthesized rows
MADE: dict[str, Callable[[StrategyConfig, Sequence[Example], Guesses, Sight], list[Example]]] = {
    "votes": voted,
    "helpful": helpful,
}


def exemplars(
    strategy: StrategyConfig, mining: Sequence[Example], last: Guesses | None, sight: Sight = NO_SIGHT
) -> list[Example]:
    """The rows that this round's prompts show (paper, algorithm 2), by the guesses of the `last` round.

    They are gold mining rows, picked from those that the criterion names, or synthesized ones. `sight` is what stands
    beside them.
    """
    if last is None:
        return []
    if strategy.shown in MADE:
        return MADE[strategy.shown](strategy, mining, last, sight)
    shown = picked(strategy.pick, _criterion(strategy.shown)(mining, last, sight.seed), last, sight)
    return balanced(shown, mining, last) if strategy.balance else shown


def shows_mistakes(strategy: StrategyConfig) -> bool:
    """Whether exemplars may be shown with what the small model said: not where all rows are shown, whatever it said."""
    return strategy.shown != "all"


def noted(
    strategy: StrategyConfig,
    mining: Sequence[Example],
    last: Guesses | None,
    shown: Sequence[Example],
    sight: Sight,
) -> Notes:
    """What the choice of the `shown` exemplars leaves on record."""
    if last is None:
        return NO_NOTES
    if strategy.shown in MADE:
        return notes_of(shown, sight) if sight.voting else notes_of_helpful(shown, mining, sight)
    if not strategy.pick.on or not shown:
        return NO_NOTES
    named = _criterion(strategy.shown)(mining, last, sight.seed)
    return Notes(tables={"exemplars": table(strategy.pick, shown, named, last, sight)})


def to_be_shown(
    strategy: StrategyConfig, mining: Sequence[Example], task: TaskConfig, rows: int
) -> Sequence[Example]:
    """Rows in place of a round's exemplars, before the rounds before it are known; it has so many `rows` before."""
    if strategy.shown in MADE:
        private = strategy.privacy.epsilon is not None
        of_label = strategy.privacy.candidates if private else rows // 2 // len(task.labels) + 2
        return stand_ins(of_label, task.fields, len(task.labels))
    return mining


def _criterion(name: str) -> Callable[[Sequence[Example], Guesses, int], list[Example]]:
    """A criterion of ours, or of an installed package; that of a package is checked."""
    if name in SHOWN:
        return SHOWN[name]
    choose = with_failures(PLUGINS, name, load(PLUGINS, name))

    def checked(mining: Sequence[Example], last: Guesses, seed: int) -> list[Example]:
        known = {row.id: row for row in mining}
        answer = choose([apart(row) for row in mining], last)
        chosen: list[Any] = [*answer] if isinstance(answer, Iterable) else [None]
        own = {row.id for row in chosen if isinstance(row, Example) and known.get(row.id) == row}
        if len(own) < len(chosen):
            raise UserError(
                f"strategy.shown={name} ({origin(PLUGINS, name)}) must return some of the mining rows, as they are and "
                "each once"
            )
        return [known[row.id] for row in chosen]

    return checked


def balanced(shown: Sequence[Example], mining: Sequence[Example], last: Guesses) -> list[Example]:
    """Exemplars with as many of every label, in the order of mining rows.

    A label with fewer than the others is filled up with its other mining rows, from the one on whose guess is least
    sure. None are added where none are shown: the small model makes no error.
    """
    chosen, counts = {row.id for row in shown}, Counter(row.target for row in shown)
    if not counts:
        return []
    scores = {guess.id: guess.score for guess in last.predictions}
    for target in dict.fromkeys(row.target for row in mining):
        spare = [row for row in mining if row.target == target and row.id not in chosen]
        spare.sort(key=lambda row: scores[row.id])
        chosen |= {row.id for row in spare[: max(counts.values()) - counts[target]]}
    return [row for row in mining if row.id in chosen]
