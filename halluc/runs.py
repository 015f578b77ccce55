"""A run on disk: a folder of plain files that is appended to, resumed, finished and read.

=================  ==============================================================================
run.json           the result card: model and its hash, task, prompt, decoding, data, versions, …
samples.jsonl      the samples asked, with their truth, so that the folder stands alone
responses.jsonl    the answers, flushed to disk batch by batch; in the samples' order once finished
findings.jsonl     claims with verdicts, written by a metric
scores.json        for each metric, how it was scored and its figures
times.jsonl        when it was begun, continued and finished; all else is the same bytes
                   however often the run was interrupted
=================  ==============================================================================

The folder appears with the first answer, so a command that fails before leaves nothing behind.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import FileIO
from itertools import chain, groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from halluc.card import card_differences, now, read_card, versions
from halluc.errors import InputError, RunError
from halluc.html import table_html
from halluc.jsonl import (
    append_durably,
    read_json,
    read_jsonl,
    reason,
    write_atomically,
    write_json,
    write_jsonl,
)
from halluc.locks import alone, lock
from halluc.records import Finding, Response, Sample, Score, cost_of, told_numbers
from halluc.run_folder import check_folder, create, cut_torn_line, ordered, read_responses

if TYPE_CHECKING:
    import pandas as pd

_NO_WRITE = (errno.EROFS, errno.EACCES, errno.EPERM)
# Answers that a notebook shows.
_SHOWN = 5


class _Kept(msgspec.Struct):
    """What scores.json holds of a metric."""

    how: dict[str, Any] = {}
    scores: list[dict[str, Any]] = []


@dataclass
class Run:
    """A run; made by `open_run` (to write) or `read_run` (to read).

    Attributes:
        path: its folder.
        card: the result card.
        samples: what is asked, in order.
        responses: the answers so far.
        note: one line on what was repaired while reading, else empty.
    """

    path: Path
    card: dict[str, Any]
    samples: list[Sample]
    responses: list[Response] = field(default_factory=list)
    note: str = ""
    _file: FileIO | None = field(default=None, repr=False)
    _resumed: dict[str, Any] | None = field(default=None, repr=False)
    _open: set[str] | None = field(default=None, repr=False)  # ids without an answer

    def __repr__(self) -> str:
        """Short, for a prompt of Python or a log."""
        return f"Run({str(self.path)!r}: {len(self.responses)} of {len(self.samples)} answers)"

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
        responses = [told_numbers(each) for each in responses]
        if self._open is None:
            self._open = {sample.id for sample in self.pending()}
        new: set[str] = set()
        for response in responses:
            if response.id not in self._open or response.id in new:
                raise ValueError(f"{response.id!r} is no open sample of {self.path}")
            new.add(response.id)
        if self._file is None:
            create(self.path, self.card, self.samples)
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
                "repaired the same command continues"
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
            create(self.path, self.card, self.samples)
        self.responses = ordered(self.samples, self.responses)
        write_jsonl(self.path / "responses.jsonl", self.responses)
        self._note_time({"what": "finished", "at": now()})
        card = {**self.card, "state": "finished"}
        if any(each.calls for each in self.responses):
            card["cost"] = cost_of(self.responses)
        write_json(self.path / "run.json", card)
        self.card = card
        self.close()

    def close(self) -> None:
        """Let other processes continue the run."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def to_pandas(self) -> pd.DataFrame:
        """A row an answer: id, image, split, prompt, text, finish, and label where one is known."""
        import pandas as pd

        labels = {s.id: s.truth.label for s in self.samples if s.truth and s.truth.label}
        names = ("id", "image", "split", "prompt", "text", "finish")
        rows = [[getattr(each, name) for name in names] for each in self.responses]
        table = pd.DataFrame(rows, columns=list(names))
        return table.assign(label=table["id"].map(labels)) if labels else table

    def _repr_html_(self) -> str:
        """As a notebook shows it: how it was made, and its first answers."""
        made = [["run", str(self.path)]]
        for name in ("task", "model", "data", "prompt", "state"):
            part = self.card.get(name)
            made.append([name, str(part.get("name") if isinstance(part, dict) else part)])
        shown = [[each.id, each.prompt, each.text] for each in self.responses[:_SHOWN]]
        title = f"{len(self.responses):,} of {len(self.samples):,} answers"
        return table_html(made) + table_html([["id", "prompt", "answer"], *shown], title)

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
        kept = read_json(file, dict[str, _Kept]) if file.exists() else {}
        return {name: msgspec.structs.asdict(each) for name, each in kept.items()}

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
                    f"the findings of {id!r} stand apart; find them again with: halluc score "
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
    """Begin a run, or continue it where the folder holds one made in the same way.

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
        check_folder(path)
        return Run(path, {**card, "state": "running"}, samples)

    try:
        file = lock(path)  # before reading, so that nobody writes in between
    except RunError as error:
        # A finished run is only read, as on a disk where nothing can be written.
        if not isinstance(error.__context__, OSError) or error.__context__.errno not in _NO_WRITE:
            raise
        run = read_run(path)
        if not run.finished or any(card_differences(run.card, card)):
            raise
        return run
    try:
        run = read_run(path)
        if differences := ", ".join(card_differences(run.card, card)):
            raise RunError(f"{path} is a run made otherwise ({differences}); use another -o")
        cut_torn_line(file)
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
    card = read_card(path)
    samples = [sample for _, sample in read_jsonl(path / "samples.jsonl", Sample)]
    run = Run(path, card, samples)
    file = path / "responses.jsonl"
    numbered, sound, mended = read_responses(file, tokens)
    known, seen = {sample.id for sample in samples}, set[str]()
    for number, response in numbered:
        if response.id in seen:
            raise InputError(f"a second answer to {response.id!r}; remove one", file, number)
        if response.id not in known:
            raise InputError(f"{response.id!r} is not in samples.jsonl", file, number)
        seen.add(response.id)
    run.responses = ordered(samples, [response for _, response in numbered])
    if file.exists() and sound < file.stat().st_size:
        run.note = f"{file}: the last line was cut short by a crash and is left out"
    elif mended:
        run.note = f"{file}: {mended} answers had log-probabilities that are none; left out"
    return run
