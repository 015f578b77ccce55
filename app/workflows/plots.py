"""Pictures for people: a contact sheet of captions with the wrong words marked, and a bar plot."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image, ImageDraw, ImageFont

from halluc.jsonl import write_atomically
from halluc.records import Finding, Kind, Score

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RGB = tuple[int, int, int]

# Okabe and Ito's palette, which colour-blind people can tell apart; the underline tells as well.
MARKS: dict[Kind, tuple[RGB, str]] = {
    "object": ((213, 94, 0), "solid"),
    "attribute": ((0, 114, 178), "dashed"),
    "relation": ((148, 72, 138), "dotted"),
}
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
TEXT: RGB = (38, 38, 40)
FAINT: RGB = (120, 120, 124)

PICTURE = 252
PAD = 14
LINE = 19


@dataclass(frozen=True)
class Cell:
    """One picture of a contact sheet with the text on it.

    Attributes:
        title: a short name.
        image: the picture.
        text: what the model said.
        findings: what was found in the text; the hallucinated ones are marked.
    """

    title: str
    image: Image.Image
    text: str
    findings: Sequence[Finding]


def contact_sheet(cells: Sequence[Cell], columns: int = 4) -> Image.Image:
    """Pictures in a grid, the text under each, hallucinated words coloured and underlined."""
    rows = [cells[start : start + columns] for start in range(0, len(cells), columns)]
    wrapped = {id(cell): _wrap(cell.text, PICTURE) for cell in cells}
    heights = [PICTURE + 44 + LINE * max(len(wrapped[id(cell)]) for cell in row) for row in rows]
    width = PAD + columns * (PICTURE + PAD)
    sheet = Image.new("RGB", (width, 44 + sum(heights)), "white")
    pen = ImageDraw.Draw(sheet)
    _legend(pen)
    top = 44
    for row, height in zip(rows, heights, strict=True):
        for column, cell in enumerate(row):
            left = PAD + column * (PICTURE + PAD)
            sheet.paste(cell.image.convert("RGB").resize((PICTURE, PICTURE)), (left, top))
            pen.text((left, top + PICTURE + 5), cell.title, fill=FAINT, font=_font(12))
            for number, line in enumerate(wrapped[id(cell)]):
                place = (left, top + PICTURE + 22 + number * LINE)
                _write(pen, place, line, cell)
        top += height
    return sheet


def bar_plot(path: Path, figures: Mapping[str, Mapping[str, Score]]) -> None:
    """A panel of bars for each figure, a bar for each series, saved as a picture.

    A line across a bar's end is the figure's 95 % interval.

    Args:
        path: where to.
        figures: at most `PALETTE` many series to figure to score, a share from 0 to 1; an
            undefined one has no bar. The first series has all figures; one that another lacks has
            no bar there.
    """
    from matplotlib.figure import Figure

    names, labels = list(figures), list(next(iter(figures.values())))
    size = (1 + 1.7 * len(labels), 0.8 + 0.3 * len(names))
    picture = Figure(figsize=size, dpi=120, layout="constrained")
    for axes, label in zip(
        picture.subplots(1, len(labels), sharey=True, squeeze=False).flat, labels, strict=True
    ):
        for name, color in zip(names, PALETTE, strict=False):
            if (found := figures[name].get(label)) is None:
                axes.barh(name, 0)
                continue
            value, end = found.value or 0, found.value or 0
            axes.barh(name, 100 * value, 0.75, color=color)
            if found.value is not None and found.low is not None and found.high is not None:
                ends = [[100 * (value - found.low)], [100 * (found.high - value)]]
                axes.errorbar(100 * value, name, xerr=ends, color="#262628", lw=1, capsize=2)
                end = found.high
            told = "undefined" if found.value is None else f"{100 * value:.1f}"
            axes.text(100 * end + 4, name, told, va="center", fontsize=7)
        axes.set_title(f"{label} (%)", fontsize=9, loc="left")
        axes.set_xlim(0, 130)
        axes.set_xticks(range(0, 101, 50))
        axes.tick_params(length=0, labelsize=8)
        axes.grid(axis="x", color="#e6e6e6")
        axes.set_axisbelow(True)
        axes.spines[:].set_visible(False)
    axes.invert_yaxis()
    save_picture(path, picture)


def save_picture(path: Path, picture: Image.Image | Figure) -> None:
    """Write a picture as PNG; the file is whole or as it was before.

    Raises:
        InputError: the folder cannot be written.
    """
    content = io.BytesIO()
    if isinstance(picture, Image.Image):
        picture.save(content, format="png")
    else:
        # Plots have few colours; with a palette the file is a third as large.
        drawn = io.BytesIO()
        picture.savefig(drawn, format="png")
        Image.open(drawn).convert("RGB").quantize(64).save(content, format="png", optimize=True)
    write_atomically(path, [content.getvalue()])


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _wrap(text: str, width: int) -> list[list[tuple[int, str]]]:
    """Lines of (offset, word with the spaces after it) that fit into a width in pixels."""
    font, lines, used = _font(14), [[]], 0.0  # type: ignore[var-annotated]
    for match in re.finditer(r"\S+\s*", text):
        length = font.getlength(match.group())
        if used + font.getlength(match.group().rstrip()) > width and lines[-1]:
            lines.append([])
            used = 0.0
        lines[-1].append((match.start(), match.group().replace("\n", " ")))
        used += length
    return lines


def _write(
    pen: ImageDraw.ImageDraw, place: tuple[float, float], line: list[tuple[int, str]], cell: Cell
) -> None:
    x, y = place
    font = _font(14)
    for offset, word in line:
        for start, end, mark in _pieces(offset, offset + len(word), cell.findings):
            piece = word[start - offset : end - offset]
            length = font.getlength(piece)
            color = MARKS[mark.kind][0] if mark and mark.stated else TEXT
            pen.text((x, y), piece, fill=color, font=font)
            if mark:
                _underline(pen, x, x + length, y + 16, mark)
            x += length


class _Mark(NamedTuple):
    """A stretch of text that is wrong, or (not stated) what a wrong relation is about."""

    start: int
    end: int
    kind: Kind
    stated: bool = True


def _pieces(
    start: int, end: int, findings: Sequence[Finding]
) -> list[tuple[int, int, _Mark | None]]:
    """A stretch of text cut where marks begin and end; narrower claims win over wider ones."""
    marks = []
    for claim in (each.claim for each in findings if each.verdict == "hallucinated"):
        marks.append(_Mark(claim.start, claim.end, claim.kind))
        if claim.kind == "relation":
            spans = filter(None, (claim.subject_span, claim.object_span))
            marks += [_Mark(*span, claim.kind, stated=False) for span in spans]
    marks.sort(key=lambda mark: (not mark.stated, mark.end - mark.start))
    edges = {start, end}
    for mark in marks:
        edges |= {edge for edge in (mark.start, mark.end) if start < edge < end}
    return [
        (left, right, next((m for m in marks if m.start <= left and right <= m.end), None))
        for left, right in pairwise(sorted(edges))
    ]


def _underline(pen: ImageDraw.ImageDraw, left: float, right: float, y: float, mark: _Mark) -> None:
    color, style = MARKS[mark.kind]
    dash, gap = {"solid": (right - left, 1.0), "dashed": (6.0, 3.0), "dotted": (2.0, 2.0)}[style]
    while left < right:
        pen.line((left, y, min(left + dash, right), y), fill=color, width=2 if mark.stated else 1)
        left += dash + gap


def _legend(pen: ImageDraw.ImageDraw) -> None:
    x: float = PAD
    font = _font(14)
    for text, kind in (("Wrong words by kind:", None), *((kind, kind) for kind in MARKS)):
        pen.text((x, 12), text, fill=MARKS[kind][0] if kind else TEXT, font=font)
        length = font.getlength(text)
        if kind:
            _underline(pen, x, x + length, 28, _Mark(0, 0, kind))
        x += length + 18
