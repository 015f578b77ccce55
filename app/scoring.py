"""What all score commands share: reading runs and files, keeping figures and showing them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from platform import python_version
from typing import Any

import click
import msgspec

from halluc import __version__
from halluc.datasets.answers import Answer
from halluc.datasets.files import file_card
from halluc.errors import InputError
from halluc.jsonl import reason
from halluc.records import Finding, Sample, Score
from halluc.runs import Run, read_run

# Gives the rows of the printed table, its head first.
Rows = Callable[[list[Score]], Iterator[list[str]]]

TRUTH_OF_RUN = "the run's samples"

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
OUTPUT = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write scores.json (and findings.jsonl) into this folder. A run keeps its own.",
)


def read_given(names: Sequence[str], read: Any) -> tuple[Run | None, list[Answer]]:
    """The run, if one is named, and all answers in order."""
    if not any(Path(name).is_dir() for name in names):
        return None, [answer for name in names for answer in read(name)]
    if len(names) > 1:
        raise InputError("score one run at a time", names[1])
    run = read_run(names[0])
    if pending := run.pending():
        what = f"{len(pending)} of {len(run.samples)} samples have no answer yet"
        raise InputError(f"{what}; finish the run by giving its command again", run.path)
    file = run.path / "responses.jsonl"
    return run, [
        Answer(each.id, each.text, file, line, each.prompt)
        for line, each in enumerate(run.responses, 1)
    ]


def samples_of(run: Run | None, answers: Sequence[Answer]) -> list[Sample]:
    """The run's samples; files of answers have none and need a truth of their own."""
    if run is None:
        raise InputError("a file of answers needs its --truth", answers[0].path)
    return run.samples


def answer_cards(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """Name, SHA-256 and row count of each file the answers come from."""
    counts: dict[Path, int] = {}
    for answer in answers:
        counts[answer.path] = counts.get(answer.path, 0) + 1
    return [file_card(path, rows) for path, rows in counts.items()]


def result_card(
    metric: str, run: Run | None, answers: Sequence[Answer], truth: Any = None, **settings: Any
) -> dict[str, Any]:
    """How figures were made, kept and shown with them.

    Args:
        metric: the metric and its edition, in words.
        run: the run that is scored; its model, prompt, decoding and seed go into the card.
        answers: what is scored; name, SHA-256 and row count of their files go into the card.
        truth: cards of the files of truth, or words; default: the run's samples.
        settings: what else decides the figures (parser, lemmas, …).
    """
    card = {"metric": metric, **settings, "answers": answer_cards(answers)}
    if truth is not None:
        card["truth"] = truth
    elif run is not None and "samples" in run.card:
        sha256, rows = run.card["samples"], run.card["rows"]
        card["truth"] = {"file": TRUTH_OF_RUN, "sha256": sha256, "rows": rows}
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
    if output is not None:
        try:
            output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(reason(error), output) from None
        run = Run(output, {}, [])  # scores of files are kept in the same form
    if run is not None:
        if findings is not None:
            run.write_findings(scores[0].metric, findings)
        run.write_scores(scores, how)


def show(scores: list[Score], how: dict[str, Any], as_json: bool, rows: Rows) -> None:
    """Print figures and how they were made, as a table or as JSON."""
    if as_json:
        document = msgspec.json.encode({"how": how, "scores": scores})
        click.echo(msgspec.json.format(document, indent=2))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table

    head, *body = rows(scores)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for column, name in enumerate(head):
        table.add_column(
            name, justify="right" if column or name not in ("split", "figure") else "left"
        )
    for row in body:
        table.add_row(*row)
    Console().print(table)
    click.echo("\n".join(_made(how)))


def figure(value: float | None, digits: int, scale: int = 1) -> str:
    """A figure as the tables show it."""
    return "undefined" if value is None else f"{value * scale:.{digits}f}"


def _made(how: dict[str, Any]) -> Iterator[str]:
    """How the figures were made, line by line."""
    for name, value in how.items():
        for part in value if isinstance(value, list) else [value]:
            yield f"{name}: {_brief(part)}"


def _brief(part: Any) -> str:
    if not isinstance(part, dict):
        return str(part)
    if {"file", "sha256", "rows"} <= part.keys():
        return f"{part['file']} ({part['rows']} rows, sha256 {part['sha256'][:12]})"
    if "name" in part:
        digest = part.get("sha256") or part.get("hash")
        return str(part["name"]) + (f" (hash {digest[:12]})" if digest else "")
    return ", ".join(f"{key} {value}" for key, value in part.items() if value is not None)
