"""How well a detector separates absent objects: what `halluc analyse detector` does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.workflows.analyse.factors import pictures_of, read_mentions
from halluc.errors import InputError
from halluc.language.claims.things import Things
from halluc.records import Score
from metrics.tables import figure, interval
from mitigation.postcorrection.analysis import Mention
from mitigation.postcorrection.detector import (
    SHIPPED,
    probability,
    published_rule,
    read_detector,
    suspicions_of,
)
from mitigation.postcorrection.quality import (
    Bin,
    calibration_error,
    judge_suspicions,
    reliability,
)


@dataclass(frozen=True)
class Judged:
    """A detector beside LURE's rule.

    Attributes:
        mentions: that were judged.
        scores: AUROC and average precision with intervals, by detector or rule as split.
        bins: how often objects of each probability are absent.
        calibration_error: expected calibration error, 0 to 1; None where it is undefined.
    """

    mentions: Sequence[Mention]
    scores: list[Score]
    bins: list[Bin]
    calibration_error: float | None


def judge_detector(
    captions: str,
    file: Path | None,
    truth: str | None,
    statistics: str | None,
    things: Things,
) -> Judged:
    """Judge a detector on captions whose truth is known.

    Args:
        captions: a run or a file.
        file: what `halluc train detector` wrote; None: the one for tabletop that ships.
        truth: what is true of their pictures; default: what the run says.
        statistics: data whose objects give the co-occurrences.
        things: the vocabulary.

    Raises:
        InputError: something cannot be read, or no object of known presence is mentioned.
    """
    fitted = read_detector(file or SHIPPED)
    [mentioned] = read_mentions((captions,), truth, statistics, things)
    mentions = mentioned.mentions
    if not mentions:
        raise InputError("no mention of an object whose presence is known", captions)
    odds = suspicions_of(fitted, mentions)
    rule = [float(published_rule(each.factors)) for each in mentions]
    wrong = [each.hallucinated for each in mentions]
    pictures = pictures_of(mentioned.said)
    scores = judge_suspicions(
        {"detector": odds, "LURE's rule": rule}, wrong, [pictures[each.id] for each in mentions]
    )
    bins = reliability([probability(each) for each in odds], wrong)
    return Judged(mentions, scores, bins, calibration_error(bins))


def quality_rows(scores: Sequence[Score]) -> Iterator[list[str]]:
    """A table of how well suspicions separate hallucinated mentions, its head first."""
    yield ["by", "figure", "", "95 %"]
    for score in scores:
        yield [score.split, score.name, figure(score, 1, 3), interval(score, 1, 3)]
