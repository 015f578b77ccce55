"""AMBER's counting of yes/no answers, and the figures made of them and of captions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from halluc.datasets.amber import (
    ATTRIBUTES,
)
from halluc.records import Label, Score
from metrics.amber_captions import EPSILON, compute_captions
from metrics.ratio import ratio

Parser = Callable[[str], Label | None]
"""Gives yes, no, or neither, of an answer."""
PARTS = {
    "all": ("existence", *ATTRIBUTES, "relation"),
    "existence": ("existence",),
    "attribute": ATTRIBUTES,
    **{each: (each,) for each in ATTRIBUTES},
    "relation": ("relation",),
}
"""What figures are made of: name, dimensions that are counted together."""


def parse_exact(text: str) -> Label | None:
    """Yes or no, as AMBER's script reads an answer: "Yes" or "No" and nothing else.

    >>> parse_exact("No"), parse_exact("no"), parse_exact("No.")
    ('no', None, None)
    """
    return "yes" if text == "Yes" else "no" if text == "No" else None


@dataclass
class AmberCounts:
    """What AMBER counts, dimension by dimension; counts of two sets of answers add up.

    Attributes:
        by: (dimension, what) to a number: "questions", those answered "right", those answered with
            neither yes nor no ("other", never right), those whose right answer is "no", answers
            that "said no", and both ("right no"). For captions, see `metrics.amber_captions`.
    """

    by: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __add__(self, other: AmberCounts) -> AmberCounts:
        """Counts of both together."""
        return AmberCounts(self.by + other.by)


def update_answer(answer: Label | None, label: Label) -> dict[str, int]:
    """Counts of one answer."""
    return {
        "questions": 1,
        "right": int(answer == label),
        "other": int(answer is None),
        "no": int(label == "no"),
        "said no": int(answer == "no"),
        "right no": int(answer == label == "no"),
    }


def total(counts: Iterable[AmberCounts]) -> AmberCounts:
    """Counts of all answers together."""
    together = AmberCounts()
    for each in counts:
        together.by.update(each.by)
    return together


def compute(counts: AmberCounts, asked: Container[str] | None = None) -> list[Score]:
    """The figures of the dimensions that were asked for, and the AMBER score.

    Figures of several dimensions together, "all" of them or "attribute", stand only where each of
    these was asked for, and so does the AMBER score.

    Args:
        counts: what to make figures of.
        asked: the dimensions that were asked for; default: those that are counted.
    """
    if asked is None:
        asked = {dimension for dimension, _ in counts.by}
    scores = []
    for part, dimensions in PARTS.items():
        if all(each in asked for each in dimensions):
            # The script starts the counters of each type at .001, and adds up three for attributes.
            epsilon = EPSILON * (len(dimensions) if part == "attribute" else 1)
            scores += compute_answers(_together(counts, dimensions), part, epsilon)
    if "generative" in asked:
        scores += compute_captions(_together(counts, ["generative"]))
    return scores + _amber_score(scores)


def compute_answers(counts: Mapping[str, int], part: str, epsilon: float = EPSILON) -> list[Score]:
    """Accuracy, precision, recall and F1, each exactly and as the published script prints it.

    The script adds `epsilon` to each denominator, rounds to one decimal, in percent, and makes F1
    from rounded precision and recall with .0001 (existence: .001) more in its denominator. A ratio
    of nothing is None, where the script prints 0; F1 is 0 where the model never says no.
    """
    c = counts
    ratios = {
        "accuracy": (c["right"], c["questions"]),
        "precision": (c["right no"], c["said no"]),
        "recall": (c["right no"], c["no"]),
        "F1": (2 * c["right no"], c["said no"] + c["no"]),
    }
    percents = {
        name: round(part / (whole + epsilon) * 100, 1)
        for name, (part, whole) in ratios.items()
        if name != "F1"
    }
    precision, recall = percents["precision"] / 100, percents["recall"] / 100
    smooth = 0.001 if part == "existence" else 0.0001
    percents["F1"] = round(2 * precision * recall / (precision + recall + smooth) * 100, 1)
    exact = [
        ratio("amber", name, part_of, whole, split=part, better="higher")
        for name, (part_of, whole) in ratios.items()
    ]
    published = [
        Score(
            metric="amber",
            name=f"published {name}",
            value=percents[name] if whole else None,
            split=part,
            better="higher",
        )
        for name, (_, whole) in ratios.items()
    ]
    counted = [
        Score(metric="amber", name=name, value=value, split=part)
        for name, value in {
            "said No": c["said no"],
            "other": c["other"],
            "questions": c["questions"],
        }.items()
    ]
    return exact + published + counted


def _amber_score(scores: Sequence[Score]) -> list[Score]:
    values = {(each.split, each.name): each.value for each in scores}
    chair, f1 = values.get(("generative", "published CHAIR")), values.get(("all", "published F1"))
    if chair is None or f1 is None:
        return []
    return [
        Score(metric="amber", name="AMBER score", value=(100 - chair + f1) / 2, better="higher")
    ]


def _together(counts: AmberCounts, dimensions: Sequence[str]) -> Counter[str]:
    """Counts of some dimensions, added up."""
    together: Counter[str] = Counter()
    for (dimension, what), number in counts.by.items():
        if dimension in dimensions:
            together[what] += number
    return together
