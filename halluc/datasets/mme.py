"""MME: 14 tasks of yes/no questions, two to a picture.

Source: Fu et al. 2023, "MME: A Comprehensive Evaluation Benchmark for Multimodal Large Language
Models" (arXiv:2306.13394); files as released with it and with its ``eval_tool``.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from io import StringIO
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from halluc.datasets import Dataset
from halluc.datasets.files import read_bytes
from halluc.datasets.hub import column, is_hub, label_of, load_hub
from halluc.datasets.images import open_from, refused
from halluc.errors import InputError
from halluc.faults import NUL
from halluc.records import Answer, Label, Sample, Truth

if TYPE_CHECKING:
    from PIL.Image import Image

PERCEPTION = (
    *("existence", "count", "position", "color", "posters"),
    *("celebrity", "scene", "landmark", "artwork", "OCR"),
)
COGNITION = (
    *("commonsense_reasoning", "numerical_calculation", "text_translation", "code_reasoning"),
)
TASKS = PERCEPTION + COGNITION

# What a question ends with, in MME itself and as LLaVA and lmms-eval ask it.
INSTRUCTION = "Please answer yes or no."
_INSTRUCTIONS = (INSTRUCTION, "Answer the question using a single word or phrase.")
_LABELS: dict[str, Label] = {"yes": "yes", "no": "no"}
_COLUMNS = "image, question, truth, answer"


def load(path: str | Path, images: Path | None = None) -> Dataset:
    """Questions of MME's folder, or of a folder of answers as its ``eval_tool`` wants them.

    MME's folder holds a folder for each task: ``TASK/*.txt`` beside the pictures, or
    ``TASK/questions_answers_YN/*.txt`` and ``TASK/images``; each file belongs to the picture of the
    same name and has lines of question and truth, divided by a tab.

    Args:
        path: the folder, or the data as the hub holds them (see `halluc.datasets.hub`); tasks that
            are not in it are left out.
        images: MME's folder with the pictures; default: `path`.

    Returns:
        Samples with ids such as "existence/000000006040/1" (task, picture, number of the question
        from 1), their split is the task.

    Raises:
        InputError: no task is in the folder, or a file cannot be read; names the line.
    """
    folder = Path(path)
    if is_hub(folder):
        return load_hub(f"mme:{path}", folder, partial(_of_hub, Counter()))
    if has_results(folder):
        samples, _ = read_results(folder)
        paths = [folder / f"{task}.txt" for task in TASKS]
    else:
        places = {task: _questions_of(folder / task) for task in TASKS}
        paths = [each for place in places.values() for each in sorted(place.glob("*.txt"))]
        samples = [
            sample
            for task, place in places.items()
            for file in sorted(place.glob("*.txt"))
            for sample in _read_questions(file, task)
        ]
        if not samples:
            what = "holds no task of MME: neither existence.txt, … nor existence/*.txt, …"
            raise InputError(f"{what}; name the folder that has the tasks in it", folder)
    card = folder_card(folder, [each for each in paths if each.exists()], len(samples))
    return Dataset(f"mme:{path}", samples, partial(_open, images or folder), {"files": [card]})


def has_results(folder: Path) -> bool:
    """Whether a folder holds answers as MME's ``eval_tool`` wants them."""
    return any((folder / f"{task}.txt").is_file() for task in TASKS)


def read_results(folder: str | Path) -> tuple[list[Sample], list[Answer]]:
    """Questions and answers of a folder as MME's ``eval_tool`` wants it.

    Each task is a file ``TASK.txt`` of lines with image, question, truth and answer, divided by
    tabs. Tasks that are not there are left out; other files are not read.

    Raises:
        InputError: there is no such file, or a line of one is wrong; names it.
    """
    samples: list[Sample] = []
    answers: list[Answer] = []
    for task in TASKS:
        file = Path(folder) / f"{task}.txt"
        if not file.exists():
            continue
        number: dict[str, int] = {}
        for line, columns in _read_columns(file):
            if len(columns) != 4:
                what = f"{len(columns)} columns where there must be 4 ({_COLUMNS}), divided by tabs"
                how = "an answer may hold neither tab nor newline"
                how = "nobody answered this question" if len(columns) == 3 else how
                raise InputError(f"{what}; {how}", file, line)
            image, question, truth, answer = columns
            number[image] = number.get(image, 0) + 1
            sample = _sample(task, image, number[image], question, _label(truth, file, line))
            samples.append(sample)
            answers.append(Answer(sample.id, answer, file, line, question, sample))
    if not samples:
        raise InputError("no answers to a task of MME in it (existence.txt, …)", folder)
    return samples, answers


def with_sample_ids(answers: Iterable[Answer], samples: Iterable[Sample]) -> list[Answer]:
    """Answers whose ids name task and picture ("posters/images/tt1.jpg"), with the samples' ids.

    LLaVA and lmms-eval give both questions of a picture the same id, so what was asked tells which
    is meant; the instruction at its end may differ. Answers to no sample keep their id.

    Raises:
        InputError: an answer with such an id does not say what was asked.
    """
    samples = list(samples)
    pictures = {each.id: _picture(each.image) for each in samples}
    asked = {(pictures[each.id], _plain(each.prompt)): each.id for each in samples}
    named = []
    for answer in answers:
        id = str(answer.id)
        if answer.prompt is None and id not in pictures:
            what = f'{id!r} is a picture with two questions; give what was asked as "prompt"'
            raise InputError(what, answer.path, answer.line)
        picture = pictures.get(id) or _picture(id)
        # What was asked goes before the id: a file may have a picture's questions in another order.
        named.append(answer._replace(id=asked.get((picture, _plain(answer.prompt)), id)))
    return named


def bare_question(prompt: str) -> str:
    """A question without the instruction that MME puts at its end.

    >>> bare_question("Is there a bed in this image? Please answer yes or no.")
    'Is there a bed in this image?'
    """
    return prompt.removesuffix(INSTRUCTION).rstrip()


def _of_hub(seen: Counter[str], row: Mapping[str, Any], file: Path, number: int) -> Sample:
    """A question in lmms-lab's columns, whose ids name task and picture."""
    task = column(row, "category", file, number)
    image = PurePosixPath(column(row, "question_id", file, number)).name
    seen[f"{task}/{image}"] += 1
    question = column(row, "question", file, number)
    count = seen[f"{task}/{image}"]
    return _sample(task, image, count, question, label_of(row, file, number))


def folder_card(folder: Path, paths: Sequence[Path], rows: int) -> dict[str, Any]:
    """One card for many files: the folder's name, SHA-256 of their names and contents, rows."""
    digest = hashlib.sha256()
    for path in paths:
        content = hashlib.sha256(read_bytes(path)).hexdigest()
        digest.update(f"{path.relative_to(folder).as_posix()} {content}\n".encode())
    return {"file": folder.name or str(folder), "sha256": digest.hexdigest(), "rows": rows}


def _read_questions(file: Path, task: str) -> Iterator[Sample]:
    image = _find_picture(file)
    for number, (line, columns) in enumerate(_read_columns(file), 1):
        if len(columns) != 2:
            what = f"{len(columns)} columns where there must be 2 (question, truth)"
            raise InputError(f"{what}, divided by a tab", file, line)
        yield _sample(task, image, number, columns[0], _label(columns[1], file, line))


def _questions_of(task: Path) -> Path:
    apart = task / "questions_answers_YN"
    return apart if apart.is_dir() else task


def _find_picture(questions: Path) -> str:
    """Name of the picture that a file of questions belongs to."""
    apart = questions.parent.name == "questions_answers_YN"
    place = questions.parent.parent / "images" if apart else questions.parent
    found = sorted(
        each.name for each in place.glob("*") if each.stem == questions.stem and each != questions
    )
    if not found:
        raise InputError(f"there is no picture {questions.stem}.* in {place}", questions)
    return found[0]


def _sample(task: str, image: str, number: int, question: str, label: Label) -> Sample:
    return Sample(
        id=f"{task}/{PurePosixPath(image).stem}/{number}",
        image=f"{task}/{image}",
        prompt=question,
        split=task,
        truth=Truth(label=label),
    )


def _read_columns(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Lines that are not blank, with their numbers from 1, divided at tabs."""
    content = read_bytes(file)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError("not UTF-8", file, line) from None
    for line, row in enumerate(StringIO(text, newline=None), 1):
        if "\0" in row:
            raise InputError(NUL, file, line)
        if row.strip():
            yield line, row.rstrip("\n").split("\t")


def _label(truth: str, file: Path, line: int) -> Label:
    if (label := _LABELS.get(truth.strip().lower())) is None:
        raise InputError(f"the truth must be Yes or No, not {truth[:40]!r}", file, line)
    return label


def _picture(name: str | None) -> tuple[str, str]:
    """Task and picture that an id or a path names."""
    path = PurePosixPath(name or "")
    return (path.parts[0] if path.parts else ""), path.stem


def _plain(prompt: str | None) -> str:
    question = (prompt or "").strip()
    for instruction in _INSTRUCTIONS:
        question = question.removesuffix(instruction).rstrip()
    return " ".join(question.split())


def _open(folder: Path, sample: Sample) -> Image:
    if sample.image is None:
        raise InputError(f"sample {sample.id!r} has no picture")
    if why := refused(sample.image):
        raise InputError(f"the picture's name {sample.image[:80]!r} {why}, so it is not opened")
    task, _, name = sample.image.partition("/")
    return open_from([folder / task / "images", folder / task], sample, name)
