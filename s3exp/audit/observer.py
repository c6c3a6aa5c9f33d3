"""The audit of a round or of a file in one call. It gives numbers and tables for the record and changes nothing."""

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
from s3exp.curation.screen import Screen, habits_of
from s3exp.curation.vectors import Cached
from s3exp.seeds import derive
from s3exp.settings.audit import AuditConfig
from s3exp.settings.curation import CurationConfig
from s3exp.settings.task import TaskConfig
from s3exp.tasks.fingerprints import content
from s3exp.types import Example

Numbers = dict[str, float]
TABLE_ROWS = 1000  # at most


@dataclass(frozen=True, slots=True)
class Report:
    """Numbers and tables by name."""

    numbers: Numbers
    tables: Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class Audit:
    """Compares rows with `gold`, which holds no test rows; `copies` is the index of all gold roles."""

    config: AuditConfig
    task: TaskConfig
    gold: Sequence[Example]
    copies: Copies
    vectors: Cached
    seed: int

    def certify(self, rows: Sequence[Example]) -> dict[str, Any]:
        """The leakage certificate of the synthesized ones among `rows`."""
        return certify(self.copies, [row for row in rows if row.round is not None], self.task.written)

    def look(self, rows: Sequence[Example], new: Sequence[Example], judged: Judged | None = None) -> Report:
        """Audit the training rows of a round: the `new` ones for findings, all `rows` for everything else.

        `judged` is the estimate of wrong labels that the lesson used; without it a sample is judged.
        """
        numbers, tables = self._findings(new)
        if not rows:
            return Report(numbers, tables)
        repeated = repeats(((row.id, row.fields) for row in rows), self.task.written)
        numbers |= {"audit/repeats_exact": repeated.exact, "audit/repeats_near": repeated.near}
        shortcuts, shortcut_tables = self._shortcuts(rows)
        noise, noise_tables = self._noise(rows, judged)
        return Report(numbers | shortcuts | self._gap(rows) | noise, tables | shortcut_tables | noise_tables)

    def _findings(self, new: Sequence[Example]) -> tuple[Numbers, dict[str, Any]]:
        counts: Counter[str] = Counter()
        listed: list[dict[str, str]] = []
        for row, names in self._findings_of(new):
            counts.update(names)
            # a missing full stop is no finding by itself: only its share beside gold's
            listed += [
                {"row": row.id, "finding": name, "text": self.task.text_of(row.fields)[:300]}
                for name in names
                if name != "unfinished" and len(listed) < TABLE_ROWS
            ]
        numbers: Numbers = {f"audit/{name}": counts[name] for name in FINDINGS}
        if new and self.gold:
            numbers["audit/unfinished_share"] = counts["unfinished"] / len(new)
            numbers["audit/unfinished_share_gold"] = self._unfinished_gold
        return numbers, {"findings": listed}

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
        words = [*self.task.labels, *(self.task.prompt_sets[self.task.prompts].labels or ())]
        for row in rows:
            yield row, findings(self.task.text_of(row.fields), list(dict.fromkeys(words)), self._habits)

    def _sample(self, rows: Sequence[Example]) -> list[Example]:
        """At most `audit.rows` rows, by hash, so that samples of growing sets overlap and vectors are used again."""
        return sorted(rows, key=lambda row: content(row.fields.values()))[: self.config.rows]

    def _shortcuts(self, rows: Sequence[Example]) -> tuple[Numbers, dict[str, Any]]:
        if not self.config.shortcuts or len(self.task.labels) < 2:
            return {}, {}
        from s3exp.audit.shortcuts.shortcuts import balance, shortcuts

        labels, generate = self.task.labels, self.task.written[0]
        result = shortcuts(rows, self.gold, generate, len(labels), derive(self.seed, "shortcuts"))
        numbers: Numbers = {"shortcuts/strong": len(result.strong)}
        if result.shortcuts:
            numbers["shortcuts/excess"] = result.shortcuts[0].excess
            numbers["shortcuts/accuracy"] = result.shortcuts[0].accuracy
        for part in result.partial_input:
            numbers[f"partial/{part.field}"] = part.accuracy
            numbers[f"partial/{part.field}_gold"] = part.gold_own
        lengths = balance(rows, self.gold, len(labels), generate)
        numbers |= {f"balance/{name}": value for name, value in lengths.items()}
        table = [{"line": one.line(generate, labels), **asdict(one)} for one in result.shortcuts]
        return numbers, {"shortcuts": table}

    def _gap(self, rows: Sequence[Example]) -> Numbers:
        """Gap and diversity on as many rows of both sides; for scale, the gap of gold from itself."""
        if not self.config.gap or not self.gold:
            return {}
        from s3exp.audit.diversity import compare
        from s3exp.audit.gap import gap

        synthetic, gold = [self.task.text_of(row.fields) for row in self._sample(rows)], self._gold_sample
        seed, most = derive(self.seed, "gap"), self.config.rows
        synthetic_vectors, gold_vectors = self.vectors.embed(synthetic), self.vectors.embed(gold)
        sides = compare(gold, synthetic, (gold_vectors, synthetic_vectors), seed, most)
        distances = gap(gold_vectors, synthetic_vectors, seed, most)
        numbers = {f"gap/{name}": value for name, value in distances.items()} | self._gap_of_gold
        numbers |= {f"diversity/{name}": value for name, value in sides.synthetic.items()}
        return numbers | {f"diversity_of_gold/{name}": value for name, value in sides.gold.items()}

    def _noise(self, rows: Sequence[Example], judged: Judged | None) -> tuple[Numbers, dict[str, Any]]:
        if not self.config.noise or len(self.task.labels) < 2:
            return {}, {}
        judged = judged or judge_labels(self._sample(rows), self.task, self.vectors, self.seed)
        sampled, noise, names = judged.rows, judged.noise, self.task.labels
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
                "row": sampled[suspect.row].id,
                "label": names[suspect.label],
                "suggested": names[suspect.suggested],
                "quality": round(suspect.quality, 4),
                "text": self.task.text_of(sampled[suspect.row].fields)[:300],
            }
            for suspect in noise.suspects[:TABLE_ROWS]
        ]
        return numbers, {"noise": listed}
