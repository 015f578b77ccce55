"""A run that was read ahead is handed over once, and only as long as it is still the same."""

import os
import shutil

import pytest

from app.inspector.reading import preload
from app.inspector.reading.columns import open_columns
from halluc.errors import RunError


def test_what_was_read_ahead_is_handed_over_once(runs, monkeypatch):
    folder = str(runs[0])
    preload.read_ahead(folder)
    monkeypatch.setattr(preload, "_read", lambda folder: "read now")
    states = preload.states_of(folder)
    assert preload.read(folder, states).answers.equals(open_columns(folder).answers)
    assert preload.read(folder, states) == "read now"


def test_a_run_that_changed_meanwhile_is_read_anew(runs, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(runs[0], copy)
    preload.read_ahead(str(copy))
    lines = (copy / "responses.jsonl").read_bytes().splitlines(keepends=True)
    (copy / "responses.jsonl").write_bytes(b"".join(lines[:3]))
    os.utime(copy / "responses.jsonl", ns=(1, 1))
    assert len(preload.read(str(copy), preload.states_of(str(copy))).answers) == 3


def test_what_is_wrong_with_a_run_is_told_when_it_is_asked_for(tmp_path):
    preload.read_ahead(str(tmp_path))
    with pytest.raises(RunError, match=r"there is no run\.json in it"):
        preload.read(str(tmp_path), preload.states_of(str(tmp_path)))
