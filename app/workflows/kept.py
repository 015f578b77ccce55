"""Answers that were scored kept as a run beside their figures, wherever they came from."""

from __future__ import annotations

import hashlib
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import msgspec

from halluc.answers.given import Given
from halluc.card import now, read_card, versions
from halluc.datasets.files import file_card
from halluc.errors import InputError
from halluc.jsonl import write_atomically, write_json, write_jsonl
from halluc.records import Answer, Response, Sample
from halluc.thoughts import part_thought

_HELD = 64 << 20
"""Bytes of answers that are held in memory, and not in a file."""


class Keeper:
    """Notes answers and what was asked while a metric goes through them, and writes them as a run.

    Args:
        given: the answers; from here on they pass through this.
        sources: what they were read from.
        folder: of the run.

    Raises:
        InputError: the folder holds a run of other answers.
    """

    def __init__(self, given: Given, sources: Sequence[str], folder: Path) -> None:
        self._given, self._folder = given, folder
        if (folder / "run.json").is_file():
            files = [file_card(each, 0) for each in given.rows or sources] if not given.run else []
            mine = given.run.card if given.run else {"answers": files}
            if _key(read_card(folder)) != _key(mine):
                raise InputError("holds a run of other answers; use another -o", folder)
        self._pairs, self._whole = given.pairs, False
        self._samples, self._responses = (
            tempfile.SpooledTemporaryFile(_HELD)  # noqa: SIM115 (closed with this)
            for _ in "ab"
        )
        # Whatever happens, the files are closed when nothing goes through the answers any more.
        for file in (self._samples, self._responses):
            weakref.finalize(self, file.close)
        self._told = {each.id: each for each in given.run.responses} if given.run else {}
        given.pairs = self

    def __iter__(self) -> Iterator[tuple[Sample, Answer]]:
        """The pairs; the first time that they are gone through they are noted."""
        if self._whole:
            yield from self._pairs
            return
        self._forget()
        encode = msgspec.json.Encoder().encode
        for sample, answer in self._pairs:
            self._samples.write(encode(sample) + b"\n")
            self._responses.write(encode(self._response(sample, answer)) + b"\n")
            yield sample, answer
        self._whole = True

    def _forget(self) -> None:
        for file in (self._samples, self._responses):
            file.seek(0)
            file.truncate()

    def _response(self, sample: Sample, answer: Answer) -> Response:
        """The answer as a run holds it; one of a run is what it was."""
        if own := self._told.get(sample.id):
            return own
        thought, text = part_thought(answer.text)
        return Response(
            id=sample.id, text=text, prompt=answer.prompt or sample.prompt or "",
            image=sample.image, split=sample.split, finish=answer.finish, thought=thought,
        )  # fmt: skip

    def write(self, task: str) -> None:
        """Write samples, answers and the result card, which says what is known and no more.

        Args:
            task: what was asked.
        """
        if not self._whole:  # the answers were read before, while they were joined
            for _ in self:
                pass
        self._folder.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        rows = 0
        for line in _lines(self._samples):
            digest.update(line)
            rows += 1
        made = {"rows": rows, "samples": digest.hexdigest(), "task": task}
        given = self._given
        own: dict[str, Any] = given.run.card if given.run else {"answers": given.files}
        if given.truth is not None:
            own = {**own, "truth": given.truth}
        if not (self._folder / "run.json").is_file():
            write_jsonl(self._folder / "times.jsonl", [{"what": "created", "at": now()}])
        for name, file in (("samples", self._samples), ("responses", self._responses)):
            write_atomically(self._folder / f"{name}.jsonl", _lines(file))
        card = {**own, **made, "versions": own.get("versions") or versions(), "state": "finished"}
        write_json(self._folder / "run.json", msgspec.to_builtins(card))


def _key(card: dict[str, Any]) -> Any:
    """Tells the answers of a card from others."""
    if files := card.get("answers"):
        return sorted(each["sha256"] for each in files)
    return [card.get(name) for name in ("samples", "model", "decoding", "prompt", "revision")]


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    return iter(file)
