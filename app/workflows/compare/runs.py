"""Runs or files of answers compared: what `halluc compare` does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.workflows.compare.differences import (
    Compared,
    Comparison,
    MeasuredSides,
    compare_sides,
)
from app.workflows.compare.equal_length import adjusted, at_equal_length
from app.workflows.compare.measures import measure, measure_text
from app.workflows.compare.sides import Side, check_controls, check_same, is_seeds, named_sources
from app.workflows.compare.tables import HEAD, as_markdown, sections
from app.workflows.compare.where import where_all
from app.workflows.compare.words import verdicts
from app.workflows.score import find_metric, metrics_of_task
from halluc.answers.given import Given
from halluc.card import read_card
from halluc.errors import InputError
from halluc.html import table_html
from halluc.plugins import load_plugin, plugins
from metrics.chair_counts import whole_sentences
from metrics.protocol import Metric
from metrics.tasks import CAPTION

if TYPE_CHECKING:
    import pandas as pd


class ComparedRuns(Comparison):
    """A comparison that shows itself in a notebook."""

    def __repr__(self) -> str:
        """Short, for a prompt of Python or a log: the verdicts."""
        names = ", ".join(side.name for side in self.sides)
        return f"ComparedRuns({names}): {' '.join(self.verdicts)}"

    @property
    def verdicts(self) -> list[str]:
        """What the comparison says, in words."""
        return verdicts(self)

    def to_pandas(self) -> pd.DataFrame:
        """A row for each figure and pair of runs; see `Compared` for the columns."""
        import pandas as pd

        fields = Compared.__struct_fields__
        rows = [[getattr(each, name) for name in fields] for each in self.rows]
        return pd.DataFrame(rows, columns=list(fields))

    def to_markdown(self) -> str:
        """The whole report for a page."""
        return as_markdown(self)

    def _repr_html_(self) -> str:
        """As a notebook shows it: the verdict, then a table a metric."""
        said = "".join(f"<li>{escape(each)}</li>" for each in self.verdicts)
        tables = (table_html([HEAD, *rows], title) for title, rows in sections(self))
        return f"<ul>{said}</ul>{''.join(tables)}"


def compare(
    runs: Mapping[str, str | Path] | Sequence[str | Path],
    *,
    truth: Sequence[str | Path] | str | Path = (),
    controls: Sequence[str] = (),
    metrics: Sequence[str | Metric] = (),
    allow_missing: bool = False,
    equal_length: bool = False,
    **options: Any,
) -> ComparedRuns:
    """Compare runs, or files of answers, pair by pair on the same ids.

    Example: ``compare(["runs/greedy", "runs/vcd"], controls=["greedy"])``

    Args:
        runs: folders of runs, or files with commas between; names by a mapping, or as "NAME=RUN".
            Several folders with commas between are the seeds of one arm. Differences are those
            against the first.
        truth: ground truth that files are scored against; default: what the runs hold.
        controls: names of runs that the others must beat.
        metrics: by name, or with their options; default: those of the runs' task.
        allow_missing: leave out what has no answer and what was not asked.
        equal_length: of captions: say how much of each difference goes with length.
        options: of the metrics, such as ``parser="vlmevalkit"``; each goes to those that have it.

    Returns:
        Figures with intervals, paired differences with intervals and tests, and verdicts in words.

    Raises:
        RunError: a folder is no run.
        InputError: something cannot be read, or the runs are not about the same things.
    """
    told = [str(truth)] if isinstance(truth, str | Path) else [str(each) for each in truth]
    sides, made, measured = measure_runs(
        runs, told, metrics=metrics, controls=controls, allow_missing=allow_missing,
        keep_claims=True, **options,
    )  # fmt: skip
    if equal_length and any(each.task is not CAPTION for each in made):
        raise InputError("--equal-length is for captions; answers of one word have no length")
    if equal_length and any(side.seeds for side in sides):
        raise InputError("--equal-length pairs single runs; name one seed of each arm")
    measured.append(measure_text(sides))
    compared = vars(compare_sides(sides, measured, controls, told))
    compared["where"] = where_all(measured, sides, compared["pairs"])
    if equal_length:
        pairs = compared["pairs"]
        compared["equal"] = at_equal_length(made, sides, pairs)
        compared["adjusted"] = adjusted(measured, pairs)
    return ComparedRuns(**compared)


def measure_runs(
    runs: Mapping[str, str | Path | Sequence[str]] | Sequence[str | Path],
    truth: Sequence[str],
    *,
    metrics: Sequence[str | Metric] = (),
    controls: Sequence[str] = (),
    allow_missing: bool = False,
    keep_claims: bool = False,
    **options: Any,
) -> tuple[list[Side], list[Metric], list[MeasuredSides]]:
    """Runs on the same ids, the metrics of their task, and what each metric says of all of them.

    Args:
        runs: as `compare` takes them; or names with the folders of each arm's seeds.
        truth: likewise, as names.
        metrics: likewise.
        controls: likewise.
        allow_missing: likewise.
        keep_claims: keep what captions claim.
        options: likewise.

    Raises:
        RunError: a folder is no run.
        InputError: something cannot be read, or the runs are not about the same things.
    """
    sources = _sources(runs)
    check_controls(controls, sources)
    made = _with_options(_kinds(metrics, sources, truth), options)
    reader = made[0]
    whole = bool(options.get("max_tokens_cut"))
    sides = []
    for name, files in sources.items():
        arms = [[each] for each in files] if is_seeds(files) else [files]
        read = [reader.read(each, truth, allow_missing=allow_missing) for each in arms]
        read = [_cut(given) if whole else given for given in read]
        sides.append(Side(name, files, read[0], read if len(read) > 1 else ()))
    check_same(sides)
    if not metrics:
        made = [each for each in made if all(each.applies(side.given) for side in sides)]
    measured = [measure(each, sides, keep_claims=keep_claims) for each in made]
    if options.get("max_tokens_cut"):
        measured[0].how["max_tokens_cut"] = options["max_tokens_cut"]
    return sides, made, measured


def _sources(
    runs: Mapping[str, str | Path | Sequence[str]] | Sequence[str | Path],
) -> Mapping[str, Sequence[str]]:
    """Name → files or folders."""
    if not isinstance(runs, Mapping):
        return named_sources([str(each) for each in runs])
    if all(isinstance(each, str | Path) for each in runs.values()):
        return named_sources([f"{name}={each}" for name, each in runs.items()])
    return {
        name: [str(each)] if isinstance(each, str | Path) else list(each)
        for name, each in runs.items()
    }


def _kinds(
    metrics: Sequence[str | Metric], sources: Mapping[str, Sequence[str]], truth: Sequence[str]
) -> list[type[Metric] | Metric]:
    """The metrics that are asked for, else those of the task that all runs were asked."""
    if metrics:
        return [load_plugin("metrics", each) if isinstance(each, str) else each for each in metrics]
    tasks = {name: _task(files[0], truth) for name, files in sources.items()}
    (first, task), *others = tasks.items()
    for name, another in others:
        if another != task:
            raise InputError(f"{name} is of the task {another}, {first} of {task}")
    kinds: list[type[Metric] | Metric] = [*metrics_of_task(task)]
    if not kinds:
        raise InputError(f"runs of the task {task} cannot be compared")
    return kinds


def _task(source: str, truth: Sequence[str]) -> str:
    """What a run was asked, or for files what their form or their ground truth is of."""
    if (Path(source) / "run.json").is_file():
        return str(read_card(Path(source)).get("task"))
    kinds = (load_plugin("metrics", name) for name in plugins("metrics"))
    if fitting := next((kind for kind in kinds if kind.fits(source, truth)), None):
        return str(fitting.task.name)
    if Path(source).is_dir():
        read_card(Path(source))  # says that it is no run
    if not Path(source).exists():
        raise InputError("no such file or folder", source)
    if not truth:
        raise InputError("files of answers need their --truth", source)
    return CAPTION.name


def _with_options(
    kinds: Sequence[type[Metric] | Metric], options: Mapping[str, Any]
) -> list[Metric]:
    """The metrics with those of the options that they have.

    Raises:
        InputError: an option is none of theirs, or out of its range.
    """
    made, used = [], set[str]()
    for kind in kinds:
        own = {name: v for name, v in options.items() if name in kind.__struct_fields__}
        used |= own.keys()
        made.append(
            find_metric(kind, **own) if isinstance(kind, Metric) else find_metric(kind.name, **own)
        )
    if strange := [name for name in options if name not in used]:
        flag = "--" + strange[0].replace("_", "-")
        names = ", ".join(each.name for each in made)
        raise InputError(f"{flag} is no option of the metrics that are compared ({names})")
    return made


def _cut(given: Given) -> Given:
    """Captions without a last sentence that has no end."""
    pairs = [
        (sample, answer._replace(text=whole_sentences(answer.text))) for sample, answer in given
    ]
    return Given(
        given.run, pairs, given.truth, given.rows, given.asked, given.pictures, given.left_out,
        given.missing, given.note,
    )  # fmt: skip
