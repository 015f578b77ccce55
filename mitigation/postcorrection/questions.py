"""What Woodpecker asks about a picture, and the captions that it asks for.

Objects are asked for in three wordings, "Is there a cup in the image?", by their number, "How many
cups are in the image?", and by a list of all that is there; attributes openly, "What color is the
cup?"; relations both ways round, "Is the cup above the fork?" and "Is the cup below the fork?". All
questions of a kind on a batch of captions are one call, so each picture is encoded once.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from halluc.errors import ModelError
from halluc.language.claims.agreement import NUMBERS
from halluc.language.claims.reader import read_claims
from halluc.language.claims.things import Things, plurals
from halluc.mllm import MLLM, Decoding, Request
from halluc.records import Claim, Response
from mitigation.postcorrection.factors import Factors
from mitigation.postcorrection.revisions import Asked
from mitigation.postcorrection.roles import require_yes_or_no

if TYPE_CHECKING:
    from PIL.Image import Image
    from spacy.tokens import Doc

YES_NO = ("yes", "no")
LISTING = "List all objects in the image."
LISTED = 256
"""Most tokens of a list."""

COUNTS = NUMBERS[:7]
"""How many there are: the answers to choose from."""

OPEN = {
    "color": "What color is the {}?",
    "size": "What size is the {}?",
    "pattern": "What pattern does the {} have?",
    "material": "What material is the {} made of?",
}
RELATIONS = {
    "left of": ("to the left of", "right of"),
    "right of": ("to the right of", "left of"),
    "above": ("above", "below"),
    "below": ("below", "above"),
}
"""Where things are: as it is said, and what cannot hold beside it."""

_ARTICLE = re.compile(r"\b(an?|another|the|its|his|her|their|this|that)\b", re.IGNORECASE)


@dataclass
class Caption:
    """A caption at work.

    Attributes:
        response: as it was written.
        image: its picture.
        doc, claims: its parse, and what it states.
        factors: of the first mention of each object; empty without a detector.
        yes: answers on each object's existence.
        counts: the answer on its number.
        listing: all that is there, as the model lists it; None where it was not asked.
        listed: the classes in that list.
        attributes: answers by object and family of attribute.
        relations: answers by subject, predicate and object, and by the opposite predicate.
    """

    response: Response
    image: Image
    doc: Doc
    claims: list[Claim]
    factors: dict[str, Factors] = field(default_factory=dict)
    yes: dict[str, list[Asked]] = field(default_factory=dict)
    counts: dict[str, Asked] = field(default_factory=dict)
    listing: Asked | None = None
    listed: frozenset[str] = frozenset()
    attributes: dict[tuple[str, str], Asked] = field(default_factory=dict)
    relations: dict[tuple[str, str, str], Asked] = field(default_factory=dict)

    @property
    def objects(self) -> list[str]:
        """Classes that it says are there."""
        named = (c for c in self.claims if c.kind == "object" and c.stance == "asserted")
        return list(dict.fromkeys(each.subject for each in named))


def with_article(name: str) -> str:
    """One thing of a class, in words.

    >>> with_article("orange"), with_article("scissors")
    ('an orange', 'a pair of scissors')
    """
    noun = _noun(name)
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def existence_questions(name: str) -> tuple[str, str, str]:
    """Whether there is a thing, in three wordings.

    >>> existence_questions("orange")[:2]
    ('Is there an orange in the image?', 'Can you see an orange?')
    >>> existence_questions("scissors")[2]
    'Does the picture show a pair of scissors?'
    """
    thing = with_article(name)
    return (
        f"Is there {thing} in the image?",
        f"Can you see {thing}?",
        f"Does the picture show {thing}?",
    )


def place_question(subject: str, value: str, other: str) -> str:
    """Whether a thing is where a caption says.

    >>> place_question("cup", "left of", "wine glass")
    'Is the cup to the left of the wine glass?'
    """
    return f"Is the {_noun(subject)} {RELATIONS[value][0]} the {_noun(other)}?"


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


def ask_about_objects(captions: Sequence[Caption], model: MLLM, things: Things) -> None:
    """Put the questions on each object, all of one kind in one call."""
    asked = [(caption, name) for caption in captions for name in caption.objects]
    if not asked:
        return
    for questions in zip(*(existence_questions(name) for _, name in asked), strict=True):
        told = model.choose(_requests(asked, questions), YES_NO)
        if all(told):
            require_yes_or_no(told)
        for (caption, name), question, answers in zip(asked, questions, told, strict=True):
            if not answers:
                raise ModelError(
                    "the model gives no probabilities of yes and no; give another --model"
                )
            caption.yes.setdefault(name, []).append(Asked(question=question, answers=answers))
    many = [number_question(name) for _, name in asked]
    told = model.choose(_requests(asked, many), COUNTS)
    for (caption, name), question, answers in zip(asked, many, told, strict=True):
        caption.counts[name] = Asked(question=question, answers=answers)
    some = [(caption, None) for caption in captions if caption.objects]
    listings = model.generate(
        _requests(some, [LISTING] * len(some)), Decoding(max_new_tokens=LISTED)
    )
    read = read_claims([each.text for each in listings], things)
    for (caption, _), listing, claims in zip(some, listings, read, strict=True):
        caption.listing = Asked(question=LISTING, text=listing.text)
        caption.listed = frozenset(each.subject for each in claims if each.kind == "object")


def ask_about_relations(
    captions: Sequence[Caption], model: MLLM, absent: Mapping[str, Container[str]]
) -> None:
    """Ask for each place that a caption states of two objects that are there, both ways round."""
    asked, questions = [], []
    for caption in captions:
        gone, several = absent[caption.response.id], _several(caption)
        for claim in caption.claims:
            both = {claim.subject, claim.object}
            stated = claim.kind == "relation" and claim.stance == "asserted"
            if not stated or claim.value not in RELATIONS:
                continue
            if both & several or any(name in gone for name in both):
                continue
            for value in (claim.value, RELATIONS[claim.value][1]):
                key = claim.subject, value, claim.object
                if key not in caption.relations:
                    question = place_question(*key)
                    caption.relations[key] = Asked(question=question)
                    asked.append((caption, key))
                    questions.append(question)
    if not asked:
        return
    told = model.choose(_requests(asked, questions), YES_NO)
    for (caption, key), question, answers in zip(asked, questions, told, strict=True):
        caption.relations[key] = Asked(question=question, answers=answers)


def ask_about_attributes(
    captions: Sequence[Caption], model: MLLM, absent: Mapping[str, Container[str]]
) -> None:
    """Ask openly for each attribute that a caption states of a single object that is there."""
    asked, questions = [], []
    for caption in captions:
        gone = absent[caption.response.id]
        for claim in _attributes(caption):
            key = claim.subject, claim.family
            if claim.subject not in gone and key not in caption.attributes:
                caption.attributes[key] = Asked(
                    question=OPEN[claim.family].format(_noun(claim.subject))
                )
                asked.append((caption, key))
                questions.append(caption.attributes[key].question)
    if not asked:
        return
    replies = model.generate(_requests(asked, questions), Decoding(max_new_tokens=8))
    for (caption, key), question, reply in zip(asked, questions, replies, strict=True):
        first = math.exp(reply.tokens[0].logprob) if reply.tokens else None
        caption.attributes[key] = Asked(question=question, text=reply.text, confidence=first)


def _requests(asked: Sequence[tuple[Caption, object]], questions: Sequence[str]) -> list[Request]:
    return [
        Request(f"{caption.response.id}/{number}", question, caption.image)
        for number, ((caption, _), question) in enumerate(zip(asked, questions, strict=True))
    ]


def _attributes(caption: Caption) -> list[Claim]:
    """Attributes that are stated of objects of which the caption knows only one."""
    stated = [c for c in caption.claims if c.kind == "attribute" and c.stance == "asserted"]
    several = _several(caption)
    return [c for c in stated if c.family in OPEN and c.subject not in several]


def _several(caption: Caption) -> set[str]:
    """Objects of which a caption knows more than one."""
    stated = [c for c in caption.claims if c.kind == "attribute" and c.stance == "asserted"]
    introduced = Counter(
        c.subject
        for c in caption.claims
        if c.kind == "object" and _introduces(caption.response.text, c.start)
    )
    counted = {c.subject for c in stated if c.family == "count"}
    return counted | {name for name, times in introduced.items() if times > 1}


def _introduces(text: str, start: int) -> bool:
    """Whether a name comes with "a" rather than "the"."""
    articles = _ARTICLE.findall(text[max(0, start - 80) : start])
    return bool(articles) and articles[-1].lower() in ("a", "an", "another")
