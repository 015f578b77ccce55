"""PhD: pairs of questions, of which one wants yes and one no, alone and behind a wrong context.

Source: Liu et al. 2025, "PhD: A ChatGPT-Prompted Visual Hallucination Evaluation Dataset" (CVPR
2025, arXiv:2403.11116); ``data.json`` of https://github.com/jiazhen-code/PhD. Modes: base; iac and
icc, behind an inaccurate or an incorrect context; ccs, on pictures against common sense.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from halluc.datasets import Dataset
from halluc.datasets.files import file_card, read_rows
from halluc.datasets.images import inside, open_from
from halluc.errors import InputError
from halluc.records import Label, Sample, Truth

if TYPE_CHECKING:
    from PIL.Image import Image

MODES = ("base", "iac", "icc", "ccs")
_CONTEXTS = ("iac", "icc")
# Between context and question, to the letter.
_ADVICE = (
    " In case there is an inconsistency between the context and the image content, you should "
    "follow the image. "
)
_LABELS: tuple[Label, Label] = ("yes", "no")


class _Row(msgspec.Struct):
    image_id: int | str
    yes_question: str
    no_question: str
    task: str = "all"
    context: dict[str, str] | None = None
    ccs_description: str | None = None


def load(path: str | Path, images: Path | None = None) -> Dataset:
    """The questions of ``data.json``, in all modes.

    Args:
        path: the file; with a mode and a colon before it, such as "base:data.json", of this mode.
        images: folder with ``train2014``, ``val2014`` and ``CCS_images``; default: ``images``
            beside the file.

    Returns:
        Samples with ids such as "iac/17/yes": mode, row from 1, right answer; their split is mode
        and task ("iac object").

    Raises:
        InputError: the file cannot be read, a row is no question, or there is none in this mode.
    """
    mode, colon, rest = str(path).partition(":")
    only = mode if colon and mode in MODES else ""
    file = Path(rest if only else path)
    samples: list[Sample] = []
    number = 0
    for number, (line, row) in enumerate(read_rows(file, _Row), 1):
        for mode, before in _modes(row, file, line):
            if only not in ("", mode):
                continue
            samples += [
                Sample(
                    id=f"{mode}/{number}/{label}",
                    image=f"CCS_images/{row.image_id}.png" if mode == "ccs" else _coco(row),
                    prompt=before + (row.yes_question if label == "yes" else row.no_question),
                    split=f"{mode} {row.task}",
                    truth=Truth(label=label),
                )
                for label in _LABELS
            ]
    if not samples:
        raise InputError(f"no questions{f' in the mode {only}' if only else ''} in this file", file)
    card = {"files": [file_card(file, number)]}
    return Dataset(f"phd:{path}", samples, partial(_open, images or file.parent / "images"), card)


def _modes(row: _Row, file: Path, line: int) -> Iterator[tuple[str, str]]:
    """The modes that a row is asked in, with what stands before the question.

    Raises:
        InputError: it lacks a context.
    """
    if row.ccs_description is not None:
        yield "ccs", ""
        return
    yield "base", ""
    for mode in _CONTEXTS if row.context is not None else ():
        if row.context is None or mode not in row.context:
            raise InputError(f'no "{mode}" in the "context" of this row', file, line)
        yield mode, row.context[mode] + _ADVICE


def _coco(row: _Row) -> str:
    return f"COCO_train2014_{row.image_id!s:0>12}.jpg"


def _open(folder: Path, sample: Sample) -> Image:
    """The picture of a sample; one of COCO's is in either half of 2014."""
    name = sample.image or ""
    if name.startswith("CCS_images/"):
        return open_from([folder], sample)
    other = name.replace("train2014", "val2014")
    found = inside([folder / "train2014", folder], name)
    places = [folder / "train2014" if found else folder / "val2014", folder]
    return open_from(places, replace(sample, image=name if found else other))
