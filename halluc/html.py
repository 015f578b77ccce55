"""Tables for notebooks, and pages that need no server and run no scripts."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src {images}; style-src {styles} 'unsafe-inline'">
<title>{title}</title>{style}</head><body><main>
"""
PAGE_STYLE = """:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto;
  padding: 0 1rem; }
article { border-top: 1px solid #8886; padding: 1rem 0; }
h2 { font-size: 1.2rem; } h3 { font-size: 1rem; font-weight: 600; overflow-wrap: anywhere; }
table { font-size: .9rem; }
td, th { text-align: left; vertical-align: top; padding: .1rem 1rem .1rem 0;
  overflow-wrap: anywhere; }
"""


def page_html(title: str, body: str, style: str = "", sheet: str = "") -> str:
    """A whole page; its policy of content lets nothing act, and nothing be fetched from a network.

    Args:
        title: HTML.
        body: HTML.
        style: elements of style; where they say the same, the page's own count.
        sheet: address of a style sheet beside the page, with `PAGE_STYLE` in it. Pictures are
            files, too, then; a browser takes each file on a disk as an origin of its own.
    """
    beside = "'self' file:"
    if sheet:
        style += f'<link rel="stylesheet" href="{sheet}">'
    else:
        style += f"<style>{PAGE_STYLE}</style>"
    head = _HEAD.format(
        title=title,
        style=style,
        images=f"{beside} data:" if sheet else "data:",
        styles=beside if sheet else "",
    )
    return f"{head}{body}</main></body></html>\n"


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
