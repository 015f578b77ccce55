"""Answers and captions in files of any tool, for scoring."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

from halluc.answers import forms, harnesses
from halluc.answers.rows import Row, id_of, own_sample, picture_id
from halluc.datasets.files import read_rows
from halluc.datasets.keys import ANSWERS, IDS, PICTURES
from halluc.errors import InputError
from halluc.records import Answer

_NAMES = ", ".join(f'"{name}"' for name in ("text", *ANSWERS))


def read_answers(path: str | Path) -> list[Answer]:
    """All of `stream_answers`."""
    return list(stream_answers(path))


def stream_answers(path: str | Path) -> Iterator[Answer]:
    """Answers to questions one by one, from a file of any tool; its form is found by content.

    Read are rows in any form of `halluc.datasets.files.read_rows` with the names of
    `halluc.datasets.keys`, lmms-eval's samples and VLMEvalKit's tables
    (`halluc.answers.harnesses`). ``category`` and ``label`` may tell the split and the right
    answer.

    Raises:
        InputError: the file cannot be read, is empty, of another form or of doubtful form, or a row
            lacks an id or an answer.
    """
    path = Path(path)
    readers: dict[str, Callable[[Path], Iterator[Answer]]] = {
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
    for number, (line, row) in enumerate(read_rows(path, Row), 1):
        id, text, prompt = id_of(row, IDS), row.said(path, line), row.asked()
        if id is None and prompt is not None and row.label is not None:
            id = f"row {number}"  # PAI's rows have their right answer and no id
        if id is None:
            raise InputError(
                'no "question_id": answers are joined by id, never by position', path, line
            )
        if text is None:
            if forms.is_table(path):
                what = f"no column prediction, nor another one with answers ({_NAMES})"
                raise InputError(what, path, 1)
            raise InputError(f"no answer: give it as one of {_NAMES}", path, line)
        if row.label is None and row.category is None:
            yield Answer(id, text, path, line, prompt)
            continue
        if prompt is None and text.rstrip().endswith("?"):
            raise InputError("this is a question with its label, not an answer", path, line)
        own = own_sample(id, prompt, row.category, row.label, row.image or row.image_id)
        yield Answer(id, text, path, line, prompt, own)


class CaptionFile:
    """Captions of pictures, one a picture, with ids such as "391895"; of any number.

    They are read each time they are gone through and never held all at once, unless the file is
    one JSON document. Read are rows in any form of `halluc.datasets.files.read_rows` with the names
    of `halluc.datasets.keys`, such as COCO's caption results and the output of the published CHAIR
    scripts; a JSON object of captions by picture; lmms-eval's samples and VLMEvalKit's tables.

    Attributes:
        path: the file.
        ids: the pictures.

    Raises:
        InputError: the file cannot be read, is empty, is something else, lacks an id or a caption,
            or a picture comes twice.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._rows = _reader_of_captions(self.path)
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
        return self._rows(self.path)


def read_captions(path: str | Path) -> list[Answer]:
    """All of a `CaptionFile`."""
    return list(CaptionFile(path))


def _reader_of_captions(path: Path) -> Callable[[Path], Iterator[Answer]]:
    found = forms.forms_of(path)
    for form, read in (
        (forms.LMMS_EVAL, harnesses.read_lmms_eval),
        (forms.VLMEVALKIT, harnesses.read_vlmevalkit),
    ):
        if found == [form]:
            return lambda path: _of_pictures(read(path))
    if forms.BY_PICTURE in found:
        return _captions_by_picture
    return _caption_rows


def _caption_rows(path: Path) -> Iterator[Answer]:
    for line, row in read_rows(path, Row):
        id, text = id_of(row, PICTURES), row.said(path, line)
        if id is None:
            raise InputError('no "image_id"', path, line)
        if text is None:
            raise InputError(f'no caption: give it as "caption" or one of {_NAMES}', path, line)
        yield Answer(picture_id(id), text, path, line)


def _captions_by_picture(path: Path) -> Iterator[Answer]:
    for line, (id, text) in forms.by_picture(path):
        yield Answer(picture_id(id), text, path, line)


def _of_pictures(answers: Iterator[Answer]) -> Iterator[Answer]:
    """Answers of a harness, by the picture where it is told."""
    for each in chain(answers):
        image = each.own.image if each.own else None
        yield Answer(picture_id(image or each.id), each.text, each.path, each.line)
