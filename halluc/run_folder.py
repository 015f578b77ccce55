"""The folder of a run: made in one step, its answers read, a torn last line cut off."""

from __future__ import annotations

import os
import shutil
from io import FileIO
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from halluc.card import now
from halluc.errors import InputError, RunError
from halluc.jsonl import BAD_JSON, check_plain, reason, sync_folder, write_json, write_jsonl
from halluc.locks import alone
from halluc.records import Response, Sample, decode_response


def read_responses(file: Path, tokens: bool = True) -> tuple[list[tuple[int, Response]], int, int]:
    """The numbered answers of a file, how many of its bytes hold them, and how many were mended.

    What is mended are numbers that are none, see `halluc.records.decode_response`.

    Raises:
        InputError: a line other than the last is damaged; names it.
    """
    numbered: list[tuple[int, Response]] = []
    sound = mended = 0
    if not file.exists():
        return numbered, sound, mended
    try:
        check_plain(file)
        with file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    if line.strip():
                        read = decode_response(line)
                        mended += (b'"tokens":' in line and not read.tokens) or (
                            b'"answers":' in line and not read.answers
                        )
                        if not tokens:
                            read = replace(read, tokens=(), top_logprobs=(), without_picture=())
                        numbered.append((number, read))
                except BAD_JSON as error:
                    if line.endswith(b"\n"):
                        raise InputError(str(error), file, number) from None
                    break  # only the last line can lack its end
                sound += len(line)
    except OSError as error:
        raise InputError(reason(error), file) from None
    return numbered, sound, mended


def cut_torn_line(file: FileIO) -> None:
    """Cut off what a crash left after the last whole answer, and end that one's line."""
    _, sound, _ = read_responses(Path(file.name))
    file.truncate(sound)
    file.seek(max(sound - 1, 0))
    if sound and file.read(1) != b"\n":
        file.write(b"\n")


def check_folder(path: Path) -> None:
    """Refuse a folder where no run can be made, before any model runs.

    Raises:
        RunError: says why.
    """
    if path.is_dir() and any(path.iterdir()):
        raise RunError(f"{path} holds other files and is no run; use another -o")
    if path.exists() and not path.is_dir():
        raise RunError(f"{path} is a file; a run is a folder, use another -o")
    parent = next(each for each in path.absolute().parents if each.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise RunError(f"{path} cannot be made: {parent} is no folder that can be written")


def create(path: Path, card: dict[str, Any], samples: list[Sample]) -> None:
    """Make the folder of a run in one step: others see a run or nothing.

    Raises:
        RunError: it cannot be made.
    """
    whole = path.absolute()
    draft = whole.with_name(f".{whole.name}.draft")  # one that a crash left is taken up
    try:
        whole.parent.mkdir(parents=True, exist_ok=True)
        draft.mkdir(exist_ok=True)
        try:
            with alone(draft):
                write_jsonl(draft / "samples.jsonl", samples)
                write_jsonl(draft / "times.jsonl", [{"what": "created", "at": now()}])
                (draft / "responses.jsonl").write_bytes(b"")
                write_json(draft / "run.json", card)
                draft.rename(whole)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        sync_folder(whole.parent)
    except OSError as error:
        if (whole / "run.json").is_file():
            raise RunError(f"{path}: another process is at work on this run") from None
        raise RunError(f"{path} cannot be made: {reason(error)}") from None


def ordered(samples: list[Sample], responses: list[Response]) -> list[Response]:
    """The answers in the samples' order."""
    place = {sample.id: number for number, sample in enumerate(samples)}
    return sorted(responses, key=lambda response: place[response.id])
