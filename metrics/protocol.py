"""What a metric brings; the command, `compare`, the inspector and the docs are made from it.

A metric is one file with one subclass of `Metric`, found by the entry point ``halluc.metrics``. A
small one says what it is called and what it asks, and has `update` and `compute`; docs/own has an
example of a package of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, TypeVar

import msgspec

from halluc.answers.files import read_answers
from halluc.answers.given import Given, open_answers, picture_of, samples_of
from halluc.bootstrap import Counted, Gathered, Key
from halluc.language.words.offline import offline_words
from halluc.options import check_options
from halluc.records import Answer, Finding, Label, Sample, Score
from halluc.work import Spread, Work, in_process
from metrics.tasks import CAPTION, Task

if TYPE_CHECKING:
    from halluc.answers.alignment import Pairs
    from halluc.runs import Run

C = TypeVar("C")
T = TypeVar("T")

Keep = Callable[[Iterable[bytes]], None]
"""Takes the findings as lines of JSON, to write them down or to drop them."""


@dataclass(frozen=True)
class Result(Generic[C]):
    """Figures of answers, the counts behind them, and what was found in the answers.

    Attributes:
        scores: the figures.
        counts: the counts of each answer (or picture), by its id; their sum gives the figures.
        findings: in the order of answers and words.
    """

    scores: list[Score]
    counts: dict[str, C]
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True)
class Measured:
    """What a metric says of answers.

    Attributes:
        counted: figures with what each picture adds to them, for intervals. Several where answers
            were read in several ways; `ways` says which is which.
        settings: what decided the figures (parser, compat, …), for the result card.
        ways: for each of `counted`, what of the settings is its own.
        notes: more for the result card, behind all else.
        extra: more for a program, beside the figures.
        lines: more for a person, under the table.
        warnings: what makes the figures say less than they seem to, for the result card.
    """

    counted: Sequence[Counted]
    settings: dict[str, Any] = field(default_factory=dict)
    ways: Sequence[dict[str, Any]] = ()
    notes: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    lines: Sequence[str] = ()
    warnings: Sequence[str] = ()


class Table(NamedTuple):
    """Rows of text, their head first; the columns named in `left` are set to the left."""

    rows: list[list[str]]
    left: tuple[str, ...] = ("split", "figure")
    title: str = ""


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """A metric, with its options as fields (see `halluc.options`).

    Attributes:
        name: as ``halluc score`` calls it; also the name of its entry point.
        title, summary, paper: what it is called, what it measures in a line, where it is published.
        edition: the metric as the result card names it.
        task: what is asked for it.
        judges: what a judge of the answers is asked, where one can be; its replies are a run, which
            an option of the metric names.
        by_default: it is compared, and suggested after `generate`, wherever its task was asked.
        spreads: ``--engine`` can spread it over machines.
        story: figures that are put into words, the first figure by default; the first one that
            there is decides on controls.
        coverage: figures of how much of the ground truth is stated, and of length; whoever says
            less hallucinates less.
        hidden: figures that no table of `compare` shows; JSON has all.
        one_table: its splits stand in one table of `compare`.
        blends: figures that are weighted sums of its ratios; see `halluc.bootstrap.Counted`.

    Raises:
        InputError: an option is out of its range.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str]
    paper: ClassVar[str] = ""
    edition: ClassVar[str] = ""
    task: ClassVar[Task]
    judges: ClassVar[Task | None] = None
    by_default: ClassVar[bool] = True
    spreads: ClassVar[bool] = False
    story: ClassVar[tuple[str, ...]] = ()
    coverage: ClassVar[tuple[str, ...]] = ()
    hidden: ClassVar[frozenset[str]] = frozenset()
    one_table: ClassVar[bool] = False
    blends: ClassVar[Mapping[Key, Mapping[Key, float]]] = {}

    def __post_init__(self) -> None:
        check_options(self)

    @classmethod
    def fits(cls, source: str, truth: Sequence[str]) -> bool:
        """Whether answers of no run, with their truth, are to be scored by this metric."""
        return False

    def applies(self, given: Given) -> bool:
        """Whether `compare` shows this metric of answers to its task, where nobody asks for it."""
        scored = given.run is not None and self.name in given.run.scores()
        return self.by_default or scored

    def read(
        self, sources: Sequence[str], truth: Sequence[str] = (), *, allow_missing: bool = False
    ) -> Given:
        """The answers of a run or of files, joined to their samples.

        Args:
            sources: one run, or files of answers.
            truth: sources of ground truth; empty: the run's samples.
            allow_missing: leave out what has no answer and what was not asked.

        Raises:
            RunError: a folder is no run.
            InputError: something cannot be read, or answers and samples do not fit.
        """
        from halluc.answers.alignment import Pairs
        from halluc.answers.captions import read_described
        from halluc.answers.given import count_rows, only_truth

        if self.task is CAPTION:
            return read_described(
                sources, only_truth(truth), offline_words, allow_missing=allow_missing
            )
        from halluc.datasets.load import load_dataset

        rows: Counter[Any] = Counter()
        run, stream = open_answers(sources, self.answers_in, allow_missing=allow_missing)
        answers = list(count_rows(stream, rows))
        dataset = load_dataset(name) if (name := only_truth(truth)) else None
        samples = dataset.samples if dataset else samples_of(run, answers)
        pairs = Pairs(answers, samples, allow_missing=allow_missing)
        return joined(run, pairs, dataset.card.get("files") if dataset else None, rows, samples)

    def answers_in(self, path: str) -> list[Answer]:
        """The answers of a file."""
        return read_answers(path)

    def update(self, sample: Sample, text: str) -> tuple[Counter[str], list[Finding]]:
        """Counts and findings of one answer; counts of several add up."""
        raise NotImplementedError

    def compute(self, counts: Counter[Any]) -> list[Score]:
        """The figures of counts; a ratio of nothing is None."""
        raise NotImplementedError

    def measure(
        self, given: Given, spread: Spread = in_process, keep: Keep | None = None
    ) -> Measured:
        """The figures of answers; by default from `update` and `compute`.

        Args:
            given: the answers, as `read` gives them.
            spread: where the work is done.
            keep: takes the findings; None: they are not wanted, and may come from the run.

        Raises:
            InputError: an answer cannot be scored.
        """
        gathered = Gathered[Counter[str]]()

        def lines() -> Iterator[bytes]:
            for share in spread(partial(_updating, self), shares(given, 256)):
                counts, found = msgspec.json.decode(share, type=_Share)
                for picture, numbers in counts:
                    gathered.add(picture, Counter(numbers))
                yield bytes(found, "utf-8")

        (keep or drop)(lines())
        return Measured([gathered.counted(self.compute, self.blends)], self.settings(given))

    def settings(self, given: Given) -> dict[str, Any]:
        """The options that decide the figures, and what was left out, for the result card."""
        options = {name: value for name, value in msgspec.to_builtins(self).items() if value}
        return options | ({"left out": given.left_out} if given.left_out else {})

    def right(self, given: Given) -> dict[str, dict[str, bool]]:
        """Of yes/no questions: whether each was answered rightly, by split and id (McNemar)."""
        return {}

    def label(self, name: str, split: str) -> str:
        """What a figure is called in a sentence."""
        return name if split in ("", "all") else f"{split} {name}"

    def tables(self, scores: Sequence[Score], given: Given) -> Iterator[Table]:
        """The figures for a person."""
        from metrics.tables import figure, interval

        rows = [["figure", "×100", "95 %"]]
        for score in scores:
            scale = 1 if score.unit else 100
            name = ", ".join(filter(None, (score.split, score.name, score.unit)))
            rows.append([name, figure(score, scale), interval(score, scale)])
        yield Table(rows)

    def lists(self, measured: Measured, given: Given) -> Iterator[Table]:
        """More for a person, under the result card."""
        return iter(())


class _Share(NamedTuple):
    """Counts of a share of answers, each with its picture, and the findings as lines."""

    counts: list[tuple[str, dict[str, int]]]
    findings: str


def _updating(metric: Metric) -> Work:
    encoder = msgspec.json.Encoder()

    def work(item: bytes) -> bytes:
        counts, findings = [], list[Finding]()
        for sample, text in msgspec.json.decode(item, type=list[tuple[Sample, str]]):
            numbers, found = metric.update(sample, text)
            counts.append((picture_of(sample), dict(numbers)))
            findings += found
        return encoder.encode(_Share(counts, encoder.encode_lines(findings).decode()))

    return work


def shares(given: Given, size: int) -> Iterator[bytes]:
    """Samples and texts of answers as JSON, so many at once."""
    pairs = ((sample, answer.text) for sample, answer in given)
    while share := list(islice(pairs, size)):
        yield msgspec.json.encode(share)


def drop(lines: Iterable[bytes]) -> None:
    """Go through findings that nobody wants."""
    for _ in lines:
        pass


def joined(
    run: Run | None, pairs: Pairs, truth: Any, rows: Counter[Path], samples: Sequence[Sample]
) -> Given:
    """Answers with their questions, and how many were left out where that is allowed.

    Args:
        run: of the answers; None where they came as files.
        pairs: the questions with their answers.
        truth: cards of the files of ground truth, or words; None: the run's samples.
        rows: rows of each file of answers.
        samples: the questions.

    Raises:
        InputError: answers and questions do not fit, where nothing may be left out.
    """
    given = Given(run, pairs, truth, rows, samples)
    if given.answers and pairs.allow_missing:  # known once the pairs have been gone through
        given.left_out = left_out(pairs)
    return given


def left_out(pairs: Any) -> dict[str, int]:
    """How many questions and answers `halluc.answers.alignment.Pairs` left out."""
    return {
        "questions without an answer": pairs.missing.total(),
        "answers without a question": pairs.surplus,
    }


def rightly(
    given: Given, read: Callable[[str, Label], str | None], unread: Container[str] = ()
) -> dict[str, dict[str, bool]]:
    """Whether each yes/no question was answered rightly, by split and id.

    Args:
        given: the answers.
        read: gives what is read in an answer, which may know the right one.
        unread: ids of questions whose text the metric does not read; they are not answered rightly.
    """
    right: dict[str, dict[str, bool]] = {}
    for each in given.samples:
        if each.truth is not None and each.truth.label is not None:
            label = each.truth.label
            answer = None if each.id in unread else read(given.texts[each.id], label)
            right.setdefault(each.split, {})[each.id] = answer == label
    return right
