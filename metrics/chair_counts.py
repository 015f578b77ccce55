"""CHAIR's counting: mentions of each caption, and the figures made of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

import msgspec
from msgspec.structs import astuple

from halluc.language.words.lemmas import Lemmatizer
from halluc.language.words.mentions import Mention, read_caption
from halluc.language.words.vocabulary import coco_class
from halluc.records import Box, Claim, Finding, Score, Truth

METRIC = "chair"
# "Len/100" is Len in the unit of the published scripts' output.
BLENDS = {("", "Len/100"): {("", "Len"): 0.01}}
# Up to the last mark that ends a sentence; a full stop within a number ends none.
_WHOLE = re.compile(r".*[.!?](?![\w,])[\"')\]”’]*", re.DOTALL)


class ChairCounts(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What CHAIR counts.

    Attributes:
        captions, hallucinated_captions: captions, and those with a hallucinated mention.
        mentions, hallucinated_mentions: mentions of objects, repetitions too, and those not in the
            truth.
        objects, named_objects, recalled_objects: distinct objects of each picture: true ones,
            mentioned ones, and those that are both.
        words: words and signs of all captions, two merged words as one.
    """

    captions: int = 0
    hallucinated_captions: int = 0
    mentions: int = 0
    hallucinated_mentions: int = 0
    objects: int = 0
    named_objects: int = 0
    recalled_objects: int = 0
    words: int = 0

    def __add__(self, other: ChairCounts) -> ChairCounts:
        """Counts of both together."""
        return ChairCounts(*map(int.__add__, astuple(self), astuple(other)))


def update(
    id: str, text: str, truth: Truth, lemmatize: Lemmatizer
) -> tuple[ChairCounts, list[Finding]]:
    """Counts and findings of one caption."""
    # Names outside the vocabulary can never be mentioned; counting them would only dull Recall.
    objects = {name for each in truth.objects if (name := coco_class(each.name)) is not None}
    length, mentions = read_caption(text, lemmatize)
    named = {mention.node for mention in mentions}
    hallucinated = len([mention for mention in mentions if mention.node not in objects])
    counts = ChairCounts(
        captions=1,
        hallucinated_captions=int(hallucinated > 0),
        mentions=len(mentions),
        hallucinated_mentions=hallucinated,
        objects=len(objects),
        named_objects=len(named),
        recalled_objects=len(objects & named),
        words=length,
    )
    return counts, _findings(id, mentions, truth, objects)


def total(counts: Iterable[ChairCounts]) -> ChairCounts:
    """Counts of all captions together."""
    columns = zip(*map(astuple, counts), strict=True)
    return ChairCounts(*map(sum, columns))


def compute(counts: ChairCounts) -> list[Score]:
    """The figures; a ratio of nothing is None.

    F1 is 2 recalled / (named + true), so it is 0 where captions name nothing and Precision is
    undefined.
    """
    c = counts
    units = {"Len": "words", "Len/100": "100 words"}
    rows: list[tuple[str, int, int, float, Literal["higher", "lower", ""]]] = [
        ("CHAIRs", c.hallucinated_captions, c.captions, 1, "lower"),
        ("CHAIRi", c.hallucinated_mentions, c.mentions, 1, "lower"),
        ("Recall", c.recalled_objects, c.objects, 1, "higher"),
        ("Precision", c.recalled_objects, c.named_objects, 1, "higher"),
        ("F1", 2 * c.recalled_objects, c.named_objects + c.objects, 1, "higher"),
        ("Len", c.words, c.captions, 1, ""),
        ("Len/100", c.words, c.captions, 0.01, ""),
    ]
    return [
        Score(
            metric=METRIC,
            name=name,
            # Multiplied before it is divided, as the scripts do, so that the last digit agrees.
            value=factor * part / whole if whole else None,
            numerator=part,
            denominator=whole,
            better=better,
            unit=units.get(name, ""),
        )
        for name, part, whole, factor, better in rows
    ]


def whole_sentences(text: str) -> str:
    """The text without a last sentence that has no end; all of it where no sentence ends.

    Figures for answers of at most 64 tokens are published for such texts, since most of the answers
    break off in mid-sentence (issue 30 of https://github.com/shikiw/OPERA).

    >>> whole_sentences("A dog sits. It is 3.5 m from a")
    'A dog sits.'
    """
    match = _WHOLE.match(text)
    return match[0] if match else text


def _findings(id: str, mentions: list[Mention], truth: Truth, objects: set[str]) -> list[Finding]:
    listed = "the truth has " + (", ".join(sorted(objects)) or "no object")
    boxes: dict[str, list[Box]] = {}
    for each in truth.objects:
        if each.box is not None and (name := coco_class(each.name)) is not None:
            boxes.setdefault(name, []).append(each.box)
    return [
        Finding(
            id=id,
            claim=Claim(kind="object", start=mention.start, end=mention.end, subject=mention.node),
            verdict="supported" if mention.node in objects else "hallucinated",
            metric=METRIC,
            rule="in the truth" if mention.node in objects else "not in the truth",
            evidence=mention.node if mention.node in objects else listed,
            boxes=tuple(boxes.get(mention.node, ())),
        )
        for mention in mentions
    ]
