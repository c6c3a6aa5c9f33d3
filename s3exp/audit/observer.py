"""The audit of a round or of a file: everything that is looked at beside the scores, in one call.

What it finds is numbers (by round, so that a study can correlate them with the gain on test) and tables for the
record. It changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from s3exp.audit.duplicates import repeats
from s3exp.curation.assistant.repair import FINDINGS, findings
from s3exp.curation.certificate import certify
from s3exp.curation.copies import Copies
from s3exp.curation.lesson import Judged, judge_labels
from s3exp.curation.vectors import Cached
from s3exp.seeds import derive
from s3exp.settings.audit import AuditConfig
from s3exp.settings.task import TaskConfig
from s3exp.tasks.fingerprints import content
from s3exp.types import Example

Numbers = dict[str, float]
LISTED = 1000  # rows of a table at most


@dataclass(frozen=True, slots=True)
class Report:
    """What was found: numbers by name, tables by name."""

    numbers: dict[str, float]
    tables: Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class Audit:
    """Looks at rows beside gold rows. `gold` are those that the loop may look at: never test rows.

    `copies` is the index of all gold roles.
    """

    config: AuditConfig
    task: TaskConfig
    gold: Sequence[Example]
    copies: Copies
    vectors: Cached
    seed: int

    def certify(self, rows: Sequence[Example]) -> dict[str, Any]:
        """The leakage certificate of the synthesized ones among `rows`."""
        made = [row for row in rows if row.round is not None]
        return certify(self.copies, made, self.task.written)

    def look(self, rows: Sequence[Example], new: Sequence[Example], judged: Judged | None = None) -> Report:
        """Audit what a round trains on (`rows`), of which it made `new`.

        Debris of an assistant is counted in `new`; repeats, shortcuts, gap, diversity and noise in all `rows`. `judged`
        is the estimate of wrong labels that the lesson was made by; without it one is made on a sample.
        """
        numbers, tables = self._debris(new)
        if not rows:
            return Report(numbers, tables)
        found = repeats(((row.id, row.fields) for row in rows), self.task.written)
        numbers |= {"audit/repeats_exact": found.exact, "audit/repeats_near": found.near}
        for part in (self._shortcuts, self._gap):
            more, table = part(rows)
            numbers |= more
            tables |= table
        more, table = self._noise(rows, judged)
        return Report(numbers | more, tables | table)

    def _debris(self, new: Sequence[Example]) -> tuple[Numbers, dict[str, Any]]:
        counts: Counter[str] = Counter()
        listed: list[dict[str, str]] = []
        for row, names in self._found(new):
            counts.update(names)
            # a missing full stop is no finding by itself: only more of them than gold has
            listed += [
                {"row": row.id, "finding": name, "text": self.task.text_of(row.fields)[:300]}
                for name in names
                if name != "unfinished" and len(listed) < LISTED
            ]
        numbers: Numbers = {f"audit/{name}": counts[name] for name in FINDINGS}
        if new and self.gold:
            numbers["audit/unfinished_share"] = counts["unfinished"] / len(new)
            numbers["audit/unfinished_share_gold"] = self._unfinished_gold
        return numbers, {"findings": listed}

    @cached_property
    def _unfinished_gold(self) -> float:
        """The share of gold rows that end without a full stop or the like."""
        return sum("unfinished" in names for _, names in self._found(self.gold)) / len(self.gold)

    @cached_property
    def _gold_sample(self) -> list[str]:
        """The gold texts that gap and diversity are measured on."""
        return self._written(self._sample(self.gold))

    @cached_property
    def _gap_of_gold(self) -> Numbers:
        """How far one half of the gold sample is from the other."""
        from s3exp.audit.gap import gap

        vectors = self.vectors.embed(self._gold_sample)
        half = gap(vectors[::2], vectors[1::2], derive(self.seed, "gap"), self.config.rows)
        return {f"gap_of_gold/{name}": value for name, value in half.items()}

    def _found(self, rows: Sequence[Example]) -> Iterator[tuple[Example, tuple[str, ...]]]:
        words = self._label_words()
        for row in rows:
            yield row, findings(self.task.text_of(row.fields), words)

    def _written(self, rows: Sequence[Example]) -> list[str]:
        return [self.task.text_of(row.fields) for row in rows]

    def _label_words(self) -> list[str]:
        """Names of the labels and, where they differ, the words that prompts have for them."""
        prompts = self.task.prompt_sets[self.task.prompts]
        return list(dict.fromkeys([*self.task.labels, *(prompts.labels or ())]))

    def _sample(self, rows: Sequence[Example]) -> list[Example]:
        """At most `audit.rows` of them, by hash: what is taken of few is taken of more, so vectors are used again."""
        return sorted(rows, key=lambda row: content(row.fields.values()))[: self.config.rows]

    def _shortcuts(self, rows: Sequence[Example]) -> tuple[Numbers, dict[str, Any]]:
        if not self.config.shortcuts or len(self.task.labels) < 2:
            return {}, {}
        from s3exp.audit.shortcuts.shortcuts import balance, shortcuts

        labels, generate = self.task.labels, self.task.written[0]
        found = shortcuts(rows, self.gold, generate, len(labels), derive(self.seed, "shortcuts"))
        numbers: Numbers = {"shortcuts/strong": len(found.strong)}
        if found.shortcuts:
            numbers["shortcuts/excess"] = found.shortcuts[0].excess
            numbers["shortcuts/accuracy"] = found.shortcuts[0].accuracy
        for part in found.partial_input:
            numbers[f"partial/{part.field}"] = part.accuracy
            numbers[f"partial/{part.field}_gold"] = part.gold_own
        lengths = balance(rows, self.gold, len(labels), generate)
        numbers |= {f"balance/{name}": value for name, value in lengths.items()}
        table = [{"line": one.line(generate, labels), **asdict(one)} for one in found.shortcuts]
        return numbers, {"shortcuts": table}

    def _gap(self, rows: Sequence[Example]) -> tuple[Numbers, dict[str, Any]]:
        """Gap and diversity of the written texts, on as many rows of both sides; for scale, of gold from itself."""
        if not self.config.gap or not self.gold:
            return {}, {}
        from s3exp.audit.diversity import compare
        from s3exp.audit.gap import gap

        made, gold = self._written(self._sample(rows)), self._gold_sample
        seed, most = derive(self.seed, "gap"), self.config.rows
        made_vectors, gold_vectors = self.vectors.embed(made), self.vectors.embed(gold)
        sides = compare(gold, made, (gold_vectors, made_vectors), seed, most)
        numbers = {
            f"gap/{name}": value for name, value in gap(gold_vectors, made_vectors, seed, most).items()
        }
        numbers |= self._gap_of_gold
        numbers |= {f"diversity/{name}": value for name, value in sides.made.items()}
        return numbers | {f"diversity_of_gold/{name}": value for name, value in sides.gold.items()}, {}

    def _noise(self, rows: Sequence[Example], judged: Judged | None) -> tuple[Numbers, dict[str, Any]]:
        """Estimated wrong labels."""
        if not self.config.noise or len(self.task.labels) < 2:
            return {}, {}
        judged = judged or judge_labels(self._sample(rows), self.task, self.vectors, self.seed)
        looked, noise, names = judged.rows, judged.noise, self.task.labels
        if noise.share is None:
            return {}, {"noise": []}
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
                "row": looked[suspect.row].id,
                "label": names[suspect.label],
                "suggested": names[suspect.suggested],
                "quality": round(suspect.quality, 4),
                "text": self.task.text_of(looked[suspect.row].fields)[:300],
            }
            for suspect in noise.suspects[:LISTED]
        ]
        return numbers, {"noise": listed}
