"""HallusionBench: questions in sets, on a picture, on an edited one, and without any.

Source: Guan et al. 2024, "HallusionBench: An Advanced Diagnostic Suite for Entangled Language
Hallucination and Visual Illusion in Large Vision-Language Models" (arXiv:2310.14566); files as in
https://github.com/tianyi-lab/HallusionBench.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from halluc.datasets import Dataset
from halluc.datasets.files import file_card, read_rows
from halluc.datasets.hub import is_hub, load_hub
from halluc.datasets.images import open_from
from halluc.datasets.keys import TEXTS
from halluc.errors import InputError
from halluc.records import Label, Sample, Truth

AGAIN = "again"
"""Last part of the id of a question that a file has twice."""

_LABELS: dict[str, Label] = {"1": "yes", "0": "no"}
_TEXTS = ("model_prediction", "gpt4v_output", *TEXTS)
_VERDICTS = ("gpt4v_output_human_check", "correctness", "verdict", "human_check")


class Place(NamedTuple):
    """Where a question stands: the parts of a sample's id, in their order.

    Attributes:
        category: VD (the picture is needed) or VS (it only supplements).
        subcategory: such as "chart".
        set, figure, question: numbers; figure 0 is the original, or in VS no picture.
        visual: 0 no picture, 1 the original, 2 an edited one.
    """

    category: str
    subcategory: str
    set: str
    figure: str
    question: str
    visual: str


class _Row(msgspec.Struct):
    category: str
    subcategory: str
    visual_input: int | str
    set_id: int | str
    figure_id: int | str
    question_id: int | str
    question: str
    gt_answer: int | str | None = None
    filename: str | None = None


class Recorded(NamedTuple):
    """A row of a file with answers.

    Attributes:
        line: its line, from 1.
        sample: the question.
        text: the answer; None if there is none.
        verdict: 0 wrong, 1 right, 2 unclear, as the file has it; None if it has none.
        details: the right answer in a sentence; empty if it has none.
    """

    line: int
    sample: Sample
    text: str | None
    verdict: int | None
    details: str = ""


def place_of(sample: Sample) -> Place:
    """Where a question stands.

    Raises:
        InputError: the sample is none of HallusionBench's.
    """
    parts = sample.id.split("/")
    if len(parts) not in (6, 7):
        raise InputError(f"sample {sample.id!r} is no question of HallusionBench")
    return Place(*parts[:6])


def load(path: str | Path, images: Path | None = None) -> Dataset:
    """HallusionBench's questions.

    Args:
        path: ``HallusionBench.json``, or a file of answers in its form; or as the hub holds it
            (see `halluc.datasets.hub`).
        images: folder of the pictures; default: beside the file.

    Returns:
        Samples with ids such as "VD/illusion/0/1/0/1" (see `Place`); their split is the category.

    Raises:
        InputError: the file cannot be read, or a row is no question with its answer.
    """
    path = Path(path)
    if is_hub(path):
        return load_hub(f"hallusionbench:{path}", path, _of_hub)
    samples = [each.sample for each in read_recorded(path)]
    for each in samples:
        if each.truth is None:
            raise InputError(f'{each.id} has no right answer: there is no "gt_answer"', path)
    card = {"files": [file_card(path, len(samples))]}
    opened = partial(open_from, [images or path.parent])
    return Dataset(f"hallusionbench:{path}", samples, opened, card)


def read_recorded(path: str | Path) -> list[Recorded]:
    """The rows of a file of questions, or of answers in the same form.

    Raises:
        InputError: the file cannot be read, is empty, or a row is none of HallusionBench's.
    """
    found = list(_rows(Path(path)))
    if not found:
        raise InputError("no questions of HallusionBench in this file", path)
    return found


def _rows(path: Path) -> Iterator[Recorded]:
    seen: set[str] = set()
    for line, written in read_rows(path, dict[str, Any]):
        sample = _sample_of(written, path, line)
        id = sample.id
        if id in seen:
            id = f"{id}/{AGAIN}"
        if id in seen:
            raise InputError(f"question {id} stands here more than twice", path, line)
        seen.add(id)
        sample = msgspec.structs.replace(sample, id=id)
        text = next((written[name] for name in _TEXTS if isinstance(written.get(name), str)), None)
        told = next((written[name] for name in _VERDICTS if written.get(name) is not None), None)
        details = str(written.get("gt_answer_details") or "")
        yield Recorded(line, sample, text, _verdict(told, path, line), details)


def _sample_of(written: Mapping[str, Any], path: Path, line: int) -> Sample:
    """The question of a row."""
    try:
        row = msgspec.convert(written, _Row, strict=False)
    except msgspec.ValidationError as error:
        what = f"no row of HallusionBench ({error})"
        raise InputError(f"{what}; it has category, set_id, figure_id, …", path, line) from None
    numbers = (row.set_id, row.figure_id, row.question_id, row.visual_input)
    label = _label(row.gt_answer, path, line)
    return Sample(
        id="/".join([row.category, row.subcategory, *map(str, numbers)]),
        image=(row.filename or "").removeprefix("./") or None,
        prompt=row.question,
        split=row.category,
        truth=None if label is None else Truth(label=label),
    )


def _of_hub(written: Mapping[str, Any], path: Path, line: int) -> Sample:
    sample = _sample_of(written, path, line)
    if sample.truth is None:
        raise InputError(f'{sample.id} has no right answer: there is no "gt_answer"', path, line)
    return sample if place_of(sample).visual != "0" else msgspec.structs.replace(sample, image=None)


def _label(written: int | str | None, path: Path, line: int) -> Label | None:
    if written is None:
        return None
    if (label := _LABELS.get(str(written))) is None:
        raise InputError(f'"gt_answer" must be 1 (yes) or 0 (no), not {written!r}', path, line)
    return label


def _verdict(written: Any, path: Path, line: int) -> int | None:
    if written is None:
        return None
    if str(written) not in ("0", "1", "2"):
        what = f"a verdict is 0 (wrong), 1 (right) or 2 (unclear), not {written!r}"
        raise InputError(what, path, line)
    return int(written)
