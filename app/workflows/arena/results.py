"""The arms of an arena on one benchmark with one model: scored, ranked, held to their controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from app.workflows.arena.file import Arena, Benchmark
from app.workflows.arena.running import Job, is_finished, jobs
from app.workflows.compare import ComparedRuns
from app.workflows.compare.differences import Compared, compare_sides
from app.workflows.compare.equal_length import adjusted, at_equal_length
from app.workflows.compare.measures import measure_text
from app.workflows.compare.ranking import Rank, ranking
from app.workflows.compare.runs import measure_runs
from app.workflows.compare.sides import Side
from app.workflows.compare.where import where_all
from app.workflows.compare.words import deciding
from app.workflows.progress import Progress, silent
from app.workflows.score import find_metric, metrics_of_task, score
from halluc.records import cost_of
from halluc.runs import Run
from metrics.tasks import CAPTION


@dataclass(frozen=True)
class Result:
    """What came out.

    Attributes:
        model, benchmark: their names in the file.
        comparison: the arms that ran, each with the first of them and with its own controls. Its
            seconds are left out, so that it is the same however often the arena was stopped.
        decides: the figure that decides, as one of its differences.
        ranks: the arms by that figure, the best first.
        cost: calls, tokens and passes of each arm in an answer; without what is not known.
    """

    model: str
    benchmark: str
    comparison: ComparedRuns
    decides: Compared
    ranks: Sequence[Rank]
    cost: Mapping[str, Mapping[str, float]]

    @property
    def base(self) -> str:
        """The arm that the others are compared with."""
        return self.comparison.sides[0].name


def score_missing(arena: Arena, output: Path, progress: Progress = silent) -> None:
    """Score the finished runs by the metrics of their benchmarks, where that is not done.

    Raises:
        InputError: a run cannot be scored, as without ground truth.
    """
    finished = [job for job in jobs(arena) if is_finished(output / job.place)]
    metrics: dict[tuple[str, str], list[str]] = {}
    for number, job in enumerate(finished):
        progress("scores", number, len(finished))
        run, key = output / job.place, (job.model, job.benchmark)
        if key not in metrics:
            metrics[key] = _metrics(arena.benchmarks[job.benchmark], run)
        known = {name.partition(":")[0] for name in Run(run, {}, []).scores()}
        for name in metrics[key]:
            if name not in known:
                score(run, name)
    progress("scores", len(finished), len(finished))


def results_of(arena: Arena, output: Path, model: str, benchmark: str) -> Result | None:
    """Compare the arms that ran; None if those are fewer than two.

    Args:
        arena: what the file asks for.
        output: folder of the arena.
        model: one of its names.
        benchmark: likewise.
    """
    runs: dict[str, list[str]] = {}
    for name, arm in arena.arms.items():
        places = [output / Job(model, benchmark, arm, seed).place for seed in arm.seeds]
        if there := [str(each) for each in places if is_finished(each)]:
            runs[name] = there
    if len(runs) < 2:
        return None
    first = next(iter(runs))
    of = {name: [each for each in arena.arms[name].controls if each in runs] for name in runs}
    pairs = [(first, name) for name in runs if name != first]
    pairs += [(control, name) for name in runs for control in of[name]]
    pairs = list(dict.fromkeys(pairs))
    controls = list(dict.fromkeys(each for some in of.values() for each in some))
    names = _metrics(arena.benchmarks[benchmark], Path(runs[first][0]))
    sides, made, measured = measure_runs(runs, [], metrics=names, keep_claims=True)
    measured.append(measure_text(sides))
    told = vars(compare_sides(sides, measured, controls, pairs=pairs))
    told["seconds"] = dict.fromkeys(runs)
    told["where"] = where_all(measured, sides, pairs)
    if made[0].task is CAPTION:
        alone = [replace(side, seeds=()) for side in sides]
        told["equal"] = at_equal_length(made[:1], alone, pairs)
        told["adjusted"] = adjusted([measured[0], measured[-1]], pairs)
    comparison = ComparedRuns(**told)
    decides = deciding(comparison) or comparison.rows[0]
    ranks = ranking(
        measured[0].counted, (decides.split, decides.name), lower=decides.better == "lower"
    )
    cost = {side.name: _cost(side, arena.arms[side.name].width) for side in sides}
    return Result(model, benchmark, comparison, decides, ranks, cost)


def _metrics(benchmark: Benchmark, run: Path) -> list[str]:
    """Names of the metrics that score a benchmark's runs."""
    if benchmark.metrics:
        return list(benchmark.metrics)
    made = [find_metric(kind.name) for kind in metrics_of_task(benchmark.task)]
    given = made[0].read([str(run)])
    return [each.name for each in made if each.applies(given)] or [made[0].name]


def _cost(side: Side, width: int) -> dict[str, float]:
    """What an answer took on average; a pass is a token of one of the inputs side by side."""
    responses = [each for given in side.every if given.run for each in given.run.responses]
    found = {name: count / len(responses) for name, count in cost_of(responses).items()}
    if "generated tokens" in found:
        found["passes"] = width * found["generated tokens"]
    return found
