"""Rows that are trained on in place of an LLM's: screened like these, and drawn by the seed up to the budget."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from s3exp.seeds import stream
from s3exp.settings.task import TaskConfig
from s3exp.synthesis.curating import Screen
from s3exp.synthesis.rows import Candidate, candidate
from s3exp.tasks.fingerprints import content
from s3exp.tasks.given import GivenRows
from s3exp.tasks.kinds import kind_of
from s3exp.tasks.parsing import too_short
from s3exp.tasks.roles import Gold
from s3exp.types import Example, Rejected, Target

COPIES = ("copy_of_gold", "near_copy_of_gold", "quotes_gold")


@dataclass(frozen=True, slots=True)
class Given:
    """The rows of a source after the screen: those that may be trained on, and the others with the reasons.

    `copied` counts the rows that copy gold, by the role that they copy.
    """

    source: str
    passed: tuple[Candidate, ...]
    rejected: tuple[tuple[Example, str], ...]
    unusable: tuple[Rejected, ...] = ()
    copied: Mapping[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """The rows that were read."""
        return len(self.passed) + len(self.rejected) + len(self.unusable)

    @property
    def in_sets(self) -> bool:
        """Whether the rows are in sets, a source each."""
        return any(one.row.set is not None for one in self.passed)

    @property
    def reasons(self) -> dict[str, int]:
        """The number of rows left out for each reason, the most frequent first."""
        counts = Counter(reason for _, reason in self.rejected) + Counter(one.reason for one in self.unusable)
        return dict(counts.most_common())

    @property
    def copies(self) -> list[Example]:
        """The rows that copy gold."""
        return [row for row, reason in self.rejected if reason in COPIES]

    @property
    def mostly_copies(self) -> bool:
        """Whether most rows copy gold: rather gold itself."""
        return 2 * len(self.copies) > self.total

    def line(self) -> str:
        """How many rows may be trained on, and why the others may not."""
        text = f"{self.source}: {len(self.passed):,} of {self.total:,} rows can be trained on"
        if self.reasons:
            text += f"; left out: {', '.join(f'{reason} {n:,}' for reason, n in self.reasons.items())}"
        if self.copied:
            text += f"; copies: {', '.join(f'{n:,} of {role}' for role, n in self.copied.items())}"
        return text

    def left_out(self) -> tuple[Rejected, ...]:
        """The rows left out, for the record."""
        rejected = (
            Rejected(reason, "\n".join(row.fields.values()), "", row.target) for row, reason in self.rejected
        )
        return (*self.unusable, *rejected)


def screened(given: GivenRows, task: TaskConfig, gold: Gold, screen: Screen) -> Given:
    """Screen every row, in the order of its source, whatever the budget: so the counts are those of the whole source.

    Rows stand as they are: what is repaired in a completion is not in a finished row. Of equal texts the first stays.
    """
    passed: list[Candidate] = []
    rejected: list[tuple[Example, str]] = []
    seen: set[str] = set()
    fault = kind_of(task).faults(task, gold)
    for row in given.rows:
        short = too_short(task.text_of(row.fields), task)
        problem = "duplicate" if content(row.fields.values()) in seen else "too_short" if short else None
        if problem is None:
            one = candidate(screen, row)
            problem = one.problem or fault(row)  # copies of gold are counted as such
        if problem is None:
            seen.add(one.content)
            passed.append(one)
        else:
            rejected.append((row, problem))
    return Given(given.source, tuple(passed), tuple(rejected), given.unusable)


def drawn(rows: Sequence[Candidate], seed: int) -> list[Candidate]:
    """The rows in an order by the seed, in which every prefix has nearly the shares of labels of the whole.

    Sets take turns, each in such an order of its own.
    """
    sets: dict[int | None, list[Candidate]] = defaultdict(list)
    for one in rows:
        sets[one.row.set].append(one)
    orders = [_drawn(some, seed) for some in sets.values()]
    places = [(rank, number, one) for number, some in enumerate(orders) for rank, one in enumerate(some)]
    return [one for _, _, one in sorted(places, key=lambda place: place[:2])]


def _drawn(rows: Sequence[Candidate], seed: int) -> list[Candidate]:
    labels: dict[Target, list[int]] = defaultdict(list)
    for index, one in enumerate(rows):
        # spans and numbers are too rare to balance
        labels[one.row.target if isinstance(one.row.target, int) else None].append(index)
    places: list[tuple[float, int]] = []
    for label, members in labels.items():
        stream(seed, "given", str(label)).shuffle(members)
        places += [((rank + 0.5) / len(members), index) for rank, index in enumerate(members)]
    return [rows[index] for _, index in sorted(places)]
