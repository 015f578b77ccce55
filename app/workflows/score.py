"""A run or files of answers scored with a metric: read, measured, with intervals, kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from platform import python_version
from typing import TYPE_CHECKING, Any

import msgspec

from app.workflows.kept import Keeper
from halluc import __version__
from halluc.answers.given import Given, count_lacks
from halluc.answers.kinds import answers_hint, truth_hint
from halluc.errors import InputError
from halluc.html import table_html
from halluc.jsonl import reason
from halluc.plugins import load_plugin, plugins
from halluc.records import Score
from halluc.runs import Run
from halluc.statistics import INTERVALS, with_intervals
from halluc.work import Spread, in_process
from metrics.protocol import Measured, Metric, Table, drop
from metrics.tasks import CAPTION

if TYPE_CHECKING:
    import pandas as pd

TRUTH_OF_RUN = "the run's samples"


@dataclass(frozen=True)
class Scored:
    """Figures of a metric with how they were made.

    Attributes:
        metric: with its options.
        scores: the figures, with their 95 % intervals.
        how: the result card.
        given: the answers that were scored.
        measured: what the metric said.
    """

    metric: Metric
    scores: list[Score]
    how: dict[str, Any]
    given: Given
    measured: Measured

    def __repr__(self) -> str:
        """Short, for a prompt of Python or a log: the figures."""
        shown = (
            f"{', '.join(filter(None, (each.split, each.name)))} "
            f"{'undefined' if each.value is None else f'{each.value:.4g}'}"
            for each in self.scores
        )
        return f"Scored({self.metric.name}: {'; '.join(shown)})"

    def figure(self, name: str, split: str = "") -> float | None:
        """The value of one figure; None where it is undefined.

        Raises:
            KeyError: there is no such figure.
        """
        for score in self.scores:
            if (score.name, score.split) == (name, split):
                return score.value
        known = ", ".join(", ".join(filter(None, (each.split, each.name))) for each in self.scores)
        what = ", ".join(filter(None, (split, name)))
        raise KeyError(f"{self.metric.name} has no figure {what!r}; it has {known}")

    def tables(self) -> Iterator[Table]:
        """The figures for a person."""
        return self.metric.tables(self.scores, self.given)

    def document(self) -> dict[str, Any]:
        """Everything, for a program."""
        return {"how": self.how, "scores": self.scores, **self.measured.extra}

    def to_pandas(self) -> pd.DataFrame:
        """A row a figure: metric, split, name, value, low, high, numerator, denominator, …."""
        import pandas as pd

        fields = Score.__struct_fields__
        rows = [[getattr(each, name) for name in fields] for each in self.scores]
        return pd.DataFrame(rows, columns=list(fields))

    def _repr_html_(self) -> str:
        """As a notebook shows it."""
        parts = [table_html(each.rows, each.title) for each in self.tables()]
        made = [[name, brief(value)] for name, value in self.how.items()]
        return "".join([*parts, table_html([["made", "how"], *made])])


def find_metric(metric: str | Metric, **options: Any) -> Metric:
    """A metric by its name, with its options.

    Raises:
        InputError: there is no such metric, or it has no such option or value.
    """
    if isinstance(metric, Metric):
        return msgspec.structs.replace(metric, **options) if options else metric
    kind = load_plugin("metrics", metric)
    if strange := [each for each in options if each not in kind.__struct_fields__]:
        known = ", ".join(kind.__struct_fields__) or "none"
        raise InputError(f"{metric} has no option {strange[0]!r}; its options are {known}")
    made: Metric = kind(**options)
    return made


def metrics_of_task(task: str) -> list[type[Metric]]:
    """The metrics that score answers to a task, those that are compared by default first."""
    kinds = [load_plugin("metrics", name) for name in plugins("metrics")]
    mine = [kind for kind in kinds if kind.task.name == task]
    return sorted(mine, key=lambda kind: not kind.by_default)


def next_command(task: str, run: str | Path) -> str:
    """The command that scores a run of a task, or what a judge's replies in it are about."""
    if kinds := metrics_of_task(task):
        return f"halluc score {kinds[0].name} {run}"
    every = (load_plugin("metrics", name) for name in plugins("metrics"))
    kind = next(kind for kind in every if kind.judges and kind.judges.name == task)
    return f"halluc score {kind.name} ANSWERS --judged {run}, with the answers that were judged"


def score(
    answers: str | Path | Run | Sequence[str | Path],
    metric: str | Metric,
    *,
    truth: str | Path | Sequence[str | Path] = (),
    allow_missing: bool = False,
    keep_thinking: bool = False,
    output: str | Path | None = None,
    spread: Spread = in_process,
    **options: Any,
) -> Scored:
    """Score a run or files of answers with a metric.

    Example: ``score("answers.jsonl", "pope", truth="coco_pope_random.json")``

    Args:
        answers: a run (its folder, or as `read_run` gives it), a file of answers, or several files.
        metric: its name, as `halluc list metrics` shows it, or a metric with its options.
        truth: ground truth that answers are scored against; default: what the run holds.
        allow_missing: leave out what has no answer and what was not asked, and count it.
        keep_thinking: score the thought of a reasoning model with its answer, instead of the answer
            alone.
        output: folder for a run of the answers with their figures and findings; default: of a run,
            its own folder gets these two.
        spread: where the work is done; see `app.engine.connect.open_cluster`.
        options: of the metric, such as ``parser="vlmevalkit"``.

    Returns:
        The figures with their 95 % intervals.

    Raises:
        RunError: a folder is no run.
        InputError: something cannot be read, or answers and ground truth do not fit.
    """
    made = find_metric(metric, **options)
    sources, truths = _names(answers), _names(truth)

    @cache
    def place() -> Run | None:  # made when there is something to write
        return place_of(given.run, None if output is None else Path(output))

    def keep(lines: Iterable[bytes]) -> None:
        if (folder := place()) is None:
            drop(lines)
        else:
            folder.write_finding_lines(made.name, lines)

    try:
        given = made.read(sources, truths, allow_missing=allow_missing)
        keeper = None if output is None else Keeper(given, sources, Path(output))
        if keep_thinking:
            given.with_thoughts()
        measured = made.measure(given, spread, keep)
    except InputError as error:
        raise error.with_hint(_hint(made, sources, truths)) from None
    how = result_card(made.edition or made.name, given, measured.settings) | measured.notes
    how |= _told(given, measured)
    if given.lacks:
        how["no answer"] = count_lacks(given.lacks.values(), sum(given.rows.values()))
    scores = []
    for number, counted in enumerate(measured.counted):
        found = with_intervals(counted)
        scores += found
        if (folder := place()) is not None:
            way = measured.ways[number] if measured.ways else {}
            folder.write_scores(found, how | way)
    if keeper:
        keeper.write(made.task.name)
    return Scored(made, scores, how, given, measured)


def _hint(metric: Metric, sources: Sequence[str], truths: Sequence[str]) -> str:
    """What was given instead of what is wanted, where that can be seen; else empty."""
    hint = truth_hint(truths[0], metric.name) if truths else ""
    if hint or (Path(sources[0]) / "run.json").is_file():
        return hint
    return answers_hint(sources[0], metric.name, captions=metric.task is CAPTION)


def _told(given: Given, measured: Measured) -> dict[str, Any]:
    """What a reader of the figures should know of the answers, for the card."""
    told: dict[str, Any] = {}
    if given.thinking:
        done = "kept" if given.keep_thinking else "left out"
        told["thinking"] = f"{done}, of {len(given.thinking)} answers"
    if measured.warnings:
        told["warning"] = list(measured.warnings)
    return told


def _names(given: str | Path | Run | Sequence[str | Path]) -> list[str]:
    if isinstance(given, Run):
        return [str(given.path)]
    return [str(given)] if isinstance(given, str | Path) else [str(each) for each in given]


def place_of(run: Run | None, output: Path | None) -> Run | None:
    """Where figures and findings are kept: the output folder, else the run, if either is given.

    Raises:
        InputError: the folder cannot be made.
    """
    if output is None:
        return run
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(reason(error), output) from None
    return Run(output, {}, [])  # scores of files are kept in the same form


def result_card(metric: str, given: Given, settings: dict[str, Any]) -> dict[str, Any]:
    """How figures were made, kept and shown with them.

    Args:
        metric: the metric and its edition, in words.
        given: the answers. A run's model, prompt, decoding and seed go into the card; name, SHA-256
            and row count of each file, too.
        settings: what else decides the figures (parser, compat, …).
    """
    run = given.run
    card: dict[str, Any] = {
        "metric": metric, **settings, "intervals": INTERVALS, "answers": given.files,
    }  # fmt: skip
    if given.truth is not None:
        card["truth"] = given.truth
    elif run is not None and "samples" in run.card:
        sha256, number = run.card["samples"], run.card["rows"]
        card["truth"] = {"file": TRUTH_OF_RUN, "sha256": sha256, "rows": number}
    if run is not None:
        for name in ("model", "data", "prompt", "decoding"):
            if run.card.get(name):
                card[name] = run.card[name]
    return {**card, "versions": {"python": python_version(), "halluc": __version__}}


def brief(part: Any) -> str:
    """A part of a result card in few words."""
    if isinstance(part, list):
        return "; ".join(map(brief, part))
    if not isinstance(part, dict):
        return str(part)
    if {"file", "sha256", "rows"} <= part.keys():
        edition = f", {part['edition']}" if "edition" in part else ""
        return f"{part['file']} ({part['rows']} rows, sha256 {part['sha256'][:12]}{edition})"
    if "name" in part:
        digest = part.get("sha256") or part.get("hash")
        return str(part["name"]) + (f" (hash {digest[:12]})" if digest else "")
    return ", ".join(f"{key} {value}" for key, value in part.items() if value is not None)
