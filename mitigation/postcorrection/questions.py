"""What Woodpecker asks about a picture, and the captions that it asks for.

Objects are asked for twice, "Is there a cup in the image?" and "How many cups are in the image?",
and looks openly, "What color is the cup?". All questions of a kind on a batch of captions are one
call, so each picture is encoded once.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from halluc.errors import ModelError
from halluc.language.things import plurals
from halluc.mllm import MLLM, Decoding, Request
from halluc.records import Claim, Response
from mitigation.postcorrection.factors import Factors
from mitigation.postcorrection.revisions import Asked

if TYPE_CHECKING:
    from PIL.Image import Image
    from spacy.tokens import Doc

YES_NO = ("yes", "no")
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six")
LOOKS = {
    "color": "What color is the {}?",
    "size": "What size is the {}?",
    "pattern": "What pattern does the {} have?",
    "material": "What material is the {} made of?",
}
_ARTICLE = re.compile(r"\b(an?|another|the|its|his|her|their|this|that)\b", re.IGNORECASE)


@dataclass
class Caption:
    """A caption at work.

    Attributes:
        response: as it was written.
        image: its picture.
        doc, claims: its parse, and what it states.
        factors: of the first mention of each object; empty without a detector.
        yes, counts: question and answers on each object's existence and number.
        looks: the same by object and family of attribute.
    """

    response: Response
    image: Image
    doc: Doc
    claims: list[Claim]
    factors: dict[str, Factors] = field(default_factory=dict)
    yes: dict[str, tuple[str, dict[str, float]]] = field(default_factory=dict)
    counts: dict[str, tuple[str, dict[str, float]]] = field(default_factory=dict)
    looks: dict[tuple[str, str], Asked] = field(default_factory=dict)

    @property
    def objects(self) -> list[str]:
        """Classes that it says are there."""
        named = (c for c in self.claims if c.kind == "object" and c.stance == "asserted")
        return list(dict.fromkeys(each.subject for each in named))


def existence_question(name: str) -> str:
    """Whether there is a thing.

    >>> existence_question("orange"), existence_question("scissors")
    ('Is there an orange in the image?', 'Is there a pair of scissors in the image?')
    """
    noun = _noun(name)
    return f"Is there {'an' if noun[0] in 'aeiou' else 'a'} {noun} in the image?"


def number_question(name: str) -> str:
    """How many of a thing there are.

    >>> number_question("knife"), number_question("scissors")
    ('How many knives are in the image?', 'How many pairs of scissors are in the image?')
    """
    many = f"pairs of {name}" if _is_pair(name) else plurals(name)[0]
    return f"How many {many} are in the image?"


def _is_pair(name: str) -> bool:
    return name in ("scissors", "skis")


def _noun(name: str) -> str:
    return f"pair of {name}" if _is_pair(name) else name


def ask_for_objects(captions: Sequence[Caption], model: MLLM) -> None:
    """Put both questions on each object, all of one kind in one call."""
    asked = [(caption, name) for caption in captions for name in caption.objects]
    if not asked:
        return
    yes = [existence_question(name) for _, name in asked]
    many = [number_question(name) for _, name in asked]
    told = zip(asked, yes, model.choose(_requests(asked, yes), YES_NO), strict=True)
    for (caption, name), question, answers in told:
        if not answers:
            raise ModelError("the model tells no probabilities of yes and no; give another --model")
        caption.yes[name] = question, answers
    told = zip(asked, many, model.choose(_requests(asked, many), NUMBERS), strict=True)
    for (caption, name), question, answers in told:
        caption.counts[name] = question, answers


def ask_for_looks(
    captions: Sequence[Caption], model: MLLM, absent: Mapping[str, Container[str]]
) -> None:
    """Ask openly for each look that a caption states of a single object that is there."""
    asked, questions = [], []
    for caption in captions:
        gone = absent[caption.response.id]
        for claim in _looks(caption):
            key = claim.subject, claim.family
            if claim.subject not in gone and key not in caption.looks:
                caption.looks[key] = Asked(
                    question=LOOKS[claim.family].format(_noun(claim.subject))
                )
                asked.append((caption, key))
                questions.append(caption.looks[key].question)
    if not asked:
        return
    replies = model.generate(_requests(asked, questions), Decoding(max_new_tokens=8))
    for (caption, key), question, reply in zip(asked, questions, replies, strict=True):
        first = math.exp(reply.tokens[0].logprob) if reply.tokens else None
        caption.looks[key] = Asked(question=question, text=reply.text, confidence=first)


def _requests(asked: Sequence[tuple[Caption, object]], questions: Sequence[str]) -> list[Request]:
    return [
        Request(f"{caption.response.id}/{number}", question, caption.image)
        for number, ((caption, _), question) in enumerate(zip(asked, questions, strict=True))
    ]


def _looks(caption: Caption) -> list[Claim]:
    """Looks that are stated of objects of which the caption knows only one."""
    stated = [c for c in caption.claims if c.kind == "attribute" and c.stance == "asserted"]
    several = {c.subject for c in stated if c.family == "count"}
    introduced = Counter(
        c.subject
        for c in caption.claims
        if c.kind == "object" and _introduces(caption.response.text, c.start)
    )
    several |= {name for name, times in introduced.items() if times > 1}
    return [c for c in stated if c.family in LOOKS and c.subject not in several]


def _introduces(text: str, start: int) -> bool:
    """Whether a name comes with "a" rather than "the"."""
    articles = _ARTICLE.findall(text[max(0, start - 80) : start])
    return bool(articles) and articles[-1].lower() in ("a", "an", "another")
