"""MERLIM's relations: is an answer that was right still right once an object is taken out?

Accuracy on pictures and on edited copies (0..1, higher is better), and hidden hallucinations: of
the questions that are right on the picture, the share that is wrong on the copy (lower is better).
Whoever answers without looking is right by chance on both. Each also for the questions in their
negated form. Source: Villa et al. 2025 (arXiv:2312.02219), whose repository has no script for
scoring; answers are read as yes or no as a word, and both or neither is wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

from halluc.datasets.beaf import scene_of as _scene
from halluc.datasets.merlim import EDITED, NEGATED, ORIGINAL
from halluc.records import Label, Sample, Score
from metrics.pope_parsers import read_vlmevalkit
from metrics.question_set import Answered, QuestionSet, label_of
from metrics.ratio import ratio
from metrics.tasks import Task, has_label

METRIC = "merlim"
Counts = Counter[tuple[str, str]]
"""By form of the question ("" or "negated") and what."""


def scene_of(sample: Sample) -> str:
    """The picture that a sample is about or is an edited copy of.

    >>> scene_of(Sample(id="a", image="632_2.png", split="edited negated"))
    '632'
    """
    stem = (sample.image or "").rpartition(".")[0]
    return stem if sample.split.startswith(ORIGINAL) else _scene(sample)


def tally(answered: Answered) -> Counts:
    """Counts of all answers on pictures and on their copies; those of several add up.

    Raises:
        InputError: a sample has no label.
    """
    counts = Counts()
    before: dict[tuple[str, str | None], bool] = {}
    after: list[tuple[str, tuple[str, str | None], bool]] = []
    for sample, text in answered:
        label = label_of(sample)
        said = read_vlmevalkit(text, label)
        place, _, form = sample.split.partition(" ")
        counts[form, place] += 1
        counts[form, f"right {place}"] += said == label
        counts[form, "answers"] += 1
        counts[form, said] += 1
        key = scene_of(sample), sample.prompt
        if place == ORIGINAL:
            before[key] = said == label
        else:
            after.append((form, key, said == label))
    for form, key, right in after:
        if key not in before:
            counts[form, "alone"] += 1
            continue
        counts[form, "held"] += before[key]
        counts[form, "hidden"] += before[key] and not right
    return counts


def compute(counts: Mapping[tuple[str, str], int]) -> list[Score]:
    """The figures of the questions, and of their negated forms; a ratio of nothing is None."""
    scores = []
    for form in ("", NEGATED):
        n = Counter({what: number for (mine, what), number in counts.items() if mine == form})
        rows: list[tuple[str, int, int, Literal["higher", "lower", ""]]] = [
            (f"accuracy {place}", n[f"right {place}"], n[place], "higher")
            for place in (ORIGINAL, EDITED)
        ]
        rows.append(("hidden hallucination", n["hidden"], n["held"], "lower"))
        rows += [
            (name, n[what], n["answers"], "")
            for name, what in (("yes ratio", "yes"), ("unknown", "unknown"))
        ]
        scores += [
            ratio(METRIC, name, part, whole, split=form, better=better)
            for name, part, whole, better in rows
        ]
    return scores


def merlim(samples: Sequence[Sample], answers: Mapping[str, str]) -> list[Score]:
    """Score answers to MERLIM's questions on relations.

    Args:
        samples: the questions, as `halluc.datasets.merlim.load` gives them.
        answers: text of the answer to each, by its id.

    Raises:
        InputError: a sample has no label.
        KeyError: a sample has no answer.
    """
    return compute(tally((each, answers[each.id]) for each in samples))


class Merlim(QuestionSet, frozen=True, kw_only=True):
    """MERLIM's relations over answers of a run or of a file."""

    name = METRIC
    title = "MERLIM, relations"
    summary = "Relations before and after an object is taken out."
    paper = "arXiv:2312.02219"
    edition = "MERLIM, relations (arXiv:2312.02219)"
    task = Task(METRIC, "questions of MERLIM", has_label, answers=("yes", "no"))
    story = (f"accuracy {ORIGINAL}", f"accuracy {EDITED}", "hidden hallucination")
    one_table = True

    def says(self, text: str, label: Label) -> str:
        """What an answer says: yes or no as a word."""
        return read_vlmevalkit(text, label)

    def together(self, sample: Sample) -> str:
        """A picture with its edited copies."""
        return scene_of(sample)

    def tally(self, answered: Answered) -> Counts:
        """Counts of answers; see `tally`."""
        return tally(answered)

    def compute(self, counts: Counts) -> list[Score]:
        """The figures of counts."""
        return compute(counts)

    def warnings(self, counts: Counts) -> list[str]:
        """How many questions on copies have none on the original."""
        alone = sum(number for (_, what), number in counts.items() if what == "alone")
        return [f"{alone} questions on edited copies have none on the original"] if alone else []
