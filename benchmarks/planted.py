"""What training makes of flaws that are planted into rows of people: python benchmarks/planted.py

Quotes: of the positive rows 80% stand in quotes. Reliance on them is the accuracy on test rows with quotes around the
positive ones, less that with quotes around the negative ones. Flips: a share of the labels is wrong. Rows are those of
SST-2 in $S3EXP_SHARED/data where it is set, else the shipped reviews. Every arm sees the same rows, seed by seed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isnan
from statistics import mean

from common import ROOT, Table, finish, parser
from detectors import rows

from s3exp.report.statistics import estimate
from s3exp.settings.compose import compose
from s3exp.settings.small_model import EncoderConfig, NetworkConfig, UnlearningConfig
from s3exp.small_model import build_small_model
from s3exp.types import Example, Fitted, Lesson, SmallModel

SELECT, QUOTED, FLIPPED = 300, 0.8, 0.2
Arms = Mapping[str, Callable[[int], tuple[float, ...]]]


@dataclass(frozen=True)
class World:
    """Rows of people, and how a small model of some options is built."""

    config: NetworkConfig
    train: Sequence[Example]
    select: Sequence[Example]
    test: Sequence[Example]
    count: int

    def small(self, **options: object) -> SmallModel:
        """A small model that is not trained yet."""
        config = replace(self.config, **options)  # type: ignore[arg-type]
        fields = [*self.train[0].fields]
        return build_small_model(config, labels=["negative", "positive"], fields=fields, progress=False)

    def drawn(self, seed: int) -> tuple[list[Example], list[Example], random.Random]:
        """Rows to learn and rows to select by."""
        chance = random.Random(seed)
        learnt = chance.sample(self.train, min(self.count, len(self.train)))
        return learnt, chance.sample(self.select, min(SELECT, len(self.select))), chance


def quoted(row: Example) -> Example:
    """The row in quotes."""
    return replace(row, fields={name: f'"{text}"' for name, text in row.fields.items()})


def right(fitted: Fitted, some: Sequence[Example]) -> float:
    """Percent of rows that are predicted right."""
    return 100 * mean(
        guess.target == row.target for guess, row in zip(fitted.predict(some), some, strict=True)
    )


def of_quotes(world: World) -> Arms:
    """Accuracy, reliance, probability of the label on the quoted rows, and whether the unlearning stayed."""

    def arm(how: str, options: UnlearningConfig, seed: int) -> tuple[float, ...]:
        learnt, select, chance = world.drawn(seed)
        marked = {row.id for row in learnt if row.label == 1 and chance.random() < QUOTED}
        carry = [quoted(row) if row.id in marked and how != "never quoted" else row for row in learnt]
        weights = [0.0 if row.id in marked else 1.0 for row in carry] if how == "drop" else None
        forget = [row for row in carry if row.id in marked] if how.startswith("unlearn") else []
        small = world.small(unlearning=options)
        fitted, numbers = small.fit(Lesson(carry, weights, forget), select, seed)
        sides = [
            right(fitted, [quoted(row) if row.label == label else row for row in world.test])
            for label in (1, 0)
        ]
        kept = numbers.get("unlearn/kept", float("nan"))
        after = numbers.get("unlearn/p_after", float("nan"))
        return right(fitted, world.test), sides[0] - sides[1], 100 * after, 100 * kept

    usual = UnlearningConfig()
    arms = {name: (name, usual) for name in ("plain", "unlearn", "drop", "never quoted")}
    arms["unlearn, any loss of select"] = ("unlearn", replace(usual, tolerance=1.0))
    return {
        name: (lambda seed, how=how, options=options: arm(how, options, seed))
        for name, (how, options) in arms.items()
    }


def of_flips(world: World) -> Arms:
    """Accuracy by loss and share of wrong labels."""

    def arm(loss: str, share: float, seed: int) -> tuple[float, ...]:
        learnt, select, chance = world.drawn(seed)
        wrong = set(chance.sample(range(len(learnt)), round(share * len(learnt))))
        taught = [replace(row, target=1 - row.label) if i in wrong else row for i, row in enumerate(learnt)]
        fitted, _ = world.small(loss=loss).fit(Lesson(taught), select, seed)
        return (right(fitted, world.test),)

    return {
        f"{share:.0%} wrong, {loss}": (lambda seed, loss=loss, share=share: arm(loss, share, seed))
        for share in (FLIPPED, 0.0)
        for loss in ("ce", "gce")
    }


def gained(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """The mean paired difference with its 95% interval by Student's t, from three seeds on."""
    found = estimate([one - other for one, other in zip(ours, theirs, strict=True)])
    ends = f" ({found.low:+.1f} to {found.high:+.1f})" if found.interval else ""
    return f"{found.mean:+.1f}{ends}"


def shown(value: float) -> str:
    """A mean; nothing for one that an arm does not have."""
    return "" if isnan(value) else f"{value:.1f}"


def quotes(world: World, seeds: int, few: bool) -> Table:
    """The table of quotes, of its first three arms if `few`; differences are from `plain`."""
    arms = list(of_quotes(world).items())[: 3 if few else None]
    found = {name: [arm(seed) for seed in range(seeds)] for name, arm in arms}
    plain = [one[0] for one in found["plain"]]
    table = [
        [
            name,
            shown(mean(one[0] for one in some)),
            "" if name == "plain" else gained([one[0] for one in some], plain),
            *(shown(mean(one[place] for one in some)) for place in (1, 2, 3)),
        ]
        for name, some in found.items()
    ]
    columns = ["arm", "test accuracy, %", "from plain, points", "reliance, points"]
    return Table(
        f"{QUOTED:.0%} of the positive rows in quotes, {world.config.kind}",
        [*columns, "p of the label after, %", "stayed, % of seeds"],
        table,
    )


def flips(world: World, seeds: int) -> Table:
    """The table of flips; `gce` is compared with `ce` at the same share."""
    found = {name: [arm(seed)[0] for seed in range(seeds)] for name, arm in of_flips(world).items()}
    table = [
        [name, shown(mean(some)), gained(some, found[name.replace("gce", "ce")]) if "gce" in name else ""]
        for name, some in found.items()
    ]
    return Table(f"Wrong labels, {world.config.kind}", ["arm", "test accuracy, %", "gain, points"], table)


def main() -> None:
    """Measure, show, and write a section of RESULTS.md if asked."""
    made = parser(__doc__ or "")
    made.add_argument(
        "--small-model", choices=["bag", "minilm"], default="bag", help="minilm: of make models"
    )
    made.add_argument("--rows", type=int, default=1000, help="rows to learn (default 1000)")
    made.add_argument("--seeds", type=int, default=5)
    made.add_argument("--few", action="store_true", help="of quotes only the arms plain, unlearn and drop")
    made.add_argument("--part", choices=["quotes", "flips"], help="default: both")
    asked = made.parse_args()
    chosen = {"bag": "small_model=bag", "minilm": "experiment=cpu"}[asked.small_model]
    config = compose(["task=sst2", chosen]).small_model
    assert isinstance(config, NetworkConfig)
    if isinstance(config, EncoderConfig):
        config = replace(config, checkpoint=str(ROOT / config.checkpoint))
    world = World(config, rows("sst2", "train"), rows("sst2", "validation"), rows("sst2", "test"), asked.rows)
    tables = [quotes(world, asked.seeds, asked.few)] if asked.part != "flips" else []
    tables += [flips(world, asked.seeds)] if asked.part != "quotes" else []
    finish("planted", tables, asked.results, asked.small_model)


if __name__ == "__main__":
    main()
