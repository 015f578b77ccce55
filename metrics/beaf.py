"""BEAF: does an answer change with the picture where it must, and stay where it must not?

An object is taken out of a picture. About it: true understanding TU (right before and after),
ignorance IG (wrong both times), stubbornness SB+ and SB- (yes, or no, both times), as shares of all
such questions. About all others: indecision ID, the share whose correctness changes. F1_TUID is the
harmonic mean of TU and 1 - ID. Beside them accuracy, precision, recall and F1 of yes (all 0..1).
Source: Ye-Bin et al. 2024 (ECCV, arXiv:2407.13442), and ``beaf_metric.py`` of
https://github.com/postech-ami/BEAF. Where an answer holds neither yes nor no, that script takes the
one before again; here it is unknown, and wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from halluc.datasets.beaf import KEPT, ORIGINAL, REMOVED, scene_of
from halluc.records import Sample, Score
from metrics.dash_b import harmonic, read_contained
from metrics.question_set import Answered, QuestionSet, label_of
from metrics.ratio import ratio
from metrics.tasks import Task, has_label

METRIC = "beaf"
_CHANGES = {("TP", "TN"): "TU", ("FN", "FP"): "IG", ("TP", "FP"): "SB+", ("FN", "TN"): "SB-"}


def outcome(sample: Sample, text: str) -> str:
    """TP, TN, FP or FN; an answer that says neither is wrong, without being a yes or a no.

    Raises:
        InputError: the sample has no label.
    """
    said, label = read_contained(text), label_of(sample)
    if said == "unknown":
        return f"unknown {label}"
    return ("T" if said == label else "F") + ("P" if said == "yes" else "N")


def tally(answered: Iterable[tuple[Sample, str]]) -> Counter[str]:
    """Counts of all answers on pictures and on their edited copies; those of several add up.

    Raises:
        InputError: a sample has no label.
    """
    counts: Counter[str] = Counter()
    before: dict[tuple[str, str | None], str] = {}
    after = []
    for sample, text in answered:
        found = outcome(sample, text)
        counts[found] += 1
        if sample.split == ORIGINAL:
            before[scene_of(sample), sample.prompt] = found
        else:
            after.append((sample, found))
    for sample, found in after:
        if (first := before.get((scene_of(sample), sample.prompt))) is None:
            counts["alone"] += 1
        elif sample.split == REMOVED:
            counts["removed"] += 1
            counts[_CHANGES.get((first, found), "other change")] += 1
        elif sample.split == KEPT:
            counts["kept"] += 1
            counts["ID"] += (first[0] == "T") != (found[0] == "T")
    return counts


def compute(counts: Mapping[str, int]) -> list[Score]:
    """The figures of counts; a ratio of nothing is None."""
    n = Counter(counts)
    right, yes = n["TP"] + n["TN"], n["TP"] + n["FN"] + n["unknown yes"]
    no = n["TN"] + n["FP"] + n["unknown no"]
    rows: list[tuple[str, int, int, Literal["higher", "lower", ""]]] = [
        ("TU", n["TU"], n["removed"], "higher"),
        ("IG", n["IG"], n["removed"], "lower"),
        ("SB+", n["SB+"], n["removed"], "lower"),
        ("SB-", n["SB-"], n["removed"], "lower"),
        ("other change", n["other change"], n["removed"], ""),
        ("ID", n["ID"], n["kept"], "lower"),
        ("accuracy", right, yes + no, "higher"),
        ("precision", n["TP"], n["TP"] + n["FP"], "higher"),
        ("recall", n["TP"], yes, "higher"),
        ("F1", 2 * n["TP"], n["TP"] + n["FP"] + yes, "higher"),
        ("unknown", n["unknown yes"] + n["unknown no"], yes + no, ""),
    ]
    scores = [ratio(METRIC, name, part, whole, better=better) for name, part, whole, better in rows]
    values = {each.name: each.value for each in scores}
    steady = None if values["ID"] is None else 1 - values["ID"]
    both = harmonic(values["TU"], steady)
    return [Score(metric=METRIC, name="F1_TUID", value=both, better="higher"), *scores]


def beaf(samples: Sequence[Sample], answers: Mapping[str, str]) -> list[Score]:
    """Score answers to BEAF's questions.

    Args:
        samples: the questions, as `halluc.datasets.beaf.load` gives them.
        answers: text of the answer to each, by its id.

    Raises:
        InputError: a sample has no label.
        KeyError: a sample has no answer.
    """
    return compute(tally((each, answers[each.id]) for each in samples))


class Beaf(QuestionSet, frozen=True, kw_only=True):
    """BEAF over answers of a run or of a file."""

    name = METRIC
    title = "BEAF"
    summary = "The same questions before and after an object is taken out."
    paper = "arXiv:2407.13442"
    edition = "BEAF (arXiv:2407.13442)"
    task = Task(METRIC, "questions of BEAF", has_label, answers=("yes", "no"))
    story = ("F1_TUID", "TU", "ID", "SB+")
    coverage = ("recall",)
    hidden = frozenset({"unknown", "other change"})

    def together(self, sample: Sample) -> str:
        """A picture with its edited copies."""
        return scene_of(sample)

    def tally(self, answered: Answered) -> Counter[str]:
        """Counts of answers; see `tally`."""
        return tally(answered)

    def compute(self, counts: Counter[str]) -> list[Score]:
        """The figures of counts."""
        return compute(counts)

    def warnings(self, counts: Counter[str]) -> list[str]:
        """How many questions on copies have none on the original."""
        alone = counts["alone"]
        return [f"{alone} questions on edited copies have none on the original"] if alone else []
