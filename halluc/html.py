"""Tables as HTML, for notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape


def table_html(rows: Sequence[Sequence[str]], title: str = "") -> str:
    """A table, its head first; every character of it is escaped."""
    caption = f"<caption>{escape(title)}</caption>" if title else ""
    if not rows:
        return f"<p>{escape(title)}</p>"
    head, *body = rows
    heads = "".join(f"<th>{escape(each)}</th>" for each in head)
    lines = "".join(
        "<tr>" + "".join(f"<td>{escape(str(each))}</td>" for each in row) + "</tr>" for row in body
    )
    return f"<table>{caption}<thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>"
