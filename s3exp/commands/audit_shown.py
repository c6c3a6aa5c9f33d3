"""An audit in the terminal: the certificate, what was found, and single errors with their children.

Reads what the audit and the record hold; computes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from s3exp.audit.observer import Report
from s3exp.curation.certificate import in_one_line
from s3exp.curation.copies import KINDS
from s3exp.record.errors import Child, ErrorHistory, new_text
from s3exp.record.measures import measure, of_gold, with_meaning
from s3exp.terminal.page import Page

Entry = Mapping[str, Any]
_EXAMPLES = 3  # of every finding
_SHORT = 110  # characters of a text in a list
_DEBRIS = ("refusal", "preamble", "wrapped", "label_in_text", "repeats_exact", "repeats_near")
_LINES = 5  # shortcuts, copies, errors that are listed


def print_audit(certificate: Entry, report: Report, ledger: Sequence[ErrorHistory]) -> None:
    """Print the certificate first, then debris, repeats, shortcuts, gap, diversity, noise and errors."""
    page, numbers = Page(Console()), report.numbers
    page.paragraph("Leakage certificate", in_one_line(certificate))
    _roles(page, certificate)
    _copies(page, certificate["copies"])
    _debris(page, report)
    _shortcuts(page, report)
    _sides(page, "Distance to gold", "gap", numbers)
    _sides(page, "Diversity", "diversity", numbers)
    _noise(page, report)
    _fates(page, ledger)


def print_error(history: ErrorHistory) -> None:
    """Print one mining row, what the small model said of it after every round, and its children."""
    page = Page(Console())
    told = "\n".join(f"{name}: {text}" for name, text in history.fields.items())
    page.paragraph(f"{history.error} ({history.target}): {history.fate}", told)
    for one in history.rounds:
        verdict = "right" if one.right else "wrong"
        head = f"{one.name}: {verdict}, said {one.predicted} ({one.score:.2f}); {len(one.children)} children"
        page.paragraph(head, "\n".join(_child(child, history) for child in one.children) or "none")


def _child(child: Child, history: ErrorHistory) -> str:
    text = new_text(child.fields, history.fields)
    return f"{child.id} ({child.tokens} tokens, seed {child.seed}): {text}"


def _roles(page: Page, certificate: Entry) -> None:
    rows = [
        [role, f"{counts['gold_rows']:,}", *(f"{counts[kind]:,}" for kind in KINDS)]
        for role, counts in certificate["roles"].items()
    ]
    page.table("Rows that copy gold, by role", ("role", "gold rows", *KINDS), rows, texts=("role",))


def _copies(page: Page, copies: Sequence[Entry]) -> None:
    if copies:
        first = {copy["row"]: copy for copy in reversed(copies)}  # a row once, by its worst copy
        worst = [copy for copy in copies if first[copy["row"]] is copy][:_LINES]
        rows = [[c["row"], c["kind"], c["role"], c["of"], f"{c['score']:.3g}"] for c in worst]
        names = ("row", "kind", "role", "gold row", "score")
        page.table("The worst of them", names, rows, texts=names[:-1])


def _debris(page: Page, report: Report) -> None:
    numbers, listed = report.numbers, report.tables["findings"]
    rows = [
        [measure(f"audit/{name}").title, f"{numbers[f'audit/{name}']:,.0f}"]
        for name in _DEBRIS
        if f"audit/{name}" in numbers
    ]
    share = numbers.get("audit/unfinished_share")
    if share is not None:
        told = f"{share:.1%} (gold: {numbers['audit/unfinished_share_gold']:.1%})"
        rows.append([measure("audit/unfinished_share").title, told])
    page.table("What an assistant leaves, and repeats", ("finding", "rows"), rows, texts=("finding",))
    shown: Counter[str] = Counter()
    lines = []
    for one in listed:
        shown[one["finding"]] += 1
        if shown[one["finding"]] <= _EXAMPLES:
            lines.append(f"{one['row']}, {one['finding']}: {_cut(one['text'])}")
    if lines:
        page.paragraph("For example", "\n".join(lines))


def _shortcuts(page: Page, report: Report) -> None:
    numbers, found = report.numbers, report.tables.get("shortcuts")
    if found is None:
        return
    strong = [one for one in found if one["strong"]]
    shown = strong[:_LINES] or found[:1]
    lines = [one["line"] + (f"; also: {', '.join(one['also'][:4])}" if one["also"] else "") for one in shown]
    title = f"Shortcuts: {len(strong)} features give the label away here and not in gold"
    page.paragraph(
        title if strong else "Shortcuts: none is strong; the strongest", "\n".join(lines) or "none"
    )
    parts = [
        name.removeprefix("partial/").removesuffix("_gold") for name in numbers if name.startswith("partial/")
    ]
    rows = [
        [f"{part} alone", f"{numbers[f'partial/{part}']:.3f}", f"{numbers[f'partial/{part}_gold']:.3f}"]
        for part in dict.fromkeys(parts)
    ]
    if rows:
        title = "How often a bag of words tells the label from one field"
        page.table(title, ("field", "synthesized", "gold"), rows, texts=("field",))


def _sides(page: Page, title: str, kind: str, numbers: Mapping[str, float]) -> None:
    """Measures of the rows beside those of gold: two halves of it against each other, where a gap is measured."""
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
        f"{one['row']}: {one['label']}, rather {one['suggested']}: {_cut(one['text'])}"
        for one in report.tables.get("noise", ())[:_LINES]
    ]
    upper = report.numbers.get("noise/upper", share)
    judge = f"to a judge that agrees with {report.numbers['noise/agreement']:.0%} of the labels"
    title = f"Labels: {share:.1%} (at most {upper:.1%}) look wrong {judge}"
    page.paragraph(title, "\n".join(lines) or "none is suspected")


def _fates(page: Page, ledger: Sequence[ErrorHistory]) -> None:
    if not ledger:
        return
    counts = Counter(history.fate for history in ledger)
    rows = [[name, str(count)] for name, count in counts.most_common()]
    page.table("Mining rows that were ever wrong, by fate", ("fate", "rows"), rows, texts=("fate",))
    page.paragraph("One of them, with its children", f"s3exp-audit RUN --error {ledger[0].error}")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}" if abs(value) < 100 else f"{value:,.0f}"


def _cut(text: str) -> str:
    return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"
