"""Models, benchmarks and arms from one small file: run, scored, compared, reported."""

from __future__ import annotations

from pathlib import Path

from app.engine.cluster import Cluster
from app.workflows.arena.file import read_arena
from app.workflows.arena.page import REPORT, to_html, to_markdown
from app.workflows.arena.report import Report, make_report
from app.workflows.arena.results import results_of, score_missing
from app.workflows.arena.running import run_missing
from app.workflows.progress import Progress, silent
from halluc.errors import InputError
from halluc.jsonl import write_atomically, write_json

__all__ = ["arena"]


def arena(
    file: str | Path,
    output: str | Path,
    *,
    limit: int | None = None,
    cluster: Cluster | None = None,
    batch_size: int = 8,
    progress: Progress = silent,
) -> Report:
    """Run what is missing of an arena, score it, compare it, and write the report.

    The same call continues an arena that was interrupted, and comes to the same bytes.

    Args:
        file: TOML; see docs/arena.md.
        output: folder of the runs and the report.
        limit: the first so many samples of each benchmark, ≥ 1; None: what the file says.
        cluster: where models are asked; None: in this process.
        batch_size: samples asked at once, ≥ 1.
        progress: called with how far it is.

    Returns:
        What ``report.json`` holds.

    Raises:
        InputError: the file or its data cannot be used, or every run was refused.
        RunError: the folder holds something else.
    """
    told, folder = read_arena(Path(file), limit), Path(output)
    refused = run_missing(told, folder, cluster=cluster, batch_size=batch_size, progress=progress)
    score_missing(told, folder, progress)
    results = []
    for model in told.models:
        for benchmark in told.benchmarks:
            if found := results_of(told, folder, model, benchmark):
                results.append(found)
    if not results:
        raise InputError(_nothing(refused), told.file)
    report = make_report(told, results, refused, folder)
    write_json(folder / REPORT, report)
    write_atomically(folder / "report.md", [to_markdown(report, folder).encode()])
    write_atomically(folder / "report.html", [to_html(report, folder).encode()])
    return report


def _nothing(refused: dict[str, str]) -> str:
    """Why there is nothing to compare."""
    place, reason = next(iter(refused.items()))
    return f"no two arms could be run on a benchmark; {place}: {reason}"
