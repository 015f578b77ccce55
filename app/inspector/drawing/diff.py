"""How a text differs from another, word by word, as HTML."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from app.inspector.drawing.marks import LONGEST, plain

_MOST_WORDS = 4000


def diff_html(one: str, other: str) -> str:
    """What became of a text, word by word, escaped.

    >>> diff_html("a red cup", "a blue cup")
    '<p class="hx-diff" dir="auto">a <del>red </del><ins>blue </ins>cup</p>'
    >>> diff_html("a cup, a fork", "a cup")
    '<p class="hx-diff" dir="auto">a cup<del>, a fork</del></p>'
    """
    before, after = (
        re.findall(r"\w+\s*|[^\w\s]\s*|\s+", each[:LONGEST])[:_MOST_WORDS] for each in (one, other)
    )
    # White space after a word is shown, but does not make it another word.
    old, new = ([each.strip() for each in side] for side in (before, after))
    pieces = []
    for how, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if how == "equal":
            pieces.append(plain("".join(before[a:b])))
            continue
        if b > a:
            pieces.append(f"<del>{plain(''.join(before[a:b]))}</del>")
        if d > c:
            pieces.append(f"<ins>{plain(''.join(after[c:d]))}</ins>")
    return f'<p class="hx-diff" dir="auto">{"".join(pieces)}</p>'
