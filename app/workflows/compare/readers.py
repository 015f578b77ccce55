"""Answers of each task, from a run or from files, joined to their truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, get_args

from app.workflows.compare.sides import Side, named
from app.workflows.score import read_given, samples_of
from halluc.answers.alignment import align
from halluc.answers.files import read_answers, read_captions
from halluc.answers.rows import picture_id
from halluc.answers.truths import read_truths
from halluc.datasets.files import read_rows
from halluc.datasets.pope import Question, load_files
from halluc.errors import InputError
from halluc.language.words.lemmas import Lemmatizer
from halluc.records import Sample
from halluc.runs import read_run
from metrics.chair import whole_sentences

Task = Literal["caption", "pope", "mme", "amber"]


def task_of(sources: Mapping[str, Sequence[str]], truth: Sequence[str]) -> Task:
    """What the runs were asked: their own task, or for files what the truth is of.

    Raises:
        RunError: a folder is neither a run nor answers to MME.
        InputError: files come without truth, or the runs are of different tasks, or of one that
            cannot be compared.
    """
    tasks = {name: _task(files[0], truth) for name, files in sources.items()}
    (first, task), *others = tasks.items()
    for name, another in others:
        if another != task:
            raise InputError(f"{name} is of the task {another}, {first} of {task}")
    for known in get_args(Task):
        if known == task:
            return known  # type: ignore[no-any-return]
    raise InputError(f"runs of the task {task} cannot be compared")


def read_questions(name: str, files: Sequence[str], truth: Sequence[str]) -> Side:
    """Answers to POPE's questions.

    Raises:
        InputError: an answer has no question or a question no answer; names ids, file and line.
    """
    run, given = read_given(files, read_answers)
    samples = load_files(truth).samples if truth else samples_of(run, given)
    return Side(name, files, run, samples, align(given, samples))


def read_described(
    name: str,
    files: Sequence[str],
    truth: Sequence[str],
    lemmatize: Lemmatizer,
    *,
    whole: bool = False,
) -> Side:
    """Captions of pictures.

    Args:
        name: what the run is called.
        files: the folder of the run, or files.
        truth: where the true objects are, at most one; default: in the run.
        lemmatize: how words of reference captions are made singular.
        whole: leave out a last sentence that has no end.

    Raises:
        InputError: a picture has no truth.
    """
    run, given = read_given(files, read_captions)
    answers = {str(answer.id): answer for answer in given}
    if whole:
        answers = {
            id: answer._replace(text=whole_sentences(answer.text)) for id, answer in answers.items()
        }
    if not truth:
        known = {each.id: each for each in samples_of(run, given)}
        return _complete(Side(name, files, run, [known[id] for id in answers], answers))
    images = {each.id: each.image for each in run.samples} if run else {}
    truths = read_truths(_only(truth), map(picture_id, answers), lemmatize)
    samples = [
        Sample(id=id, image=images.get(id), truth=truths.get(picture_id(id))) for id in answers
    ]
    return _complete(Side(name, files, run, samples, answers))


def read_mme(name: str, files: Sequence[str], truth: Sequence[str]) -> Side:
    """Answers to MME's questions: a run, a file, or a folder as its eval_tool wants it.

    Raises:
        InputError: an answer has no question or a question no answer.
    """
    from halluc.datasets.mme import has_results, load, read_results, with_sample_ids

    if has_results(Path(files[0])):
        samples, given = read_results(files[0])
        return Side(name, files, None, samples, {str(each.id): each for each in given})
    run, given = read_given(files, read_answers)
    samples = load(_only(truth)).samples if truth else samples_of(run, given)
    return Side(name, files, run, samples, align(with_sample_ids(given, samples), samples))


def read_amber(name: str, files: Sequence[str], truth: Sequence[str]) -> Side:
    """Answers to queries of AMBER, all or some of them.

    Raises:
        InputError: an answer has no query.
    """
    from halluc.datasets.amber import load

    run, given = read_given(files, read_answers)
    samples = run.samples if run else load(_only(truth)).samples
    ids = {str(answer.id) for answer in given}
    answered = [each for each in samples if each.id in ids]
    return Side(name, files, run, answered, align(given, answered))


def _task(source: str, truth: Sequence[str]) -> str:
    from halluc.datasets.mme import TASKS, has_results

    if has_results(Path(source)):
        return "mme"
    if Path(source).is_dir():
        return str(read_run(source).card.get("task"))
    if not truth:
        raise InputError("files of answers need their --truth", source)
    place = Path(truth[0])
    if (place / "annotations.json").is_file():
        return "amber"
    if any((place / task).is_dir() or (place / f"{task}.txt").is_file() for task in TASKS):
        return "mme"
    return "pope" if place.is_file() and _asks(place) else "caption"


def _only(truth: Sequence[str]) -> str:
    if len(truth) != 1:
        raise InputError("one --truth is wanted here", truth[1] if truth else None)
    return truth[0]


def _complete(side: Side) -> Side:
    missing = [each.id for each in side.samples if each.truth is None]
    if missing:
        what = f"{len(missing)} of {len(side.samples)} pictures ({named(missing)}) have no truth"
        first = side.answers[missing[0]]
        raise InputError(f"{what}; give the right --truth", first.path, first.line)
    return side


def _asks(truth: Path) -> bool:
    """Whether a truth is a file of yes/no questions with labels."""
    try:
        next(read_rows(truth, Question), None)
    except InputError:
        return False
    return True
