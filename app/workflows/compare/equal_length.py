"""Runs compared at equal length: both texts of a pair cut, and rates with the length in the model.

Cutting is not neutral. The beginning of a caption is the surest part of it, and the cut takes away
the end of the longer text only; so what remains at equal length is a bound of what a method does
beside shortening.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from app.workflows.compare.differences import Compared, MeasuredSides, paired
from app.workflows.compare.measures import measure
from app.workflows.compare.sides import Side
from halluc.answers.given import Given
from halluc.length import Adjusted, adjust, cut_words
from metrics.protocol import Metric

if TYPE_CHECKING:
    from halluc.bootstrap import Counted

Pair = tuple[str, str]


def at_equal_length(
    metrics: Sequence[Metric], sides: Sequence[Side], pairs: Sequence[Pair]
) -> list[Compared]:
    """The differences of each pair with both texts cut to the words of the shorter one."""
    by_name = {side.name: side for side in sides}
    cut = [_cut(by_name[one], by_name[other]) for one, other in pairs]
    rows = []
    for metric in metrics:
        counted: list[tuple[Counted, Counted]] = []
        for one, other in cut:
            found = measure(metric, [one, other]).counted
            counted.append((found[one.name], found[other.name]))
        rows += paired(pairs, counted)
    return rows


def _cut(one: Side, other: Side) -> tuple[Side, Side]:
    lengths = [{id: len(text.split()) for id, text in side.given.texts.items()}
               for side in (one, other)]  # fmt: skip
    least = {id: min(lengths[0][id], lengths[1][id]) for id in lengths[0]}
    return _shortened(one, least), _shortened(other, least)


def _shortened(side: Side, words: Mapping[str, int]) -> Side:
    given = side.given
    pairs = [
        (sample, answer._replace(text=cut_words(answer.text, words[sample.id])))
        for sample, answer in given
    ]
    whole = Given(given.run, pairs, given.truth, given.rows, given.asked, given.pictures)
    return replace(side, given=whole)


def adjusted(
    measured: Sequence[MeasuredSides], pairs: Sequence[Pair]
) -> dict[tuple[str, str, str], Adjusted]:
    """The deciding rate of each metric at equal length, by metric and pair.

    Rates alone are adjusted: figures of which less is better.
    """
    lengths = next(each.counted for each in measured if each.metric is None)
    found = {}
    for each in measured:
        if each.metric is None:
            continue
        for one, other in pairs:
            before, after = each.counted[one], each.counted[other]
            named = {(score.split, score.name): score for score in after.scores}
            rate = next(iter(each.metric.story), "")
            score = named.get(("", rate))
            if score is not None and score.better == "lower":
                told = lengths[one], lengths[other]
                made = adjust((before, after), ("", rate), told, ("", "words"), len(pairs))
                if made is not None:
                    found[score.metric, one, other] = made
    return found
