"""Tables and lines in the terminal.

Names and reasons may come from an LLM or a user: they are shown as text, never as markup, and in ASCII where the
terminal cannot do more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from s3exp.terminal.texts import printable

_ASCII_RULE = box.Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)  # below the head
INTERVAL = "95% interval"  # the name of a column: of the mean before it
_NARROW = 16  # characters that a column of texts has at least, if it needs them
_FOLD = 4  # a column of texts may be folded to this part of the terminal's width


def blocks(widths: Sequence[int], most: int, keys: int = 1, joined: Collection[int] = ()) -> list[list[int]]:
    """The places of the columns in each block that is at most `most` characters wide; each begins with `keys` columns.

    Columns in `joined` stay with the one before them. What is too wide beside the keys is in a block of its own.
    """
    cost = [width + 2 for width in widths]  # padding, and the space between columns
    names = list(range(min(keys, len(widths))))
    groups: list[list[int]] = []
    for place in range(len(names), len(widths)):
        if place in joined and groups:
            groups[-1].append(place)
        else:
            groups.append([place])
    found = [[*names]]
    for group in groups:
        block = found[-1]
        if len(block) > len(names) and sum(cost[one] for one in [*block, *group]) - 1 > most:
            found.append(block := [*names])
        block += group
    return found


class Terminal(Console):
    """A console whose closed output is the caller's to handle: rich would end the process with exit code 1."""

    def on_broken_pipe(self) -> None:
        """Raise the error again."""
        raise BrokenPipeError("nothing reads the output")


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
        self,
        title: str,
        names: Sequence[str],
        rows: Sequence[Sequence[str]],
        texts: Sequence[str],
        keys: int = 1,
    ) -> None:
        """Print a table and an empty line, in several blocks where it is wider than the terminal.

        Columns named in `texts` may be folded, numbers not. Every block begins with the first `keys` columns, which
        tell the rows apart; an interval stays beside its mean.
        """
        cells = [[*name.split(), *(row[index] for row in rows)] for index, name in enumerate(names)]
        widths = [max(map(len, column)) for column in cells]
        for index, name in enumerate(names):
            if name in texts:
                widths[index] = min(widths[index], max(10, self._console.width // _FOLD))
        for index, name in enumerate(names):
            if name in texts:  # narrower still, if that saves a block
                over = sum(widths) + 2 * len(widths) - 1 - self._console.width
                word = max(len(word) for cell in cells[index] for word in [*cell.split(), ""])
                widths[index] -= max(0, min(over, widths[index] - max(word, _NARROW)))
        self._line(title, "bold")
        ends = [place for place, name in enumerate(names) if name == INTERVAL]
        for block in blocks(widths, self._console.width, keys, ends):
            self._block(block, names, rows, {place: widths[place] for place in block}, texts)
            self._console.print()

    def _block(
        self,
        block: Sequence[int],
        names: Sequence[str],
        rows: Sequence[Sequence[str]],
        widths: Mapping[int, int],
        texts: Sequence[str],
    ) -> None:
        rule = _ASCII_RULE if self._ascii else box.SIMPLE_HEAD
        table = Table(box=rule, padding=(0, 1, 0, 0), show_edge=False)
        for place in block:
            table.add_column(
                Text("\n").join(map(self.text, names[place].split())),
                justify="left" if names[place] in texts else "right",
                overflow="fold",
                min_width=widths[place],
            )
        for row in rows:
            table.add_row(*(self.text(row[place]) for place in block))
        self._console.print(table)

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
