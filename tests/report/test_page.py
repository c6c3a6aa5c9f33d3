"""The page: what it says, what it escapes, and, in a real browser, what its script does and that nothing is fetched."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from s3exp.report.study import collect
from s3exp.report.write import TITLE, embed, write_study
from s3exp.terminal.texts import clean
from tests.report.browser import Browser
from tests.report.records import config, ledger, result, write_all, write_run

ATTACK = "<script>window.injected = 1</script><img src=x onerror='window.injected = 2'>"
NASTY = (
    f'{ATTACK} </script><!-- \u2028\u202eRTL\u2069 \x00\x07\x1b[31m \ud800 lone & "quoted" ]]> '
    "\u0645\u0631\u062d\u0628\u0627"
)


class Elements(HTMLParser):
    """The elements of a page with their attributes, and the text of its scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self._script = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._script = tag == "script"
        if self._script:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._script = False

    def handle_data(self, data: str) -> None:
        if self._script:
            self.scripts[-1] += data


def write_report(runs: Path, out: Path, title: str = TITLE) -> Path:
    return write_study(collect([runs]), out, title)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of four strategies and five seeds."""
    folder = tmp_path_factory.mktemp("report")
    return write_report(write_all(folder / "runs"), folder / "out", "A title & more")


@pytest.fixture(scope="module")
def nasty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of runs whose every text tries to leave its place."""
    folder = tmp_path_factory.mktemp("nasty")
    for seed, strategy in enumerate(("zerogen", f"$x$ {ATTACK}")):
        told = result(strategy, 0, 60 + seed)
        told["rounds"][0]["rejected_by_reason"] = {NASTY: 3}
        told["test_groups"] = {NASTY: 0.5}
        told["versions"] = {"s3exp": NASTY}
        shortcuts = [{"line": NASTY, "excess": 0.1, "strong": True}]
        tables = {f"rounds/{n}/shortcuts.jsonl": shortcuts for n in range(3)}
        identity = config(
            strategy, 0, llm__model=NASTY, small_model__checkpoint=NASTY, loop__own=NASTY * (1 + seed)
        )
        write_run(
            folder / "runs" / str(seed), told, identity, {**tables, "ledger.jsonl": ledger(NASTY, NASTY)}
        )
    return write_report(folder / "runs", folder / "out")


def test_what_the_page_says(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "<title>A title &amp; more</title>" in text
    assert "s3 is highest with 72.0% accuracy on test, +10.0 points over zerogen." in text
    assert text.index("s3 is highest") < text.index("Results on the test rows") < text.index('id="runs"')
    assert "Clean: in none of 20 runs" in text and "s3 tells by a comma" in text
    assert len(re.findall(r"<svg ", text)) > 15
    assert "70.0 to 74.0" in text and "10,000 resamples" in text and "Holm" in text


def test_files_beside_the_page(page: Path) -> None:
    tables = {path.name for path in (page.parent / "tables").iterdir()}
    for name in ("reviews-results", "reviews-pairs", "reviews-mcnemar", "reviews-equal-cost", "all-runs"):
        assert {f"{name}.csv", f"{name}.md", f"{name}.tex"} <= tables
    plots = {path.name for path in (page.parent / "plots").iterdir()}
    for name in (
        "test",
        "gains",
        "select-by-round",
        "select-at-tokens",
        "test-by-rows",
        "errors-fixed",
        "gap-mauve",
    ):
        assert {f"reviews-{name}.svg", f"reviews-{name}.png"} <= plots


def test_a_policy_forbids_every_request(page: Path) -> None:
    elements = Elements(page.read_text(encoding="utf-8"))
    (policy,) = [
        a["content"] for tag, a in elements.found if a.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy is not None and policy.startswith("default-src 'none'; ")
    assert "unsafe-inline" not in policy.split("script-src")[1] and "unsafe-eval" not in policy
    outside = ("src", "srcset", "action", "poster", "data", "ping")
    links = [
        (tag, k, v)
        for tag, a in elements.found
        for k, v in a.items()
        if k in (*outside, "href", "xlink:href")
    ]
    assert links and all(k not in outside and (v or "").startswith(("#", "tables/")) for _, k, v in links)


def test_ids_are_unique_and_references_have_their_target(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    names = [a["id"] for _, a in Elements(text).found if "id" in a]
    assert len(names) == len(set(names))
    wanted = set(re.findall(r'(?:xlink:href="#|href="#|url\(#)([^")]+)', text))
    assert wanted and wanted <= set(names)


def test_no_text_leaves_its_place(nasty: Path) -> None:
    raw = nasty.read_bytes()
    text = raw.decode("utf-8")  # no lone surrogate was written
    assert not re.search(r"[\x00-\x08\x0b-\x1f]", text)
    elements = Elements(text)
    kinds = [a.get("type") for tag, a in elements.found if tag == "script"]
    assert kinds == ["application/json", None]
    assert not [tag for tag, a in elements.found if tag == "img" or any(key.startswith("on") for key in a)]
    assert "window.injected" not in elements.scripts[1]
    data = json.loads(elements.scripts[0])
    texts = [error["fields"]["text"] for one in data["runs"] for error in one["errors"]]
    assert clean(NASTY) in texts
    assert text.count("&lt;script&gt;window.injected") > 5


def test_json_in_a_page_cannot_end_its_element() -> None:
    nasty = {"text": "</script><!--\u2028&\ud800é\U0001f600"}
    text = embed(nasty)
    assert text.isascii() and not set(text) & set("<>&")
    assert json.loads(text) == nasty


def test_files_of_nasty_texts_are_written(nasty: Path) -> None:
    names = [path.name for kind in ("tables", "plots") for path in (nasty.parent / kind).iterdir()]
    assert names and all(re.fullmatch(r"[\w.-]+", name) for name in names)
    assert "window.injected" in (nasty.parent / "tables" / "reviews-shortcuts.csv").read_text(
        encoding="utf-8"
    )


def test_what_is_missing_is_left_out(tmp_path: Path) -> None:
    """A record without config, test rows, ledger, metrics, tokens and certificate, beside a full one."""
    bare: dict[str, Any] = {"task": "reviews", "strategy": "old", "seed": 0}
    write_run(tmp_path / "runs" / "old", {**bare, "test": {"accuracy": 0.5}, "rounds": [{"round": 0}]})
    (tmp_path / "runs" / "stopped").mkdir()
    (tmp_path / "runs" / "stopped" / "run.json").write_text("{}")
    write_all(tmp_path / "runs", ("s3",), [0])
    text = write_report(tmp_path / "runs", tmp_path / "out").read_text()
    assert (
        "No clear winner: s3 has 71.0%, and old 50.0% accuracy on test; the difference is +21.0 points."
        in text
    )
    assert "not finished: 0 rounds on record" in text
    assert "a synthesized row copy a gold row; 1 run without one." in text


def test_a_bare_record_alone(tmp_path: Path) -> None:
    write_run(
        tmp_path / "runs",
        {"task": "t", "strategy": "old", "seed": 0, "test": {"accuracy": 0.5}, "rounds": [{}]},
    )
    text = write_report(tmp_path / "runs", tmp_path / "out").read_text()
    assert "There is nothing to compare it with." in text and "No leakage certificate is on record." in text


def test_two_tasks_are_two_verdicts(tmp_path: Path) -> None:
    for task, scores in (("reviews", (71, 60)), ("rte", (40, 50))):
        for strategy, right in zip(("s3", "zerogen"), scores, strict=True):
            told = {
                **result(strategy, 0, right, task),
                "rounds": [{"round": 0, "train_rows": 9}],
            }  # nothing to draw
            write_run(tmp_path / "runs" / f"{task}-{strategy}", told)
    text = write_report(tmp_path / "runs", tmp_path / "out").read_text()
    assert text.index("zerogen, the baseline, is highest with 50.0%") > text.index(
        "No clear winner: s3 has 71.0"
    )
    assert "Beside the paper" in text and "73.3" in text
    assert (tmp_path / "out" / "tables" / "rte-paper.csv").is_file()


def test_the_same_records_are_the_same_files(page: Path, tmp_path: Path) -> None:
    again = write_report(page.parent.parent / "runs", tmp_path, "A title & more")
    files = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert len(files) > 50
    assert [
        name for name in files if (tmp_path / name).read_bytes() != (page.parent / name).read_bytes()
    ] == []
    assert again.name == "index.html"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A real browser; without one these tests are skipped."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed")
    with Browser(program, tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.mark.process
def test_a_browser_shows_errors_with_their_children(page: Path, browser: Browser) -> None:
    browser.events.clear()
    browser.open(page.as_uri())
    # goldgen is not first: the list begins with the best arm whose errors have children
    assert browser.run("document.querySelector('.lineage select').selectedOptions[0].text") == "s3, seed 4"
    items = "[...document.querySelectorAll('.lineage .list button')]"
    assert browser.run(f"{items}.map((one) => one.dataset.id)") == ["v-1", "v-2", "v-3"]
    browser.run(f"{items}[1].click()")
    assert "a child of it" not in browser.run("document.querySelector('.detail').innerText")
    browser.run(f"{items}[0].click()")
    told = browser.run("document.querySelector('.detail').innerText")
    for words in (
        "v-1: fixed in 1",
        "gold: positive",
        "a plain text",
        "said negative (0.75)",
        "a child of it",
    ):
        assert words in told
    assert "r1-7 · positive · 42 tokens" in told and "1 row was made of it in this round" in told
    assert browser.run("location.hash") == "#error/1/s3/v-1"


@pytest.mark.process
def test_a_browser_filters_by_fate_and_by_text(page: Path, browser: Browser) -> None:
    browser.open("about:blank")
    browser.open(page.as_uri())

    def narrow(element: str, value: str, event: str) -> list[str]:
        found = f"document.querySelector('.lineage {element}')"
        browser.run(f"{found}.value = '{value}'; {found}.dispatchEvent(new Event('{event}'))")
        ids = browser.run(
            "[...document.querySelectorAll('.lineage .list button')].map((one) => one.dataset.id)"
        )
        return list(ids)

    fate = "[aria-label=fate]"
    assert narrow(fate, "broken", "change") == ["v-3"]
    assert narrow(fate, "", "change") == ["v-1", "v-2", "v-3"]
    assert narrow("input", "CHILD of", "input") == ["v-1"]
    assert narrow("input", "nothing such", "input") == []
    assert browser.run("document.querySelector('.detail').innerText") == "No error fits."


@pytest.mark.process
def test_a_link_leads_to_an_error(page: Path, browser: Browser) -> None:
    browser.open("about:blank")
    browser.open(page.as_uri() + "#error/1/goldgen/v-2")
    assert browser.run("document.querySelector('.detail h4').innerText") == "v-2: never right"
    assert browser.run("document.querySelector('.lineage select').selectedOptions[0].text").startswith(
        "goldgen"
    )


@pytest.mark.process
def test_a_browser_sorts_tables(page: Path, browser: Browser) -> None:
    browser.open("about:blank")
    browser.open(page.as_uri())
    first = (
        "[...document.querySelector('table.sortable').tBodies[0].rows].map((row) => row.cells[0].innerText)"
    )
    head = "document.querySelectorAll('table.sortable')[0].tHead.rows[0].cells"
    browser.run(f"{head}[2].querySelector('button').click()")
    assert browser.run(first) == ["zerogen", "goldgen", "s3", "gold"]
    browser.run(f"{head}[4].querySelector('button').click()")
    browser.run(f"{head}[4].querySelector('button').click()")
    assert browser.run(first) == ["gold", "s3", "goldgen", "zerogen"]  # the base has no gain: last


@pytest.mark.process
@pytest.mark.parametrize("which", ["page", "nasty"])
def test_nothing_is_fetched_and_no_other_script_runs(
    which: str, browser: Browser, request: pytest.FixtureRequest
) -> None:
    path: Path = request.getfixturevalue(which)
    browser.open("about:blank")
    browser.events.clear()
    browser.open(path.as_uri())
    for place in range(3):
        browser.run(f"document.querySelectorAll('.lineage .list button')[{place}].click()")
    assert browser.run("document.querySelector('.detail').innerText.length") > 20
    assert browser.run("typeof window.injected") == "undefined"
    assert browser.run("document.querySelectorAll('img, iframe, object, embed, link').length") == 0
    asked = {one["request"]["url"] for one in browser.told("Network.requestWillBeSent")}
    assert asked == {path.as_uri()}
    assert browser.told("Runtime.exceptionThrown") == []
    assert [one["entry"]["text"] for one in browser.told("Log.entryAdded")] == []


@pytest.mark.process
def test_the_policy_stops_a_script_that_is_put_into_the_page(page: Path, browser: Browser) -> None:
    """The second wall: even markup that got in would run nothing and fetch nothing."""
    browser.open("about:blank")
    browser.open(page.as_uri())
    browser.events.clear()
    put = "const s = document.createElement('script'); s.textContent = 'window.injected = 1'; document.body.append(s);"
    image = "document.body.append(Object.assign(new Image(), { src: 'http://127.0.0.1:9/x.png' }));"
    browser.run(f"(() => {{ {put} {image} }})()")
    browser.run("new Promise((done) => setTimeout(done, 200))")
    assert browser.run("typeof window.injected") == "undefined"
    told = " ".join(one["entry"]["text"] for one in browser.told("Log.entryAdded"))
    assert "Content Security Policy" in told


@pytest.mark.process
def test_a_phone_shows_the_page_without_scrolling_sideways(page: Path, browser: Browser) -> None:
    browser.open("about:blank")
    browser.ask("Emulation.setDeviceMetricsOverride", width=400, height=800, deviceScaleFactor=1, mobile=True)
    browser.open(page.as_uri())
    assert browser.run("document.documentElement.scrollWidth") <= 400
    browser.ask("Emulation.clearDeviceMetricsOverride")
