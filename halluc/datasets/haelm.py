"""HaELM: prompts that ask a language model whether a caption agrees with reference captions.

Source: Wang et al. 2023, "Evaluation and Analysis of Hallucination in Large Vision-Language Models"
(arXiv:2308.15126); ``interface.py`` of https://github.com/junyangwang0410/HaELM. Its prompt is kept
to the letter: all references joined by a blank, the first line of the caption alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from halluc.datasets import Dataset
from halluc.datasets.files import file_card, read_rows
from halluc.datasets.haelm_scenes import Caption, captions_of_run, drawn_captions
from halluc.errors import InputError
from halluc.records import Label, Sample, Truth

EACH = "each:"
"""Before the path: ask once with each reference, as in the judge's training."""

_ROW = re.compile(
    r"reference captions:\n(.*?)\nour caption:\n(.*?)\s*Is our caption accurate\?\s*", re.DOTALL
)
_PROMPT = re.compile(
    r"reference captions:\n(.*)\nour caption:\n(.*)\nIs our caption accurate\?\n$", re.DOTALL
)


class _Row(msgspec.Struct):
    instruction: str | None = None
    output: str | None = None
    references: list[str] | None = msgspec.field(name="reference caption", default=None)


def prompt_of(references: list[str], caption: str) -> str:
    r"""What the judge is asked.

    >>> prompt_of(["A dog.", "Two dogs."], "A dog.\nIt runs.")
    'reference captions:\nA dog. Two dogs.\nour caption:\nA dog.\nIs our caption accurate?\n'
    """
    first = caption.partition("\n")[0]
    asked = "Is our caption accurate?"
    return f"reference captions:\n{' '.join(references)}\nour caption:\n{first}\n{asked}\n"


def parts_of(prompt: str | None) -> tuple[str, str] | None:
    """References and caption of a prompt; None where it is none of HaELM's.

    >>> parts_of(prompt_of(["A dog.", "Two dogs."], "A dog runs."))
    ('A dog. Two dogs.', 'A dog runs.')
    """
    found = _PROMPT.search(prompt or "")
    return None if found is None else (found[1], found[2])


def words_of(sample: Sample) -> int:
    """How many words the caption has that a sample asks about; 0 if it asks about none."""
    parts = parts_of(sample.prompt)
    return len(parts[1].split()) if parts else 0


def load(path: str | Path, images: Path | None = None) -> Dataset:
    """The prompts on captions.

    Args:
        path: a file of the released rows (``instruction``, ``output`` yes or no: five a caption),
            or of rows as the published interface reads them (``image``, ``reference caption``,
            ``output``: the caption); the folder of a run with captions of the embedded world; or
            scenes of it such as "tabletop:broken:0-99", whose captions are drawn (see
            `halluc.datasets.haelm_scenes`). With "each:" before it, each reference is asked about
            alone.
        images: not needed: the judge sees no picture.

    Returns:
        Samples with ids such as "17", or with each reference "17/3"; the labels (yes: the caption
        is accurate) are people's where the file has them, exact ones in the embedded world.

    Raises:
        InputError: file or run cannot be read, or a row is none of these.
    """
    apart = str(path).startswith(EACH)
    source = str(path).removeprefix(EACH)
    if source.partition(":")[0] == "tabletop":
        captions, card = drawn_captions(source)
    elif (Path(source) / "run.json").is_file():
        captions, card = captions_of_run(Path(source))
    else:
        captions = list(_captions(Path(source)))
        card = {"files": [file_card(source, len(captions))]}
    return prompts_on(captions, f"haelm:{path}", card, apart=apart)


def prompts_on(
    captions: list[Caption], name: str, card: dict[str, Any], *, apart: bool = False
) -> Dataset:
    """The prompts on captions as a data set of that name.

    Raises:
        InputError: there are no captions.
    """
    samples = []
    for each in captions:
        truth = Truth(label=each.label) if each.label else None
        asked = [[one] for one in each.references] if apart else [each.references]
        samples += [
            Sample(
                id=f"{each.id}/{place}" if apart else each.id,
                prompt=prompt_of(references, each.text),
                truth=truth,
            )
            for place, references in enumerate(asked, 1)
        ]
    if not samples:
        raise InputError("no captions in it", name.removeprefix("haelm:"))
    return Dataset(name, samples, no_picture, card)


def _captions(path: Path) -> Iterator[Caption]:
    labelled: dict[str, Caption] = {}
    number = 0
    for line, row in read_rows(path, _Row):
        if row.instruction is None:
            if not row.references or not row.output:
                what = 'no row of HaELM: give "instruction" and "output", or "reference caption"'
                raise InputError(f'{what} and "output"', path, line)
            number += 1
            yield Caption(str(number), row.output, row.references, None)
            continue
        found = _ROW.fullmatch(row.instruction)
        verdict = (row.output or "").strip().lower()
        if found is None or verdict not in ("yes", "no"):
            what = "no instruction of HaELM with yes or no as its output"
            raise InputError(what, path, line)
        label: Label = "yes" if verdict == "yes" else "no"
        if found[2] not in labelled:
            number += 1
            labelled[found[2]] = Caption(str(number), found[2], [], label)
        known = labelled[found[2]]
        if known.label != label:
            raise InputError("this caption has another label further up", path, line)
        known.references.append(found[1])
    yield from labelled.values()


def no_picture(sample: Sample) -> Any:
    """Opens the pictures of prompts to a judge: there are none.

    Raises:
        InputError: always.
    """
    raise InputError(f"sample {sample.id!r} has no picture: judges see none")
