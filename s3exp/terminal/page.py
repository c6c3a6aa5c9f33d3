"""Tables and lines in the terminal.

Names and reasons may come from an LLM or a user: they are shown as text, never as markup, and in ASCII where the
terminal cannot do more.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from s3exp.terminal.texts import printable

_ASCII_RULE = box.Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)  # below the head


class Page:
    """A console."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._ascii = not console.encoding.lower().startswith("utf")

    def text(self, value: object) -> Text:
        """Text without markup, control characters, and characters that the terminal lacks."""
        text = printable(str(value))
        return Text(text.encode("ascii", "replace").decode() if self._ascii else text)

    def table(
        self, title: str, names: Sequence[str], rows: Sequence[Sequence[str]], texts: Sequence[str]
    ) -> None:
        """Print a table and an empty line. Columns named in `texts` may be folded, numbers not."""
        rule = _ASCII_RULE if self._ascii else box.SIMPLE_HEAD
        table = Table(box=rule, padding=(0, 1, 0, 0), show_edge=False)
        for index, name in enumerate(names):
            cells = [*name.split(), *(row[index] for row in rows)]
            table.add_column(
                Text("\n").join(map(self.text, name.split())),
                justify="left" if name in texts else "right",
                overflow="fold",
                min_width=10 if name in texts else max(map(len, cells)),
            )
        for row in rows:
            table.add_row(*map(self.text, row))
        self._line(title, "bold")
        self._console.print(table)
        self._console.print()

    def paragraph(self, title: str, text: str) -> None:
        """Print a text, indented under its title, and an empty line."""
        self._line(title, "bold")
        for line in text.split("\n"):
            self._line(f"  {line}")
        self._console.print()

    def line(self, name: str, path: Path | str, more: str = "") -> None:
        """Print a path or a command on one line, so that it can be copied."""
        self._line(f"{name:7}{path}{more}")

    def _line(self, text: str, style: str | None = None) -> None:
        self._console.print(self.text(text), style=style, soft_wrap=True, highlight=False)
