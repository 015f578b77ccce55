"""A run that was read ahead is handed over once, and only as long as it is still the same."""

import os
import shutil

import pytest

from app.inspector import ahead
from app.inspector.columns import open_columns
from halluc.errors import RunError


def test_what_was_read_ahead_is_handed_over_once(runs, monkeypatch):
    folder = str(runs[0])
    ahead.read_ahead(folder)
    monkeypatch.setattr(ahead, "_read", lambda folder: "read now")
    states = ahead.states_of(folder)
    assert ahead.read(folder, states).answers.equals(open_columns(folder).answers)
    assert ahead.read(folder, states) == "read now"


def test_a_run_that_changed_meanwhile_is_read_anew(runs, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(runs[0], copy)
    ahead.read_ahead(str(copy))
    lines = (copy / "responses.jsonl").read_bytes().splitlines(keepends=True)
    (copy / "responses.jsonl").write_bytes(b"".join(lines[:3]))
    os.utime(copy / "responses.jsonl", ns=(1, 1))
    assert len(ahead.read(str(copy), ahead.states_of(str(copy))).answers) == 3


def test_what_is_wrong_with_a_run_is_told_when_it_is_asked_for(tmp_path):
    ahead.read_ahead(str(tmp_path))
    with pytest.raises(RunError, match=r"there is no run\.json in it"):
        ahead.read(str(tmp_path), ahead.states_of(str(tmp_path)))
