"""How a text differs from another, word by word, as HTML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from app.inspector.drawing.marks import LONGEST, plain
from halluc.records import Finding

_MOST_WORDS = 4000


def diff_html(
    one: str, other: str, before: Sequence[Finding] = (), after: Sequence[Finding] = ()
) -> str:
    """What became of a text, word by word, escaped; words of claims are marked right or wrong.

    Args:
        one: the text that was.
        other: the text that is.
        before: findings of the one.
        after: findings of the other.

    >>> diff_html("a red cup", "a blue cup")
    '<p class="hx-diff" dir="auto">a <del>red </del><ins>blue </ins>cup</p>'
    >>> diff_html("a cup, a fork", "a cup")
    '<p class="hx-diff" dir="auto">a cup<del>, a fork</del></p>'
    """
    old, new = _Words(one, before), _Words(other, after)
    # White space after a word is shown, but does not make it another word.
    bare, later = ([each.strip() for each in side.words] for side in (old, new))
    matcher = SequenceMatcher(None, bare, later, autojunk=False)
    pieces = []
    for how, a, b, c, d in matcher.get_opcodes():
        if how == "equal":
            pieces.append(plain("".join(old.words[a:b])))
            continue
        if b > a:
            pieces.append(f"<del>{old.html(a, b)}</del>")
        if d > c:
            pieces.append(f"<ins>{new.html(c, d)}</ins>")
    return f'<p class="hx-diff" dir="auto">{"".join(pieces)}</p>'


class _Words:
    """The words of a text, each with the white space after it and the verdict on its claim."""

    def __init__(self, text: str, findings: Sequence[Finding]) -> None:
        found = list(re.finditer(r"\w+\s*|[^\w\s]\s*|\s+", text[:LONGEST]))[:_MOST_WORDS]
        self.words = [each[0] for each in found]
        spans = [
            (each.claim.start, each.claim.end, each.verdict)
            for each in sorted(findings, key=lambda each: each.verdict != "hallucinated")
            if each.verdict != "unverifiable"
        ]
        self.verdicts = [
            next(
                (what for start, end, what in spans if start < each.end() and each.start() < end),
                "",
            )
            for each in found
        ]

    def html(self, start: int, end: int) -> str:
        """Some of them."""
        return "".join(
            f'<b class="hx-{self.verdicts[at]}">{plain(self.words[at])}</b>'
            if self.verdicts[at]
            else plain(self.words[at])
            for at in range(start, end)
        )
