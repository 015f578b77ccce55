"""Tables for a terminal: whole words at any width, numbers to the right, nothing read as markup."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

from app.cli.text import harmless

WIDTH = 80
"""Columns of text where there is no terminal."""


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

    head, *body = [[harmless(cell) for cell in row] for row in rows]
    columns = list(zip(head, *(_filled(row, len(head)) for row in body), strict=True))
    whole = [max(map(_width, column)) for column in columns]
    words = [max(map(_longest_word, column)) for column in columns]
    out = Console()
    room = out.width if out.is_terminal else max(out.width, WIDTH)
    gap = 2 if sum(whole) + 2 * len(head) <= room else 1
    table = Table(
        title=Text(harmless(title)) if title else None, title_justify="left", title_style="bold",
        box=box.SIMPLE_HEAD, padding=(0, gap - 1, 0, 0), pad_edge=False, show_edge=False,
    )  # fmt: skip
    widths = _widths([name in left for name in head], whole, words, room - gap * (len(head) - 1))
    for name, width in zip(head, widths, strict=True):
        table.add_column(Text(name), justify="left" if name in left else "right", width=width)
    for row in body:
        table.add_row(*map(Text, row))
    out.width = sum(widths) + gap * len(head)
    out.print(table)


def _widths(
    left: Sequence[bool], whole: Sequence[int], words: Sequence[int], room: int
) -> list[int]:
    """Widths of columns: numbers whole; texts what is left, but no less than their longest word.

    >>> _widths([True, False], [30, 5], [8, 5], 25)
    [20, 5]
    >>> _widths([True, False], [30, 5], [8, 5], 10)
    [8, 5]
    """
    widths = [word if text else full for text, full, word in zip(left, whole, words, strict=True)]
    spare = room - sum(widths)
    wanting = [n for n, full in enumerate(whole) if widths[n] < full]
    while spare > 0 and wanting:
        share = max(1, spare // len(wanting))
        for n in wanting:
            more = min(share, whole[n] - widths[n], spare)
            widths[n], spare = widths[n] + more, spare - more
        wanting = [n for n in wanting if widths[n] < whole[n]]
    return widths


def _filled(row: Sequence[str], length: int) -> list[str]:
    return [*row, *[""] * (length - len(row))]


def _longest_word(text: str) -> int:
    return max(map(_width, text.split()), default=0)


def _width(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)
