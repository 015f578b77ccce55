"""DASH-B: does a model say yes to objects on pictures that were picked because models do?

Accuracy, true-negative rate (no to absent objects), true-positive rate (yes to present ones) and
their harmonic mean (0..1, higher is better). Source: Augustin et al. 2025, "DASH: Detection and
Assessment of Systematic Hallucinations of VLMs" (ICCV 2025), and ``src/eval_utils.py`` of
https://github.com/YanNeu/DASH-B.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from halluc.answers.alignment import Pairs
from halluc.answers.files import read_answers
from halluc.answers.given import Given, count_rows, only_truth, open_answers
from halluc.datasets.dash_b import id_of, load
from halluc.datasets.files import read_rows
from halluc.errors import InputError
from halluc.records import Answer, Finding, Label, Sample, Score, Truth
from metrics.protocol import Metric, joined, rightly
from metrics.ratio import ratio
from metrics.tasks import Task, has_label

METRIC = "dash-b"


def read_contained(text: str) -> Literal["yes", "no", "unknown"]:
    """Yes where "yes" stands anywhere in any case, else no where "no" does, else unknown.

    >>> read_contained("Yes, no doubt"), read_contained("I know it"), read_contained("A cat")
    ('yes', 'no', 'unknown')
    """
    text = text.lower()
    return "yes" if "yes" in text else "no" if "no" in text else "unknown"


def update(label: Label, text: str) -> Counter[str]:
    """Counts of one answer; what says neither is wrong."""
    said = read_contained(text)
    return Counter({label: 1, f"right {label}": int(said == label), f"says {said}": 1})


def compute(counts: Mapping[str, int]) -> list[Score]:
    """The figures of counts; a ratio of nothing is None."""
    yes, no = counts.get("yes", 0), counts.get("no", 0)
    positive, negative = counts.get("right yes", 0), counts.get("right no", 0)
    scores = [
        ratio(METRIC, "accuracy", positive + negative, yes + no, better="higher"),
        ratio(METRIC, "TNR", negative, no, better="higher"),
        ratio(METRIC, "TPR", positive, yes, better="higher"),
        ratio(METRIC, "yes ratio", counts.get("says yes", 0), yes + no),
        ratio(METRIC, "unknown", counts.get("says unknown", 0), yes + no),
    ]
    mean = harmonic(scores[1].value, scores[2].value)
    scores.insert(3, Score(metric=METRIC, name="harmonic mean", value=mean, better="higher"))
    return scores


def harmonic(one: float | None, other: float | None) -> float | None:
    """Harmonic mean of two shares; 0 where one is 0, None where one is undefined.

    >>> harmonic(0.5, 1.0), harmonic(0, 1), harmonic(0, 0), harmonic(None, 1)
    (0.6666666666666666, 0.0, 0.0, None)
    """
    if one is None or other is None:
        return None
    return 2 * one * other / (one + other) if one + other else 0.0


class _Row(msgspec.Struct):
    img_id: str
    object_name: str
    gt: Label
    response: str


def _answers(path: str) -> list[Answer]:
    """Answers as DASH-B's script writes them, with their own questions, or of another form."""
    _, first = next(read_rows(path, dict[str, object]), (0, {}))
    if not {"img_id", "object_name", "gt"} <= first.keys():
        return read_answers(path)
    answers: dict[str, Answer] = {}
    for line, row in read_rows(path, _Row):
        id = id_of(answers, row.gt, row.object_name, row.img_id)
        if id in answers:
            raise InputError(f"{id} stands here more than twice", path, line)
        own = Sample(id=id, truth=Truth(label=row.gt))
        answers[id] = Answer(id, row.response, Path(path), line, own=own)
    return [*answers.values()]


class DashB(Metric, frozen=True, kw_only=True):
    """DASH-B over answers of a run or of a file."""

    name = METRIC
    title = "DASH-B"
    summary = "Yes/no questions on pictures that mislead models."
    paper = "arXiv:2503.23573"
    edition = "DASH-B (ICCV 2025)"
    task = Task(METRIC, "questions of DASH-B", has_label, answers=("yes", "no"))
    by_default = False
    story = ("TNR", "TPR", "accuracy")

    @classmethod
    def fits(cls, source: str, truth: Sequence[str]) -> bool:
        """Answers to DASH-B's questions."""
        return any(each.startswith(f"{METRIC}:") for each in truth)

    def read(
        self, sources: Sequence[str], truth: Sequence[str] = (), *, allow_missing: bool = False
    ) -> Given:
        """Answers joined to DASH-B's questions, or to those that they tell; see `Metric.read`."""
        source, rows = only_truth(truth), Counter[Path]()
        run, stream = open_answers(sources, _answers, allow_missing=allow_missing)
        answers = list(count_rows(stream, rows))
        dataset = load(source.removeprefix(f"{METRIC}:")) if source else None
        samples = dataset.samples if dataset else run.samples if run else _own(answers)
        pairs = Pairs(answers, samples, allow_missing=allow_missing)
        card = dataset.card["files"] if dataset else None if run else "the answers' own rows"
        return joined(run, pairs, card, rows, samples)

    def update(self, sample: Sample, text: str) -> tuple[Counter[str], list[Finding]]:
        """Counts of one answer.

        Raises:
            InputError: the sample has no label.
        """
        if sample.truth is None or sample.truth.label is None:
            raise InputError(f"sample {sample.id!r} has no yes/no label")
        return update(sample.truth.label, text), []

    def compute(self, counts: Counter[str]) -> list[Score]:
        """The figures of counts."""
        return compute(counts)

    def right(self, given: Given) -> dict[str, dict[str, bool]]:
        """Whether each question was answered rightly, by id."""
        return rightly(given, lambda text, label: read_contained(text))


def _own(answers: Sequence[Answer]) -> list[Sample]:
    """The questions that answers tell."""
    questions = [
        each.own for each in answers if each.own and each.own.truth and each.own.truth.label
    ]
    if len(questions) < len(answers):
        what = "these answers do not tell their questions; name DASH-B's folder images with --truth"
        raise InputError(what, answers[0].path)
    return questions
