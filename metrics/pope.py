"""POPE: does the model say yes to objects that are there and no to those that are not?

Accuracy, precision, recall and F1 of the answer "yes" (all 0..1, higher is better), and the share
of yes. Source: Li et al. 2023, "Evaluating Object Hallucination in Large Vision-Language Models"
(arXiv:2305.10355) and ``evaluate.py`` of https://github.com/RUCAIBox/POPE.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from statistics import fmean
from typing import Literal

from halluc.errors import InputError
from halluc.records import Label, Sample, Score

FIGURES = ("accuracy", "precision", "recall", "F1", "yes ratio")


def parse_original(text: str) -> Label:
    """Yes or no, as the original POPE script reads an answer.

    Only the text before the first full stop counts, and there the words "No", "not" and "no" alone
    mean no. Everything else is yes: "NO", "no!", "isn't", and an empty answer too.

    >>> parse_original("No, there is not."), parse_original("NO"), parse_original("Yes. No cat.")
    ('no', 'yes', 'yes')
    """
    sentence = text.split(".", 1)[0].replace(",", "")
    return "no" if {"No", "not", "no"} & set(sentence.split(" ")) else "yes"


@dataclass(frozen=True)
class PopeCounts:
    """True and false positives and negatives; positive is the answer "yes"."""

    tp: int = 0
    fp: int = 0
    tn: int = 0
    fn: int = 0

    def __add__(self, other: PopeCounts) -> PopeCounts:
        """Counts of both together."""
        return PopeCounts(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


def count(pairs: Iterable[tuple[Label, Label]]) -> PopeCounts:
    """Count pairs of (answer, truth)."""
    pairs = list(pairs)
    return PopeCounts(
        tp=pairs.count(("yes", "yes")),
        fp=pairs.count(("yes", "no")),
        tn=pairs.count(("no", "no")),
        fn=pairs.count(("no", "yes")),
    )


def compute(counts: PopeCounts, split: str = "") -> list[Score]:
    """The five figures and four counts of a split; a ratio of nothing is None.

    F1 is 2 TP / (2 TP + FP + FN), so it is 0 where the model never says yes and precision is
    undefined.
    """
    tp, fp, tn, fn = astuple(counts)
    ratios = {
        "accuracy": (tp + tn, tp + fp + tn + fn),
        "precision": (tp, tp + fp),
        "recall": (tp, tp + fn),
        "F1": (2 * tp, 2 * tp + fp + fn),
        "yes ratio": (tp + fp, tp + fp + tn + fn),
    }
    return [
        Score(
            metric="pope",
            name=name,
            value=part / whole if whole else None,
            split=split,
            numerator=part,
            denominator=whole,
            better=_better(name),
        )
        for name, (part, whole) in ratios.items()
    ] + [
        Score(metric="pope", name=name, value=value, split=split)
        for name, value in {"TP": tp, "FP": fp, "TN": tn, "FN": fn}.items()
    ]


def pope(samples: Sequence[Sample], answers: Mapping[str, str]) -> list[Score]:
    """Score answers to POPE questions, split by split.

    With several splits the mean of each figure over them follows ("mean F1" is what LLaVA's papers
    call POPE).

    Args:
        samples: the questions, whose truths hold the labels.
        answers: text of the answer to each sample, by its id.

    Raises:
        InputError: a sample has no label.
        KeyError: a sample has no answer; `halluc.datasets.alignment.align` makes sure of that.
    """
    pairs: dict[str, list[tuple[Label, Label]]] = {}
    for sample in samples:
        if sample.truth is None or sample.truth.label is None:
            raise InputError(f"sample {sample.id!r} has no yes/no label, so POPE cannot score it")
        pair = parse_original(answers[sample.id]), sample.truth.label
        pairs.setdefault(sample.split, []).append(pair)
    scores = [score for split in pairs for score in compute(count(pairs[split]), split)]
    return scores + (_means(scores) if len(pairs) > 1 else [])


def _means(scores: Sequence[Score]) -> list[Score]:
    means = []
    for name in FIGURES:
        values = [score.value for score in scores if score.name == name]
        known = [value for value in values if value is not None]
        mean = fmean(known) if len(known) == len(values) else None
        means.append(Score(metric="pope", name=f"mean {name}", value=mean, better=_better(name)))
    return means


def _better(name: str) -> Literal["higher", ""]:
    return "" if name == "yes ratio" else "higher"
