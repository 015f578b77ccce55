"""A model's text as HTML: every character of it escaped, the words of its claims marked.

Whatever a model says is text here. Control characters and those that turn the direction of
writing show as symbols; the markup is all ours.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from html import escape
from itertools import pairwise
from typing import NamedTuple

from app.inspector.drawing.tokens import claim_tokens, token_words
from halluc.records import Claim, Finding, Response, Token

LONGEST = 20_000
"""Characters of a text that are shown; the rest is counted."""
TOLD = 120
"""Findings of a text that are told, and whose boxes show, at a touch; the rest stands in lists."""

_PICTURES = {code: chr(0x2400 + code) for code in range(32) if chr(code) not in "\n\t"}
_PICTURES[0x7F] = "␡"


class Mark(NamedTuple):
    """A stretch of text that a finding is about.

    Attributes:
        start, end: where.
        number: of the finding, in the order of the words.
        finding: the finding.
        stated: it is the claim itself, and not what a relation is about.
    """

    start: int
    end: int
    number: int
    finding: Finding
    stated: bool = True


def plain(text: str) -> str:
    r"""A text that shows as itself: escaped, and nothing in it acts.

    >>> plain("<b>&\x00\u202e")
    '&lt;b&gt;&amp;␀⟨U+202E⟩'
    """
    return escape(plain_text(text))


def plain_text(text: str) -> str:
    """A text in which no character acts, for where markup means nothing."""
    return text if text.isprintable() else "".join(map(_shown, text))


def _shown(character: str) -> str:
    if character in "\n\t" or character.isprintable():
        return character
    if picture := _PICTURES.get(ord(character)):
        return picture
    if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp", "Cn", "Co"):
        return f"⟨U+{ord(character):04X}⟩"
    return character  # spaces of other widths


def claim_words(claim: Claim) -> str:
    """A claim in words.

    >>> claim_words(Claim(kind="relation", start=0, end=1, subject="cup", value="on", object="box"))
    'cup on box'
    """
    words = {
        "object": claim.subject,
        "attribute": f"{claim.subject}: {claim.value}",
        "relation": f"{claim.subject} {claim.value} {claim.object}",
    }[claim.kind]
    words = words.strip(" :")  # of what a reviewer marked only the words are known
    return words if claim.stance == "asserted" else f"{words} ({claim.stance})"


def tip(finding: Finding, unsure: float | None = None) -> str:
    """What a finding says, for people: verdict, rule and evidence.

    Args:
        finding: the finding.
        unsure: mean −log p of its tokens, if that is known.
    """
    evidence = f" – {finding.evidence}" if finding.evidence else ""
    claim = finding.claim
    sure = "" if unsure is None else f" · mean −log p {unsure:.2f}"
    return f"{finding.verdict} {claim.kind}: {claim_words(claim)} ({finding.rule}{evidence}){sure}"


def surprise(finding: Finding, tokens: Sequence[Token]) -> float | None:
    """Mean −log p of the tokens of a finding's words; None where no token is known."""
    claim = finding.claim
    own = [-each.logprob for each in tokens if each.start < claim.end and claim.start < each.end]
    return sum(own) / len(own) if own else None


def marked(
    text: str,
    findings: Sequence[Finding],
    response: Response | None = None,
    *,
    shade: bool = False,
    first: int = 0,
) -> str:
    """The HTML of a text with the words of its claims marked, and beside it what is told of each.

    Args:
        text: what the model said.
        findings: of one metric, in the order of the words; each is known by its place here.
        response: the answer that the text is of, to say how likely its tokens were.
        shade: shade the tokens by how unsure the model was of them.
        first: number of the first finding, where a page holds several texts.
    """
    shown = text[:LONGEST]
    marks = _marks(findings, first)
    tokens = response.tokens if response else ()
    shades = [n for n, each in enumerate(tokens) if shade and each.end > each.start]
    spans = [(each.start, each.end) for each in marks]
    spans += [(tokens[n].start, tokens[n].end) for n in shades]
    inside = {place for span in spans for place in span if 0 < place < len(shown)}
    pieces = []
    for start, end in pairwise(sorted({0, len(shown)} | inside)):
        over = [each for each in marks if each.start <= start and end <= each.end]
        html = plain(shown[start:end])
        own = (n for n in shades if tokens[n].start <= start and end <= tokens[n].end)
        if response and (number := next(own, None)) is not None:
            html = _shaded(html, response, number)
        pieces.append(_piece(shown[start:end], html, end, over))
    if rest := len(text) - len(shown):
        pieces.append(f'<span class="hx-note">… and {rest:,} characters more</span>')
    text_html = f'<p class="hx-text" dir="auto">{"".join(pieces)}</p>'
    told = "".join(
        f'<p data-e="{number}">{plain(_told(each, response))}</p>'
        for number, each in enumerate(findings[:TOLD])
    )
    return f'<div class="hx-marked">{text_html}<div class="hx-told">{told}</div></div>'


def _marks(findings: Sequence[Finding], first: int) -> list[Mark]:
    """Marks, the most telling first: wrong before unverifiable before right, narrow before wide."""
    marks = []
    for number, each in enumerate(findings, first):
        claim = each.claim
        marks.append(Mark(claim.start, claim.end, number, each))
        if claim.kind == "relation" and each.verdict == "hallucinated":
            spans = filter(None, (claim.subject_span, claim.object_span))
            marks += [Mark(*span, number, each, stated=False) for span in spans]
    order = {"hallucinated": 0, "unverifiable": 1, "supported": 2}
    return sorted(
        (each for each in marks if each.start < each.end),
        key=lambda m: (order[m.finding.verdict], not m.stated, m.end - m.start, m.number),
    )


def _told(finding: Finding, response: Response | None) -> str:
    """What a finding says, and how likely the model took its words to be."""
    if response is None:
        return tip(finding)
    kept = claim_tokens(response, finding.claim.start, finding.claim.end)
    told = tip(finding, surprise(finding, response.tokens))
    return f"{told} · {kept}" if kept else told


def _shaded(html: str, response: Response, number: int) -> str:
    """A piece of a token, shaded by how unsure the model was of it."""
    logprob = response.tokens[number].logprob
    share = min(-logprob / 4, 1)
    told = plain(f"{token_words(response, number)}, −log p {-logprob:.2f}")
    return f'<span class="hx-token" style="--unsure:{share:.2f}" title="{told}">{html}</span>'


def _piece(text: str, html: str, end: int, marks: Sequence[Mark]) -> str:
    """A piece of the text in the mark of its first finding; `html` is the text as it shows."""
    if not marks:
        return html
    first = marks[0]
    classes = [f"hx-{first.finding.verdict}", f"hx-{first.finding.claim.kind}"]
    if not first.stated:
        classes.append("hx-about")
    if end == first.end:
        classes.append("hx-end")
    numbers = " ".join(dict.fromkeys(str(each.number) for each in marks))
    told = plain("; ".join(dict.fromkeys(tip(each.finding) for each in marks)))
    return (
        f'<mark class="{" ".join(classes)}" data-f="{numbers}" role="note"'
        f' aria-label="{plain(text)}: {told}" tabindex="0">{html}</mark>'
    )
