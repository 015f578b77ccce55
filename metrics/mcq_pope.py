"""MCQ-POPE: is the right one of four choices named, on which objects are and are not there?

Accuracy of the first letter of the answer (0..1, higher is better), by split and as their mean, and
how often each letter is said. Source: the AllPath paper (NeurIPS 2025) and ``benchs/mcq_pope`` of
https://github.com/SooLab/AllPath. Its script takes the first character of the answer, whatever
stands behind ("All of them" is A), and breaks off at an empty answer, which is unknown here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Annotated, Literal

from msgspec import Meta

from halluc.answers.alignment import Pairs
from halluc.answers.files import read_answers
from halluc.answers.given import Given, count_rows, open_answers, picture_of
from halluc.bootstrap import Counted
from halluc.datasets.mcq_pope import Letter, load_choices
from halluc.errors import InputError
from halluc.records import Sample, Score
from halluc.work import Spread, in_process
from metrics.protocol import Keep, Measured, Metric, Table, joined
from metrics.ratio import ratio
from metrics.tables import figure, interval
from metrics.tasks import Task

METRIC = "mcq-pope"
LETTERS = ("A", "B", "C", "D")

Counts = Counter[tuple[str, str]]
"""Numbers of answers by (split, what)."""


def read_first(text: str) -> str:
    """The letter of an answer as the published script reads it: its first character.

    >>> read_first("b. couch"), read_first("All of them"), read_first("The couch")
    ('B', 'A', 'unknown')
    """
    first = text[:1].upper()
    return first if first in LETTERS else "unknown"


def read_alone(text: str) -> str:
    """The letter that an answer begins with, if no letter, digit or space follows it.

    >>> read_alone("(B) couch"), read_alone("All of them"), read_alone("A. dog")
    ('B', 'unknown', 'A')
    """
    said = text.lstrip(" \t\n([\"'*")
    return "unknown" if said[1:2].isalnum() or said[1:2] == " " else read_first(said)


READERS = {"mcq-pope": read_first, "alone": read_alone}


def update(split: str, said: str, letter: Letter) -> Counts:
    """Counts of one answer."""
    return Counter(
        {(split, "questions"): 1, (split, said): 1, (split, "right"): int(said == letter)}
    )


def compute(counts: Mapping[tuple[str, str], int]) -> list[Score]:
    """Accuracy and the share of each letter by split, and the mean accuracy of several."""
    splits = sorted({split for split, _ in counts})
    scores = []
    for split in splits:
        whole = counts.get((split, "questions"), 0)
        for name in ("accuracy", *LETTERS, "unknown"):
            part = counts.get((split, "right" if name == "accuracy" else name), 0)
            called = name if name in ("accuracy", "unknown") else f"says {name}"
            better: Literal["higher", ""] = "higher" if name == "accuracy" else ""
            scores.append(ratio(METRIC, called, part, whole, split=split, better=better))
    if len(splits) > 1:
        values = [each.value for each in scores if each.name == "accuracy"]
        known = [each for each in values if each is not None]
        mean = fmean(known) if len(known) == len(values) else None
        scores.append(Score(metric=METRIC, name="mean accuracy", value=mean, better="higher"))
    return scores


def mcq_pope(
    samples: Sequence[Sample], answers: Mapping[str, str], letters: Mapping[str, Letter]
) -> list[Score]:
    """Score answers to questions of choice.

    Args:
        samples: the questions, with their splits.
        answers: text of the answer to each, by its id.
        letters: the right choice of each, by its id.

    Raises:
        KeyError: a sample has no answer or no right choice.
    """
    each = (update(s.split, read_first(answers[s.id]), letters[s.id]) for s in samples)
    return compute(sum(each, Counter()))


class McqPope(Metric, frozen=True, kw_only=True):
    """MCQ-POPE over answers of a run or of files.

    Attributes:
        reader: how the letter is read.
    """

    name = METRIC
    title = "MCQ-POPE"
    summary = "Choices of four on which objects are there."
    edition = "MCQ-POPE (AllPath, NeurIPS 2025)"
    task = Task(METRIC, "questions of choice", lambda sample: bool(sample.prompt))
    by_default = False
    story = ("mean accuracy", "accuracy")

    reader: Annotated[
        Literal["mcq-pope", "alone"],
        Meta(
            description="How the letter is read. mcq-pope: the first character, as published. "
            "alone: a letter that stands alone, as in A. or (A)."
        ),
    ] = "mcq-pope"

    def read(
        self, sources: Sequence[str], truth: Sequence[str] = (), *, allow_missing: bool = False
    ) -> Given:
        """Answers joined to the questions of the files that `truth` names; see `Metric.read`."""
        rows: Counter[Path] = Counter()
        run, stream = open_answers(sources, read_answers, allow_missing=allow_missing)
        answers = list(count_rows(stream, rows))
        if not truth:
            what = "the right choices are in MCQ-POPE's files; name them with --truth"
            raise InputError(what, sources[0])
        choices = load_choices([Path(each.removeprefix("mcq-pope:")) for each in truth])
        pairs = Pairs(answers, choices.dataset.samples, allow_missing=allow_missing)
        given = joined(run, pairs, choices.dataset.card["files"], rows, choices.dataset.samples)
        given.note["letters"] = choices.letters
        return given

    def measure(
        self, given: Given, spread: Spread = in_process, keep: Keep | None = None
    ) -> Measured:
        """The figures, with what each picture adds to them."""
        letters, reader = given.note["letters"], READERS[self.reader]
        pictures: dict[str, Counts] = {}
        for sample, answer in given:
            said = "unknown" if sample.id in given.lacks else reader(answer.text)
            counts = update(sample.split, said, letters[sample.id])
            pictures.setdefault(picture_of(sample), Counter()).update(counts)
        total: Counts = sum(pictures.values(), Counter())
        parts = {picture: compute(each) for picture, each in pictures.items()}
        scores = compute(total)
        splits = sorted({split for split, _ in total})
        weights = {(split, "accuracy"): 1 / len(splits) for split in splits}
        blends = {("", "mean accuracy"): weights} if len(splits) > 1 else {}
        return Measured([Counted(scores, parts, blends)], self.settings(given))

    def right(self, given: Given) -> dict[str, dict[str, bool]]:
        """Whether each question was answered rightly, by split and id."""
        letters, reader = given.note["letters"], READERS[self.reader]
        right: dict[str, dict[str, bool]] = {}
        for each in given.samples:
            said = "unknown" if each.id in given.lacks else reader(given.texts[each.id])
            right.setdefault(each.split, {})[each.id] = said == letters[each.id]
        return right

    def tables(self, scores: Sequence[Score], given: Given) -> Iterator[Table]:
        """A row a split."""
        found = {(each.split, each.name): each for each in scores}
        names = [*(f"says {letter}" for letter in LETTERS), "unknown"]
        rows = [["split", "accuracy", "95 %", *names, "questions"]]
        for split in dict.fromkeys(each.split for each in scores if each.split):
            accuracy = found[split, "accuracy"]
            shares = [figure(found[split, name]) for name in names]
            asked = f"{accuracy.denominator:,.0f}"
            rows.append([split, figure(accuracy), interval(accuracy), *shares, asked])
        if mean := found.get(("", "mean accuracy")):
            rows.append(["mean", figure(mean), interval(mean), *[""] * len(names), ""])
        yield Table(rows)
