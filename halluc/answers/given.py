"""What a metric is given: answers of a run or of files, each with what was asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from halluc.datasets.files import file_card
from halluc.errors import InputError
from halluc.records import Answer, Lack, Sample, Token, lack_of
from halluc.runs import Run, read_run
from halluc.thoughts import part_thought

Reader = Callable[[str], Iterable[Answer]]
"""Gives the answers of a file."""


@dataclass
class Given:
    """Answers that are to be scored, joined to their samples. They may be gone through only once.

    Attributes:
        run: the run that they come from; None where they came as files.
        pairs: each sample with its answer.
        truth: cards of the files of ground truth, or words; None: the run's samples.
        rows: rows of each file of answers; complete once the pairs have been gone through.
        asked: what had to be answered, in order; None where only the pairs tell.
        pictures: names of the pictures that the answers are about; empty where only the pairs tell.
        left_out: how many questions and answers were left out, once the pairs have been gone
            through; empty unless that is allowed.
        missing: questions without an answer by split, likewise.
        note: more for the result card.
        lacks: of which kind the answers are that are none (`halluc.records.Lack`), by the sample's
            id; once the pairs have been gone through.
        keep_thinking: leave thoughts of reasoning models in the answers; see `with_thoughts`.
        thinking: the answers that had a thought, with it and without its tags, by the sample's id,
            likewise.
        reuse: what the run holds of them may be taken where it was found in the same way.
    """

    run: Run | None
    pairs: Iterable[tuple[Sample, Answer]]
    truth: Any = None
    rows: Counter[Path] = field(default_factory=Counter)
    asked: Sequence[Sample] | None = None
    pictures: Collection[str] = ()
    left_out: dict[str, int] = field(default_factory=dict)
    missing: Counter[str] | None = None
    note: dict[str, Any] = field(default_factory=dict)
    lacks: dict[str, Lack] = field(default_factory=dict)
    keep_thinking: bool = False
    thinking: dict[str, Answer] = field(default_factory=dict)
    reuse: bool = False

    def __iter__(self) -> Iterator[tuple[Sample, Answer]]:
        """Each sample with its answer; from here on from memory if `answers` was read before."""
        if "_held" in self.__dict__:
            return iter(self._held)
        return self._answered()

    def _answered(self) -> Iterator[tuple[Sample, Answer]]:
        """The pairs, with thoughts taken off the answers, and what is no answer noted."""
        for sample, answer in self.pairs:
            thought, text = part_thought(answer.text)
            if thought:
                whole = answer._replace(text=f"{thought}\n{text}".strip())
                self.thinking[sample.id] = whole
                if self.keep_thinking:
                    yield sample, whole
                    continue
            finish = "length" if thought and not text else answer.finish
            if lack := lack_of(text, finish):
                self.lacks[sample.id] = lack
            yield sample, answer._replace(text=text) if thought else answer

    def with_thoughts(self) -> None:
        """Leave thoughts in the answers, also in those that were read before."""
        self.keep_thinking = True
        if "_held" in self.__dict__:
            held = [(sample, self.thinking.get(sample.id, each)) for sample, each in self._held]
            self.__dict__.pop("answers", None)
            self.__dict__.pop("texts", None)
            self.__dict__["_held"] = held
            for id in self.thinking:
                self.lacks.pop(id, None)

    @cached_property
    def _held(self) -> list[tuple[Sample, Answer]]:
        self.pairs = list(self.pairs)  # what is in memory can be gone through again
        return list(self._answered())

    @cached_property
    def answers(self) -> dict[str, Answer]:
        """The answer to each sample, by the sample's id, all in memory."""
        return {sample.id: answer for sample, answer in self._held}

    @cached_property
    def samples(self) -> list[Sample]:
        """What was asked and answered, in the order in which it was asked."""
        if self.asked is None:
            return [sample for sample, _ in self._held]
        return [sample for sample in self.asked if sample.id in self.answers]

    @cached_property
    def texts(self) -> dict[str, str]:
        """The text of each answer, by the sample's id."""
        return {id: answer.text for id, answer in self.answers.items()}

    @property
    def tokens(self) -> dict[str, tuple[Token, ...]]:
        """The tokens of a run's answers, by the sample's id.

        Those that stand in another text are left out: a thought was taken off, or put before it.
        """
        responses = self.run.responses if self.run else ()
        return {each.id: each.tokens for each in responses if each.text == self.texts.get(each.id)}

    @property
    def files(self) -> list[dict[str, Any]]:
        """Name, SHA-256 and number of rows of each file of answers."""
        return [file_card(path, number) for path, number in self.rows.items()]


def picture_of(sample: Sample) -> str:
    """The picture that a sample is about; without one, itself."""
    return sample.image or sample.id


def open_answers(
    sources: Sequence[str], read: Reader, *, allow_missing: bool = False
) -> tuple[Run | None, Iterator[Answer]]:
    """The run, if one is named, and the answers one by one, in order.

    Args:
        sources: one run, or files.
        read: gives the answers of a file.
        allow_missing: take a run with samples that have no answer yet.

    Raises:
        RunError: a folder is no run.
        InputError: several runs are named, or the run has no or not all answers.
    """
    if not any((Path(name) / "run.json").is_file() for name in sources):
        return None, (answer for name in sources for answer in read(name))
    if len(sources) > 1:
        raise InputError("score one run at a time", sources[1])
    run = read_run(sources[0])
    if (pending := run.pending()) and not allow_missing:
        what = f"{len(pending)} of {len(run.samples)} samples have no answer yet"
        raise InputError(f"{what}; finish the run by giving its command again", run.path)
    if not run.responses:
        raise InputError("this run has no answers", run.path)
    return run, answers_of(run)


def answers_of(run: Run) -> Iterator[Answer]:
    """The answers of a run, as a file would give them."""
    file = run.path / "responses.jsonl"
    return (
        Answer(each.id, each.text, file, line, each.prompt, finish=each.finish)
        for line, each in enumerate(run.responses, 1)
    )


def samples_of(run: Run | None, answers: Sequence[Answer]) -> list[Sample]:
    """The run's samples; files of answers have none and need a truth of their own.

    Raises:
        InputError: there is no run.
    """
    if run is None:
        raise InputError("a file of answers needs its --truth", answers[0].path)
    return run.samples


def only_truth(truth: Sequence[str]) -> str | None:
    """The one source of ground truth, if there is any.

    Raises:
        InputError: there are several.
    """
    if len(truth) > 1:
        raise InputError("one --truth is wanted here", truth[1])
    return truth[0] if truth else None


def count_lacks(lacks: Iterable[Lack], of: int) -> str:
    """How many answers are none, and why, in words; empty if all are answers.

    >>> count_lacks(["empty", "refusal", "empty"], 9)
    '3 of 9 (2 empty, 1 refusal)'
    """
    kinds = Counter(lack for lack in lacks if lack)
    parts = ", ".join(f"{number} {kind}" for kind, number in kinds.most_common())
    return f"{kinds.total()} of {of} ({parts})" if kinds else ""


def count_rows(answers: Iterable[Answer], rows: Counter[Path]) -> Iterator[Answer]:
    """Give the answers on, counting the rows of each file.

    A row may give several answers to the same id, and a line hold several rows of an array.
    """
    line, id, path = -1, None, None
    for answer in answers:
        if answer.line != line or answer.id != id or answer.path is not path:
            line, id, path = answer.line, answer.id, answer.path
            rows[path] += 1
        yield answer
