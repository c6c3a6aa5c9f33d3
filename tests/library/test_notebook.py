"""The notebook of the library, executed in a real kernel, twice: the second time every run is read."""

from __future__ import annotations

import io
from pathlib import Path

import nbformat
import pandas
import pytest
from nbclient import NotebookClient

PATH = Path(__file__).parents[2] / "notebooks" / "library.ipynb"


@pytest.mark.process
def test_the_notebook_runs_and_runs_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    shown = [executed(tmp_path) for _ in range(2)]
    assert shown[0]["run"] == shown[1]["run"] and "'scene':" in shown[0]["run"]
    frame = pandas.read_html(io.StringIO(shown[0]["study"]))[0]
    assert sorted(frame.strategy) == ["goldgen", "goldgen", "s3", "s3"]
    assert len(list(tmp_path.glob("runs/films-*/result.json"))) == 4


def executed(folder: Path) -> dict[str, str]:
    """What the cells show. Nothing may be printed on their output."""
    book = nbformat.read(PATH, 4)
    assert not any(cell.get("outputs") for cell in book.cells)
    NotebookClient(book, timeout=300, resources={"metadata": {"path": str(folder)}}).execute()
    outputs = {cell.id: cell.outputs for cell in book.cells if cell.cell_type == "code"}
    assert [one.text for found in outputs.values() for one in found if one.output_type == "stream"] == []
    data = {name: found[-1].data for name, found in outputs.items() if found}
    return {name: one.get("text/html", one["text/plain"]) for name, one in data.items()}
