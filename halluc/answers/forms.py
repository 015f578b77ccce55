"""Which tool wrote a file of answers, found by what is in it, never by its name."""

from __future__ import annotations

import re
from collections.abc import Container
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from halluc.errors import InputError
from halluc.jsonl import BAD_JSON, reason

POPE = "POPE or LLaVA answers"
LMMS_EVAL = "lmms-eval samples"
VLMEVALKIT = "VLMEvalKit predictions"
CAPTIONS = "COCO caption results"
CHAIR = "output of a CHAIR script"
AMBER = "AMBER responses"
MME = "a folder of MME's eval_tool"
RUN = "a run"

_HEAD = 1 << 20
_TEXTS = {"text", "answer", "response", "output"}


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
    try:
        if path.is_dir():
            return _forms_of_folder(path)
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise InputError(reason(error), path) from None
    if head.startswith(b"PK\x03\x04"):
        return [VLMEVALKIT]
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] in (b"{", b"["):
        return _forms_of_rows(start)
    columns = {name.strip(b'"\r') for name in start.split(b"\n", 1)[0].split(b"\t")}
    return [VLMEVALKIT] if {b"index", b"prediction"} <= columns else []


def _forms_of_folder(folder: Path) -> list[str]:
    found = [RUN] if (folder / "run.json").is_file() else []
    for file in islice(sorted(folder.glob("*.txt")), 1):
        with file.open("rb") as lines:
            if lines.readline(_HEAD).count(b"\t") == 3:
                found.append(MME)
    return found


def _forms_of_rows(start: bytes) -> list[str]:
    """Forms that the first row of JSON lines or of a JSON array may have."""
    if re.match(rb'\{\s*"(sentences|overall_metrics)"', start):
        return [CHAIR]
    row = _first_row(start.removeprefix(b"[").lstrip())
    keys = row.keys()
    found = []
    if keys & {"question_id", "id"} and keys & _TEXTS:
        if not ("prediction" in keys and "index" in keys):
            found.append(POPE)
        if start[:1] == b"[" and keys == {"id", "response"}:
            found.append(AMBER)
    if "image_id" in keys and keys & {"caption", "text"}:
        found.append(CAPTIONS)
    if "doc_id" in keys and keys & {"resps", "filtered_resps"}:
        found.append(LMMS_EVAL)
    if {"index", "prediction"} <= keys:
        found.append(VLMEVALKIT)
    return found


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
