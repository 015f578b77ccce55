"""CHAIR: how many of the objects that captions mention are not in the picture?

CHAIRi is the share of mentions, CHAIRs the share of captions with at least one (0..1, lower is
better). Recall is the share of true objects that are mentioned (0..1, higher is better), Len the
mean number of words. Source: Rohrbach et al. 2018, "Object Hallucination in Image Captioning"
(arXiv:1809.02156); Recall
    and
Len as ``chair.py`` of https://github.com/shikiw/OPERA adds them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Literal

from halluc.language.lemmas import Lemmatizer, vocabulary_lemmas
from halluc.language.mentions import Mention, read_caption
from halluc.language.vocabulary import coco_vocabulary
from halluc.records import Claim, Finding, Score, Truth


@dataclass(frozen=True)
class ChairCounts:
    """What CHAIR counts.

    Attributes:
        captions, hallucinated_captions: captions, and those with a hallucinated mention.
        mentions, hallucinated_mentions: mentions of objects, repetitions too, and those not in the
            truth.
        objects, recalled_objects: distinct true objects of each picture, and those mentioned.
        words: words and signs of all captions, two merged words as one.
    """

    captions: int = 0
    hallucinated_captions: int = 0
    mentions: int = 0
    hallucinated_mentions: int = 0
    objects: int = 0
    recalled_objects: int = 0
    words: int = 0

    def __add__(self, other: ChairCounts) -> ChairCounts:
        """Counts of both together."""
        return ChairCounts(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True)
class Chair:
    """Figures of captions, the counts behind them, and a finding for each mention."""

    scores: list[Score]
    counts: ChairCounts
    findings: list[Finding]


def chair(
    captions: Mapping[str, str],
    truths: Mapping[str, Truth],
    lemmatize: Lemmatizer = vocabulary_lemmas,
) -> Chair:
    """Score captions against the objects that are in their pictures.

    Args:
        captions: caption by id.
        truths: truth of each caption's picture by the same id; objects are COCO classes or synonyms
            of them.
        lemmatize: from `halluc.language.lemmas.lemmatizer`: the published "wordnet" way, or
            "vocabulary".

    Raises:
        KeyError: a caption's id has no truth.
    """
    counts, findings = ChairCounts(), []
    for id, text in captions.items():
        more, found = update(id, text, truths[id], lemmatize)
        counts += more
        findings += found
    return Chair(compute(counts), counts, findings)


def update(
    id: str, text: str, truth: Truth, lemmatize: Lemmatizer
) -> tuple[ChairCounts, list[Finding]]:
    """Counts and findings of one caption."""
    nodes = coco_vocabulary().nodes
    # Names outside the vocabulary can never be mentioned; counting them would only dull Recall.
    objects = {nodes[name] for name in truth.names if name in nodes}
    words, mentions = read_caption(text, lemmatize)
    hallucinated = [mention for mention in mentions if mention.node not in objects]
    counts = ChairCounts(
        captions=1,
        hallucinated_captions=int(bool(hallucinated)),
        mentions=len(mentions),
        hallucinated_mentions=len(hallucinated),
        objects=len(objects),
        recalled_objects=len(objects.intersection(mention.node for mention in mentions)),
        words=len(words),
    )
    return counts, [_finding(id, mention, truth, objects) for mention in mentions]


def compute(counts: ChairCounts) -> list[Score]:
    """The figures; a ratio of nothing is None.

    "Len/100" is Len in the unit of the published scripts' output.
    """
    c = counts
    rows: list[tuple[str, int, int, float, Literal["higher", "lower", ""]]] = [
        ("CHAIRs", c.hallucinated_captions, c.captions, 1, "lower"),
        ("CHAIRi", c.hallucinated_mentions, c.mentions, 1, "lower"),
        ("Recall", c.recalled_objects, c.objects, 1, "higher"),
        ("Len", c.words, c.captions, 1, ""),
        ("Len/100", c.words, c.captions, 0.01, ""),
    ]
    return [
        Score(
            metric="chair",
            name=name,
            # Multiplied before it is divided, as the scripts do, so that the last digit agrees.
            value=unit * part / whole if whole else None,
            numerator=part,
            denominator=whole,
            better=better,
        )
        for name, part, whole, unit, better in rows
    ]


def _finding(id: str, mention: Mention, truth: Truth, objects: set[str]) -> Finding:
    nodes = coco_vocabulary().nodes
    known = mention.node in objects
    boxes = (
        each.box for each in truth.objects if each.box and nodes.get(each.name) == mention.node
    )
    listed = ", ".join(sorted(objects)) or "no object"
    return Finding(
        id=id,
        claim=Claim(kind="object", start=mention.start, end=mention.end, subject=mention.node),
        verdict="supported" if known else "hallucinated",
        metric="chair",
        rule="in the truth" if known else "not in the truth",
        evidence=mention.node if known else f"the truth has {listed}",
        boxes=tuple(boxes),
    )
