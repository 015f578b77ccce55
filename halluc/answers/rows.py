"""What a row of answers tells: its id, its text, and of its question split, right answer, picture.

The names that are read are those of `halluc.datasets.keys`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from halluc.datasets.keys import ANSWERS, PROMPTS
from halluc.errors import InputError
from halluc.records import Label, Sample, Truth

# A picture as COCO's and other files name it, perhaps in a folder.
_PICTURE = re.compile(
    r"(?:COCO_\w+?_)?0*(\d+)(?:\.\w+)?"
    r"|(?:.*[/\\])?(?:COCO_\w+?_)?0*(\d+)\.(?:jpe?g|png|webp|gif|bmp|tiff?)",
    re.IGNORECASE,
)
_LABELS: dict[str, Label] = {"yes": "yes", "no": "no"}
_NUMBERED: dict[int, Label] = {1: "yes", 0: "no"}


class Row(msgspec.Struct):
    """A row as some tool writes it; see `halluc.datasets.keys`."""

    question_id: int | str | None = None
    id: int | str | None = None
    image_id: int | str | None = None
    index: int | str | None = None
    image: Any = None
    file_name: Any = None
    caption: str | None = None
    answer: str | None = None
    response: str | None = None
    output: str | None = None
    prediction: str | None = None
    generated_text: str | None = None
    model_answer: str | None = None
    ans: str | None = None
    text: str | None = None
    question: str | None = None
    prompt: str | None = None
    query: str | None = None
    category: Any = None
    label: Any = None

    def said(self, path: Path, line: int) -> str | None:
        """What the model said; None if the row tells it nowhere.

        Raises:
            InputError: two names have different texts.
        """
        told = [each for name in ANSWERS if (each := getattr(self, name)) is not None]
        if len(told) > 1 and len({*told}) > 1:
            names = [f'"{name}"' for name in ANSWERS if getattr(self, name) is not None]
            what = f"more than one of {', '.join(names)}; keep the model's answer alone"
            raise InputError(what, path, line)
        return told[0] if told else self.text

    def asked(self) -> str | None:
        """What was asked; "text" is, where another name has the answer."""
        told = next((each for name in PROMPTS if (each := getattr(self, name)) is not None), None)
        if told is None and any(getattr(self, name) is not None for name in ANSWERS):
            return self.text
        return told


def id_of(row: Row, names: tuple[str, ...]) -> int | str | None:
    """The first id that a row has under one of the names."""
    for name in names:
        value = getattr(row, name)
        if isinstance(value, int | str) and value != "":
            return value
    return None


def own_sample(
    id: int | str, prompt: str | None, split: Any, label: Any, image: Any = None
) -> Sample:
    """The question as a row of answers tells it; a label other than yes or no (any case) is none.

    >>> own_sample(7, "Is it?", "popular", "Yes").id
    'popular/7'
    """
    known = _NUMBERED.get(label) if isinstance(label, int) else None
    return Sample(
        id=f"{split}/{id}" if split else str(id),
        image=str(image) if isinstance(image, str | int) else None,
        prompt=prompt,
        split=str(split or ""),
        truth=Truth(label=known or _LABELS.get(str(label).strip().lower())),
    )


def picture_id(name: int | str) -> str:
    """A picture's id as COCO numbers it, from its id, file name or path; others stay as they are.

    >>> picture_id("val2014/COCO_val2014_000000391895.jpg"), picture_id(391895)
    ('391895', '391895')
    >>> picture_id("scene-3"), picture_id("existence/7/1")
    ('scene-3', 'existence/7/1')
    """
    name = str(name)
    if name.isdecimal() and name[0] != "0":  # most are; there may be millions
        return name
    match = _PICTURE.fullmatch(name)
    return match[1] or match[2] if match else name
