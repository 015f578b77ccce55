"""What all score commands share: reading runs and files, keeping figures and showing them."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from pathlib import Path
from platform import python_version
from typing import Any

import click
import msgspec

from halluc import __version__
from halluc.datasets.files import file_card
from halluc.errors import InputError
from halluc.jsonl import reason
from halluc.records import Answer, Finding, Sample, Score
from halluc.runs import Run, read_run
from halluc.statistics import INTERVALS

# Gives the rows of the printed table, its head first.
Rows = Callable[[list[Score]], Iterator[list[str]]]
# Gives the answers of a file.
Reader = Callable[[str], Iterable[Answer]]

TRUTH_OF_RUN = "the run's samples"

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
OUTPUT = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write scores.json (and findings.jsonl) into this folder. A run keeps its own.",
)


def read_given(names: Sequence[str], read: Reader) -> tuple[Run | None, list[Answer]]:
    """The run, if one is named, and all answers in order."""
    run, answers = stream_given(names, read)
    return run, list(answers)


def stream_given(
    names: Sequence[str], read: Reader, *, allow_missing: bool = False
) -> tuple[Run | None, Iterator[Answer]]:
    """The run, if one is named, and the answers one by one, in order.

    Args:
        names: one run, or files.
        read: gives the answers of a file.
        allow_missing: take a run with samples that have no answer yet.
    """
    if not any((Path(name) / "run.json").is_file() for name in names):
        return None, (answer for name in names for answer in read(name))
    if len(names) > 1:
        raise InputError("score one run at a time", names[1])
    run = read_run(names[0])
    if (pending := run.pending()) and not allow_missing:
        what = f"{len(pending)} of {len(run.samples)} samples have no answer yet"
        raise InputError(f"{what}; finish the run by giving its command again", run.path)
    if not run.responses:
        raise InputError("this run has no answers", run.path)
    file = run.path / "responses.jsonl"
    return run, (
        Answer(each.id, each.text, file, line, each.prompt)
        for line, each in enumerate(run.responses, 1)
    )


def samples_of(run: Run | None, answers: Sequence[Answer]) -> list[Sample]:
    """The run's samples; files of answers have none and need a truth of their own."""
    if run is None:
        raise InputError("a file of answers needs its --truth", answers[0].path)
    return run.samples


def count_rows(answers: Iterable[Answer], rows: Counter[Path]) -> Iterator[Answer]:
    """Give the answers on, counting the rows of each file.

    A row may give several answers to the same id, and a line hold several rows of an array.
    """
    line, id, path = -1, None, None
    for answer in answers:
        if answer.line != line or answer.id != id or answer.path is not path:
            line, id, path = answer.line, answer.id, answer.path
            rows[path] += 1
        yield answer


def result_card(
    metric: str,
    run: Run | None,
    answers: Iterable[Answer] | Counter[Path],
    truth: Any = None,
    **settings: Any,
) -> dict[str, Any]:
    """How figures were made, kept and shown with them.

    Args:
        metric: the metric and its edition, in words.
        run: the run that is scored; its model, prompt, decoding and seed go into the card.
        answers: what is scored, or `count_rows` of it; name, SHA-256 and row count of the files go
            into the card.
        truth: cards of the files of truth, or words; default: the run's samples.
        settings: what else decides the figures (parser, compat, …).
    """
    if not isinstance(answers, Counter):
        rows = Counter[Path]()
        deque(count_rows(answers, rows), maxlen=0)
        answers = rows
    cards = [file_card(path, number) for path, number in answers.items()]
    card: dict[str, Any] = {"metric": metric, **settings, "intervals": INTERVALS, "answers": cards}
    if truth is not None:
        card["truth"] = truth
    elif run is not None and "samples" in run.card:
        sha256, number = run.card["samples"], run.card["rows"]
        card["truth"] = {"file": TRUTH_OF_RUN, "sha256": sha256, "rows": number}
    if run is not None:
        for name in ("model", "data", "prompt", "decoding"):
            if run.card.get(name):
                card[name] = run.card[name]
    return {**card, "versions": {"python": python_version(), "halluc": __version__}}


def keep(
    run: Run | None,
    output: Path | None,
    scores: list[Score],
    how: dict[str, Any],
    findings: list[Finding] | None = None,
) -> None:
    """Write figures (and findings) into the output folder, else into the run."""
    run = place_of(run, output)
    if run is not None:
        if findings is not None:
            run.write_findings(scores[0].metric, findings)
        run.write_scores(scores, how)


def place_of(run: Run | None, output: Path | None) -> Run | None:
    """Where figures and findings are kept: the output folder, else the run, if either is given."""
    if output is None:
        return run
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(reason(error), output) from None
    return Run(output, {}, [])  # scores of files are kept in the same form


def show(scores: list[Score], how: dict[str, Any], as_json: bool, rows: Rows, **more: Any) -> None:
    """Print figures and how they were made, as a table or as JSON; JSON holds more beside them."""
    if as_json:
        document = msgspec.json.encode({"how": how, "scores": scores, **more})
        click.echo(msgspec.json.format(document, indent=2))
        return
    print_table(rows(scores))
    click.echo("\n".join(_made(how)))


def print_table(rows: Iterable[list[str]], left: Container[str] = ("split", "figure")) -> None:
    """Print rows, their head first; the columns named are set to the left."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    head, *body = rows
    table = Table(box=box.SIMPLE_HEAD, padding=0, pad_edge=False, show_edge=False)
    for name in head:
        table.add_column(name, justify="left" if name in left else "right")
    for row in body:
        table.add_row(*map(Text, row))  # answers may hold what looks like markup
    Console().print(table)


def figure(value: float | None, digits: int, scale: int = 1) -> str:
    """A figure as the tables show it."""
    return "undefined" if value is None else f"{value * scale:.{digits}f}"


def margin(score: Score, digits: int, scale: int = 1) -> str:
    """Half the width of a figure's 95 % interval; empty where it has none."""
    if score.low is None or score.high is None:
        return ""
    return f"±{(score.high - score.low) / 2 * scale:.{digits}f}"


def interval(score: Score, digits: int, scale: int = 1) -> str:
    """A figure's 95 % interval; empty where it has none."""
    if score.low is None or score.high is None:
        return ""
    return f"{score.low * scale:.{digits}f} to {score.high * scale:.{digits}f}"


def _made(how: dict[str, Any]) -> Iterator[str]:
    """How the figures were made, line by line."""
    for name, value in how.items():
        for part in value if isinstance(value, list) else [value]:
            yield f"{name}: {brief(part)}"


def brief(part: Any) -> str:
    """A part of a result card in few words."""
    if not isinstance(part, dict):
        return str(part)
    if {"file", "sha256", "rows"} <= part.keys():
        edition = f", {part['edition']}" if "edition" in part else ""
        return f"{part['file']} ({part['rows']} rows, sha256 {part['sha256'][:12]}{edition})"
    if "name" in part:
        digest = part.get("sha256") or part.get("hash")
        return str(part["name"]) + (f" (hash {digest[:12]})" if digest else "")
    return ", ".join(f"{key} {value}" for key, value in part.items() if value is not None)
