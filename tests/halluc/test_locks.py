"""Two at one place, and a crash in the midst of a folder."""

from __future__ import annotations

import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from halluc.errors import InputError, RunError
from halluc.jsonl import write_atomically
from halluc.locks import alone, whole_folder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")


def test_two_that_write_one_file_both_do(tmp_path: Path) -> None:
    file = tmp_path / "file"

    def work(letter: bytes) -> None:
        for _ in range(20):
            write_atomically(file, [letter * 5000] * 20)
            content = file.read_bytes()
            assert len(content) == 100_000 and len(set(content)) == 1

    with ThreadPoolExecutor(2) as both:
        list(both.map(work, [b"a", b"b"]))
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_what_a_crash_left_beside_a_file_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / ".file.new").write_bytes(b"half of a long content")
    write_atomically(tmp_path / "file", [b"whole"])
    (tmp_path / "other").write_bytes(b"mine")
    (tmp_path / ".file.new").symlink_to("other")
    write_atomically(tmp_path / "file", [b"again"])
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {
        "file": b"again",
        "other": b"mine",
    }


def test_a_folder_is_whole_or_not_there(tmp_path: Path) -> None:
    folder = tmp_path / "made"
    with pytest.raises(KeyError), whole_folder(folder) as draft:
        (draft / "half").write_text("")
        raise KeyError
    assert list(tmp_path.iterdir()) == []
    (tmp_path / ".made.draft" / "crashed").mkdir(parents=True)
    (tmp_path / ".made.draft" / "file").write_text("")
    with whole_folder(folder) as draft:
        (draft / "whole").write_text("")
        assert not folder.exists()
    assert [each.relative_to(tmp_path) for each in tmp_path.rglob("*")] == [
        Path("made"),
        Path("made/whole"),
    ]
    with pytest.raises(InputError, match="made: holds other files; use another --bundle"):
        whole_folder(folder, "--bundle").__enter__()


def test_of_two_that_make_a_folder_the_later_one_is_refused(tmp_path: Path) -> None:
    def work(number: int) -> str:
        try:
            with whole_folder(tmp_path / "made") as draft:
                (draft / str(number)).write_text("")
                (draft / "same").write_text(str(number))
        except InputError as error:
            return str(error)
        return ""

    for _ in range(10):
        with ThreadPoolExecutor(2) as both:
            told = list(both.map(work, [0, 1]))
        assert told.count("") == 1 and "holds other files" in "".join(told)
        first = told.index("")
        assert {each.name for each in (tmp_path / "made").iterdir()} == {str(first), "same"}
        shutil.rmtree(tmp_path / "made")
        assert list(tmp_path.iterdir()) == []


def test_who_does_not_wait_is_told(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(RunError, match="another process is at work on it"):
        alone(tmp_path, wait=False).__enter__()
    with alone(tmp_path, wait=False):
        pass
