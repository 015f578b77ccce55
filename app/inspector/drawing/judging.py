"""What a person judges, as the desk in the browser takes it: nothing in it tells a verdict."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast, get_args

from app.inspector.drawing.marks import LONGEST, claim_words, plain_text
from app.inspector.drawing.pictures import Picture
from halluc.records import Claim, Finding, Kind, Response, Sample
from halluc.reviews import Judgement

_PIECE = re.compile(r"\w+(?:['’-]\w+)*|\s+|[^\w\s]")
_OF_CLAIM = ("True of the picture", "Not true", "The text does not say so", "Unverifiable")
_OF_ANSWER = ("Right", "Wrong", "No answer to the question", "Unverifiable")
_KNOWN: dict[tuple[str, str], Judgement] = {
    ("supported", "true"): "right",
    ("supported", "false"): "truth wrong",
    ("hallucinated", "true"): "truth wrong",
    ("hallucinated", "false"): "right",
}


def judgement_of(finding: Finding, said: str) -> Judgement:
    """What a person's verdict means for a finding.

    Args:
        finding: supported or hallucinated.
        said: "true" or "false" of the picture, "none" (the text does not say so) or "unclear".
    """
    if said == "none":
        return "rule wrong"
    return _KNOWN.get((finding.verdict, said), "unverifiable")


def item(
    key: str,
    sample: Sample,
    response: Response,
    finding: Finding,
    picture: Picture | str,
    *,
    answers: bool,
) -> dict[str, Any]:
    """A claim to be judged.

    Args:
        key: of the finding.
        sample: what was asked.
        response: what was said.
        finding: whose claim it is; its verdict is not told.
        picture: it, or why there is none.
        answers: whether it is an answer to a yes/no question.
    """
    shown = {"why": picture} if isinstance(picture, str) else {"source": picture.source}
    asked = sample.prompt or response.prompt
    return {
        "key": key,
        "id": sample.id,
        "asked": plain_text(asked),
        "words": words(response.text, None if answers else finding.claim),
        "question": "Is the answer right:" if answers else "The text says:",
        "claim": plain_text(response.text[:200] if answers else claim_words(finding.claim)),
        "labels": _OF_ANSWER if answers else _OF_CLAIM,
        "picture": shown,
    }


def words(text: str, claim: Claim | None) -> list[tuple[str, int, int, str]]:
    """The words of a text and what is between them: as shown, start, end, part in the claim.

    >>> words("a red cup", Claim(kind="object", start=6, end=9, subject="cup"))[3:]
    [(' ', 5, 6, ''), ('cup', 6, 9, 'hx-claimed')]
    """
    stated = [] if claim is None else [(claim.start, claim.end, "hx-claimed")]
    spans = (claim.subject_span, claim.object_span) if claim else ()
    about = [(*each, "hx-about") for each in spans if each]
    found = []
    for match in _PIECE.finditer(text[:LONGEST]):
        start, end = match.span()
        parts = (role for a, b, role in [*stated, *about] if start < b and a < end)
        found.append((plain_text(match[0]), start, end, next(parts, "")))
    return found


def missed(response: Response, metric: str, step: Mapping[str, Any]) -> Finding | None:
    """What a person says the metric missed; None where such words are not in the text.

    Args:
        response: the answer.
        metric: that missed it.
        step: what they did: start and end of the words, and the kind of the claim.
    """
    start, end, kind = step.get("start"), step.get("end"), step.get("kind")
    if not (isinstance(start, int) and isinstance(end, int) and kind in get_args(Kind)):
        return None
    if not 0 <= start < end <= len(response.text):
        return None
    claim = Claim(
        kind=cast(Kind, kind), start=start, end=end, subject=response.text[start:end][:200]
    )
    return Finding(
        id=response.id, claim=claim, verdict="hallucinated", metric=metric, rule="review: missed"
    )
