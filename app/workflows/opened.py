"""A file of answers made a run that can be looked at: what it holds is seen, and it is scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.workflows.kept import Keeper
from app.workflows.score import score
from halluc.answers.files import read_answers, read_captions
from halluc.answers.given import Given
from halluc.answers.kinds import answers_kind
from halluc.errors import InputError
from halluc.plugins import load_plugin, plugins
from halluc.records import Sample
from metrics.tasks import CAPTION

# What a file holds, as `answers_kind` says it → the metrics that score it.
_METRICS = {"captions": ("finegrained", "chair"), "questions": ("pope",)}


@dataclass(frozen=True)
class Opened:
    """A file of answers as a run.

    Attributes:
        folder: of the run.
        what: the file holds, in words.
        metrics: that scored it; none without ground truth.
    """

    folder: Path
    what: str
    metrics: tuple[str, ...]

    def __str__(self) -> str:
        """For people."""
        done = f"scored with {' and '.join(self.metrics)}" if self.metrics else "not scored"
        why = "" if self.metrics else "; its ground truth is not given"
        return f"{self.what}, {done}{why}"


def open_answers(source: Path, truth: Sequence[str], folder: Path) -> Opened:
    """Make a run of a file or folder of answers, in any form that a metric reads.

    What has no answer, or no ground truth, is left out, and the figures' card counts it.

    Args:
        source: the answers.
        truth: sources of ground truth, as `halluc score` takes them.
        folder: of the new run; empty, or not there.

    Raises:
        InputError: it is no file of answers, or it does not fit the ground truth.
    """
    if not source.exists():
        raise InputError("no such file or folder", source)
    what, metrics = _metrics(source, truth)
    told = bool(truth) or metrics[:1] not in [("finegrained",), ("pope",)]
    if metrics == ("pope",) and not truth:
        told = any(each.own and each.own.truth for each in read_answers(source))
    if not told:
        _keep_alone(source, folder, captions=metrics != ("pope",))
        return Opened(folder, what, ())
    for metric in metrics:
        score(source, metric, truth=truth, allow_missing=True, output=folder)
    return Opened(folder, what, metrics)


def _metrics(source: Path, truth: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """What a file holds, and the metrics for it."""
    what, right = answers_kind(source)
    for name in plugins("metrics"):
        if load_plugin("metrics", name).fits(str(source), truth):
            return what or f"answers for {name}", (name,)
    if not what:
        return "captions", _METRICS["captions"]  # of few words; the reader says what else it is
    if not right and _has_labels(source):
        return "yes/no answers", _METRICS["questions"]
    if not right:
        raise InputError(f"holds {what}; see `halluc score --help` for what is read", source)
    return what, _METRICS.get(right[0], right[:1])


def _has_labels(source: Path) -> bool:
    """Whether these are answers that stand beside what was asked and its right answer."""
    try:
        return any(each.own for each in read_answers(source))
    except InputError:
        return False


def _keep_alone(source: Path, folder: Path, *, captions: bool) -> None:
    """A run of answers of which nothing is known to be true."""
    answers = read_captions(source) if captions else read_answers(source)
    pairs = [(each.own or Sample(id=str(each.id), prompt=each.prompt), each) for each in answers]
    given = Given(None, pairs)
    given.rows[source] = len(pairs)
    task = CAPTION if captions else load_plugin("metrics", "pope").task
    Keeper(given, [str(source)], folder).write(task.name)
