"""The result card: how an answer or a number was made, so that it can be trusted and made again."""

from __future__ import annotations

import contextlib
import hashlib
import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import msgspec

from halluc import __version__
from halluc.errors import InputError, RunError
from halluc.faults import explain
from halluc.jsonl import read_json

# What may differ between the command that began a run and the one that goes on with it.
CIRCUMSTANCES = frozenset({"state", "versions", "device", "cost"})


def card_differences(then: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    """Name each way in which two runs were made differently.

    State, cost, versions and device do not count. A part of the card with a ``hash`` or ``sha256``
    of its own counts by that and those within it alone, so a moved file stays the same file.

    >>> card = {"data": {"name": "a.json", "sha256": "12"}, "decoding": {"seed": 0}}
    >>> moved = {"data": {"name": "b.json", "sha256": "12"}, "decoding": {"seed": 1}}
    >>> list(card_differences(card, moved))
    ['decoding seed 0 → 1']
    >>> revised = {"revision": {"detector": {"file": "a.json", "sha256": "12"}, "threshold": 0.3}}
    >>> other = {"revision": {"detector": {"file": "b.json", "sha256": "12"}, "threshold": 0.5}}
    >>> list(card_differences(revised, other))
    ['revision threshold 0.3 → 0.5']
    """
    old, new = _identity(then), _identity(now)
    for key in {**old, **new}:
        if old.get(key) != new.get(key):
            yield f"{key} {_brief(old.get(key))} → {_brief(new.get(key))}"


def card_key(card: dict[str, Any]) -> str:
    """Tells a run from others, wherever its folder lies: 16 hex digits of its card."""
    lasting = {name: each for name, each in card.items() if name not in CIRCUMSTANCES}
    return hashlib.sha256(msgspec.json.encode(lasting, order="sorted")).hexdigest()[:16]


class _Card(msgspec.Struct):
    """What is read of a card, by type; the rest may be anything."""

    state: Literal["running", "finished"]
    task: str | None = None
    prompt: str | None = None
    samples: str | None = None
    rows: int | None = None
    model: dict[str, Any] | None = None
    adapter: dict[str, Any] | None = None
    data: dict[str, Any] | None = None
    decoding: dict[str, Any] | None = None
    plan: dict[str, Any] | None = None
    revision: dict[str, Any] | None = None
    versions: dict[str, Any] | None = None


def read_card(folder: Path) -> dict[str, Any]:
    """The card of a run.

    Raises:
        RunError: the folder is no run.
        InputError: it cannot be read, or a part of it is damaged.
    """
    path = folder / "run.json"
    if not path.is_file():
        raise RunError(f"{folder} is no run: there is no run.json in it")
    card = read_json(path, dict[str, Any])
    try:
        msgspec.convert(card, _Card)
    except msgspec.ValidationError as error:
        raise InputError(f"no result card: {explain(error)}", path) from None
    return card


def check_place(folder: Path, command: str) -> None:
    """Refuse a folder in which a command would write over what it did not make itself.

    Whoever writes a folder writes a card first that says which command that is; so one that was
    stopped can be given again.

    Args:
        folder: empty, not there yet, or with a ``card.json`` that says what made it.
        command: such as ``halluc data pairs``; its options may follow in the card.

    Raises:
        InputError: it holds other files.
    """
    draft = ".card.json.new"  # all that is there if the first write was killed
    if not folder.exists() or all(each.name == draft for each in folder.iterdir()):
        return
    card = folder / "card.json"
    made_by = read_json(card, dict[str, Any]).get("made by") if card.is_file() else None
    if not str(made_by).startswith(command):
        raise InputError(f"holds other files and nothing by {command}; use another -o", folder)


def now() -> str:
    """The time in UTC, as ISO 8601 to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def versions() -> dict[str, str]:
    """Versions of what an answer depends on; what is not installed is left out."""
    found = {"python": platform.python_version(), "halluc": __version__}
    for name in ("torch", "transformers"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def _identity(card: dict[str, Any]) -> dict[str, Any]:
    """The part of a card that two runs made in the same way share, flat."""
    flat: dict[str, Any] = {}
    for key, value in card.items():
        if key not in CIRCUMSTANCES:
            flat.update(_flat(key, value))
    return flat


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """What a part of a card is known by: its hashes where it has one of its own, else its parts."""
    if isinstance(value, list) and (hashes := list(_hashes(value))):
        yield f"{name} hash", " ".join(hashes)
    elif not isinstance(value, dict):
        yield name, value
    elif value.get("hash") is not None or value.get("sha256") is not None:
        yield f"{name} hash", " ".join(_hashes(value))
    else:
        for key, inner in value.items():
            yield from _flat(f"{name} {key}", inner)


def _hashes(value: Any) -> Iterator[str]:
    """The hashes in a part of a card, in order."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("hash", "sha256"):
                yield str(inner)
            else:
                yield from _hashes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _hashes(inner)


def _brief(value: Any) -> str:
    """A value of the card in few characters."""
    text = "none" if value is None else str(value)
    return text if len(text) <= 40 else text[:12] + "…"
