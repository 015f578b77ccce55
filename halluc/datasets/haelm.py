"""HaELM: prompts that ask a language model whether a caption agrees with reference captions.

Source: Wang et al. 2023, "Evaluation and Analysis of Hallucination in Large Vision-Language Models"
(arXiv:2308.15126); ``interface.py`` of https://github.com/junyangwang0410/HaELM. Its prompt is kept
to the letter: all references joined by a blank, the first line of the caption alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from halluc.datasets import Dataset
from halluc.datasets.files import file_card, read_rows
from halluc.errors import InputError
from halluc.records import Label, Sample, Truth

EACH = "each:"
"""Before the path: ask once with each reference, as in the judge's training."""

_ROW = re.compile(
    r"reference captions:\n(.*?)\nour caption:\n(.*?)\s*Is our caption accurate\?\s*", re.DOTALL
)
_CAPTION = re.compile(r"\nour caption:\n(.*)\nIs our caption accurate\?\n$", re.DOTALL)


class _Row(msgspec.Struct):
    instruction: str | None = None
    output: str | None = None
    references: list[str] | None = msgspec.field(name="reference caption", default=None)
    image: str | int | None = None


class _Caption(NamedTuple):
    text: str
    references: list[str]
    label: Label | None
    image: str | None


def prompt_of(references: list[str], caption: str) -> str:
    r"""What the judge is asked.

    >>> prompt_of(["A dog.", "Two dogs."], "A dog.\nIt runs.")
    'reference captions:\nA dog. Two dogs.\nour caption:\nA dog.\nIs our caption accurate?\n'
    """
    first = caption.partition("\n")[0]
    asked = "Is our caption accurate?"
    return f"reference captions:\n{' '.join(references)}\nour caption:\n{first}\n{asked}\n"


def words_of(sample: Sample) -> int:
    """How many words the caption has that a sample asks about; 0 if it asks about none."""
    found = _CAPTION.search(sample.prompt or "")
    return len(found[1].split()) if found else 0


def load(path: str | Path, images: Path | None = None) -> Dataset:
    """The prompts on the captions of a file.

    Args:
        path: the released rows (``instruction``, ``output`` yes or no: five a caption), or rows as
            the published interface reads them (``image``, ``reference caption``, ``output``: the
            caption). With "each:" before it, each reference is asked about alone.
        images: not needed: the judge sees no picture.

    Returns:
        Samples with ids such as "17", or with each reference "17/3"; the labels are people's (yes:
        the caption is accurate), where the file has them.

    Raises:
        InputError: the file cannot be read, or a row is none of these.
    """
    apart = str(path).startswith(EACH)
    file = Path(str(path).removeprefix(EACH))
    captions = list(_captions(file))
    samples = []
    for number, each in enumerate(captions, 1):
        truth = Truth(label=each.label) if each.label else None
        asked = [[one] for one in each.references] if apart else [each.references]
        samples += [
            Sample(
                id=f"{number}/{place}" if apart else str(number),
                prompt=prompt_of(references, each.text),
                truth=truth,
            )
            for place, references in enumerate(asked, 1)
        ]
    if not samples:
        raise InputError("no captions in this file", file)
    card = {"files": [file_card(file, len(captions))]}
    return Dataset(f"haelm:{path}", samples, _no_picture, card)


def _captions(path: Path) -> Iterator[_Caption]:
    labelled: dict[str, _Caption] = {}
    for line, row in read_rows(path, _Row):
        if row.instruction is None:
            if not row.references or not row.output:
                what = 'no row of HaELM: give "instruction" and "output", or "reference caption"'
                raise InputError(f'{what} and "output"', path, line)
            image = None if row.image is None else str(row.image)
            yield _Caption(row.output, row.references, None, image)
            continue
        found = _ROW.fullmatch(row.instruction)
        verdict = (row.output or "").strip().lower()
        if found is None or verdict not in ("yes", "no"):
            what = "no instruction of HaELM with yes or no as its output"
            raise InputError(what, path, line)
        label: Label = "yes" if verdict == "yes" else "no"
        known = labelled.setdefault(found[2], _Caption(found[2], [], label, None))
        if known.label != label:
            raise InputError("this caption has another label further up", path, line)
        known.references.append(found[1])
    yield from labelled.values()


def _no_picture(sample: Sample) -> Any:
    raise InputError(f"sample {sample.id!r} has no picture: judges see none")
