"""Brackets round doubtful words, in place of their correction: the reader decides.

After the indication variant of HallE-Control (Zhai et al. 2023, arXiv:2310.01779), where a model is
trained to write objects that it infers in [brackets]. Here a reviser writes them, round the words
that it would take out or replace.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta

from mitigation.postcorrection.revisions import Edit

Mark = Annotated[
    bool, Meta(description="Put doubtful words into [brackets] instead of correcting them.")
]


def mark(text: str, doubtful: Iterable[tuple[int, int, tuple[str, ...]]]) -> tuple[Edit, ...]:
    """The edits that put stretches of a text into brackets, in order.

    Args:
        text: the caption.
        doubtful: start and end of each stretch, and the wrong claims in it; one that overlaps a
            longer one that begins before it belongs to that.

    >>> [edit] = mark("A cup and a red fork.", [(10, 20, ("fork",)), (12, 15, ("fork: red",))])
    >>> edit.after, edit.why
    ('[a red fork]', ('fork', 'fork: red'))
    """
    found: list[tuple[int, int, tuple[str, ...]]] = []
    for start, end, why in sorted(doubtful, key=lambda each: (each[0], -each[1])):
        if found and start < found[-1][1]:
            first, last, before = found.pop()
            found.append((first, max(last, end), (*before, *why)))
        else:
            found.append((start, end, why))
    return tuple(
        Edit(
            start=start,
            end=end,
            before=text[start:end],
            after=f"[{text[start:end]}]",
            why=tuple(dict.fromkeys(why)),
        )
        for start, end, why in found
    )
