"""What may come of a command on bad input: its answer, or one line that says what is wrong."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

MADE = "made"
"""What a command writes, where it has to write something."""

_MOST = 1000  # characters of a message


def given(command: Sequence[str]) -> list[str]:
    """A command of `readers.FILES`, as its figures are compared."""
    if command[0] == "score":
        return [*command, "--json"]
    if command[0] == "compare":
        return [*command, "--csv"]
    name = {"report": f"{MADE}.html", "data": f"{MADE}.jsonl"}.get(command[0], MADE)
    return [*command, "-o", name]


def figures(command: Sequence[str], folder: Path, out: str) -> Any:
    """What a command found: scores, differences, questions, answers; None: only a page."""
    if command[0] == "score":
        return json.loads(out)["scores"]
    if command[0] == "compare":
        return out
    file = {"data": f"{MADE}.jsonl", "generate": f"{MADE}/responses.jsonl"}.get(command[0])
    return (folder / file).read_bytes() if file else None


def fault(code: int | None, out: str, err: str, codes: Collection[int] = (0, 2)) -> str:
    """What is wrong with an outcome; empty if nothing is."""
    if code is None:
        return "it hangs"
    if "Traceback" in err + out:
        return "a traceback: " + err.strip().splitlines()[-1][:200]
    if code not in codes:
        return f"exit code {code}: {err.strip()[-200:]}"
    one = err.startswith("halluc: ") and err.count("\n") == 1 and len(err) <= _MOST
    if code == 2 and (out or not one or not err.removesuffix("\n").isprintable()):
        return f"no single plain line: {out[:80]!r} {err[:200]!r}"
    return ""


def state(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of all that is in a folder."""
    found = {}
    for each in folder.rglob("*"):
        known = each.lstat()
        found[each.relative_to(folder).as_posix()] = (known.st_size, known.st_mtime_ns)
    return found
