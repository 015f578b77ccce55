"""The report of an arena: the same sections for a page, for Markdown and for a program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from app.workflows.arena.file import Arena
from app.workflows.arena.results import Result
from app.workflows.arena.running import MADE_BY, Job, jobs
from app.workflows.compare import frontier as front
from app.workflows.compare import tables, where
from app.workflows.compare.differences import REPEATED, TEXT, Compared
from app.workflows.compare.numbers import listed
from app.workflows.compare.words import unseen, verdicts
from halluc.records import Score
from metrics.protocol import Metric

_OUTCOMES = {1: "beats it", 0: "does not beat it", -1: "does worse"}


class Section(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of the report.

    Attributes:
        title: its heading.
        level: 2, or 3 below the last one of 2.
        lines: sentences.
        rows: a table, its head first.
        picture: a file beside the report.
        folded: a page shows it when asked.
    """

    title: str
    level: int = 3
    lines: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    picture: str = ""
    folded: bool = False


class Refused(msgspec.Struct, frozen=True):
    """A run that could not be had, and why."""

    model: str
    benchmark: str
    arm: str
    seed: int
    reason: str


class Outcome(msgspec.Struct, frozen=True):
    """What came out with a model on a benchmark, for a program.

    Attributes:
        model, benchmark: names in the file.
        base: the arm that the others are compared with.
        figure: that decides.
        ranking: name, value, first and last rank of each arm, the best first.
        controls: of each method and control of it, whether it is beaten: 1, 0 or -1.
        cost: of each arm in an answer.
        comparison: all of it, as ``halluc compare --json`` gives it.
    """

    model: str
    benchmark: str
    base: str
    figure: str
    ranking: list[dict[str, Any]]
    controls: list[dict[str, Any]]
    cost: dict[str, dict[str, float]]
    comparison: dict[str, Any]


class Report(msgspec.Struct, frozen=True):
    """What ``report.json`` holds.

    Attributes:
        made_by: the command.
        file, sha256: the file that it was given, and its hash.
        sections: for people, in order.
        results: for programs.
        refused: the runs that could not be had.
    """

    made_by: str
    file: str
    sha256: str
    sections: list[Section]
    results: list[Outcome]
    refused: list[Refused]


def make_report(
    arena: Arena, results: Sequence[Result], refused: Mapping[str, str], output: Path
) -> Report:
    """Put the results into words, tables and pictures; the pictures are written.

    Args:
        arena: what the file asked for.
        results: of each model and benchmark with at least two arms that ran.
        refused: why runs were refused, by their folder.
        output: folder of the arena.
    """
    every = jobs(arena)
    out = [
        Refused(job.model, job.benchmark, job.arm.name, job.seed, refused[job.place])
        for job in every
        if job.place in refused
    ]
    sections = [_overview(arena, every, out)]
    found = {(each.model, each.benchmark): each for each in results}
    for model in arena.models:
        for benchmark in arena.benchmarks:
            mine = [each for each in out if (each.model, each.benchmark) == (model, benchmark)]
            sections += _part(arena, model, benchmark, found.get((model, benchmark)), mine, output)
    return Report(
        MADE_BY, arena.file.name, arena.sha256, sections,
        [_outcome(arena, each, output) for each in results], out,
    )  # fmt: skip


def _overview(arena: Arena, every: Sequence[Job], out: Sequence[Refused]) -> Section:
    told = [
        f"arms: {', '.join(arena.arms)}",
        *(f"model {name}: {each.model}" for name, each in arena.models.items()),
        *(
            f"benchmark {name}: {each.data}, task {each.task}"
            + (f", the first {each.limit:,}" if each.limit else "")
            for name, each in arena.benchmarks.items()
        ),
        f"{len(every) - len(out)} of {len(every)} runs made, {len(out)} refused",
        f"{arena.file.name}, sha256 {arena.sha256[:12]}",
    ]
    return Section(title="What was run", level=2, lines=told)


def _part(  # noqa: PLR0917
    arena: Arena,
    model: str,
    benchmark: str,
    result: Result | None,
    out: Sequence[Refused],
    output: Path,
) -> Iterator[Section]:
    """The sections of a model on a benchmark."""
    title = f"{model} on {benchmark}"
    if result is None:
        lines = ["fewer than two arms could be run: there is nothing to compare"]
        yield Section(title=title, level=2, lines=lines)
        yield from _refusals(out)
        return
    yield Section(title=title, level=2, lines=list(_in_short(arena, result)))
    yield Section(title="Ranking", lines=_LEGEND, rows=_ranking(result, out))
    if points := front.frontier(result.comparison):
        picture = f"frontier-{model}-{benchmark}.png"
        front.save_frontier(result.comparison, output / picture)
        title = f"Frontier: {points[0].rate.name} over {points[0].covers.name} (×100)"
        yield Section(title=title, picture=picture, lines=front.lines(points))
    yield Section(title="Each method against its own controls", rows=_controls(arena, result),
                  lines=list(_without(arena, result)))  # fmt: skip
    if result.comparison.equal:
        yield Section(title="Equal length", lines=_OF_LENGTH, rows=_equal(result))
    notes = dict(tables.notes(result.comparison))
    notes.pop(tables.FRONT, None)  # it stands above, with its picture
    if told := notes.pop("Seeds", None):
        yield Section(title="Seeds", lines=told)
    yield Section(title="Cost of an answer", lines=_OF_COST, rows=_cost(result))
    yield from _refusals(out)
    lines = verdicts(result.comparison)
    yield Section(title="Each pair in words", lines=lines, folded=True)
    for title, rows in tables.sections(result.comparison):
        yield Section(title=title, rows=[tables.HEAD, *rows], folded=True)
    for title, rows in where.sections(result.comparison.where, whole=False):
        yield Section(title=title, rows=rows, folded=True)
    for title, lines in notes.items():
        yield Section(title=title, lines=lines, folded=True)


_LEGEND = [
    "rank: its range, from one behind the arms that are clearly better to one before those that "
    "are clearly worse; all pairs of arms are compared, and all ranges hold at once with 95 %"
]
_OF_LENGTH = [
    "both texts of a pair are cut to the words of the shorter; of several seeds, those of the "
    "first. A bound, not a measurement: the beginning of a caption is its surest part",
    "ratio: of the two rates by a model with the length in it",
]
_OF_COST = [
    "passes: generated tokens times the inputs that are decoded side by side; hints, fitted biases "
    "and prompts are not in them, but in the seconds under Time"
]


def _kind(result: Result) -> Metric:
    return result.comparison.metrics[result.decides.metric]


def _coverage(result: Result) -> list[str]:
    """Figures of how much of the ground truth is stated, without those of length."""
    known = ((each, _score(result, result.base, result.decides.metric, each))
             for each in _kind(result).coverage)  # fmt: skip
    return [name for name, score in known if score is not None and score.better == "higher"]


def _score(result: Result, arm: str, metric: str, name: str) -> Score | None:
    """A figure of an arm over all splits."""
    found = [
        each
        for each in result.comparison.scores[arm]
        if (each.metric, each.name) == (metric, name) and each.split in ("", result.decides.split)
    ]
    return found[0] if found else None


def _row(result: Result, one: str, other: str, name: str) -> Compared | None:
    """The difference of a figure of the metric that decides."""
    key = result.decides.metric, one, other, name
    found = [
        each
        for each in result.comparison.rows
        if (each.metric, each.one, each.other, each.name) == key
        and each.split in ("", result.decides.split)
    ]
    return found[0] if found else None


def _pairs(arena: Arena, result: Result) -> Iterator[tuple[str, str, Compared]]:
    """Each method with each of its controls that ran, and how it does against it."""
    for side in result.comparison.sides:
        for control in arena.arms[side.name].controls:
            if row := _row(result, control, side.name, result.decides.name):
                yield side.name, control, row


def _in_short(arena: Arena, result: Result) -> Iterator[str]:
    """What came out, in a few sentences."""
    name = result.decides.name
    firsts = [each.name for each in result.ranks if each.first == 1]
    if len(firsts) == 1:
        yield f"{firsts[0]} is the best arm by {name}"
    else:
        rest = "" if len(firsts) == len(result.ranks) else "; any other is clearly worse than one"
        yield f"the best arm by {name} may be any of {listed(firsts)}{rest}"
    held: dict[str, dict[int, list[str]]] = {}
    for method, control, row in _pairs(arena, result):
        held.setdefault(method, {}).setdefault(row.gain, []).append(control)
    for method, by in held.items():
        words = {1: "beats", 0: "does not beat", -1: "does worse than"}
        told = [f"{words[gain]} {', '.join(by[gain])}" for gain in (1, 0, -1) if gain in by]
        yield f"{method} {', '.join(told)}"
    yield from unseen(result.comparison, result.decides.metric)


def _ranking(result: Result, out: Sequence[Refused]) -> list[list[str]]:
    decides = result.decides
    more = [(decides.metric, name) for name in _coverage(result)]
    more += [(TEXT, "words"), (TEXT, REPEATED)]
    rows = [["rank", "arm", f"{decides.name}, 95 %", f"against {result.base}", "p",
             *(name for _, name in more)]]  # fmt: skip
    for rank in result.ranks:
        score = _score(result, rank.name, decides.metric, decides.name)
        others = [_score(result, rank.name, *each) for each in more]
        rows.append([
            rank.words if rank.value is not None else "–",
            rank.name,
            tables.with_interval(score) if score else "undefined",
            *tables.against(_row(result, result.base, rank.name, decides.name)),
            *(tables.in_unit(each.unit, each.value) if each else "" for each in others),
        ])  # fmt: skip
    ran = {rank.name for rank in result.ranks}
    gone = [name for name in dict.fromkeys(each.arm for each in out) if name not in ran]
    return rows + [["–", name, "refused", *[""] * (2 + len(more))] for name in gone]


def _controls(arena: Arena, result: Result) -> list[list[str]]:
    name = result.decides.name
    covers = next(iter(_coverage(result)), "")
    rows = [["method", "control", f"{name}, 95 %", "p", "the method", *filter(None, [covers])]]
    for method, control, row in _pairs(arena, result):
        beside = [tables.against(_row(result, control, method, covers))[0]] if covers else []
        told = _OUTCOMES[row.gain] if row.difference is not None else "undefined"
        rows.append([method, control, *tables.against(row), told, *beside])
    return rows if len(rows) > 1 else []


def _without(arena: Arena, result: Result) -> Iterator[str]:
    """Arms that are held to nothing."""
    ran = [side.name for side in result.comparison.sides]
    used = {each for arm in arena.arms.values() for each in arm.controls} | {result.base}
    free = [name for name in ran if not arena.arms[name].controls and name not in used]
    if free:
        yield f"without controls in the file: {', '.join(free)}"
    lost = [
        f"{name} ({', '.join(gone)})"
        for name in ran
        if (gone := [each for each in arena.arms[name].controls if each not in ran])
    ]
    if lost:
        yield f"controls that were refused: {'; '.join(lost)}"


def _equal(result: Result) -> list[list[str]]:
    comparison, name = result.comparison, result.decides.name
    rows = [["arm", "against", f"{name}, whole", f"{name}, at equal length", "p", "ratio"]]
    for cut in comparison.equal:
        if cut.name != name or cut.split != result.decides.split:
            continue
        fit = comparison.adjusted.get((cut.metric, cut.one, cut.other))
        ratio = f"{fit.ratio:.2f} [{fit.low:.2f}, {fit.high:.2f}]" if fit else "–"
        whole = tables.against(_row(result, cut.one, cut.other, name))[0]
        rows.append([cut.other, cut.one, whole, *tables.against(cut), ratio])
    return rows


def _cost(result: Result) -> list[list[str]]:
    known = ("calls", "generated tokens", "passes")
    base = result.cost[result.base].get("passes")
    rows = [["arm", *known, f"passes, {result.base} = 1"]]
    for name, cost in result.cost.items():
        told = [f"{cost[each]:.1f}" if each in cost else "–" for each in known]
        times = f"{cost['passes'] / base:.2f}" if base and "passes" in cost else "–"
        rows.append([name, *told, times])
    return rows


def _refusals(out: Sequence[Refused]) -> Iterator[Section]:
    if out:
        seeds: dict[tuple[str, str], list[str]] = {}
        for each in out:
            seeds.setdefault((each.arm, each.reason), []).append(str(each.seed))
        rows = [[arm, ", ".join(told), why] for (arm, why), told in seeds.items()]
        yield Section(title="Refused", rows=[["arm", "seeds", "why"], *rows])


def _outcome(arena: Arena, result: Result, output: Path) -> Outcome:
    comparison = tables.document(result.comparison)
    for run in comparison["runs"]:
        run["from"] = [Path(each).relative_to(output).as_posix() for each in run["from"]]
    return Outcome(
        result.model,
        result.benchmark,
        result.base,
        result.decides.name,
        [each._asdict() for each in result.ranks],
        [
            {"method": method, "control": control, "beats": row.gain}
            for method, control, row in _pairs(arena, result)
        ],
        {name: dict(each) for name, each in result.cost.items()},
        comparison,
    )
