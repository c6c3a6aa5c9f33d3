"""The audit of a round or of a file in one call. It gives numbers and tables for the record and changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from s3exp.audit.duplicates import repeats
from s3exp.audit.unjudged import Unjudged, by_language, by_vectors
from s3exp.choosing.sight import NO_NOTES, Notes
from s3exp.curation.assistant.repair import FINDINGS, findings
from s3exp.curation.certificate import GOLD_ROWS, certify
from s3exp.curation.copies import Copies
from s3exp.curation.lesson import Judged, judge_labels
from s3exp.curation.noise import knows_gold
from s3exp.curation.screen import Screen, habits_of
from s3exp.curation.vectors import Cached
from s3exp.seeds import derive
from s3exp.settings.audit import AuditConfig
from s3exp.settings.curation import CurationConfig
from s3exp.settings.task import TaskConfig
from s3exp.tasks.fingerprints import content
from s3exp.tasks.roles import fingerprints
from s3exp.terminal.texts import percent
from s3exp.types import Example

if TYPE_CHECKING:
    from s3exp.audit.judge import Judge

Numbers = dict[str, float]
TABLE_ROWS = 1000  # at most
NO_GOLD = "there is no labelled gold to compare with"


@dataclass(frozen=True, slots=True)
class Report:
    """Numbers and tables by name."""

    numbers: Numbers
    tables: Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Part:
    """What one part of the audit gives."""

    numbers: Numbers = field(default_factory=dict)
    tables: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    unjudged: Sequence[Unjudged] = ()


@dataclass(frozen=True)
class Audit:
    """Compares rows with `gold`, which holds no test rows; `copies` is the index of all gold roles."""

    config: AuditConfig
    task: TaskConfig
    gold: Sequence[Example]
    copies: Copies
    vectors: Cached
    seed: int
    train: Sequence[Example] = ()  # gold rows that only the judge of labels learns
    with_gold: bool = False  # gold rows stand among the rows that are trained on, and are not looked at

    def certify(self, rows: Sequence[Example]) -> dict[str, Any]:
        """The leakage certificate of the synthesized ones among `rows`; with_gold: how many others are trained on."""
        made = synthesized(rows)
        certificate = certify(self.copies, made, self.task.written)
        return certificate | ({GOLD_ROWS: len(rows) - len(made)} if self.with_gold else {})

    def look(
        self,
        rows: Sequence[Example],
        new: Sequence[Example],
        judged: Judged | None = None,
        notes: Notes = NO_NOTES,
    ) -> Report:
        """Audit the training rows of a round: the `new` ones for findings, all `rows` for everything else.

        Of rows that are trained on beside gold rows, the synthesized ones alone.

        `judged` is the estimate of wrong labels that the lesson used; without it a sample is judged. A number that
        cannot be known is left out, and the table `unjudged` says why. `notes` are those of the choice of exemplars,
        which go with the audit's numbers and tables.
        """
        rows = synthesized(rows) if self.with_gold else rows
        parts = [self._findings(new), Part(self._quoted(new)), self._fidelity(rows, new)]
        if rows:
            repeated = repeats(((row.id, row.fields) for row in rows), self.task.written)
            counts: Numbers = {"audit/repeats_exact": repeated.exact, "audit/repeats_near": repeated.near}
            parts += [Part(counts), self._shortcuts(rows), self._gap(rows), self._noise(rows, judged)]
        unjudged = [one for part in parts for one in part.unjudged]
        numbers = {name: value for part in parts for name, value in part.numbers.items()}
        numbers |= notes.numbers
        numbers = {n: value for n, value in numbers.items() if not any(one.covers(n) for one in unjudged)}
        tables = {name: table for part in parts for name, table in part.tables.items()} | dict(notes.tables)
        if unjudged:
            tables["unjudged"] = [{"what": one.what, "why": one.why} for one in unjudged]
        return Report(numbers, tables)

    def _findings(self, new: Sequence[Example]) -> Part:
        counts: Counter[str] = Counter()
        listed: list[dict[str, str]] = []
        unjudged = by_language([self.task.text_of(row.fields) for row in new])
        for row, names in self._findings_of(new):
            counts.update(names)
            # a missing full stop is no finding by itself: only its share beside gold's
            listed += [
                {"row": row.id, "finding": name, "text": self.task.text_of(row.fields)[:300]}
                for name in names
                if name != "unfinished" and len(listed) < TABLE_ROWS
            ]
        known = [name for name in FINDINGS if self.task.labels or name != "label_in_text"]
        numbers: Numbers = {f"audit/{name}": counts[name] for name in known}
        if new and self.gold:
            numbers["audit/unfinished_share"] = counts["unfinished"] / len(new)
            numbers["audit/unfinished_share_gold"] = self._unfinished_gold
        return Part(numbers, {"findings": listed}, unjudged)

    def _quoted(self, new: Sequence[Example]) -> Numbers:
        """How much of the new rows is quoted from their exemplars; no number where no row has one."""
        prints = fingerprints([row for row in new if row.parent is not None], self.task.written)
        parents = [row.parent for row in new if row.parent is not None]
        quoted = [self.copies.quoted(one, parent) for one, parent in zip(prints, parents, strict=True)]
        shares = [share for share in quoted if share is not None]
        if not shares:
            return {}
        return {
            "quoted/rows": sum(share > 0 for share in shares) / len(shares),
            "quoted/share": sum(shares) / len(shares),
        }

    @cached_property
    def _unfinished_gold(self) -> float:
        return sum("unfinished" in names for _, names in self._findings_of(self.gold)) / len(self.gold)

    @cached_property
    def _habits(self) -> frozenset[str]:
        screen = Screen(CurationConfig(), self.task, None)
        return habits_of(screen, [self.task.text_of(row.fields) for row in self.gold])

    @cached_property
    def _gold_sample(self) -> list[str]:
        return [self.task.text_of(row.fields) for row in self._sample(self.gold)]

    @cached_property
    def _gap_of_gold(self) -> Numbers:
        """The gap between the halves of the gold sample."""
        from s3exp.audit.gap import gap

        vectors = self.vectors.embed(self._gold_sample)
        half = gap(vectors[::2], vectors[1::2], derive(self.seed, "gap"), self.config.rows)
        return {f"gap_of_gold/{name}": value for name, value in half.items()}

    def _findings_of(self, rows: Sequence[Example]) -> Iterator[tuple[Example, tuple[str, ...]]]:
        # prompts may have other words for the labels
        sets = [self.task.prompt_sets[name].labels or () for name in self.task.prompt_names]
        words = [*self.task.labels, *(word for some in sets for word in some)]
        for row in rows:
            yield row, findings(self.task.text_of(row.fields), list(dict.fromkeys(words)), self._habits)

    def _sample(self, rows: Sequence[Example]) -> list[Example]:
        """At most `audit.rows` rows, by hash, so that samples of growing sets overlap and vectors are used again."""
        return sorted(rows, key=lambda row: content(row.fields.values()))[: self.config.rows]

    def _shortcuts(self, rows: Sequence[Example]) -> Part:
        if not self.config.shortcuts or len(self.task.labels) < 2:
            return Part()
        from s3exp.audit.shortcuts.shortcuts import LEAST_ROWS, balance, shortcuts

        labels, generate = self.task.labels, self.task.written[0]
        result = shortcuts(rows, self.gold, generate, len(labels), derive(self.seed, "shortcuts"))
        lengths = balance(rows, self.gold, len(labels), generate)
        numbers: Numbers = {f"balance/{name}": value for name, value in lengths.items()}
        if not result.tried:
            why = f"fewer than two labels have {LEAST_ROWS} rows here and one in gold, or no mark is in enough rows"
            return Part(numbers, {}, [Unjudged("shortcuts", why)])
        numbers["shortcuts/strong"] = len(result.strong)
        if result.shortcuts:
            numbers["shortcuts/excess"] = result.shortcuts[0].excess
            numbers["shortcuts/accuracy"] = result.shortcuts[0].accuracy
        for part in result.partial_input:
            numbers[f"partial/{part.field}"] = part.accuracy
            numbers[f"partial/{part.field}_gold"] = part.gold_own
        table = [{"line": one.line(generate, labels), **asdict(one)} for one in result.shortcuts]
        return Part(numbers, {"shortcuts": table})

    def _gap(self, rows: Sequence[Example]) -> Part:
        """Gap and diversity on as many rows of both sides; for scale, the gap of gold from itself."""
        if not self.config.gap:
            return Part()
        if not self.gold:
            return Part(unjudged=[Unjudged("distance to gold, diversity", NO_GOLD)])
        from s3exp.audit.diversity import compare
        from s3exp.audit.gap import FEWEST_ROWS, gap

        synthetic, gold = [self.task.text_of(row.fields) for row in self._sample(rows)], self._gold_sample
        seed, most = derive(self.seed, "gap"), self.config.rows
        synthetic_vectors, gold_vectors = self.vectors.embed(synthetic), self.vectors.embed(gold)
        sides = compare(gold, synthetic, (gold_vectors, synthetic_vectors), seed, most)
        distances = gap(gold_vectors, synthetic_vectors, seed, most)
        numbers = {f"gap/{name}": value for name, value in distances.items()} | self._gap_of_gold
        numbers |= {f"diversity/{name}": value for name, value in sides.synthetic.items()}
        numbers |= {f"diversity_of_gold/{name}": value for name, value in sides.gold.items()}
        unjudged = by_vectors(self.vectors, synthetic, gold)
        if not distances:
            why = f"{len(synthetic)} rows and {len(gold)} gold rows; each side needs {FEWEST_ROWS}"
            unjudged = [Unjudged("distance to gold", why)]
        if not sides.synthetic or not sides.gold:
            unjudged.append(Unjudged("diversity", "a side has fewer than two texts with a word"))
        return Part(numbers, {}, unjudged)

    def _noise(self, rows: Sequence[Example], judged: Judged | None) -> Part:
        if not self.config.noise or len(self.task.labels) < 2:
            return Part()
        if not self.gold and self.vectors.gold_alone:
            return Part({}, {"noise": []}, [Unjudged("wrong labels", NO_GOLD)])
        judged = judged or judge_labels(self._sample(rows), self.task, self.vectors, self.seed)
        sampled, noise, names = judged.rows, judged.noise, self.task.labels
        why = noise.why or self._strange_to_gold(judged)
        if noise.share is None or why:
            return Part({}, {"noise": []}, [Unjudged("wrong labels", why)])
        numbers: Numbers = {"noise/share": noise.share, "noise/agreement": noise.agreement or 0.0}
        if noise.upper is not None:
            numbers["noise/upper"] = noise.upper
        numbers |= {
            f"noise/share_{name}": share
            for name, share in zip(names, noise.by_class, strict=True)
            if share is not None
        }
        listed = [
            {
                "row": sampled[suspect.row].id,
                "label": names[suspect.label],
                "suggested": names[suspect.suggested],
                "quality": round(suspect.quality, 4),
                "text": self.task.text_of(sampled[suspect.row].fields)[:300],
            }
            for suspect in noise.suspects[:TABLE_ROWS]
        ]
        return Part(numbers, {"noise": listed})

    @property
    def _judges_labels(self) -> bool:
        return self.config.noise if self.config.fidelity is None else self.config.fidelity

    def _fidelity(self, rows: Sequence[Example], new: Sequence[Example]) -> Part:
        """Which share of the synthesized rows carries the label that was asked for; nothing without such rows."""
        made, own = map(synthesized, (rows, new))
        if not self._judges_labels or not made or len(self.task.labels) == 1:
            return Part()
        from s3exp.audit.asked import SPANS, WHAT, labels_asked_for

        judge = self._judge if self.task.labels else SPANS
        if isinstance(judge, str):
            return Part(unjudged=[Unjudged(WHAT, judge)])
        return Part(*labels_asked_for(judge, made, own, self.task, self.seed, self._sample))

    @cached_property
    def _judge(self) -> Judge | str:
        from s3exp.audit.judge import judge_of

        learned = {row.id for row in self.train}
        gold = [row for row in self.gold if row.id not in learned]
        return judge_of(self.train, gold, self.task, self.vectors)

    def _strange_to_gold(self, judged: Judged) -> str:
        """Why the judge of labels cannot know what they mean: it learned nothing that holds on gold. Empty: it can."""
        gold = self._sample(self.gold)
        if not gold:
            return ""
        sides = [
            (self.vectors.pairs([row.fields for row in side]), [row.label for row in side])
            for side in (judged.rows, gold)
        ]
        knows, right = knows_gold(*sides)
        return (
            ""
            if knows
            else (
                f"a judge that learned from these rows is right on {percent(right)}% of the gold rows, "
                "which is hardly better than guessing"
            )
        )


def synthesized(rows: Sequence[Example]) -> list[Example]:
    """The synthesized rows."""
    return [row for row in rows if row.round is not None]
