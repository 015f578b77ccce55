"""One sample as HTML, for the app and for reports: picture with boxes, text with marks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from app.inspector.drawing.marks import claim_words, marked, plain, tip
from app.inspector.drawing.pictures import Picture
from halluc.records import Box, Finding, Response, Sample

_MOST = 120
"""Findings of a text whose boxes show at a touch; a text with more is read by its list."""


@cache
def style() -> str:
    """The style sheet, with a rule for each finding that may be pointed at."""
    rules = [f'.hx:has([data-f~="{n}"]:is(:hover,:focus)) [data-b~="{n}"]' for n in range(_MOST)]
    sheet = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
    lit = "{opacity:1;z-index:2;border-color:var(--hx-wrong);border-width:3px}"
    return f"<style>{sheet}\n{','.join(rules)}{lit}</style>"


def legend() -> str:
    """What the marks mean."""
    marks = "".join(
        f'<mark class="hx-hallucinated hx-{kind} hx-end">wrong {kind}</mark> '
        for kind in ("object", "attribute", "relation")
    )
    return f'<p class="hx-legend">{marks}<mark class="hx-unverifiable">unverifiable</mark></p>'


def sample_html(
    sample: Sample,
    response: Response,
    findings: Sequence[Finding],
    picture: Picture | str,
    *,
    chosen: int | None = None,
    shade: bool = False,
) -> str:
    """A sample in full.

    Args:
        sample: with its truth.
        response: the answer.
        findings: of one metric, in the order of the words.
        picture: it, or why there is none.
        chosen: number of the finding whose box is shown all the time.
        shade: shade the tokens by how unsure the model was.
    """
    asked = response.prompt or sample.prompt
    question = f'<p class="hx-asked">{plain(asked)}</p>' if asked else ""
    text = marked(response.text, findings, response.tokens, shade=shade)
    boxed = picture_html(sample, findings, picture, chosen)
    return (
        f'<div class="hx"><div class="hx-left">{boxed}</div>'
        f'<div class="hx-right">{question}{text}{answer_html(sample, response)}</div></div>'
    )


def card_html(
    sample: Sample, response: Response, findings: Sequence[Finding], picture: Picture | str
) -> str:
    """A sample in the grid: picture and marked text."""
    image = _image(sample, picture)
    text = response.text if len(response.text) <= 400 else response.text[:400] + "…"
    short = [each for each in findings if each.claim.end <= 400]
    question = f'<p class="hx-asked">{plain(sample.prompt)}</p>' if sample.prompt else ""
    body = f"{question}{marked(text, short)}{answer_html(sample, response)}"
    return f'<div class="hx-card">{image}{body}</div>'


def answer_html(sample: Sample, response: Response) -> str:
    """For a yes/no question: what is true, what was read, and how likely each answer was."""
    label = sample.truth.label if sample.truth else None
    if label is None:
        return ""
    from metrics.pope_counts import DEFAULT

    reading = DEFAULT.read(response.text, label)
    sign, word = ("✓", "right") if reading == label else ("✗", "wrong")
    if reading not in ("yes", "no"):
        sign, word = "?", "read as neither"
    chances = ", ".join(f"{plain(name)} {chance:.2f}" for name, chance in response.answers.items())
    told = f" · p: {chances}" if chances else ""
    classes = "hx-right-answer" if reading == label else "hx-wrong-answer"
    return (
        f'<p class="hx-answer"><b class="{classes}">{sign} {word}</b> '
        f"the truth is {label}{told}</p>"
    )


def _image(sample: Sample, picture: Picture | str) -> str:
    if isinstance(picture, str):
        return f'<div class="hx-none">{plain(picture)}</div>'
    alt = plain(f"picture of {sample.id}")
    return f'<img class="hx-image" src="{picture.source}" alt="{alt}">'


def picture_html(
    sample: Sample,
    findings: Sequence[Finding],
    picture: Picture | str,
    chosen: int | None = None,
) -> str:
    """A picture with a box for each true object, and what is said of absent ones."""
    image = _image(sample, picture)
    if isinstance(picture, str):
        return image
    of: dict[Box, list[int]] = {}
    for number, each in enumerate(findings):
        for box in each.boxes:
            of.setdefault(box, []).append(number)
    truth = sample.truth.objects if sample.truth else ()
    names = {each.box: each.name for each in truth if each.box is not None}
    boxes = [
        _box(box, names.get(box, ""), picture, of.get(box, []), chosen)
        for box in dict.fromkeys((*names, *of))
    ]
    absent = [
        _absent(number, each, chosen)
        for number, each in enumerate(findings)
        if each.verdict == "hallucinated" and not each.boxes
    ]
    return f'<div class="hx-picture">{image}{"".join(boxes)}{"".join(absent)}</div>'


def _box(box: Box, name: str, picture: Picture, of: list[int], chosen: int | None) -> str:
    left, top = 100 * box.x / picture.width, 100 * box.y / picture.height
    width, height = 100 * box.width / picture.width, 100 * box.height / picture.height
    lit = " hx-lit" if chosen in of else ""
    numbers = " ".join(map(str, of))
    place = f"left:{left:.2f}%;top:{top:.2f}%;width:{width:.2f}%;height:{height:.2f}%"
    label = f"<span>{plain(name)}</span>"
    return f'<div class="hx-box{lit}" data-b="{numbers}" style="{place}">{label}</div>'


def _absent(number: int, finding: Finding, chosen: int | None) -> str:
    lit = " hx-lit" if chosen == number else ""
    what = f"no {finding.claim.subject} here" if finding.claim.kind == "object" else "not so"
    evidence = f": {finding.evidence}" if finding.evidence else ""
    return f'<div class="hx-absent{lit}" data-b="{number}">{plain(what + evidence)}</div>'


def finding_label(finding: Finding) -> str:
    """A finding in a list: what is claimed and its verdict."""
    return f"{claim_words(finding.claim)} – {finding.verdict}"


def finding_html(finding: Finding) -> str:
    """A finding's reasons."""
    return f'<p class="hx-answer">{plain(tip(finding))}</p>'
