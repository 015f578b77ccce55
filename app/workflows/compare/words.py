"""What a comparison says, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

from app.workflows.compare import seeds
from app.workflows.compare.differences import REPEATED, TEXT, Compared, Comparison
from app.workflows.compare.numbers import p_value, scaled
from halluc.differences import LEAST_PICTURES, POWER
from metrics.protocol import Metric

MOST_LINES = 10
"""Lines of ``--brief``."""

# Differences that people ask for, in points or in the figure's unit.
_STEPS = (100, 50, 30, 20, 10, 5, 3, 2, 1, 0.5, 0.3, 0.2, 0.1)


def verdicts(comparison: Comparison) -> list[str]:
    """A sentence on each pair of runs and metric, then one on each method and its control.

    Each begins with which run does better by the figure that decides.
    """
    said = []
    for one, other in comparison.pairs:
        for metric in dict.fromkeys(row.metric for row in comparison.rows):
            if story := _story(comparison, metric, one, other):
                said.append(_sentence(story, comparison.metrics[metric]))
                said += _cautions(story, other, comparison.metrics[metric])
                said += _repeats(comparison, story[0])
                said += seeds.cautions(comparison, story[0])
                said += at_equal_length(comparison, story)
    return [*said, *_on_controls(comparison), *unseen(comparison)]


def headlines(comparison: Comparison) -> list[str]:
    """At most `MOST_LINES` lines: each pair by the figure that decides, and what speaks against."""
    said = []
    first = comparison.rows[0].metric
    for one, other in comparison.pairs:
        if story := _story(comparison, first, one, other):
            row, kind = story[0], comparison.metrics[first]
            said.append(f"{_summary(row, kind, '')}{_in_brackets(row, kind)}")
            said += [f"  but {each}" for each in _pays(story, other, kind)]
            said += [f"  {each}" for each in _of_length(comparison, story[:1])]
    said += [*_on_controls(comparison, first), *unseen(comparison, first)]
    if len(said) > MOST_LINES:
        more = len(said) - MOST_LINES + 1
        said = [*said[: MOST_LINES - 1], f"… and {more} more lines; leave out --brief"]
    return said


def deciding(comparison: Comparison) -> Compared | None:
    """The figure of the first metric that decides, of the first pair; None: it has none."""
    story = _story(comparison, comparison.rows[0].metric, *comparison.pairs[0])
    return story[0] if story else None


def _sentence(story: Sequence[Compared], metric: Metric) -> str:
    first, *others = story
    told = [f"{_summary(first, metric)}{_size(first, metric)}"]
    return "; ".join([*told, *(phrase(each, metric) for each in others)]) + "."


def phrase(row: Compared, metric: Metric) -> str:
    """What became of a figure: "lower CHAIRi by 4.1 points (95 % CI 2.6 to 5.7, p = .0002)"."""
    name = _label(row, metric)
    if row.difference is None:
        return f"{name} is undefined"
    if not row.clear:
        return f"{name} unchanged within the error{_size(row, metric)}"
    return f"{_way(row)} {name}{_size(row, metric)}"


def _size(row: Compared, metric: Metric) -> str:
    """How great a difference is, with its interval; nothing where there is none."""
    if row.difference is None:
        return f": {_label(row, metric)} is undefined"
    unit, digits = row.unit or "points", _digits(row)
    change = scaled(row.unit, row.difference, digits, sign=True)
    if row.low is None or row.high is None:
        return f" ({change} {unit}, on fewer than {LEAST_PICTURES} pictures, which prove nothing)"
    if not row.clear:
        low, high = (scaled(row.unit, each, digits) for each in (row.low, row.high))
        return f" ({change} {unit}, 95 % CI {low} to {high})"
    ends = sorted((abs(row.low), abs(row.high)))
    low, high = (scaled(row.unit, each, digits) for each in ends)
    told = f"95 % CI {low} to {high}, p {p_value(row.p, words=True)}"
    if row.gained is not None:
        told += f"; {row.lost} questions right only in {row.one}, {row.gained} only in {row.other}"
    return f" by {scaled(row.unit, abs(row.difference), digits)} {unit} ({told})"


def _in_brackets(row: Compared, metric: Metric) -> str:
    """The deciding figure in few words: ": CHAIRi −4.1 points [−5.4, −2.7]"."""
    if row.difference is None or row.low is None or row.high is None:
        return _size(row, metric)
    values = (row.difference, row.low, row.high)
    value, low, high = (scaled(row.unit, each, _digits(row), sign=True) for each in values)
    return f": {_label(row, metric)} {value} {row.unit or 'points'} [{low}, {high}]"


def _way(row: Compared) -> str:
    return "higher" if (row.difference or 0) > 0 else "lower"


def _label(row: Compared, metric: Metric) -> str:
    """A figure's name, with what else a sentence needs."""
    return metric.label(row.name, row.split)


def _summary(row: Compared, metric: Metric, by: str = " in ") -> str:
    """Which run does better, by the figure that decides, whose name stands behind `by`."""
    name = by and f"{by}{_label(row, metric)}"
    if row.difference is None:
        return f"{row.other} and {row.one} cannot be compared{name}"
    if row.gain == 0:
        if row.clear:  # a figure that is neither better nor worse
            return f"{row.other} and {row.one} differ{name}, {_way(row)}"
        return f"{row.other} and {row.one} do not differ beyond the error{name}"
    way = f", {_way(row)}" if by else ""
    if row.better == "lower":
        more = "less" if row.gain > 0 else "more"
        return f"{row.other} hallucinates {more} than {row.one}{name}{way}"
    return f"{row.other} does {'better' if row.gain > 0 else 'worse'} than {row.one}{name}{way}"


def _digits(row: Compared) -> int:
    scale = 1 if row.unit else 100
    return 1 if abs(row.difference or 0) * scale >= 0.95 else 2


def _change(row: Compared) -> str:
    return f"{scaled(row.unit, row.difference or 0, 1, sign=True)} {row.unit or 'points'}"


def _story(comparison: Comparison, metric: str, one: str, other: str) -> list[Compared]:
    rows = {
        (row.name, row.split): row
        for row in comparison.rows
        if (row.metric, row.one, row.other) == (metric, one, other)
    }
    story = []
    kind = comparison.metrics.get(metric)
    names = kind.story or tuple(name for name, _ in rows)[:1] if kind else ()
    for name in names:
        splits = [split for told, split in rows if told == name]
        # With several splits their mean or whole tells; the splits stand in the table.
        whole = [split for split in splits if split in ("", "all")]
        if (f"mean {name}", "") not in rows:
            story += [rows[name, split] for split in whole or splits]
    return story


def _cautions(story: Sequence[Compared], other: str, metric: Metric) -> Iterator[str]:
    by_name = {row.name.removeprefix("mean "): row for row in story}
    for each in _pays(story, other, metric):
        yield (
            f"But {each}, and who says less hallucinates less: compare it with a control of the "
            "same length."
        )
    f1, yes, right = (by_name.get(name) for name in ("F1", "yes ratio", "accuracy"))
    if f1 and yes and right and f1.clear and yes.clear and not right.clear:
        yield (
            f"F1 moves with the share of yes here, not with what {other} sees: as many answers are "
            "right as before."
        )


def _pays(story: Sequence[Compared], other: str, metric: Metric) -> Iterator[str]:
    """That a run which hallucinates less says less, too."""
    by_name = {row.name.removeprefix("mean "): row for row in story}
    if story[0].better == "lower" and story[0].gain > 0:
        shorter = [by_name[name] for name in metric.coverage if name in by_name]
        less = [
            f"{_change(row)} of {row.name}"
            for row in shorter
            if row.clear and row.difference is not None and row.difference < 0
        ]
        if less:
            yield f"{other} also says less ({' and '.join(less)})"


def at_equal_length(comparison: Comparison, story: Sequence[Compared]) -> Iterator[str]:
    """What remains of a pair's differences at equal length, where that was asked for."""
    found = {
        (row.name, row.split): row
        for row in comparison.equal
        if (row.metric, row.one, row.other) == (story[0].metric, story[0].one, story[0].other)
    }
    kind = comparison.metrics[story[0].metric]
    cut = [
        found[row.name, row.split]
        for row in story
        if (row.name, row.split) in found and not row.unit
    ]
    if not cut:
        return
    told = "; ".join(phrase(row, kind) for row in cut)
    yield f"At equal length, both texts cut to the words of the shorter: {told}."
    for each in _of_length(comparison, story):
        yield f"{each[0].upper()}{each[1:]}."
    key = story[0].metric, story[0].one, story[0].other
    if key in comparison.adjusted:
        fit = comparison.adjusted[key]
        yield (
            f"With length in the model (Poisson) {_label(story[0], kind)} is "
            f"{100 * fit.other:.1f} against {100 * fit.one:.1f}: ratio {fit.ratio:.2f} "
            f"(95 % CI {fit.low:.2f} to {fit.high:.2f})."
        )


def _of_length(comparison: Comparison, story: Sequence[Compared]) -> Iterator[str]:
    """How much of what a run hallucinates less is length: "of 13.2 points of CHAIRs …"."""
    kind = comparison.metrics[story[0].metric]
    cut = {(row.metric, row.split, row.name, row.one, row.other): row for row in comparison.equal}
    for row in story:
        rest = cut.get((row.metric, row.split, row.name, row.one, row.other))
        if rest is None or rest.difference is None or row.difference is None:
            continue
        if row.gain > 0 and row.better == "lower":
            whole, left = abs(row.difference), max(0.0, -rest.difference)
            length = max(0.0, whole - left)
            told = [scaled("", each, 1) for each in (whole, length, left)]
            sure = "beyond the error" if rest.gain > 0 else "within the error"
            rests = f"{told[2]} remain at equal length, {sure}" if left else "nothing remains"
            name = _label(row, kind)
            yield f"of {told[0]} points of {name} {told[1]} are length; {rests}"


def _repeats(comparison: Comparison, row: Compared) -> Iterator[str]:
    """That a run which hallucinates less says the same again, which lowers rates of mentions."""
    for each in comparison.rows:
        if (each.metric, each.name, each.one, each.other) == (TEXT, REPEATED, row.one, row.other):
            more = each.clear and each.difference is not None and each.difference > 0
            if more and row.better == "lower" and row.gain > 0:
                yield (
                    f"But {row.other} also says the same again more often ({_change(each)} of "
                    "groups of four words), and repeating what is safe lowers a rate."
                )


def _on_controls(comparison: Comparison, only: str = "") -> Iterator[str]:
    """Whether each method beats its controls, by the figure that decides."""
    for control in comparison.controls:
        for one, other in comparison.pairs:
            if control != one or other in comparison.controls:
                continue
            for metric in dict.fromkeys(row.metric for row in comparison.rows):
                if only in ("", metric) and (story := _story(comparison, metric, one, other)):
                    yield _on_control(story, comparison.metrics[metric])


def _on_control(story: Sequence[Compared], metric: Metric) -> str:
    row, others = story[0], {each.name: each for each in story[1:]}
    verb = {1: "beats", 0: "does not beat", -1: "does worse than"}[row.gain]
    text = f"{row.other} {verb} its control {row.one} in {row.name}"
    if row.difference is None:
        text += ", which is undefined"
    elif row.gain == 0:
        text += ": they differ within the error"
    for name in metric.coverage:
        paid = others.get(name)
        if row.gain > 0 and paid is not None and paid.gain < 0:
            text += f", and pays with {name} ({_change(paid)})"
    return text + "."


def unseen(comparison: Comparison, only: str = "") -> Iterator[str]:
    """How great a difference had to be to be seen, where runs do not differ beyond the error.

    Args:
        comparison: the runs.
        only: of this metric alone; empty: of all.
    """
    pictures = len(set(comparison.sides[0].pictures.values()))
    for metric in dict.fromkeys(row.metric for row in comparison.rows):
        if only not in ("", metric):
            continue
        stories = [_story(comparison, metric, *pair) for pair in comparison.pairs]
        unclear = [story[0] for story in stories if story and not story[0].clear]
        known = [row for row in unclear if row.detectable]
        if known:
            row = max(known, key=lambda each: each.detectable or 0)
            yield _detectable(row, comparison.metrics[metric], pictures)


def _detectable(row: Compared, metric: Metric, pictures: int) -> str:
    """How great a difference is found in four of five cases, and what a smaller one takes.

    Errors shrink with the root of the number of pictures.
    """
    scale = 1 if row.unit else 100
    seen = (row.detectable or 0) * scale
    wanted = next((each for each in _STEPS if each <= seen / 2), _STEPS[-1])
    needed = _rounded_up(pictures * (seen / wanted) ** 2)
    unit = row.unit or "points"
    name = _label(row, metric)
    return (
        f"{pictures:,} pictures show a difference in {name} of {seen:.2g} {unit} or more in "
        f"{100 * POWER:.0f} % of cases; to see {wanted:g} {unit} takes some {needed:,} pictures."
    )


def _rounded_up(number: float) -> int:
    """To two digits, upwards."""
    step: int = 10 ** max(0, len(str(ceil(number))) - 2)
    return ceil(number / step) * step
