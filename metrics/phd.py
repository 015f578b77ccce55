"""PhD: are questions that want yes and questions that want no both answered rightly?

The PhD index is the harmonic mean of the recall of both (0..1, higher is better), so that always
yes and always no score 0; by mode and task. Source: Liu et al. 2025 (CVPR 2025, arXiv:2403.11116),
whose repository has no script for scoring; answers are read as yes or no as a word, and both or
neither is wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from halluc.datasets.phd import MODES
from halluc.records import Label, Sample, Score
from metrics.dash_b import harmonic
from metrics.pope_parsers import read_vlmevalkit
from metrics.question_set import Answered, QuestionSet, label_of
from metrics.ratio import ratio
from metrics.tasks import Task, has_label

METRIC = "phd"
Counts = Counter[tuple[str, str]]
"""By mode and task, and what."""


def tally(answered: Answered) -> Counts:
    """Counts of answers; they add up.

    Raises:
        InputError: a sample has no label.
    """
    counts = Counts()
    for sample, text in answered:
        label = label_of(sample)
        said = read_vlmevalkit(text, label)
        counts[sample.split, label] += 1
        counts[sample.split, f"right {label}"] += said == label
        counts[sample.split, f"says {said}"] += 1
    return counts


def compute(counts: Mapping[tuple[str, str], int]) -> list[Score]:
    """The figures of each mode, and the index of each task in it; a ratio of nothing is None."""
    splits = {split for split, _ in counts}
    modes = [mode for mode in MODES if any(each.partition(" ")[0] == mode for each in splits)]
    scores = []
    for split in (*modes, *sorted(splits)):
        n = Counter[str]()
        for (mine, what), number in counts.items():
            n[what] += number if split in (mine, mine.partition(" ")[0]) else 0
        yes = ratio(METRIC, "yes recall", n["right yes"], n["yes"], split=split, better="higher")
        no = ratio(METRIC, "no recall", n["right no"], n["no"], split=split, better="higher")
        index = Score(
            metric=METRIC,
            name="PhD index",
            value=harmonic(yes.value, no.value),
            split=split,
            better="higher",
        )
        scores += [index, yes, no]
        if split in modes:
            whole = n["yes"] + n["no"]
            scores += [
                ratio(METRIC, "yes ratio", n["says yes"], whole, split=split),
                ratio(METRIC, "unknown", n["says unknown"], whole, split=split),
            ]
    return scores


def phd(samples: Sequence[Sample], answers: Mapping[str, str]) -> list[Score]:
    """Score answers to PhD's questions.

    Args:
        samples: the questions, as `halluc.datasets.phd.load` gives them.
        answers: text of the answer to each, by its id.

    Raises:
        InputError: a sample has no label.
        KeyError: a sample has no answer.
    """
    return compute(tally((each, answers[each.id]) for each in samples))


class PhD(QuestionSet, frozen=True, kw_only=True):
    """PhD over answers of a run or of a file."""

    name = METRIC
    title = "PhD"
    summary = "Pairs of yes and no questions, also behind a wrong context."
    paper = "arXiv:2403.11116"
    edition = "PhD (arXiv:2403.11116)"
    task = Task(METRIC, "questions of PhD", has_label, answers=("yes", "no"))
    story = ("PhD index", "no recall")
    one_table = True

    def says(self, text: str, label: Label) -> str:
        """What an answer says: yes or no as a word."""
        return read_vlmevalkit(text, label)

    def tally(self, answered: Answered) -> Counts:
        """Counts of answers; see `tally`."""
        return tally(answered)

    def compute(self, counts: Counts) -> list[Score]:
        """The figures of counts."""
        return compute(counts)
