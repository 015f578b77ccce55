"""One sample as HTML, for the app and for reports: picture with boxes, text with marks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from app.inspector.drawing.marks import TOLD, claim_words, marked, plain, tip
from app.inspector.drawing.pictures import Picture
from app.inspector.drawing.scene_graph import graph_html
from app.inspector.drawing.tokens import chance, next_best, spelled, tokens_of
from halluc.records import Box, Finding, Response, Sample


@cache
def style() -> str:
    """The style sheet, with a rule for each finding that may be pointed at."""
    touched = ":is(:hover,:focus)"
    lit = [f'.hx:has([data-f~="{n}"]{touched}) [data-b~="{n}"]' for n in range(TOLD)]
    lit += [f'.hx:has([data-t="{n}"]{touched}) [data-o="{n}"]' for n in range(TOLD)]
    told = [f'.hx-marked:has([data-f~="{n}"]{touched}) [data-e="{n}"]' for n in range(TOLD)]
    sheet = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
    box = "{opacity:1;z-index:2;border-color:var(--hx-wrong);border-width:3px}"
    return f"<style>{sheet}\n{','.join(lit)}{box}{','.join(told)}{{display:block}}</style>"


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
    text = marked(response.text, findings, response, shade=shade)
    boxed = picture_html(sample, findings, picture, chosen)
    zoom = "" if isinstance(picture, str) else _ZOOM
    return (
        f'<div class="hx"><div class="hx-left">{boxed}{zoom}</div>'
        f'<div class="hx-right">{question}{text}{answer_html(sample, response)}</div>'
        f"{truth_html(sample, findings)}</div>{graph_html(sample, findings)}"
    )


_ZOOM = '<label class="hx-zoom"><input type="checkbox"> Enlarge the picture</label>'


def truth_html(sample: Sample, findings: Sequence[Finding]) -> str:
    """What is true of a picture, as a list whose lines light their boxes; empty if unknown.

    Each object stands with its attributes and relations, and whether the text says it.
    """
    truth = sample.truth
    if truth is None or not truth.objects:
        return ""
    said = {each.claim.subject for each in findings if each.verdict == "supported"}
    shown = {box for each in findings if each.verdict == "supported" for box in each.boxes}
    lines = []
    for number, each in enumerate(truth.objects):
        stated = each.box in shown if shown and each.box else each.name in said
        facts = [", ".join((v,) if isinstance(v, str) else v) for v in each.attributes.values()]
        facts += [
            f"{one.predicate} {truth.objects[one.object].name}"
            for one in truth.relations
            if one.subject == number
        ][:_RELATIONS]
        told = f" <span>{plain('; '.join(facts))}</span>" if facts else ""
        sign = "" if not findings else " ✓ said" if stated else " – not said"
        lines.append(
            f'<li data-t="{number}" tabindex="0"><b>{plain(each.name)}</b>{told}<i>{sign}</i></li>'
        )
    whole = truth.complete or truth.exhaustive
    silent = "What is not listed is absent." if whole else "The list may lack objects."
    return (
        f'<div class="hx-truth"><h2>Ground truth ({len(lines)})</h2><ul>{"".join(lines)}</ul>'
        f"<p>{silent}</p></div>"
    )


_RELATIONS = 8
"""Relations of an object that are listed; scenes state some for every pair."""


def card_html(
    sample: Sample, response: Response, findings: Sequence[Finding], picture: Picture | str
) -> str:
    """A sample in the grid: its name, how much of it is wrong, picture and marked text."""
    image = _image(sample, picture)
    head = f'<h2 class="hx-id">{plain(sample.id[:80])}</h2>'
    if findings:
        wrong = sum(each.verdict == "hallucinated" for each in findings)
        head += f'<p class="hx-count">{wrong} wrong of {len(findings)} claims</p>'
    text = response.text if len(response.text) <= 400 else response.text[:400] + "…"
    short = [each for each in findings if each.claim.end <= 400]
    question = f'<p class="hx-asked">{plain(sample.prompt)}</p>' if sample.prompt else ""
    body = f"{question}{marked(text, short)}{answer_html(sample, response)}"
    return f'<div class="hx-card">{head}{image}{body}</div>'


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
    alt = plain(picture_words(sample))
    return f'<img class="hx-image" src="{picture.source}" alt="{alt}">'


def picture_words(sample: Sample) -> str:
    """What is in a picture, in words, as far as that is known.

    >>> from halluc.records import TrueObject, Truth
    >>> objects = tuple(TrueObject(name=each) for each in ("cup", "cup", "dog"))
    >>> picture_words(Sample(id="a", truth=Truth(objects=objects)))
    'Picture with 2 cup, dog'
    """
    names = Counter(each.name for each in (sample.truth.objects if sample.truth else ()))
    if not names:
        asked = f" about which is asked: {sample.prompt[:200]}" if sample.prompt else ""
        return f"Picture {sample.image or sample.id}{asked}"
    told = (name if number == 1 else f"{number} {name}" for name, number in names.items())
    return f"Picture with {', '.join(told)}"


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
    true = {each.box: (at, each.name) for at, each in enumerate(truth) if each.box is not None}
    boxes = [
        _box(box, true.get(box), picture, of.get(box, []), chosen in of.get(box, []))
        for box in dict.fromkeys((*true, *of))
    ]
    absent = [
        _absent(number, each, chosen)
        for number, each in enumerate(findings)
        if each.verdict == "hallucinated" and not each.boxes
    ]
    return f'<div class="hx-picture">{image}{"".join(boxes)}{"".join(absent)}</div>'


def _box(box: Box, true: tuple[int, str] | None, picture: Picture, of: list[int], lit: bool) -> str:
    """A box; `true` is the object of the truth in it, `of` are the findings that it decides."""
    left, top = 100 * box.x / picture.width, 100 * box.y / picture.height
    width, height = 100 * box.width / picture.width, 100 * box.height / picture.height
    numbers = " ".join(map(str, of))
    place = f"left:{left:.2f}%;top:{top:.2f}%;width:{width:.2f}%;height:{height:.2f}%"
    own, label = "", "<span></span>"
    if true is not None:
        own, label = f' data-o="{true[0]}"', f"<span>{plain(true[1])}</span>"
    classes = "hx-box hx-lit" if lit else "hx-box"
    return f'<div class="{classes}" data-b="{numbers}"{own} style="{place}">{label}</div>'


def _absent(number: int, finding: Finding, chosen: int | None) -> str:
    lit = " hx-lit" if chosen == number else ""
    what = f"no {finding.claim.subject} here" if finding.claim.kind == "object" else "not so"
    evidence = f": {finding.evidence}" if finding.evidence else ""
    return f'<div class="hx-absent{lit}" data-b="{number}">{plain(what + evidence)}</div>'


def finding_label(finding: Finding) -> str:
    """A finding in a list: what is claimed and its verdict."""
    return f"{claim_words(finding.claim)} – {finding.verdict}"


def finding_html(finding: Finding, response: Response) -> str:
    """A finding's reasons, and what the model thought of the tokens of its words."""
    tokens = tokens_html(response, finding.claim.start, finding.claim.end)
    return f'<p class="hx-answer">{plain(tip(finding))}</p>{tokens}'


def tokens_html(response: Response, start: int, end: int) -> str:
    """The tokens of a part of an answer, a row each; empty where none are known.

    Each with its probability, and where the run kept them, its probability without the picture and
    what else was likely in its place.
    """
    numbers = [n for n in tokens_of(response, start, end) if spelled(response, n)]
    if not numbers:
        return ""
    head = ["token", "p"]
    columns = [
        [spelled(response, n) for n in numbers],
        [chance(response.tokens[n].logprob) for n in numbers],
    ]
    if response.without_picture:
        head.append("p without the picture")
        columns.append([chance(response.without_picture[n]) for n in numbers])
    if response.top_logprobs:
        head.append("next best")
        columns.append([next_best(response, n) for n in numbers])
    rows = "".join(
        f"<tr>{''.join(f'<td>{plain(each)}</td>' for each in row)}</tr>"
        for row in list(zip(*columns, strict=True))[:_TOKENS]
    )
    names = "".join(f"<th>{each}</th>" for each in head)
    rest = f"<p>… and {len(numbers) - _TOKENS:,} more</p>" if len(numbers) > _TOKENS else ""
    return f'<table class="hx-tokens"><tr>{names}</tr>{rows}</table>{rest}'


_TOKENS = 500
"""Tokens of an answer that are listed."""
