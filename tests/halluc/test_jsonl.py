"""Files are replaced in one step, and are on the disk before their names are."""

from __future__ import annotations

import gzip
import os
import stat
from pathlib import Path

import pytest

from halluc.errors import InputError
from halluc.jsonl import (
    append_durably,
    read_jsonl,
    reason,
    sync_folder,
    write_atomically,
    write_jsonl,
)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of the disk, in order."""
    told: list[str] = []
    sync, replace = os.fsync, Path.replace

    def synced(handle: int) -> None:
        folder = stat.S_ISDIR(os.fstat(handle).st_mode)
        told.append("the folder is synced" if folder else "the content is synced")
        sync(handle)

    def replaced(self: Path, target: Path) -> Path:
        told.append("the name is given")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", replaced)
    return told


def test_content_is_on_the_disk_before_its_name(tmp_path: Path, steps: list[str]) -> None:
    write_atomically(tmp_path / "a", [b"one ", b"two"])
    assert steps == ["the content is synced", "the name is given", "the folder is synced"]
    assert (tmp_path / "a").read_bytes() == b"one two"


def test_what_is_added_is_on_the_disk(tmp_path: Path, steps: list[str]) -> None:
    with (tmp_path / "a").open("a+b", buffering=0) as file:
        append_durably(file, b"one")
    assert steps == ["the content is synced"]
    assert (tmp_path / "a").read_bytes() == b"one"


def test_a_write_that_fails_leaves_the_old_content_alone(tmp_path: Path) -> None:
    def parts():  # type: ignore[no-untyped-def]
        yield b"half"
        raise KeyError

    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(KeyError):
        write_atomically(tmp_path / "a", parts())
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {"a": b"old"}
    with pytest.raises(InputError, match="No such file"):
        write_atomically(tmp_path / "nowhere" / "a", [b""])


def test_lines_are_numbered_as_an_editor_does(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b'\xef\xbb\xbf{"n": 1}\n\n \n{"n": 2}\n')
    assert [*read_jsonl(tmp_path / "a", dict)] == [(1, {"n": 1}), (4, {"n": 2})]
    write_jsonl(tmp_path / "a", [{"n": 3}, {"n": 4}])
    assert (tmp_path / "a").read_bytes() == b'{"n":3}\n{"n":4}\n'


def test_what_a_crash_left_is_written_over(tmp_path: Path) -> None:
    (tmp_path / ".a.new").write_bytes(b"half")
    write_atomically(tmp_path / "a", [b"whole"])
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {"a": b"whole"}


@pytest.mark.parametrize("name", ["", ".", "/"])
def test_a_folder_is_no_name_of_a_file(name: str) -> None:
    with pytest.raises(InputError, match="is a folder; give the name"):
        write_atomically(name, [b"x"])


def test_no_file_takes_the_place_of_a_pipe_or_a_device(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/null")
    for name in ("pipe", "link"):
        with pytest.raises(InputError, match="is a pipe or a device"):
            write_atomically(tmp_path / name, [b"x"])
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert {each.name for each in tmp_path.iterdir()} == {"pipe", "link"}


def test_all_of_the_content_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    monkeypatch.setattr(os, "fsync", lambda handle: sizes.append(os.fstat(handle).st_size))
    write_atomically(tmp_path / "a", [b"one ", b"two"])
    assert sizes[0] == 7


def test_what_cannot_be_added_as_a_whole_is_not_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "a").write_bytes(b"one")
    monkeypatch.setattr(os, "fsync", full)
    with (tmp_path / "a").open("a+b", buffering=0) as file, pytest.raises(OSError, match="space"):
        append_durably(file, b"two")
    assert (tmp_path / "a").read_bytes() == b"one"


def test_a_synced_folder_is_closed(tmp_path: Path) -> None:
    handle = os.open(tmp_path, os.O_RDONLY)
    os.close(handle)
    sync_folder(tmp_path)
    again = os.open(tmp_path, os.O_RDONLY)
    os.close(again)
    assert again == handle
    sync_folder(tmp_path / "gone")  # where a system cannot, nothing is said


def test_packed_lines_are_read_by_content(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(gzip.compress(b'{"n": 1}\n', mtime=0))
    assert [*read_jsonl(tmp_path / "a.txt", dict)] == [(1, {"n": 1})]
    (tmp_path / "a.txt").write_bytes(b"\x1f")
    with pytest.raises(InputError, match=r"a\.txt:1: "):
        [*read_jsonl(tmp_path / "a.txt", dict)]


def test_a_name_that_is_not_utf8_is_shown(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the name b\\udcff is not UTF-8; rename"):
        write_jsonl(tmp_path / "a", [{"file": os.fsdecode(b"b\xff")}])
    assert list(tmp_path.iterdir()) == []


def test_what_the_system_says_is_said() -> None:
    assert reason(OSError(2, "No such file")) == "No such file"
    assert reason(OSError("of another kind")) == "of another kind"
