"""Answers and truths in the forms that other tools write them, for scoring."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from halluc.datasets import coco, jsonl, visual_genome
from halluc.datasets.files import decode, number_rows, read_bytes, read_rows
from halluc.datasets.load import load_dataset
from halluc.datasets.objects import read_objects
from halluc.errors import InputError
from halluc.jsonl import read_lines
from halluc.language.lemmas import Lemmatizer
from halluc.records import Label, Sample, TrueObject, Truth

_PICTURE = re.compile(r"(?:COCO_\w+?_)?0*(\d+)(?:\.\w+)?")


class Answer(NamedTuple):
    """An answer and where it stands.

    Attributes:
        id: the question's or picture's id, as written.
        text: the answer.
        path, line: file and line (from 1) it comes from.
        prompt: what was asked, None if the file does not say.
        own: the question as the file itself tells it, with its split and right answer; None if it
            tells neither.
    """

    id: int | str
    text: str
    path: Path
    line: int
    prompt: str | None = None
    own: Sample | None = None


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
    VLMEvalKit's tables (`halluc.datasets.harnesses`). In the first the id is ``question_id`` or
    ``id``; the answer is ``text``, ``answer``, ``response`` or ``output``; what was asked is
    ``prompt`` or ``question``; ``category`` and ``label`` may tell the split and the right answer.

    Raises:
        InputError: the file cannot be read, is empty, of another form or of doubtful form, or a row
            lacks an id or an answer.
    """
    from halluc.datasets import forms, harnesses

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
                'no "question_id": answers are joined by id, never by place', path, line
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


def own_sample(
    id: int | str, prompt: str | None, split: Any, label: Any, image: Any = None
) -> Sample:
    """The question as a row of answers tells it; a label other than yes or no (any case) is none.

    >>> own_sample(7, "Is it?", "popular", "Yes").id
    'popular/7'
    """
    known: dict[str, Label] = {"yes": "yes", "no": "no"}
    return Sample(
        id=f"{split}/{id}" if split else str(id),
        image=None if image is None else str(image),
        prompt=prompt,
        split=str(split or ""),
        truth=Truth(label=known.get(str(label).strip().lower())),
    )


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


def picture_id(name: int | str) -> str:
    """A picture's id as COCO numbers it, from its id or file name; other names stay as they are.

    >>> picture_id("COCO_val2014_000000391895.jpg"), picture_id(391895), picture_id("scene-3")
    ('391895', '391895', 'scene-3')
    """
    name = str(name)
    if name.isdecimal() and name[0] != "0":  # most are; there may be millions
        return name
    match = _PICTURE.fullmatch(name)
    return match[1] if match else name


def read_truths(source: str, ids: Iterable[str] | None, lemmatize: Lemmatizer) -> dict[str, Truth]:
    """What is true of each picture, by the picture's id.

    Args:
        source: a JSON file ``{id: [object names]}`` (may be gzipped), JSON lines or an array as
            `halluc.datasets.jsonl` reads them, a folder of COCO annotations, or the name of a data
            set.
        ids: the pictures wanted; others may be left out. None: all.
        lemmatize: how words of COCO's reference captions are made singular.

    Raises:
        InputError: the source cannot be read.
    """
    path, wanted = Path(source), None if ids is None else set(ids)
    if re.match("tabletop|(pope|jsonl):", source):
        samples = load_dataset(source).samples
    elif source.startswith("vg:"):
        samples = visual_genome.load(source.removeprefix("vg:"), only=wanted).samples
    elif path.is_dir() or source.startswith("coco:"):
        folder = source.removeprefix("coco:")
        samples = coco.load(folder, only=wanted, lemmatize=lemmatize).samples
    elif jsonl.has_rows(path):
        samples = jsonl.load(path).samples
    else:
        table = read_objects(path)
        return {
            key: _truth_of(names)
            for id, names in table.items()
            if (key := picture_id(id)) and (wanted is None or key in wanted)
        }
    return {picture_id(each.id): each.truth for each in samples if each.truth is not None}


@cache
def _truth_of(names: tuple[str, ...]) -> Truth:
    """One record for all pictures of the same objects, since a table may have millions."""
    return Truth(objects=tuple(map(_true_object, names)), exhaustive="coco")


@cache
def _true_object(name: str) -> TrueObject:
    return TrueObject(name=name)


def _caption_rows(path: Path) -> Iterator[tuple[int, _CaptionRow]]:
    _, first = next(iter(read_lines(path)), (0, b""))
    if b'"sentences"' not in first and first.strip() != b"{":
        return read_rows(path, _CaptionRow)
    content = read_bytes(path)
    rows = decode(content, _ChairOutput, path).sentences
    return number_rows(content, rows, _CaptionRow, path)
