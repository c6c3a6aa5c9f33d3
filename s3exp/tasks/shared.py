"""Gold rows that stand twice: in one file, or in two roles."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence

from s3exp.settings.task import TaskConfig
from s3exp.tasks.fingerprints import content
from s3exp.tasks.rows import Droppable, index_of, opening, place_of
from s3exp.tasks.sources import read_table
from s3exp.tasks.sources.table import layout_of
from s3exp.types import Example, Target, UserError

log = logging.getLogger(__name__)

Unit = Callable[[Example], str]
_SHOWN = 3  # shared rows in a message


def distinct(rows: Sequence[Example], source: str) -> list[Example]:
    """The rows without those that stand there before, with the same class or number; says how many are left out."""
    first: dict[tuple[str, Target], Example] = {}
    for row in rows:
        first.setdefault(_key(row), row)
    if len(first) < len(rows):
        often, times = Counter(map(_key, rows)).most_common(1)[0]
        log.warning(
            "%s: %d repeated rows left out (of %d; %s stands there %d times)",
            source,
            len(rows) - len(first),
            len(rows),
            opening(first[often].fields),
            times,
        )
    return list(first.values())


def _key(row: Example) -> tuple[str, Target]:
    return content(row.fields.values()), row.target if isinstance(row.target, (int, float)) else None


def separate(
    part: tuple[str, list[Example]], held: tuple[str, Sequence[Example]], task: TaskConfig, unit: Unit
) -> None:
    """Refuse rows of `part` whose unit stands in `held` too, or drop them from it in place. Both begin with a role."""
    (role, rows), (other, prior) = part, held
    units = {unit(row): row for row in prior}
    shared = [row for row in rows if unit(row) in units]
    if not shared:
        return
    name, beside = f"task.gold.{role}", f"task.gold.{other}"
    if task.gold.overlap == "refuse":
        some = shared[:_SHOWN]
        mine, its = places_of(some, task), places_of([units[unit(row)] for row in some], task)
        pairs = (
            f"{one} and {other}, {opening(row.fields)}"
            for one, other, row in zip(mine, its, some, strict=True)
        )
        what = f"{name} and {beside} share {len(shared)} rows, for example {'; '.join(pairs)}"
        hint = "mend the files, or set task.gold.overlap=drop to leave them out of the former"
        raise Droppable(f"{what}: {hint}", "overlap", what)
    log.warning("%s: %d rows that stand in %s left out", name, len(shared), beside)
    rows[:] = [row for row in rows if unit(row) not in units]
    if not rows:
        raise UserError(f"{name}: every row stands in {beside} too")


def places_of(rows: Sequence[Example], task: TaskConfig) -> list[str]:
    """Where gold rows of one file stand: FILE:LINE, or the file and the row's number. Reads the file again."""
    return lines_of([row.id for row in rows], task)


def lines_of(names: Sequence[str], task: TaskConfig) -> list[str]:
    """As `places_of`, of rows by their ids."""
    if not names:
        return []
    role = names[0].rpartition("-")[0]  # of the option: ids of gold rows begin with it
    source = str(getattr(task.gold, role))
    table = read_table(source, layout_of(task.gold))
    places = [place_of(table, index_of(name)) for name in names]
    return places if table.places else [f"{source}, {place}" for place in places]
