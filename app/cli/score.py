"""`halluc score`: published metrics over a run or over files of other tools."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import click
import msgspec

from halluc.datasets.answers import Answer, picture_id, read_answers, read_captions, read_truths
from halluc.datasets.files import file_card
from halluc.errors import InputError
from halluc.jsonl import reason
from halluc.records import Finding, Sample, Score, Truth
from halluc.runs import Run, read_run

Rows = Callable[[list[Score]], Iterator[list[str]]]

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
_OUTPUT = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write scores.json (and findings.jsonl) into this folder. A run keeps its own.",
)


@click.group()
def score() -> None:
    """Score a run or a file of answers with a published metric."""


@score.command()
@click.argument("answers", nargs=-1, required=True, metavar="RUN_OR_FILE...")
@click.option("--truth", multiple=True, help="File of POPE questions with labels; may repeat.")
@_JSON
@_OUTPUT
def pope(
    answers: tuple[str, ...], truth: tuple[str, ...], as_json: bool, output: Path | None
) -> None:
    """POPE: accuracy, precision, recall and F1 of yes/no answers (arXiv:2305.10355)."""
    from halluc.datasets.alignment import align
    from halluc.datasets.pope import load_files
    from metrics.pope import pope as compute

    run, given = _read(answers, read_answers)
    questions = load_files(truth) if truth else None
    samples = questions.samples if questions else _samples(run, given)
    joined = align(given, samples)
    scores = compute(samples, {id: answer.text for id, answer in joined.items()})
    how = {
        "parser": "original",
        "answers": _cards(given),
        "truth": questions.card["files"] if questions else "the run's samples",
    }
    _keep(run, output, scores, how)
    _show(scores, how, as_json, _pope_rows)


@score.command()
@click.argument("captions", metavar="RUN_OR_FILE")
@click.option(
    "--truth", help="JSON of object names by picture, folder of COCO annotations, or data."
)
@click.option(
    "--lemmas",
    type=click.Choice(["auto", "wordnet", "vocabulary"]),
    default="auto",
    show_default=True,
    help="wordnet: as published, needs NLTK data. vocabulary: needs none. auto: wordnet if found.",
)
@click.option("--nltk-data", help="Folder of NLTK data, searched before NLTK's own path.")
@_JSON
@_OUTPUT
def chair(
    *,
    captions: str,
    truth: str | None,
    lemmas: Literal["auto", "wordnet", "vocabulary"],
    nltk_data: str | None,
    as_json: bool,
    output: Path | None,
) -> None:
    """CHAIR: share of mentioned objects that are not in the picture (arXiv:1809.02156)."""
    from halluc.language.lemmas import lemmatizer
    from halluc.language.vocabulary import coco_vocabulary
    from metrics.chair import chair as compute

    run, given = _read((captions,), read_captions)
    way, lemmatize = lemmatizer(lemmas, nltk_data)
    if truth:
        ids = {answer.id: picture_id(answer.id) for answer in given}
        found = read_truths(truth, ids.values(), lemmatize)
        truths = {str(id): found[key] for id, key in ids.items() if key in found}
    else:
        truths = {s.id: s.truth for s in _samples(run, given) if s.truth is not None}
        if any(each.label for each in truths.values()):
            raise InputError("the answers are yes or no; use `halluc score pope`", captions)
    _check_truths(given, truths, truth)
    result = compute({str(each.id): each.text for each in given}, truths, lemmatize)
    how = {"lemmas": way, "answers": _cards(given), "truth": _truth_card(truth, len(truths))}
    if way == "wordnet":
        how["nltk"] = version("nltk")
    if (
        unknown := {name for each in truths.values() for name in each.names}
        - coco_vocabulary().nodes.keys()
    ):
        how["not in CHAIR's vocabulary"] = sorted(unknown)
    _keep(run, output, result.scores, how, result.findings)
    _show(result.scores, how, as_json, _chair_rows)


@score.command()
@click.argument("run", metavar="RUN")
@_JSON
@_OUTPUT
def finegrained(run: str, as_json: bool, output: Path | None) -> None:
    """Rates of wrong objects, attributes and relations, on the embedded world."""
    from metrics.finegrained import finegrained as compute
    from metrics.finegrained import tabletop_findings

    source = read_run(run)
    if not source.card["data"]["name"].startswith("tabletop") or source.card["task"] != "caption":
        what = "claims are read in captions of tabletop scenes only, and this is another run"
        raise InputError(what, run)
    _, given = _read((run,), read_captions)
    truths = {each.id: each.truth for each in source.samples if each.truth is not None}
    findings = tabletop_findings({str(each.id): each.text for each in given}, truths)
    scores = compute(findings)
    how = {"claims": "sentence forms of tabletop", "answers": _cards(given)}
    _keep(source, output, scores, how, findings)
    _show(scores, how, as_json, _kind_rows)


def _read(names: Sequence[str], read: Any) -> tuple[Run | None, list[Answer]]:
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


def _samples(run: Run | None, answers: Sequence[Answer]) -> list[Sample]:
    if run is None:
        raise InputError("a file of answers needs its --truth", answers[0].path)
    return run.samples


def _check_truths(answers: Sequence[Answer], truths: dict[str, Truth], source: str | None) -> None:
    missing = [answer for answer in answers if answer.id not in truths]
    if not missing:
        return
    named = ", ".join(str(answer.id) for answer in missing[:5]) + (
        ", …" if len(missing) > 5 else ""
    )
    where = f"in {source}" if source else "in the run; give --truth"
    what = f"{len(missing)} of {len(answers)} pictures ({named}) have no truth {where}"
    raise InputError(what, missing[0].path, missing[0].line)


def _cards(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    counts: dict[Path, int] = {}
    for answer in answers:
        counts[answer.path] = counts.get(answer.path, 0) + 1
    return [file_card(path, rows) for path, rows in counts.items()]


def _truth_card(source: str | None, rows: int) -> Any:
    if source is None:
        return "the run's samples"
    return [file_card(source, rows)] if Path(source).is_file() else f"{source}, {rows} pictures"


def _keep(
    run: Run | None,
    output: Path | None,
    scores: list[Score],
    how: dict[str, Any],
    findings: list[Finding] | None = None,
) -> None:
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


def _show(scores: list[Score], how: dict[str, Any], as_json: bool, rows: Rows) -> None:
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


def _pope_rows(scores: list[Score]) -> Iterator[list[str]]:
    names, counts = ["accuracy", "precision", "recall", "F1", "yes ratio"], ["TP", "FP", "TN", "FN"]
    values = {(score.split, score.name): score.value for score in scores}
    yield ["split", *names[:-1], "yes", *counts]
    for split in dict.fromkeys(s.split for s in scores if not s.name.startswith("mean ")):
        figures = [_figure(values[split, name], 4) for name in names]
        yield [split, *figures, *(_figure(values[split, name], 0) for name in counts)]
    if ("", "mean F1") in values:
        yield ["mean", *(_figure(values["", f"mean {name}"], 4) for name in names)]


def _chair_rows(scores: list[Score]) -> Iterator[list[str]]:
    shown = [score for score in scores if score.name != "Len/100"]
    scale = {score.name: 1 if score.name == "Len" else 100 for score in shown}
    yield [score.name if score.name == "Len" else f"{score.name} ×100" for score in shown]
    yield [_figure(score.value, 1, scale[score.name]) for score in shown]


def _kind_rows(scores: list[Score]) -> Iterator[list[str]]:
    yield ["figure", "×100", "claims"]
    for score in scores:
        yield [score.name, _figure(score.value, 1, 100), f"{score.numerator}/{score.denominator}"]


def _figure(value: float | None, digits: int, scale: int = 1) -> str:
    return "undefined" if value is None else f"{value * scale:.{digits}f}"


def _made(how: dict[str, Any]) -> Iterator[str]:
    """How the figures were made, line by line."""
    for name, value in how.items():
        for part in value if isinstance(value, list) else [value]:
            yield f"{name}: {_file(part) if isinstance(part, dict) else part}"


def _file(card: dict[str, Any]) -> str:
    return f"{card['file']} ({card['rows']} rows, sha256 {card['sha256'][:12]})"
