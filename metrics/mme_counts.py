"""MME's counting: pairs of questions of each picture, and the figures made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from halluc.bootstrap import Key
from halluc.datasets.mme import (
    COGNITION,
    PERCEPTION,
    TASKS,
)
from halluc.errors import InputError
from halluc.records import Label, Sample, Score

HALLUCINATION = ("existence", "count", "position", "color")
"""The tasks that VCD (arXiv:2311.16922) and later papers report for hallucination."""
TOTALS = {"perception": PERCEPTION, "cognition": COGNITION, "hallucination": HALLUCINATION}


def parse_answer(text: str) -> Label | Literal["other"]:
    """Yes, no or other, as MME's script reads an answer: in its first four characters.

    >>> parse_answer("Yes, there is."), parse_answer("Not at all"), parse_answer("I see no cat")
    ('yes', 'no', 'other')
    """
    head = text.lower()[:4]
    return "yes" if "yes" in head else "no" if "no" in head else "other"


@dataclass
class MmeCounts:
    """What MME counts, task by task; counts of two sets of pictures add up.

    Attributes:
        by: (task, what) to a number: "questions", those answered "right", those answered with
            neither yes nor no ("other", never right), "pictures", and those with both questions
            answered rightly ("whole").
    """

    by: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __add__(self, other: MmeCounts) -> MmeCounts:
        """Counts of both together."""
        return MmeCounts(self.by + other.by)


def update(task: str, pair: Sequence[tuple[str, Label]]) -> MmeCounts:
    """Counts of one picture from its answers and truths; with one question left it is not whole."""
    parsed = [(parse_answer(text), label) for text, label in pair]
    right = sum(answer == label for answer, label in parsed)
    numbers = {
        "questions": len(pair),
        "right": right,
        "other": sum(answer == "other" for answer, _ in parsed),
        "pictures": 1,
        "whole": int(right == len(pair) == 2),
    }
    return MmeCounts(Counter({(task, what): number for what, number in numbers.items()}))


def compute(counts: MmeCounts) -> list[Score]:
    """Four figures a task and the totals.

    A total is None where one of its tasks is not there: less than the whole is no perception score.
    """
    asked = {task for task, _ in counts.by}
    scores = [score for task in TASKS if task in asked for score in _task(task, counts.by)]
    values = {each.split: each.value for each in scores if each.name == "score"}
    for name, tasks in TOTALS.items():
        # Added up in the script's order, so that the last digit agrees.
        parts = [value for task in tasks if (value := values.get(task)) is not None]
        total = sum(parts) if len(parts) == len(tasks) else None
        scores.append(Score(metric="mme", name=name, value=total, better="higher", unit="points"))
    return scores


def blends() -> dict[Key, dict[Key, float]]:
    """The figures that are weighted sums of the shares acc and acc+, with their weights."""
    scores: dict[Key, dict[Key, float]] = {
        (task, "score"): {(task, "acc"): 100.0, (task, "acc+"): 100.0} for task in TASKS
    }
    for name, tasks in TOTALS.items():
        scores["", name] = {
            part: weight for task in tasks for part, weight in scores[task, "score"].items()
        }
    return scores


def odd_pictures(samples: Iterable[Sample]) -> list[str]:
    """The pictures that have not two questions, as "task/picture"."""
    return [group[0].image or group[0].id for group in by_image(samples) if len(group) != 2]


def _task(task: str, by: Mapping[tuple[str, str], int]) -> list[Score]:
    ratios = {
        "acc": (by[task, "right"], by[task, "questions"]),
        "acc+": (by[task, "whole"], by[task, "pictures"]),
    }
    # Each times 100 before they are added, as in the script.
    score = sum(part / whole * 100 for part, whole in ratios.values())
    return [
        Score(metric="mme", name="score", value=score, split=task, better="higher", unit="points"),
        *(
            Score(
                metric="mme",
                name=name,
                value=part / whole,
                split=task,
                numerator=part,
                denominator=whole,
                better="higher",
            )
            for name, (part, whole) in ratios.items()
        ),
        Score(metric="mme", name="other", value=by[task, "other"], split=task, better="lower"),
    ]


def by_image(samples: Iterable[Sample]) -> list[list[Sample]]:
    """Questions grouped by the picture they are on, within each task."""
    groups: dict[tuple[str, str | None], list[Sample]] = {}
    for sample in samples:
        groups.setdefault((sample.split, sample.image), []).append(sample)
    return list(groups.values())


def by_lines(samples: Iterable[Sample]) -> list[list[Sample]]:
    """Questions paired two by two as they stand, within each task.

    Raises:
        InputError: a task has an odd number of questions.
    """
    tasks: dict[str, list[Sample]] = {}
    for sample in samples:
        tasks.setdefault(sample.split, []).append(sample)
    for task, asked in tasks.items():
        if len(asked) % 2:
            raise InputError(f"{task} has {len(asked)} questions, so they make no pairs by lines")
    return [
        asked[place : place + 2] for asked in tasks.values() for place in range(0, len(asked), 2)
    ]


def label_of(sample: Sample) -> Label:
    """The right answer of a question.

    Raises:
        InputError: the sample is of no task of MME's, or has no label.
    """
    if sample.split not in TASKS:
        what = f"sample {sample.id!r} is of the task {sample.split!r}"
        raise InputError(f"{what}, which is none of MME's ({', '.join(TASKS)})")
    if sample.truth is None or sample.truth.label is None:
        raise InputError(f"sample {sample.id!r} has no yes/no label, so MME cannot score it")
    return sample.truth.label
