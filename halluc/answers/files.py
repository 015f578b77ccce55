"""Answers and captions in files of any tool, for scoring."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from halluc.answers import forms, harnesses
from halluc.answers.rows import own_sample, picture_id
from halluc.datasets.files import decode, number_rows, read_bytes, read_rows
from halluc.errors import InputError
from halluc.jsonl import read_lines
from halluc.records import Answer


class _AnswerRow(msgspec.Struct):
    question_id: int | str | None = None
    id: int | str | None = None
    text: str | None = None
    answer: str | None = None
    response: str | None = None
    output: str | None = None
    prompt: str | None = None
    question: str | None = None
    image: Any = None
    category: Any = None
    label: Any = None


class _CaptionRow(msgspec.Struct):
    image_id: int | str | None = None
    id: int | str | None = None
    caption: str | None = None
    text: str | None = None


class _ChairOutput(msgspec.Struct):
    sentences: list[msgspec.Raw]


def read_answers(path: str | Path) -> list[Answer]:
    """All of `stream_answers`."""
    return list(stream_answers(path))


def stream_answers(path: str | Path) -> Iterator[Answer]:
    """Answers to questions one by one, from a file of any tool; its form is found by content.

    Read are POPE's and LLaVA's JSON lines or a JSON array of the same rows, lmms-eval's samples and
    VLMEvalKit's tables (`halluc.answers.harnesses`). In the first the id is ``question_id`` or
    ``id``; the answer is ``text``, ``answer``, ``response`` or ``output``; what was asked is
    ``prompt`` or ``question``; ``category`` and ``label`` may tell the split and the right answer.

    Raises:
        InputError: the file cannot be read, is empty, of another form or of doubtful form, or a row
            lacks an id or an answer.
    """
    path = Path(path)
    readers = {
        forms.POPE: _stream_rows,
        forms.LMMS_EVAL: harnesses.read_lmms_eval,
        forms.VLMEVALKIT: harnesses.read_vlmevalkit,
    }
    answers = readers[forms.find_form(path, readers) or forms.POPE](path)
    first = next(answers, None)
    if first is None:
        raise InputError("no answers in this file", path)
    yield first
    yield from answers


def _stream_rows(path: Path) -> Iterator[Answer]:
    for line, row in read_rows(path, _AnswerRow):
        id = row.id if row.question_id is None else row.question_id
        text, prompt = row.text, row.prompt if row.question is None else row.question
        if row.answer is not None or row.response is not None or row.output is not None:
            told = [each for each in (row.answer, row.response, row.output) if each is not None]
            if len(told) > 1:
                what = 'more than one of "answer", "response" and "output"'
                raise InputError(f"{what}; keep the model's answer alone", path, line)
            text, prompt = told[0], row.text if prompt is None else prompt
        if id is None:
            raise InputError(
                'no "question_id": answers are joined by id, never by position', path, line
            )
        if text is None:
            raise InputError('no answer: give it as "text" or "answer"', path, line)
        if row.label is None and row.category is None:
            yield Answer(id, text, path, line, prompt)
            continue
        if prompt is None and text.rstrip().endswith("?"):
            raise InputError("this is a question with its label, not an answer", path, line)
        own = own_sample(id, prompt, row.category, row.label, row.image)
        yield Answer(id, text, path, line, prompt, own)


class CaptionFile:
    """Captions of pictures, one a picture, with ids such as "391895"; of any number.

    They are read each time they are gone through and never held all at once, unless the file is
    one JSON document. Read are COCO's caption results (an array of ``{image_id, caption}``), JSON
    lines with ``image_id`` and ``caption`` or ``text``, and the output of the published CHAIR
    scripts (``{"sentences": [...]}``).

    Attributes:
        path: the file.
        ids: the pictures.

    Raises:
        InputError: the file cannot be read, is empty, lacks an id or a caption, or a picture comes
            twice.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.ids: set[str] = set()
        for caption in self:
            key = str(caption.id)
            if key in self.ids:
                first = next(each.line for each in self if each.id == key)
                what = f"picture {key} has a caption in line {first} already"
                raise InputError(f"{what}; remove one of the two", self.path, caption.line)
            self.ids.add(key)
        if not self.ids:
            raise InputError("no captions in this file", self.path)

    def __len__(self) -> int:
        """How many captions there are."""
        return len(self.ids)

    def __iter__(self) -> Iterator[Answer]:
        """The captions, in the file's order."""
        for line, row in _caption_rows(self.path):
            id = row.id if row.image_id is None else row.image_id
            text = row.text if row.caption is None else row.caption
            if id is None:
                raise InputError('no "image_id"', self.path, line)
            if text is None:
                raise InputError('no caption: give it as "caption" or "text"', self.path, line)
            yield Answer(picture_id(id), text, self.path, line)


def read_captions(path: str | Path) -> list[Answer]:
    """All of a `CaptionFile`."""
    return list(CaptionFile(path))


def _caption_rows(path: Path) -> Iterator[tuple[int, _CaptionRow]]:
    _, first = next(iter(read_lines(path)), (0, b""))
    if b'"sentences"' not in first and first.strip() != b"{":
        return read_rows(path, _CaptionRow)
    content = read_bytes(path)
    rows = decode(content, _ChairOutput, path).sentences
    return number_rows(content, rows, _CaptionRow, path)
