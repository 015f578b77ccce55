"""What each metric says of runs that are compared, counted picture by picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from app.comparing import Measured
from app.comparing.sides import Side
from halluc.bootstrap import count_pictures

if TYPE_CHECKING:
    from halluc.language.lemmas import Lemmatizer
    from metrics.pope_parsers import Parser


def measure_pope(sides: Sequence[Side], parser: Parser) -> Measured:
    """POPE, with what each question was answered rightly for McNemar's test."""
    from metrics.pope import EDITION, Tally

    counted, right = {}, {}
    for side in sides:
        tally = Tally([parser])
        tally.update((each, side.texts[each.id]) for each in side.samples)
        counted[side.name] = tally.counted(parser)
        right[side.name] = _right(side, parser)
    return Measured({"metric": EDITION, "parser": parser.name}, counted, right)


def _right(side: Side, parser: Parser) -> dict[str, dict[str, bool]]:
    """Whether each question was answered rightly, by split and id."""
    right: dict[str, dict[str, bool]] = {}
    for each in side.samples:
        if each.truth is not None and each.truth.label is not None:
            label = each.truth.label
            answer = parser.read(side.texts[each.id], label)
            right.setdefault(each.split, {})[each.id] = answer == label
    return right


def measure_chair(sides: Sequence[Side], lemmatize: Lemmatizer, how: dict[str, Any]) -> Measured:
    """CHAIR of captions."""
    from metrics.chair import BLENDS, chair, compute

    counted = {}
    for side in sides:
        truths = {each.id: each.truth for each in side.samples if each.truth is not None}
        counts = chair(side.texts, truths, lemmatize).counts
        counted[side.name] = count_pictures(counts, side.pictures, compute, BLENDS)
    return Measured({"metric": "CHAIR (arXiv:1809.02156)", **how}, counted)


def measure_kinds(sides: Sequence[Side]) -> Measured:
    """Rates of wrong objects, attributes and relations in captions of the embedded world."""
    from metrics.finegrained import compute, count_findings, tabletop_findings

    counted = {}
    for side in sides:
        truths = {each.id: each.truth for each in side.samples if each.truth is not None}
        counts = count_findings(side.texts, tabletop_findings(side.texts, truths))
        counted[side.name] = count_pictures(counts, side.pictures, compute)
    return Measured({"claims": "sentence forms of tabletop"}, counted)
