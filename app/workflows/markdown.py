"""Markdown in which names and texts of others show as they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

# What would begin a heading, code, emphasis, a cell, a link or picture, a tag, or a character as a
# number.
_ACTS = re.compile(r"^#|[\\`*|~]|(?<![^\W_])_|_(?![^\W_])|\](?=[(\[:])|<|&(?=#?\w+;)")
_TAGS = {"<": "&lt;", "&": "&amp;"}


def line(text: str) -> str:
    r"""A text as a line of Markdown in which nothing acts: no link, picture, HTML or cell.

    >>> line("![x](http://evil.example) a|b [1, 2]")
    '![x\\](http://evil.example) a\\|b [1, 2]'
    """
    return _ACTS.sub(lambda at: _TAGS.get(at[0]) or f"\\{at[0]}", " ".join(text.split()))


def table(rows: Iterable[Sequence[str]], left: Sequence[int] | None = None) -> str:
    """A table, its head first.

    Args:
        rows: of text.
        left: columns that are set to the left, the others to the right; None: as a page sets them.
    """
    head, *body = rows
    ruled = ["---" if left is None or n in left else "---:" for n in range(len(head))]
    told = [list(map(line, head)), ruled, *(list(map(line, row)) for row in body)]
    return "\n".join(f"| {' | '.join(row)} |" for row in told)
