"""R-Bench: are relations in pictures affirmed and denied rightly?

Accuracy, precision, recall and F1 of yes (0..1, higher is better), by level or type of question,
and their means over the published lists of questions, which are balanced. Source: Wu et al. 2024
(ICML 2024, arXiv:2406.16449), and ``eval.py`` of https://github.com/mrwu-mac/R-Bench: answers are
read as POPE's script does, and the five lists of a level share questions. That script adds 0.00001
to denominators, which is left out here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta

from halluc.answers.given import Given
from halluc.bootstrap import Counted, Key, count_pictures
from halluc.errors import InputError
from halluc.jsonl import read_json
from halluc.records import Answer, Label, Sample, Score
from halluc.work import Spread, in_process
from metrics.pope_parsers import PopeCounts, plain_ratios, read_pope
from metrics.protocol import Keep, Measured
from metrics.question_set import Answered, QuestionSet, label_of
from metrics.ratio import ratio
from metrics.tasks import Task, has_label

METRIC = "r-bench"
Counts = Counter[tuple[str, str]]
"""By split (or number of a list) and what."""

_OUTCOMES = {("yes", "yes"): "tp", ("yes", "no"): "fp", ("no", "no"): "tn", ("no", "yes"): "fn"}
_HIGHER = ("accuracy", "precision", "recall", "F1")
Lists = Mapping[str, frozenset[str]]


def tally(answered: Answered, lists: Lists | None = None) -> Counts:
    """Counts of answers, of each split and of each list; counts add up.

    Raises:
        InputError: a sample has no label.
    """
    counts = Counts()
    for sample, text in answered:
        label = label_of(sample)
        what = _OUTCOMES[read_pope(text, label), label]
        counts[sample.split, what] += 1
        for name, ids in (lists or {}).items():
            if sample.id in ids:
                counts[name, what] += 1
    return counts


def compute(counts: Mapping[tuple[str, str], int]) -> list[Score]:
    """The figures of each split and list; a ratio of nothing is None."""
    scores = []
    for split in sorted({mine for mine, _ in counts}):
        outcomes = {what: counts.get((split, what), 0) for what in _OUTCOMES.values()}
        for name, (part, whole) in plain_ratios(PopeCounts(**outcomes)).items():
            better: Literal["higher", ""] = "higher" if name in _HIGHER else ""
            scores.append(ratio(METRIC, name, part, whole, split=split, better=better))
    return scores


def r_bench(samples: Sequence[Sample], answers: Mapping[str, str]) -> list[Score]:
    """Score answers to R-Bench's questions.

    Args:
        samples: the questions, as `halluc.datasets.r_bench.load` gives them.
        answers: text of the answer to each, by its id.

    Raises:
        InputError: a sample has no label.
        KeyError: a sample has no answer.
    """
    return compute(tally((each, answers[each.id]) for each in samples))


class RBench(QuestionSet, frozen=True, kw_only=True):
    """R-Bench over answers of a run or of a file.

    Attributes:
        subsets: the published lists of question ids.
    """

    name = METRIC
    title = "R-Bench"
    summary = "Yes/no questions on relations, on pictures and on boxes."
    paper = "arXiv:2406.16449"
    edition = "R-Bench (arXiv:2406.16449)"
    task = Task(METRIC, "questions of R-Bench", has_label, answers=("yes", "no"))
    story = ("accuracy", "F1")
    one_table = True

    subsets: Annotated[
        Path | None,
        Meta(
            description="Folder of the level's lists of question ids, or a pattern such as "
            "ids/image-level_*.json: the mean figures over them are given, too.",
            extra={"metavar": "FOLDER"},
        ),
    ] = None

    def answers_in(self, path: str) -> list[Answer]:
        """The answers of a file. The published script notes a question without its boxes."""
        return [each._replace(prompt=None) for each in super().answers_in(path)]

    def says(self, text: str, label: Label) -> str:
        """What an answer says, as POPE's script reads it."""
        return read_pope(text, label)

    def tally(self, answered: Answered) -> Counts:
        """Counts of answers, without lists."""
        return tally(answered)

    def compute(self, counts: Counts) -> list[Score]:
        """The figures of counts."""
        return compute(counts)

    def measure(
        self, given: Given, spread: Spread = in_process, keep: Keep | None = None
    ) -> Measured:
        """The figures, with the means over the lists; see `Metric.measure`."""
        if self.subsets is None:
            return super().measure(given, spread, keep)
        lists = _read_lists(self.subsets, {each.id for each in given.samples})
        counts = self.counts(given, partial(tally, lists=lists))
        whole = count_pictures(counts, {name: name for name in counts}, compute)
        blends: dict[Key, dict[Key, float]] = {
            ("", f"mean {name}"): {(each, name): 1 / len(lists) for each in lists}
            for name in (*_HIGHER, "yes ratio")
        }
        scores = [*_means(whole.scores, blends), *whole.scores]
        counted = Counted(scores, whole.parts, blends)
        settings: dict[str, Any] = {"subsets": ", ".join(sorted(lists))}
        settings |= {"left out": given.left_out} if given.left_out else {}
        return Measured([counted], settings)


def _means(scores: Iterable[Score], blends: Mapping[Key, Mapping[Key, float]]) -> Iterator[Score]:
    values = {(each.split, each.name): each.value for each in scores}
    for (_, name), weights in blends.items():
        known = [(weight, values.get(key)) for key, weight in weights.items()]
        lacking = any(value is None for _, value in known)
        mean = None if lacking else sum(weight * (value or 0) for weight, value in known)
        better: Literal["higher", ""] = "" if name == "mean yes ratio" else "higher"
        yield Score(metric=METRIC, name=name, value=mean, better=better)


def _read_lists(place: Path, asked: set[str]) -> Lists:
    """The lists of ids in a folder, by the names of their files.

    Raises:
        InputError: there is none, one is no list of ids, or holds none that was asked.
    """
    folder, pattern = (place, "*.json") if place.is_dir() else (place.parent, place.name)
    lists = {}
    for file in sorted(folder.glob(pattern)):
        ids = frozenset(map(str, read_json(file, list[int | str])))
        if not ids & asked:
            raise InputError("none of these questions was asked; name one level's lists", file)
        lists[f"list {file.stem}"] = ids
    if not lists:
        raise InputError("no lists of question ids (*.json) here", place)
    return lists
