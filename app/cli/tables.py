"""Tables for a terminal: whole words at any width, numbers to the right, nothing read as markup."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

GAP = 2
"""Spaces between columns."""
WIDTH = 80
"""Columns of text where no terminal tells."""


def print_table(
    rows: Iterable[Sequence[str]],
    left: Container[str] = ("split", "figure"),
    *,
    title: str = "",
) -> None:
    """Print rows, their head first.

    Words are folded at spaces where room is short; a table whose words need more room than there is
    goes over the edge rather than break one.

    Args:
        rows: of text.
        left: names of the columns that are set to the left.
        title: stands above it.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    head, *body = rows
    columns = list(zip(head, *(_filled(row, len(head)) for row in body), strict=True))
    widths = [max(_longest_word(cell) for cell in column) for column in columns]
    table = Table(
        title=Text(title) if title else None, title_justify="left", title_style="bold",
        box=box.SIMPLE_HEAD, padding=(0, GAP, 0, 0), pad_edge=False, show_edge=False,
    )  # fmt: skip
    for name, width in zip(head, widths, strict=True):
        side = name in left
        table.add_column(
            Text(name), justify="left" if side else "right", min_width=width, no_wrap=not side
        )
    for row in body:
        table.add_row(*map(Text, row))
    out = Console()
    natural = sum(max(map(_width, column)) for column in columns) + GAP * len(columns)
    least = sum(
        width if name in left else max(map(_width, column))
        for name, width, column in zip(head, widths, columns, strict=True)
    )
    room = out.width if out.is_terminal else max(out.width, WIDTH)
    out.width = max(min(room, natural), least + GAP * len(columns))
    out.print(table)


def _filled(row: Sequence[str], length: int) -> list[str]:
    return [*row, *[""] * (length - len(row))]


def _longest_word(text: str) -> int:
    return max(map(_width, text.split()), default=0)


def _width(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)
