"""What a comparison says, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.workflows.compare.differences import Compared, Comparison
from metrics.protocol import Metric


def verdicts(comparison: Comparison) -> list[str]:
    """A sentence on each pair of runs and metric, then one on each method and its control."""
    said = []
    for one, other in comparison.pairs:
        for metric in dict.fromkeys(row.metric for row in comparison.rows):
            story = _story(comparison, metric, one, other)
            if story:
                kind = comparison.metrics[metric]
                phrases = "; ".join(phrase(row, kind) for row in story)
                said.append(f"{_summary(story[0], kind)}: {phrases}.")
                said += _cautions(story, other, kind)
    return said + list(_on_controls(comparison))


def in_short(comparison: Comparison, names: Sequence[str]) -> list[str]:
    """A sentence on each pair of runs, of a few figures; the first of them decides."""
    said = []
    for pair in comparison.pairs:
        rows = {row.name: row for row in comparison.rows if (row.one, row.other) == pair}
        told = [(rows[name], comparison.metrics[rows[name].metric]) for name in names]
        said.append(f"{_summary(*told[0])}: " + "; ".join(phrase(*each) for each in told) + ".")
    return said


def phrase(row: Compared, metric: Metric) -> str:
    """What became of a figure: "lower CHAIRi by 4.1 points (95 % CI 2.6 to 5.7, p = .0002)"."""
    if row.difference is None or row.low is None or row.high is None:
        return f"{_label(row, metric)} is undefined"
    unit, name = row.unit or "points", _label(row, metric)
    if not row.clear:
        digits = _digits(row)
        low, high = (scaled(row.unit, each, digits) for each in (row.low, row.high))
        change = scaled(row.unit, row.difference, digits, sign=True)
        return f"{name} unchanged within the error ({change} {unit}, 95 % CI {low} to {high})"
    digits = _digits(row)
    ends = sorted((abs(row.low), abs(row.high)))
    low, high = (scaled(row.unit, each, digits) for each in ends)
    size = scaled(row.unit, abs(row.difference), digits)
    tested = f"p {p_value(row.p_holm, words=True)}"
    if row.test == "McNemar":
        tested = (
            f"McNemar p {p_value(row.p_holm, words=True)}: {row.lost} questions right only in "
            f"{row.one}, {row.gained} only in {row.other}"
        )
    way = "higher" if row.difference > 0 else "lower"
    return f"{way} {name} by {size} {unit} (95 % CI {low} to {high}, {tested})"


def _label(row: Compared, metric: Metric) -> str:
    """A figure's name, with what else a sentence needs."""
    return metric.label(row.name, row.split)


def scaled(unit: str, value: float, digits: int, *, sign: bool = False) -> str:
    """A figure or a difference in its unit, shares in percent, with a real minus."""
    text = f"{value * (1 if unit else 100):{'+' if sign else ''}.{digits}f}"
    return text.replace("-", "−")


def p_value(p: float | None, *, words: bool = False) -> str:
    """A p-value to four digits."""
    if p is None:
        return "–"
    if p < 0.0001:
        return "< .0001" if words else "<.0001"
    text = f"{p:.4f}".removeprefix("0")
    return f"= {text}" if words else text


def _summary(row: Compared, metric: Metric) -> str:
    """Which run does better, by the figure that decides."""
    if row.difference is None:
        return f"{row.other} and {row.one} cannot be compared by {_label(row, metric)}"
    if row.gain == 0:
        return f"{row.other} and {row.one} do not differ beyond the error"
    if row.better == "lower":
        return f"{row.other} hallucinates {'less' if row.gain > 0 else 'more'} than {row.one}"
    return f"{row.other} does {'better' if row.gain > 0 else 'worse'} than {row.one}"


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
    if story[0].better == "lower" and story[0].gain > 0:
        shorter = [by_name[name] for name in metric.coverage if name in by_name]
        less = [
            f"{_change(row)} of {row.name}"
            for row in shorter
            if row.clear and row.difference is not None and row.difference < 0
        ]
        if less:
            yield (
                f"But {other} also says less ({' and '.join(less)}), and who says less "
                "hallucinates less: compare it with a control of the same length."
            )
    f1, yes, right = (by_name.get(name) for name in ("F1", "yes ratio", "accuracy"))
    if f1 and yes and right and f1.clear and yes.clear and not right.clear:
        yield (
            f"F1 moves with the share of yes here, not with what {other} sees: as many answers are "
            "right as before."
        )


def _on_controls(comparison: Comparison) -> Iterator[str]:
    """Whether each method beats its controls, by the figure that decides."""
    for control in comparison.controls:
        for one, other in comparison.pairs:
            if control != one or other in comparison.controls:
                continue
            for metric in dict.fromkeys(row.metric for row in comparison.rows):
                if story := _story(comparison, metric, one, other):
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
