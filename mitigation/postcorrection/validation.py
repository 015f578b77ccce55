"""A detector of objects as Woodpecker's eyes, in place of an MM-LLM's yes and no.

A thing is there where a box scores at least .35; boxes below a thousandth of the picture and those
that overlap another by more than .95 do not count. The thresholds are those of the published
code, for GroundingDINO.

Source: Yin et al. 2023 (arXiv:2310.16045).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from halluc.records import Box
from mitigation.postcorrection.questions import COUNTS, Caption
from mitigation.postcorrection.revisions import Asked

if TYPE_CHECKING:
    from halluc.mllm.boxes import BoxDetector

SCORE = 0.35
AREA = 0.001
OVERLAP = 0.95


def detect_objects(captions: Sequence[Caption], detector: BoxDetector) -> None:
    """Look for each object of captions; what is found stands as answers on existence and number."""
    some = [caption for caption in captions if caption.objects]
    found = detector.find([c.image for c in some], [c.objects for c in some])
    for caption, boxes in zip(some, found, strict=True):
        width, height = caption.image.size
        for name, scored in boxes.items():
            best = max((score for score, _ in scored), default=0.0)
            seen = distinct([box for score, box in scored if score >= SCORE], width * height)
            told = f"{len(seen)} with a score of at least {SCORE:g}, the best {best:.2f}"
            yes = evidence(best) if seen or best < SCORE else 0.0
            caption.yes[name] = [
                Asked(question=f"boxes of {name}", answers={"yes": yes, "no": 1 - yes}, text=told)
            ]
            number = COUNTS[min(len(seen), len(COUNTS) - 1)]
            caption.counts[name] = Asked(question=f"boxes of {name}", answers={number: 1.0})


def evidence(score: float) -> float:
    """A box's score as a probability that the thing is there: ½ at the threshold.

    >>> evidence(0.35), evidence(1.0), evidence(0.0)
    (0.5, 1.0, 0.0)
    """
    if score < SCORE:
        return 0.5 * score / SCORE
    return 0.5 + 0.5 * (score - SCORE) / (1 - SCORE)


def distinct(boxes: Sequence[Box], area: float) -> list[Box]:
    """Boxes, the best first, without the tiny ones and those that are of the same thing.

    >>> some = [Box(0, 0, 10, 10), Box(0, 0, 10, 9.9), Box(20, 0, 10, 10), Box(50, 50, 0.1, 0.1)]
    >>> len(distinct(some, 100 * 100))
    2
    """
    kept: list[Box] = []
    for each in boxes:
        large = each.width * each.height >= AREA * area
        if large and all(_overlap(each, other) <= OVERLAP for other in kept):
            kept.append(each)
    return kept


def _overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    wide = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    high = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    both = max(wide, 0.0) * max(high, 0.0)
    return both / (one.width * one.height + other.width * other.height - both)
