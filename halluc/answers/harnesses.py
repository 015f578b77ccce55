"""Answers as the two large evaluation harnesses write them: lmms-eval and VLMEvalKit.

Both keep the question, its category and the right answer beside the model's answer, so their files
can be scored on their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from halluc.answers.rows import own_sample
from halluc.datasets.files import read_rows
from halluc.errors import InputError
from halluc.records import Answer

# What the part of a row has that tells what was asked about.
_IDS = {"question_id", "image_id"}


def read_lmms_eval(path: Path) -> Iterator[Answer]:
    """Answers of the samples that lmms-eval writes with ``--log_samples``.

    The answer is the first of ``filtered_resps``, which is what lmms-eval scores. Question,
    category and right answer come from ``doc``; versions that leave it out tell ``input``,
    ``target`` and, within the metrics, the question's id. Source:
    ``lmms_eval/loggers/evaluation_tracker.py`` of https://github.com/EvolvingLMMs-Lab/lmms-eval.

    Raises:
        InputError: the file cannot be read, a row has no answer, or a document comes twice.
    """
    seen: dict[int | str, int] = {}
    for line, row in read_rows(path, dict[str, Any]):
        if "doc_id" not in row:
            raise InputError('no "doc_id", unlike the first line', path, line)
        document = _scalar(row["doc_id"], "doc_id", path, line)
        if document in seen:
            what = f"document {document} has an answer in line {seen[document]} already"
            raise InputError(f"{what}; remove one of the two", path, line)
        seen[document] = line
        text = _first_text(row.get("filtered_resps"))
        if text is None:
            text = _first_text(row.get("resps"))
        if text is None:
            raise InputError('no answer in "filtered_resps" nor "resps"', path, line)
        told = [each for each in row.values() if isinstance(each, dict) and each.keys() & _IDS]
        facts = {key: value for each in reversed(told) for key, value in each.items()}  # doc first
        told_id = facts.get("question_id")
        id = document if told_id is None else _scalar(told_id, "question_id", path, line)
        prompt = _first_text(facts.get("question") or row.get("input"))
        split, label = facts.get("category"), facts.get("answer")
        label = row.get("target") if label is None or label == "" else label
        image = facts.get("image_id") or facts.get("image")
        own = own_sample(id if split else document, prompt, split, label, image)
        yield Answer(id, text, path, line, prompt, own)


def _scalar(value: Any, name: str, path: Path, line: int) -> int | str:
    """A whole number or a text; what else is no list and no object, as a text.

    Raises:
        InputError: it is one.
    """
    if isinstance(value, list | dict | bytes):
        raise InputError(f'"{name}" must be a number or a text, not {str(value)[:40]}', path, line)
    return value if isinstance(value, int) else str(value)


def _first_text(value: Any) -> str | None:
    """A text, or the first in lists of lists."""
    while isinstance(value, list) and value:
        value = value[0]
    return value if isinstance(value, str) else None


def read_vlmevalkit(path: Path) -> Iterator[Answer]:
    """Answers of a VLMEvalKit result: xlsx, tsv or JSON with ``index`` and ``prediction``.

    A row whose category names several ("adversarial,popular") answers in each of them, as
    VLMEvalKit counts it. Source: ``vlmeval/inference.py`` and ``POPE_rating`` in
    ``vlmeval/dataset/utils/yorn.py`` of https://github.com/open-compass/VLMEvalKit.

    Raises:
        InputError: the file cannot be read, lacks a column, or an index comes twice.
    """
    seen: dict[str, int] = {}
    for line, row in read_rows(path, dict[str, Any]):
        index, prediction = row.get("index"), row.get("prediction")
        if index is None or "prediction" not in row:
            raise InputError('no "index" or no "prediction"', path, line)
        if str(index) in seen:
            what = f"index {index} stands in line {seen[str(index)]} already"
            raise InputError(f"{what}; remove one of the two", path, line)
        seen[str(index)] = line
        id = _scalar(index, "index", path, line)
        text = "" if prediction is None else str(_scalar(prediction, "prediction", path, line))
        prompt = None if row.get("question") is None else str(row["question"])
        for split in str(row.get("category") or "").split(","):
            image = row.get("image_path") or row.get("image_source")
            own = own_sample(id, prompt, split.strip(), row.get("answer"), image)
            yield Answer(id, text, path, line, prompt, own)
