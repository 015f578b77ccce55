"""Where runs differ, as `halluc compare` shows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.workflows.compare.claims import Changed, Part, Where, where
from app.workflows.compare.differences import MeasuredSides
from app.workflows.compare.sides import Side
from halluc.datasets.tabletop import biased_truths
from halluc.language.claims.things import load_things
from halluc.language.claims.truths import in_words_of
from halluc.records import Truth
from mitigation.postcorrection.factors import count_occurrences

_MOST = 5
LEGEND = (
    "fixed: wrong, then right; broken: right, then wrong; dropped, added: wrong, and said by one "
    "run alone; both: wrong in both; change: wrong claims more on 100 pictures, each part alone"
)


def where_all(
    measured: Sequence[MeasuredSides], sides: Sequence[Side], pairs: Sequence[tuple[str, str]]
) -> list[Where]:
    """Where the runs of each pair differ, by the claims of the metric that tells most kinds.

    Args:
        measured: what each metric says of the runs.
        sides: the runs.
        pairs: their names.
    """
    known = [each for each in measured if each.metric is not None and any(each.claims.values())]
    if not known:
        return []
    chosen = max(known, key=_kinds)
    things = load_things(getattr(chosen.metric, "vocabulary", None))
    truths = {each.id: in_words_of(things, each.truth or Truth()) for each in sides[0].samples}
    there = {id: each.names for id, each in truths.items()}
    learned = biased_truths() if _on_tabletop(sides[0]) else truths.values()
    together = count_occurrences(each.names for each in learned)
    by_name = {side.name: side for side in sides}
    return [
        where(
            (by_name[one], by_name[other]), chosen.metric.title if chosen.metric else "",
            (chosen.claims[one], chosen.claims[other]), there, together,
        )
        for one, other in pairs
        if one in chosen.claims and other in chosen.claims
    ]  # fmt: skip


def _kinds(measured: MeasuredSides) -> int:
    return len(
        {matter[0] for told in measured.claims.values() for id in told for matter in told[id]}
    )


def _on_tabletop(side: Side) -> bool:
    """Whether the pictures are of the embedded world, whose model learned from biased scenes."""
    data = side.run.card.get("data") if side.run else None
    return isinstance(data, dict) and str(data.get("name")).startswith("tabletop")


def sections(found: Sequence[Where], *, whole: bool) -> Iterator[tuple[str, list[tuple[str, ...]]]]:
    """Title and rows of a table for each pair, its head first.

    Args:
        found: where the runs of each pair differ.
        whole: with all parts; else those by kind alone.
    """
    for each in found:
        shown = each.parts if whole else [part for part in each.parts if part.by in ("all", "kind")]
        if shown:
            yield f"Where {each.one} and {each.other} differ: {each.metric}", list(_rows(shown))


def notes(found: Sequence[Where]) -> Iterator[tuple[str, list[str]]]:
    """Title and lines on each pair."""
    for number, each in enumerate(found):
        if each.parts:
            legend = [] if number else [LEGEND]
            yield f"What differs between {each.one} and {each.other}", [*legend, *_lines(each)]


def _rows(parts: Sequence[Part]) -> Iterator[tuple[str, ...]]:
    yield ("part", "", "fixed", "broken", "dropped", "added", "both", "change per 100, 95 %")
    last = ""
    for each in parts:
        c = each.changes
        numbers = (c.fixed, c.broken, c.dropped, c.added, c.both_wrong)
        change = _signed(each.change)
        if each.low is not None and each.high is not None:
            change += f" [{_signed(each.low)}, {_signed(each.high)}]"
        by = each.by if each.by != last else ""
        group = "" if each.by == "all" else each.group
        yield (by, group, *map(str, numbers), change)
        last = each.by


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", "−")


def _lines(found: Where) -> list[str]:
    """What is told of a pair beside the table: right claims, and the answers that carry it."""
    whole = found.parts[0].changes
    said = [
        f"right claims: {whole.lost:,} in {found.one} alone, {whole.gained:,} in {found.other} "
        "alone"
    ]
    number, half = _carried(found)
    if number:
        said.append(
            f"wrong claims came or went in {number:,} answers; {half:,} of them carry half of it"
        )
    for each in found.answers[:_MOST]:
        parts = [
            f"{name} {', '.join(some)}"
            for name in ("fixed", "broken", "dropped", "added")
            if (some := getattr(each, name))
        ]
        said.append(f"{each.id}: {'; '.join(parts)}")
    return said


def _carried(found: Where) -> tuple[int, int]:
    """On how many answers a wrong claim came or went, and on how few half of these changes are."""
    sizes = sorted((_moved(each) for each in found.answers), reverse=True)
    half, number = sum(sizes) / 2, 0
    while half > 0:
        half -= sizes[number]
        number += 1
    return len(sizes), number


def _moved(answer: Changed) -> int:
    return sum(map(len, (answer.fixed, answer.broken, answer.dropped, answer.added)))
