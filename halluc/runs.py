"""A run on disk: a folder of plain files that is appended to, resumed, finished and read.

=================  ==============================================================================
run.json           the result card: model and its hash, task, prompt, decoding, data, versions, …
samples.jsonl      the samples asked, with their truth, so that the folder stands alone
responses.jsonl    the answers, flushed to disk batch by batch; in the samples' order once finished
findings.jsonl     claims with verdicts, written by a metric
scores.json        for each metric, how it was scored and its figures
times.jsonl        when it was begun, gone on with and finished; all else is the same bytes
                   however often the run was interrupted
=================  ==============================================================================

The folder appears with the first answer, so a command that fails before leaves nothing behind.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import FileIO
from itertools import chain, groupby
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from halluc.card import card_differences, now, versions
from halluc.errors import InputError, RunError
from halluc.jsonl import (
    BAD_JSON,
    append_durably,
    read_json,
    read_jsonl,
    reason,
    sync_folder,
    write_atomically,
    write_json,
    write_jsonl,
)
from halluc.locks import alone, lock
from halluc.records import Finding, Response, Sample, Score


@dataclass
class Run:
    """A run; made by `open_run` (to write) or `read_run` (to read).

    Attributes:
        path: its folder.
        card: the result card.
        samples: what is asked, in order.
        responses: the answers so far.
        note: one line on what was mended while reading, else empty.
    """

    path: Path
    card: dict[str, Any]
    samples: list[Sample]
    responses: list[Response] = field(default_factory=list)
    note: str = ""
    _file: FileIO | None = field(default=None, repr=False)
    _resumed: dict[str, Any] | None = field(default=None, repr=False)
    _open: set[str] | None = field(default=None, repr=False)  # ids without an answer

    @property
    def finished(self) -> bool:
        """Whether the run was finished and every sample has its answer."""
        return self.card["state"] == "finished" and not self.pending()

    def pending(self) -> list[Sample]:
        """The samples without an answer, in order."""
        done = {response.id for response in self.responses}
        return [sample for sample in self.samples if sample.id not in done]

    def append(self, responses: Iterable[Response]) -> None:
        """Add answers; they are on the disk when this returns.

        Raises:
            RunError: the folder cannot be written, or another process writes it.
            ValueError: an answer to no sample of the run, or a second one to the same.
        """
        responses = list(responses)
        if self._open is None:
            self._open = {sample.id for sample in self.pending()}
        new: set[str] = set()
        for response in responses:
            if response.id not in self._open or response.id in new:
                raise ValueError(f"{response.id!r} is no open sample of {self.path}")
            new.add(response.id)
        if self._file is None:
            _create(self)
            self._file = lock(self.path)
        if self._resumed:
            self._note_time(self._resumed)
            self._resumed = None
        encode = msgspec.json.Encoder().encode
        content = b"".join(encode(response) + b"\n" for response in responses)
        try:
            append_durably(self._file, content)
        except OSError as error:
            raise RunError(
                f"{self.path}: {reason(error)}; the answers before are kept, and once that is "
                "mended the same command goes on"
            ) from None
        self.responses.extend(responses)
        self._open -= new

    def finish(self) -> None:
        """Put the answers in the samples' order and mark the run as finished.

        Raises:
            ValueError: samples are still without an answer.
        """
        if pending := self.pending():
            raise ValueError(f"{len(pending)} samples of {self.path} have no answer")
        if not self.path.exists():  # a run of no samples
            _create(self)
        self.responses = _ordered(self.samples, self.responses)
        write_jsonl(self.path / "responses.jsonl", self.responses)
        self._note_time({"what": "finished", "at": now()})
        card = {**self.card, "state": "finished"}
        write_json(self.path / "run.json", card)
        self.card = card
        self.close()

    def close(self) -> None:
        """Let other processes go on with the run."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def times(self) -> list[dict[str, Any]]:
        """When it was ``created``, ``resumed`` and ``finished`` (as ``what``), in UTC (``at``).

        Versions and device stand with a time where they were not those of the card.

        Raises:
            InputError: times.jsonl is damaged.
        """
        file = self.path / "times.jsonl"
        return [each for _, each in read_jsonl(file, dict[str, Any])] if file.exists() else []

    def _note_time(self, time: dict[str, Any]) -> None:
        write_jsonl(self.path / "times.jsonl", [*self.times(), time])

    def scores(self) -> dict[str, Any]:
        """What `write_scores` wrote: metric → ``{"how": …, "scores": [Score, …]}``.

        Raises:
            InputError: scores.json is damaged.
        """
        file = self.path / "scores.json"
        return read_json(file, dict[str, Any]) if file.exists() else {}

    def write_scores(self, scores: list[Score], how: dict[str, Any]) -> None:
        """Keep the figures of a metric with how they were made.

        Figures of other metrics stay, older ones of the same metric are replaced.
        """
        fresh = {
            metric: {"how": how, "scores": [score for score in scores if score.metric == metric]}
            for metric in dict.fromkeys(score.metric for score in scores)
        }
        with alone(self.path):
            write_json(self.path / "scores.json", {**self.scores(), **fresh})

    def findings(self, metric: str | None = None) -> list[Finding]:
        """What `write_findings` wrote, of one metric or of all.

        Raises:
            InputError: findings.jsonl is damaged.
        """
        return [each for each in self._findings() if metric in (None, each.metric)]

    def findings_by_answer(self, metric: str) -> Iterator[tuple[str, list[Finding]]]:
        """What a metric found in each answer that claims anything, by the answer's id, in a stream.

        Raises:
            InputError: findings.jsonl is damaged, or what belongs to an answer stands apart.
        """
        seen = set[str]()
        mine = (each for each in self._findings() if each.metric == metric)
        for id, some in groupby(mine, key=lambda each: each.id):
            if id in seen:
                raise InputError(
                    f"the findings of {id!r} stand apart; find them anew with: halluc score "
                    f"{metric} {self.path}",
                    self.path / "findings.jsonl",
                )
            seen.add(id)
            yield id, list(some)

    def _findings(self) -> Iterator[Finding]:
        file = self.path / "findings.jsonl"
        return (each for _, each in read_jsonl(file, Finding)) if file.exists() else iter(())

    def write_findings(self, metric: str, findings: Iterable[Finding]) -> None:
        """Keep claims with their verdicts.

        Findings of other metrics stay, older ones of the same metric are replaced.
        """
        encode = msgspec.json.Encoder().encode
        self.write_finding_lines(metric, (encode(each) + b"\n" for each in findings))

    def write_finding_lines(self, metric: str, lines: Iterable[bytes]) -> None:
        """As `write_findings`, of findings that are lines of JSON already."""
        encode = msgspec.json.Encoder().encode
        with alone(self.path):
            others = (encode(each) + b"\n" for each in self._findings() if each.metric != metric)
            write_atomically(self.path / "findings.jsonl", chain(others, lines))


def open_run(folder: str | Path, card: dict[str, Any], samples: list[Sample]) -> Run:
    """Begin a run, or go on with it where the folder holds one made in the same way.

    Two runs are made in the same way when their cards agree (`halluc.card`) and their samples
    are the same.

    Args:
        folder: where; made with the first answer.
        card: the result card. State, versions and the samples' hash are added here; a run on the
            samples of another keeps that one's hash, if the card has it.
        samples: what to ask, in order.

    Raises:
        RunError: the folder is no run, holds a run made otherwise, or another process writes it.
        InputError: two samples have the same id, or a file of the run is damaged.
    """
    path = Path(folder)
    seen: set[str] = set()
    for sample in samples:
        if sample.id in seen:
            raise InputError(f"two samples have the id {sample.id!r}")
        seen.add(sample.id)
    content = b"".join(msgspec.json.encode(sample) + b"\n" for sample in samples)
    made = {"rows": len(samples), "samples": hashlib.sha256(content).hexdigest()}
    card = {**made, **msgspec.to_builtins(card), "versions": versions()}
    if not (path / "run.json").is_file():
        _check_place(path)
        return Run(path, {**card, "state": "running"}, samples)

    file = lock(path)  # before reading, so that nobody writes in between
    try:
        run = read_run(path)
        if differences := ", ".join(card_differences(run.card, card)):
            raise RunError(f"{path} is a run made otherwise ({differences}); use another -o")
        _mend(file)
    except OSError as error:
        file.close()
        raise RunError(f"{path}: {reason(error)}") from None
    except BaseException:
        file.close()
        raise
    run._file = file
    new = {key: card[key] for key in ("versions", "device") if card.get(key) != run.card.get(key)}
    run._resumed = {"what": "resumed", "at": now(), **new}
    return run


def read_run(folder: str | Path, *, tokens: bool = True) -> Run:
    """Read a run, finished or not.

    Answers come in the samples' order. A last line that a crash cut short is left out and
    ``note`` says so.

    Args:
        folder: of the run.
        tokens: keep the answers' tokens; without them, a run takes a fifth of the memory.

    Raises:
        RunError: the folder is no run.
        InputError: a file of it is damaged; names file and line.
    """
    path = Path(folder)
    if not (path / "run.json").is_file():
        raise RunError(f"{path} is no run: there is no run.json in it")
    card = read_json(path / "run.json", dict[str, Any])
    if card.get("state") not in ("running", "finished"):
        raise InputError('no result card: "state" is missing', path / "run.json")
    samples = [sample for _, sample in read_jsonl(path / "samples.jsonl", Sample)]
    run = Run(path, card, samples)
    file = path / "responses.jsonl"
    numbered, sound = _read_responses(file, tokens)
    known, seen = {sample.id for sample in samples}, set[str]()
    for number, response in numbered:
        if response.id in seen:
            raise InputError(f"a second answer to {response.id!r}; remove one", file, number)
        if response.id not in known:
            raise InputError(f"{response.id!r} is not in samples.jsonl", file, number)
        seen.add(response.id)
    run.responses = _ordered(samples, [response for _, response in numbered])
    if file.exists() and sound < file.stat().st_size:
        run.note = f"{file}: the last line was cut short by a crash and is left out"
    return run


def _read_responses(file: Path, tokens: bool = True) -> tuple[list[tuple[int, Response]], int]:
    """The numbered answers of a file, and how many of its bytes hold them."""
    decoder = msgspec.json.Decoder(Response)
    numbered: list[tuple[int, Response]] = []
    sound = 0
    if not file.exists():
        return numbered, sound
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    if line.strip():
                        read = decoder.decode(line)
                        numbered.append((number, read if tokens else replace(read, tokens=())))
                except BAD_JSON as error:
                    if line.endswith(b"\n"):
                        raise InputError(str(error), file, number) from None
                    break  # only the last line can lack its end
                sound += len(line)
    except OSError as error:
        raise InputError(reason(error), file) from None
    return numbered, sound


def _mend(file: FileIO) -> None:
    """Cut off what a crash left after the last whole answer, and end that one's line."""
    _, sound = _read_responses(Path(file.name))
    file.truncate(sound)
    file.seek(max(sound - 1, 0))
    if sound and file.read(1) != b"\n":
        file.write(b"\n")


def _check_place(path: Path) -> None:
    """Refuse a place where no run can be made, before any model runs."""
    if path.is_dir() and any(path.iterdir()):
        raise RunError(f"{path} holds other files and is no run; use another -o")
    if path.exists() and not path.is_dir():
        raise RunError(f"{path} is a file; a run is a folder, use another -o")
    parent = next(each for each in path.absolute().parents if each.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise RunError(f"{path} cannot be made: {parent} is no folder that can be written")


def _create(run: Run) -> None:
    """Make the folder in one step: others see a run or nothing."""
    path = run.path.absolute()
    draft = path.with_name(f".{path.name}.draft")  # one that a crash left is taken up
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.mkdir(exist_ok=True)
        try:
            with alone(draft):
                write_jsonl(draft / "samples.jsonl", run.samples)
                write_jsonl(draft / "times.jsonl", [{"what": "created", "at": now()}])
                (draft / "responses.jsonl").write_bytes(b"")
                write_json(draft / "run.json", run.card)
                draft.rename(path)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        sync_folder(path.parent)
    except OSError as error:
        raise RunError(f"{run.path} cannot be made: {reason(error)}") from None


def _ordered(samples: list[Sample], responses: list[Response]) -> list[Response]:
    """The answers in the samples' order."""
    place = {sample.id: number for number, sample in enumerate(samples)}
    return sorted(responses, key=lambda response: place[response.id])
