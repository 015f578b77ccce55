"""A sample of several runs side by side: a word that is pointed at lights its boxes in all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.inspector.drawing.diff import diff_html
from app.inspector.drawing.html import answer_html, picture_html
from app.inspector.drawing.marks import marked, plain
from app.inspector.drawing.pictures import Picture
from halluc.records import Finding, Response, Sample

Side = tuple[Response, Sequence[Finding]]
"""An answer with its findings of one metric, in the order of the words."""


def sides_html(sample: Sample, sides: Mapping[str, Side | None], picture: Picture | str) -> str:
    """The answers of runs to a sample, each with the picture and its difference from the first.

    Args:
        sample: with its truth.
        sides: by name of the run; None where it has no answer.
        picture: it, or why there is none.
    """
    every = [each for side in sides.values() if side for each in side[1]]
    base = next(iter(sides.values()))
    columns, first = [], 0
    for name, side in sides.items():
        parts = [f"<h2>{plain(name)}</h2>", picture_html(sample, every, picture)]
        if side is None:
            parts.append('<p class="hx-note">This run has no answer to it.</p>')
        else:
            response, findings = side
            parts.append(marked(response.text, findings, first=first))
            parts.append(answer_html(sample, response))
            first += len(findings)
            if base and side is not base:
                parts.append(_difference(base, side))
        columns.append(f'<div class="hx-side">{"".join(parts)}</div>')
    return f'<div class="hx hx-sides">{"".join(columns)}</div>'


def _difference(base: Side, side: Side) -> str:
    if base[0].text == side[0].text:
        return '<p class="hx-note">The same words as the base</p>'
    told = diff_html(base[0].text, side[0].text, base[1], side[1])
    legend = 'Changed from the base: <b class="hx-hallucinated">wrong</b>, '
    legend += '<b class="hx-supported">right</b>'
    return f'<p class="hx-diff hx-small">{legend}</p>{told}'
