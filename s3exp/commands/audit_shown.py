"""Prints an audit in the terminal: the certificate, the findings, and single errors with their children."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from s3exp.audit.observer import Report
from s3exp.curation.certificate import in_one_line, quoted_in_one_line
from s3exp.curation.copies import EXEMPLAR, KINDS
from s3exp.record.errors import ErrorHistory, new_text
from s3exp.record.measures import measure, of_gold, with_meaning
from s3exp.terminal.page import Page, Terminal
from s3exp.terminal.texts import cut

Entry = Mapping[str, Any]
_EXAMPLES = 3  # of every finding
_TEXT_LENGTH = 110  # of a text in a list
_DEBRIS = ("refusal", "preamble", "wrapped", "label_in_text", "repeats_exact", "repeats_near")
_LINES = 5  # shortcuts, copies, errors that are listed


def print_audit(
    certificate: Entry, report: Report, ledger: Sequence[ErrorHistory], run: Path | None = None
) -> None:
    """Print the certificate first, then debris, repeats, shortcuts, gap, diversity, noise, the unjudged and errors."""
    page, numbers = Page(Terminal()), report.numbers
    page.paragraph("Leakage certificate", in_one_line(certificate))
    _roles(page, certificate)
    _copies(page, certificate["copies"])
    _quoted(page, certificate)
    _debris(page, report)
    _shortcuts(page, report)
    _sides(page, "Distance to gold", "gap", numbers)
    _sides(page, "Diversity", "diversity", numbers)
    _sides(page, "The table beside gold", "table", numbers)
    _sides(page, "Words of queries in passages", "lexical", numbers)
    _false_negatives(page, report)
    _noise(page, report)
    _fidelity(page, report)
    _answers(page, report)
    _unjudged(page, report)
    _fates(page, ledger, run)


def _false_negatives(page: Page, report: Report) -> None:
    share = report.numbers.get("negatives/false")
    if share is None:
        return
    found = report.tables.get("false_negatives", ())
    lines = [f"{len(found):,} rows ({share:.1%} of those with one)"]
    lines += [
        f"{one['row']}: {cut(str(one['negative']), _TEXT_LENGTH)} (answers {one['of']})"
        for one in found[:_LINES]
    ]
    page.paragraph("Hard negatives that are right answers", "\n".join(lines))


def print_error(history: ErrorHistory) -> None:
    """Print one mining row, its prediction after every round, and its children."""
    page = Page(Terminal())
    text = "\n".join(f"{name}: {text}" for name, text in history.fields.items())
    page.paragraph(f"{history.error} ({history.target}): {history.fate}", text)
    for one in history.rounds:
        verdict = "right" if one.right else "wrong"
        head = f"{one.name}: {verdict}, said {one.predicted} ({one.score:.2f}); {len(one.children)} children"
        children = [
            f"{child.id} ({child.tokens} tokens, seed {child.seed}): {new_text(child.fields, history.fields)}"
            for child in one.children
        ]
        page.paragraph(head, "\n".join(children) or "none")


def _roles(page: Page, certificate: Entry) -> None:
    rows = [
        [role, f"{counts['gold_rows']:,}", *(f"{counts[kind]:,}" for kind in KINDS)]
        for role, counts in certificate["roles"].items()
    ]
    if certificate["quoted_from_exemplar"]:
        rows.append(["their exemplars", "", *(f"{certificate[EXEMPLAR][kind]:,}" for kind in KINDS)])
    page.table("Rows that copy gold, by role", ("role", "gold rows", *KINDS), rows, texts=("role",))


def _copies(page: Page, copies: Sequence[Entry]) -> None:
    if copies:
        first = {copy["row"]: copy for copy in reversed(copies)}  # a row once, by its worst copy
        worst = [copy for copy in copies if first[copy["row"]] is copy][:_LINES]
        rows = [[c["row"], c["kind"], c["role"], c["of"], f"{c['score']:.3g}"] for c in worst]
        names = ("row", "kind", "role", "gold row", "score")
        page.table("The worst of them", names, rows, texts=names[:-1])


def _quoted(page: Page, certificate: Entry) -> None:
    """How much of the rows is quoted from their exemplars, by round."""
    rounds = certificate["quoted_from_exemplar"]
    if rounds:
        bands = tuple(rounds[0]["rows_by_share"])
        rows = [
            [str(one["round"]), f"{one['rows']:,}", *(f"{one['rows_by_share'][band]:,}" for band in bands)]
            + [f"{one[name]:.2f}" for name in ("mean", "median", "nine_in_ten")]
            for one in rounds
        ]
        names = ("round", "rows", *bands, "mean", "median", "nine in ten")
        page.paragraph("Quoted from what the LLM was shown", quoted_in_one_line(certificate))
        page.table("Rows by the share of their words that is quoted, and that share", names, rows, texts=())


def _debris(page: Page, report: Report) -> None:
    numbers = report.numbers
    names = [f"audit/{name}" for name in _DEBRIS if f"audit/{name}" in numbers]
    rows = [[measure(name).title, f"{numbers[name]:,.0f}"] for name in names]
    share = numbers.get("audit/unfinished_share")
    if share is not None:
        shares = f"{share:.1%} (gold: {numbers['audit/unfinished_share_gold']:.1%})"
        rows.append([measure("audit/unfinished_share").title, shares])
    page.table("What an assistant leaves, and repeats", ("finding", "rows"), rows, texts=("finding",))
    shown: Counter[str] = Counter()
    lines = []
    for one in report.tables["findings"]:
        shown[one["finding"]] += 1
        if shown[one["finding"]] <= _EXAMPLES:
            lines.append(f"{one['row']}, {one['finding']}: {cut(one['text'], _TEXT_LENGTH)}")
    if lines:
        page.paragraph("For example", "\n".join(lines))


def _shortcuts(page: Page, report: Report) -> None:
    numbers, shortcuts = report.numbers, report.tables.get("shortcuts")
    if shortcuts is None:
        return
    strong = [one for one in shortcuts if one["strong"]]
    shown = strong[:_LINES] or shortcuts[:1]
    lines = [one["line"] + (f"; also: {', '.join(one['also'][:4])}" if one["also"] else "") for one in shown]
    title = f"Shortcuts: {len(strong)} features give the label away here and not in gold"
    title = title if strong else "Shortcuts: none is strong; the strongest"
    page.paragraph(title, "\n".join(lines) or "none")
    partial = dict.fromkeys(name.removesuffix("_gold") for name in numbers if name.startswith("partial/"))
    rows = [
        [f"{name.removeprefix('partial/')} alone", f"{numbers[name]:.3f}", f"{numbers[f'{name}_gold']:.3f}"]
        for name in partial
    ]
    if rows:
        title = "How often a bag of words tells the label from one field"
        page.table(title, ("field", "synthesized", "gold"), rows, texts=("field",))


def _sides(page: Page, title: str, kind: str, numbers: Mapping[str, float]) -> None:
    """Measures of the rows beside those of gold; a gap of gold is that between its halves."""
    rows = [
        [one.title, _number(numbers[one.name]), _number(numbers.get(of_gold(one.name))), one.says]
        for one in with_meaning(kind)
        if one.name in numbers
    ]
    if rows:
        page.table(title, ("measure", "made", "gold", "meaning"), rows, texts=("measure", "meaning"))


def _noise(page: Page, report: Report) -> None:
    share = report.numbers.get("noise/share")
    if share is None:
        return
    lines = [
        f"{one['row']}: {one['label']}, rather {one['suggested']}: {cut(one['text'], _TEXT_LENGTH)}"
        for one in report.tables.get("noise", ())[:_LINES]
    ]
    upper = report.numbers.get("noise/upper", share)
    judge = f"to a judge that agrees with {report.numbers['noise/agreement']:.0%} of the labels"
    title = f"Labels: {share:.1%} (at most {upper:.1%}) look wrong {judge}"
    page.paragraph(title, "\n".join(lines) or "none is suspected")


def _fidelity(page: Page, report: Report) -> None:
    """Which share of the rows of each round carries the label asked for, and who judged that."""
    for judge in report.tables.get("judge", ()):
        text = f"{judge['judge']} that learned {judge['learned']}: right on {judge['accuracy']:.0%} of {judge['tried']}"
        page.paragraph("The judge of labels", text)
    lines = [one for one in report.tables.get("fidelity", ()) if one["share"] is not None]
    if not lines:
        return
    rows = [
        [
            *(str(one["round"]), f"{one['rows']:,}", f"{one['share']:.3f}"),
            *(f"{one['low']:.3f}-{one['high']:.3f}", f"{one['agreement']:.3f}"),
        ]
        for one in lines
    ]
    title = f"Rows with the label that was asked for: {report.numbers['fidelity/share']:.1%} of them all"
    page.table(title, ("round", "rows", "fidelity", "95% interval", "the judge agrees"), rows, texts=())
    others = [
        f"{one['row']}: {one['label']}, rather {one['suggested']}: {cut(one['text'], _TEXT_LENGTH)}"
        for one in report.tables.get("other_label", ())[:_LINES]
    ]
    if others:
        page.paragraph("Of these the judge says another label, the surest first", "\n".join(others))


def _answers(page: Page, report: Report) -> None:
    """How many free answers the task's program confirms, and the wrong ones."""
    right, known = (report.numbers.get(f"answers/{name}") for name in ("right", "checked"))
    if right is None or known is None:
        return
    lines = [
        f"{one['row']}: {cut(one['text'], _TEXT_LENGTH)} Answer: {cut(one['answer'], _TEXT_LENGTH)}"
        for one in report.tables.get("wrong_answers", ())[:_LINES]
    ]
    title = f"Answers: {right:.1%} are right of the {known:.1%} that the program can check"
    page.paragraph(title, "\n".join(lines) or "none is wrong")


def _unjudged(page: Page, report: Report) -> None:
    """What the audit cannot judge, and why."""
    if lines := [f"{one['what']}: {one['why']}" for one in report.tables.get("unjudged", ())]:
        page.paragraph("Not judged", "\n".join(lines))


def _fates(page: Page, ledger: Sequence[ErrorHistory], run: Path | None) -> None:
    if not ledger:
        return
    counts = Counter(history.fate for history in ledger)
    rows = [[name, str(count)] for name, count in counts.most_common()]
    page.table("Mining rows that were ever wrong, by fate", ("fate", "rows"), rows, texts=("fate",))
    parents = [one for one in ledger if one.children] or ledger
    words = ("s3exp-audit", str(run), "--error", parents[0].error)
    page.paragraph("One of them, with its children", shlex.join(words))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}" if abs(value) < 100 else f"{value:,.0f}"
