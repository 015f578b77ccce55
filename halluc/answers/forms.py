"""Which tool wrote a file of answers, found by what is in it, never by its name."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from halluc.datasets.files import decode, number_rows, read_bytes
from halluc.datasets.keys import ANSWERS, IDS, TEXTS
from halluc.datasets.tables import columns_of, form_of
from halluc.errors import InputError
from halluc.faults import without_nan
from halluc.jsonl import BAD_JSON, open_plain, refuse_double

POPE = "POPE or LLaVA answers"
LMMS_EVAL = "lmms-eval samples"
VLMEVALKIT = "VLMEvalKit predictions"
CAPTIONS = "COCO caption results"
CHAIR = "output of a CHAIR script"
BY_PICTURE = "a table of captions by picture"
AMBER = "AMBER responses"
MME = "a folder of MME's eval_tool"
RUN = "a run"

_HEAD = 1 << 20
_CAPTION_NAMES = {"caption", "text"}
_TEXT_BY_NAME = re.compile(rb'\{\s*"((?:[^"\\]|\\.)*)"\s*:\s*"')


def find_form(path: str | Path, wanted: Container[str]) -> str | None:
    """The one of the wanted forms that a file or folder has; None where its content tells none.

    Args:
        path: the file or folder.
        wanted: the forms that whoever asks can read, of the names in this module.

    Raises:
        InputError: it cannot be read, has another form, or may have several of the wanted ones.
    """
    found = forms_of(path)
    if not found and Path(path).is_dir():
        raise InputError("there is no run.json in this folder, nor files of another tool", path)
    fitting = [form for form in found if form in wanted]
    if len(fitting) > 1:
        what = f"may be {' or '.join(fitting)}"
        raise InputError(f"{what}; take the fields of all but one out of it", path)
    if found and not fitting:
        what = f"this looks like {' or '.join(found)}"
        raise InputError(f"{what}, which is not scored here", path)
    return fitting[0] if fitting else None


def forms_of(path: str | Path) -> list[str]:
    """The forms that a file or folder may have, of the names in this module.

    Raises:
        InputError: it cannot be read.
    """
    path = Path(path)
    if path.is_dir():
        return _forms_of_folder(path)
    if table := form_of(path):
        return _forms_of_row(dict.fromkeys(columns_of(path, table)), array=False)
    with open_plain(path) as file:
        head = file.read(_HEAD)
    start = without_nan(head.removeprefix(b"\xef\xbb\xbf").lstrip())
    if start[:1] not in (b"{", b"["):
        return []
    row = _first_row(start.removeprefix(b"[").lstrip())
    if row.keys() & {"sentences", "overall_metrics", "imgToEval"} or _wraps_sentences(start):
        return [CHAIR]
    array = start[:1] == b"["
    if not array and _is_by_picture(start, row):
        return [BY_PICTURE]
    return _forms_of_row(row, array=array)


def is_table(path: Path) -> bool:
    """Whether a file is CSV, TSV, XLSX or Parquet."""
    return form_of(path) is not None


def by_picture(path: Path) -> Iterator[tuple[int, tuple[str, str]]]:
    """Yield (line from 1, (picture, caption)) of a JSON object of captions by picture.

    Raises:
        InputError: the file cannot be read, a caption is no text, or a picture comes twice.
    """
    content = without_nan(read_bytes(path))
    rows = decode(content, dict[str, msgspec.Raw], path)
    refuse_double(content, path, "picture ")
    texts = number_rows(content, list(rows.values()), str, path)
    for id, (line, text) in zip(rows, texts, strict=True):
        yield line, (id, text)


def _forms_of_folder(folder: Path) -> list[str]:
    found = [RUN] if (folder / "run.json").is_file() else []
    for file in islice(sorted(folder.glob("*.txt")), 1):
        with open_plain(file) as lines:
            if lines.readline(_HEAD).count(b"\t") == 3:
                found.append(MME)
    return found


def _forms_of_row(row: dict[str, Any], *, array: bool) -> list[str]:
    """Forms that the first row may have."""
    keys = row.keys()
    found = []
    predicts = {"index", "prediction"} <= keys
    answered = keys & {*IDS} and (keys & {"question_id", "id"} or keys & {*ANSWERS} - {"caption"})
    if keys & {*TEXTS} and (answered or {"ans", "label"} <= keys):
        if not predicts:
            found.append(POPE)
        if array and keys == {"id", "response"}:
            found.append(AMBER)
    if "image_id" in keys and keys & _CAPTION_NAMES:
        found.append(CAPTIONS)
    if "doc_id" in keys and keys & {"resps", "filtered_resps"}:
        found.append(LMMS_EVAL)
    if predicts:
        found.append(VLMEVALKIT)
    return found


def _wraps_sentences(start: bytes) -> bool:
    return start[:200].lstrip(b"{ \r\n\t").startswith((b'"sentences"', b'"overall', b'"imgToEval"'))


def _is_by_picture(start: bytes, row: dict[str, Any]) -> bool:
    """Whether an object has nothing but texts under names that are none of `keys`."""
    if row:
        texts = all(isinstance(each, str) for each in row.values())
        return texts and not row.keys() & {*IDS, *TEXTS}
    first = _TEXT_BY_NAME.match(start)  # the object goes on behind what was read
    return first is not None and first[1].decode("utf-8", "replace") not in {*IDS, *TEXTS}


def _first_row(start: bytes) -> dict[str, Any]:
    """The first JSON object, empty if there is none: the reader then says what is wrong."""
    end = -1
    for _ in range(100):  # objects inside the row end earlier than it does
        end = start.find(b"}", end + 1)
        if end < 0:
            break
        try:
            return msgspec.json.decode(start[: end + 1], type=dict[str, Any])
        except BAD_JSON:
            continue
    return {}
