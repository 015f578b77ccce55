"""What a row of answers tells about its question: id, split, right answer, picture."""

from __future__ import annotations

import re
from typing import Any

from halluc.records import Label, Sample, Truth

_PICTURE = re.compile(r"(?:COCO_\w+?_)?0*(\d+)(?:\.\w+)?")


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
