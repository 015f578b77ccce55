"""The runs and files that are compared: read, joined to the truth, and about the same things."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from app.scoring import read_given, samples_of
from halluc.datasets.alignment import align
from halluc.datasets.answers import Answer, picture_id, read_answers, read_captions, read_truths
from halluc.datasets.files import read_rows
from halluc.datasets.pope import Question, load_files
from halluc.errors import InputError
from halluc.language.lemmas import Lemmatizer
from halluc.records import Sample
from halluc.runs import Run, read_run

Task = Literal["caption", "pope"]
_NAMED = 5


@dataclass(frozen=True)
class Side:
    """One of the runs that are compared.

    Attributes:
        name: what it is called.
        sources: its files, or the folder of the run.
        run: the run; None where it came as files.
        samples: what was asked, with its truth.
        answers: the answer to each sample, by its id.
    """

    name: str
    sources: Sequence[str]
    run: Run | None
    samples: Sequence[Sample]
    answers: dict[str, Answer]

    @cached_property
    def texts(self) -> dict[str, str]:
        """The text of each answer, by the sample's id."""
        return {id: answer.text for id, answer in self.answers.items()}

    @cached_property
    def prompts(self) -> dict[str, str]:
        """What was asked, where the answers tell."""
        return {id: answer.prompt for id, answer in self.answers.items() if answer.prompt}

    @cached_property
    def tokens(self) -> dict[str, int]:
        """How many tokens each answer took, where the run tells."""
        return {each.id: len(each.tokens) for each in self.run.responses} if self.run else {}

    @property
    def on_tabletop(self) -> bool:
        """Whether it is a run on the embedded world."""
        return self.run is not None and self.run.card["data"]["name"].startswith("tabletop")

    @cached_property
    def pictures(self) -> dict[str, str]:
        """The picture that each sample is about."""
        return {each.id: each.image or each.id for each in self.samples}


def named_sources(arguments: Sequence[str]) -> dict[str, list[str]]:
    """Name → files or folder of each ``[NAME=]RUN`` or ``[NAME=]FILE[,FILE…]``.

    >>> named_sources(["runs/base", "vcd=a.jsonl,b.jsonl"])
    {'base': ['runs/base'], 'vcd': ['a.jsonl', 'b.jsonl']}

    Raises:
        InputError: fewer than two, or two of the same name.
    """
    sources: dict[str, list[str]] = {}
    for argument in arguments:
        name, sign, rest = argument.partition("=")
        if not sign or Path(argument).exists():
            name, rest = "", argument
        files = [rest] if Path(rest).exists() else rest.split(",")
        name = name or Path(files[0]).resolve().stem
        if name in sources:
            raise InputError(f"two runs are called {name!r}; name them: NAME={rest}")
        sources[name] = files
    if len(sources) < 2:
        raise InputError("give at least two runs to compare")
    return sources


def check_controls(controls: Sequence[str], sources: Mapping[str, Sequence[str]]) -> None:
    """Refuse controls that are no runs, and controls without a method.

    Raises:
        InputError: there is no run of that name, or every run is a control.
    """
    for control in controls:
        if control not in sources:
            raise InputError(f"--control {control}: the runs are {', '.join(sources)}")
    if sources.keys() <= set(controls):
        raise InputError("every run is a control; leave one out, the method")


def task_of(sources: Mapping[str, Sequence[str]], truth: Sequence[str]) -> Task:
    """What the runs were asked: their own task, or for files what the truth is of.

    Raises:
        RunError: a folder is no run.
        InputError: the runs are of different tasks, or of one that cannot be compared.
    """
    files = [each[0] for each in sources.values() if not Path(each[0]).is_dir()]
    if files and not truth:
        raise InputError("files of answers need their --truth", files[0])
    tasks = {
        name: read_run(files[0]).card.get("task")
        for name, files in sources.items()
        if Path(files[0]).is_dir()
    } or {"": "pope" if _asks(truth) else "caption"}
    (first, task), *others = tasks.items()
    for name, another in others:
        if another != task:
            raise InputError(f"{name} is of the task {another}, {first} of {task}")
    if task == "pope":
        return "pope"
    if task == "caption":
        return "caption"
    raise InputError(f"runs of the task {task} cannot be compared; pope and caption can")


def read_questions(name: str, files: Sequence[str], truth: Sequence[str]) -> Side:
    """Answers to yes/no questions.

    Raises:
        InputError: an answer has no question or a question no answer; names ids, file and line.
    """
    run, given = read_given(files, read_answers)
    samples = load_files(truth).samples if truth else samples_of(run, given)
    return Side(name, files, run, samples, align(given, samples))


def read_described(
    name: str, files: Sequence[str], truth: Sequence[str], lemmatize: Lemmatizer
) -> Side:
    """Captions of pictures.

    Raises:
        InputError: a picture has no truth.
    """
    run, given = read_given(files, read_captions)
    answers = {str(answer.id): answer for answer in given}
    if not truth:
        known = {each.id: each for each in samples_of(run, given)}
        return _complete(Side(name, files, run, [known[id] for id in answers], answers))
    if len(truth) > 1:
        raise InputError("captions have one --truth", truth[1])
    images = {each.id: each.image for each in run.samples} if run else {}
    truths = read_truths(truth[0], map(picture_id, answers), lemmatize)
    samples = [
        Sample(id=id, image=images.get(id), truth=truths.get(picture_id(id))) for id in answers
    ]
    return _complete(Side(name, files, run, samples, answers))


def check_same(sides: Sequence[Side]) -> None:
    """Refuse runs that are not about the same things.

    Raises:
        InputError: an id is in one run and not in the other, or has another truth there.
    """
    first = sides[0]
    truths = {each.id: each.truth for each in first.samples}
    for side in sides[1:]:
        other = {each.id: each.truth for each in side.samples}
        for some, here, there in (
            (truths.keys() - other.keys(), first.name, side.name),
            (other.keys() - truths.keys(), side.name, first.name),
        ):
            if some:
                named = ", ".join(sorted(some)[:_NAMED]) + (", …" if len(some) > _NAMED else "")
                what = f"{len(some)} answers are in {here} and not in {there} ({named})"
                raise InputError(f"{what}; runs are compared on the same ids only")
        for id, truth in truths.items():
            if truth != other[id]:
                what = f"{id} has another truth in {first.name} than in {side.name}"
                raise InputError(f"{what}; give --truth")


def _complete(side: Side) -> Side:
    missing = [each.id for each in side.samples if each.truth is None]
    if missing:
        named = ", ".join(missing[:_NAMED]) + (", …" if len(missing) > _NAMED else "")
        what = f"{len(missing)} of {len(side.samples)} pictures ({named}) have no truth"
        first = side.answers[missing[0]]
        raise InputError(f"{what}; give the right --truth", first.path, first.line)
    return side


def _asks(truth: Sequence[str]) -> bool:
    """Whether a truth is a file of yes/no questions with labels."""
    if not truth or not Path(truth[0]).is_file():
        return False
    try:
        next(read_rows(truth[0], Question), None)
    except InputError:
        return False
    return True
