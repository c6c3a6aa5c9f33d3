"""A study on disk: one HTML page that fetches nothing and runs no script but its own, tables and plots beside it.

The template escapes all texts. The errors are JSON that cannot end its element. A Content-Security-Policy forbids every
request and every script but the one whose hash it has.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from s3exp.record.files import write_text
from s3exp.report import breakdowns, provenance, tables
from s3exp.report.arms import Arm, Look, looks_by_name
from s3exp.report.comparison import Comparison
from s3exp.report.drawing import Drawing, draw_all, draw_over_tasks
from s3exp.report.errors import MOST, lineage
from s3exp.report.export import Cell, Table, formatted, write_tables
from s3exp.report.over_tasks import method, over_tasks
from s3exp.report.scaling import scaling
from s3exp.report.study import Study
from s3exp.terminal.texts import chance, clean, file_names, percent, points
from s3exp.types import UserError

TITLE = "Which strategy wrote the better training data?"
_HERE = Path(__file__).parent
_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_MATRIX = 8  # arms of a matrix at most; more stand in the list alone
Tables = Mapping[str, Table]  # of one task, by name
Sections = Mapping[str, Sequence[Drawing]]


def write_study(study: Study, out: Path, title: str = TITLE) -> Path:
    """Write `out`/index.html, tables/ and plots/ about a study; returns the page.

    Raises:
        UserError: `out` cannot be written.
    """
    try:
        drawings = draw_all(study.comparisons, out / "plots")
        together = draw_over_tasks(study.comparisons, out / "plots")
        everything = {comparison.task: tables_of(comparison) for comparison in study.comparisons}
        names = file_names(list(everything))
        for task, own in everything.items():
            write_tables(list(own.values()), out / "tables", names[task])
        whole = over_tasks(study.comparisons)
        records = (
            *([whole] if whole is not None else []),
            provenance.records(study.comparisons),
            provenance.left_out_table(study.left_out),
        )
        named = {
            f"{names[task]}-{name}.csv": one for task, own in everything.items() for name, one in own.items()
        }
        named |= {f"all-{one.name}.csv": one for one in records}
        write_tables((*records, provenance.columns_of(named)), out / "tables", "all")
        path = out / "index.html"
        write_text(path, page(study, everything, drawings, together, title))
    except OSError as error:
        raise UserError(f"--out {out}: cannot be written: {error}") from error
    return path


def tables_of(comparison: Comparison) -> dict[str, Table]:
    """Every table of a task that has rows, by name."""
    everything = [
        tables.results(comparison),
        tables.pairs(comparison),
        tables.mcnemar_by_seed(comparison),
        tables.equal_cost(comparison),
        scaling(comparison),
        breakdowns.rounds(comparison),
        breakdowns.costs(comparison),
        breakdowns.groups(comparison),
        breakdowns.beside_paper(comparison),
        breakdowns.certificates(comparison)[1],
        breakdowns.rejected(comparison),
        breakdowns.audit(comparison),
        breakdowns.unjudged(comparison),
        breakdowns.shortcuts(comparison),
        provenance.differences(comparison),
    ]
    return {table.name: table for table in everything if table is not None and table.rows}


def page(
    study: Study,
    everything: Mapping[str, Tables],
    drawings: Mapping[str, Sections],
    together: Sequence[Drawing],
    title: str,
) -> str:
    """The whole page as text; `together` are the drawings of several tasks."""
    environment = Environment(loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined)
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.finalize = _cleaned
    environment.globals |= {"formatted": formatted, "sort_key": sort_key}
    environment.filters |= {"points": points, "percent": percent, "chance": chance}
    script = (_HERE / "template.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    runs = [run for one in study.comparisons for arm in one.arms for run in arm.runs]
    names = file_names(list(everything))
    return environment.get_template("template.html.j2").render(
        title=title,
        policy=f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'",
        style=Markup((_HERE / "template.css").read_text(encoding="utf-8")),
        script=Markup(script),
        sections=[
            _section(number, comparison, everything[comparison.task], drawings[comparison.task])
            for number, comparison in enumerate(study.comparisons, 1)
        ],
        verdicts=study.verdicts,
        runs=runs,
        seeds=len({run.seed for run in runs}),
        over_tasks=_over_tasks(study, together),
        files=[f"{names[task]}-{name}.csv" for task, own in everything.items() for name in own]
        + (["all-over-tasks.csv"] if len(study.comparisons) > 1 else [])
        + ["all-runs.csv", "all-left-out.csv", "all-columns.csv"],
        records=provenance.records(study.comparisons),
        left_out=provenance.left_out_table(study.left_out),
        versions=provenance.versions(runs),
        most=MOST,
    )


def _section(number: int, comparison: Comparison, own: Tables, drawings: Sections) -> dict[str, Any]:
    ledger = lineage(comparison.arms)
    return {
        "id": f"t{number}",
        "comparison": comparison,
        "tables": own,
        "looks": {name: look.color for name, look in looks_by_name(comparison.arms).items()},
        "drawings": {
            kind: [inline(one, f"t{number}-{one.name}-") for one in drawn] for kind, drawn in drawings.items()
        },
        "matrix": [arm.name for arm in comparison.arms] if 2 <= len(comparison.arms) <= _MATRIX else [],
        "certificate": breakdowns.certificates(comparison)[0],
        "lineage": embed({"runs": ledger, "number": number}) if ledger else None,
        "commands": provenance.commands(comparison.arms),
    }


def _over_tasks(study: Study, together: Sequence[Drawing]) -> dict[str, Any] | None:
    """What the page shows of several tasks together; None of one task."""
    table = over_tasks(study.comparisons)
    if table is None:
        return None
    looks = [(arm, look) for one in study.comparisons for arm, look in _arm_looks(one)]
    colors = {method(arm): look.color for arm, look in reversed(looks)}
    return {
        "table": table,
        "looks": colors,
        "drawings": [inline(one, f"all-{one.name}-") for one in together],
    }


def _arm_looks(comparison: Comparison) -> list[tuple[Arm, Look]]:
    looks = looks_by_name(comparison.arms)
    return [(arm, looks[arm.name]) for arm in comparison.arms]


def embed(data: object) -> Markup:
    """JSON for a script element: in ASCII, and nothing in it can end the element or begin a comment."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)


def inline(drawing: Drawing, prefix: str) -> Markup:
    """An SVG file as part of a page: ids of its own, no style for the rest of the page, a description."""
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _XLINK)
    root = ElementTree.fromstring(drawing.svg)
    for parent in root.iter():
        for child in list(parent):
            if child.tag in (f"{{{_SVG}}}metadata", f"{{{_SVG}}}style"):
                parent.remove(child)
    for element in root.iter():
        for name, value in element.attrib.items():
            if name == "id":
                element.set(name, prefix + value)
            elif name == f"{{{_XLINK}}}href" and value.startswith("#"):
                element.set(name, f"#{prefix}{value[1:]}")
            elif "url(#" in value:
                element.set(name, value.replace("url(#", f"url(#{prefix}"))
    for name in ("width", "height"):
        root.attrib.pop(name, None)
    root.attrib |= {"role": "img", "aria-label": clean(drawing.title), "stroke-linejoin": "round"}
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def sort_key(value: Cell) -> str:
    """The sort key of a cell: a number, of an interval its lower end; empty where unknown."""
    value = value[0] if isinstance(value, tuple) else value
    if value is None:
        return ""
    return repr(float(value)) if isinstance(value, (int, float)) else clean(str(value))


def _cleaned(value: object) -> object:
    """Every text that the template prints, cleaned; escaping comes after."""
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value
