"""HALLUCINOGEN: is the presence of an object told rightly, however it is asked for?

Accuracy over all wordings, and the share of questions that are right in all five (0..1, higher is
better), by task and split of POPE. Source: Seth et al. 2024 (arXiv:2412.20622), whose repository
has no script for scoring; answers are read as POPE's script does, so that where an object is said
to be ("The cup is on the left") is a yes, and "There is no cup" a no.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from halluc.datasets.hallucinogen import WORDINGS, question_of
from halluc.records import Label, Sample, Score
from metrics.pope_parsers import read_pope
from metrics.question_set import Answered, QuestionSet, label_of
from metrics.ratio import ratio
from metrics.tasks import Task, has_label

METRIC = "hallucinogen"
Counts = Counter[tuple[str, str]]
"""By split and what."""


def tally(answered: Answered) -> Counts:
    """Counts of answers to whole questions; those of several questions add up.

    Raises:
        InputError: a sample has no label.
    """
    counts = Counts()
    wordings: dict[tuple[str, str], list[bool]] = {}
    for sample, text in answered:
        label = label_of(sample)
        said = read_pope(text, label)
        counts[sample.split, "answers"] += 1
        counts[sample.split, "right"] += said == label
        counts[sample.split, "yes"] += said == "yes"
        wordings.setdefault((sample.split, question_of(sample)), []).append(said == label)
    for (split, _), right in wordings.items():
        if len(right) == len(WORDINGS):
            counts[split, "questions"] += 1
            counts[split, "all right"] += all(right)
            counts[split, "all or none"] += len({*right}) == 1
    return counts


def compute(counts: Mapping[tuple[str, str], int]) -> list[Score]:
    """The figures of all answers and of each split; a ratio of nothing is None."""
    scores = []
    for split in ("", *sorted({mine for mine, _ in counts} - {""})):
        n = Counter[str]()
        for (mine, what), number in counts.items():
            n[what] += number if split in ("", mine) else 0
        asked = n["questions"]
        scores += [
            ratio(METRIC, "accuracy", n["right"], n["answers"], split=split, better="higher"),
            ratio(METRIC, "all five right", n["all right"], asked, split=split, better="higher"),
            ratio(METRIC, "consistent", n["all or none"], asked, split=split, better="higher"),
            ratio(METRIC, "yes ratio", n["yes"], n["answers"], split=split),
        ]
    return scores


def hallucinogen(samples: Sequence[Sample], answers: Mapping[str, str]) -> list[Score]:
    """Score answers to HALLUCINOGEN's questions.

    Args:
        samples: the questions, as `halluc.datasets.hallucinogen.load` gives them.
        answers: text of the answer to each, by its id.

    Raises:
        InputError: a sample has no label.
        KeyError: a sample has no answer.
    """
    return compute(tally((each, answers[each.id]) for each in samples))


class Hallucinogen(QuestionSet, frozen=True, kw_only=True):
    """HALLUCINOGEN over answers of a run or of files."""

    name = METRIC
    title = "HALLUCINOGEN"
    summary = "POPE's questions in five other wordings."
    paper = "arXiv:2412.20622"
    edition = "HALLUCINOGEN (arXiv:2412.20622)"
    task = Task(METRIC, "questions of HALLUCINOGEN", has_label, answers=("yes", "no"))
    story = ("accuracy", "all five right")
    one_table = True

    def says(self, text: str, label: Label) -> str:
        """What an answer says, as POPE's script reads it."""
        return read_pope(text, label)

    def tally(self, answered: Answered) -> Counts:
        """Counts of answers; see `tally`."""
        return tally(answered)

    def compute(self, counts: Counts) -> list[Score]:
        """The figures of counts."""
        return compute(counts)
