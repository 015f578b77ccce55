"""Bytes of strangers, at random: each reader gives rows or says in one line what is wrong.

``make fuzz`` tries a hundred times as many.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from halluc.answers.files import read_answers, read_captions
from halluc.datasets.load import load_dataset
from halluc.datasets.pope import read_questions
from halluc.datasets.tables import form_of, read_table
from halluc.errors import HallucError
from halluc.reviews import Reviews
from halluc.runs import read_run

Read = Callable[[Path], Any]

# What rows are made of: names that some reader looks for, and values that none expects.
NAMES = st.sampled_from(
    "id image_id question_id index image file_name caption answer text prediction label category "
    "prompt question truth objects name attributes relations complete annotations images "
    "categories doc doc_id target filtered_resps state task model data rows samples bbox "
    "tokens answers finish claim verdict metric".split()
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["yes", "no", "a.jpg", "../a", "1", "finished", "caption", "dog"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)  # fmt: skip
ROWS = st.dictionaries(NAMES, VALUES, max_size=6)
DOCUMENTS = st.one_of(
    st.lists(ROWS, max_size=4).map(lambda rows: "\n".join(map(json.dumps, rows)).encode()),
    st.lists(ROWS, max_size=4).map(lambda rows: json.dumps(rows, indent=1).encode()),
    ROWS.map(lambda row: json.dumps(row).encode()),
)
TABLES = st.lists(
    st.lists(NAMES | st.text(max_size=6), min_size=2, max_size=4), min_size=1, max_size=4
).map(lambda rows: "\n".join(",".join(row) for row in rows).encode("utf-8", "replace"))


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A document with a piece cut out, doubled or replaced by other bytes."""
    content = draw(DOCUMENTS | TABLES)
    if draw(st.booleans()):
        return content
    start = draw(st.integers(0, len(content)))
    end = draw(st.integers(start, len(content)))
    piece = draw(st.binary(max_size=8) | st.just(content[start:end] * 2))
    return content[:start] + piece + content[end:]


CONTENT = damaged() | st.binary(max_size=200)


def run_of(file: Path) -> Any:
    """A run of which one file is as it comes."""
    folder = file.parent / "run"
    folder.mkdir()
    card = {"state": "finished", "task": "caption"}
    parts = {"run.json": card, "samples.jsonl": {"id": "1"}, "responses.jsonl": {"id": "1"}}
    for name, part in parts.items():
        (folder / name).write_text(json.dumps({**part, "text": "A dog."}) + "\n")
    found = []
    for name in (*parts, "findings.jsonl", "scores.json", "times.jsonl"):
        whole = (folder / name).read_bytes() if (folder / name).exists() else None
        (folder / name).write_bytes(file.read_bytes())
        try:
            run = read_run(folder)
            found.append((run.findings(), run.scores(), run.times(), run.pending()))
        except HallucError as error:
            said(error)
        if whole is not None:
            (folder / name).write_bytes(whole)
    return found


def said(error: HallucError) -> None:
    """What a user reads is one line, not long, and shows no more than it says."""
    assert "\n" not in str(error) and 0 < len(str(error)) < 1000


READERS: dict[str, Read] = {
    "answers": read_answers,
    "captions": read_captions,
    "questions": read_questions,
    "jsonl:": lambda file: load_dataset(f"jsonl:{file}").samples,
    "a table": lambda file: [*read_table(file, form)] if (form := form_of(file)) else [],
    "a run": run_of,
    "reviews": lambda file: Reviews(str(file)).of_run("1"),
}


@pytest.mark.parametrize("reader", READERS)
@settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    max_examples=settings().max_examples // 2 or 1,
)
@given(content=CONTENT)
def test_what_strangers_write_is_read_or_refused(reader: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "file"
        file.write_bytes(content)
        try:
            READERS[reader](file)
        except HallucError as error:
            said(error)


@pytest.mark.parametrize("kind", ["xlsx", "parquet", "gzip"])
@given(data=st.data())
def test_packed_files_with_damaged_bytes(kind: str, data: st.DataObject) -> None:
    content = bytearray(PACKED[kind])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(8, len(content) - 1))] = data.draw(st.integers(0, 255))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "file"
        file.write_bytes(content)
        try:
            read_answers(file)
        except HallucError as error:
            said(error)


def _packed() -> dict[str, bytes]:
    import gzip
    import io

    import openpyxl
    import pyarrow
    import pyarrow.parquet

    rows = [{"index": number, "prediction": "Yes", "question": "Is it?"} for number in range(9)]
    book, xlsx, parquet = openpyxl.Workbook(), io.BytesIO(), io.BytesIO()
    assert book.active is not None
    for row in ([*rows[0]], *([*row.values()] for row in rows)):
        book.active.append(row)
    book.save(xlsx)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), parquet)
    lines = "\n".join(map(json.dumps, rows)).encode()
    return {
        "xlsx": xlsx.getvalue(),
        "parquet": parquet.getvalue(),
        "gzip": gzip.compress(lines, mtime=0),
    }


PACKED = _packed()
