"""`halluc score pope`: yes/no questions on whether an object is in the picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.workflows.score import (
    AS_JSON,
    OUTPUT,
    count_rows,
    figure,
    keep,
    margin,
    print_table,
    result_card,
    show,
    stream_given,
)
from halluc.answers.files import stream_answers
from halluc.errors import InputError
from halluc.records import Answer, Sample, Score

if TYPE_CHECKING:
    from metrics.pope import Dispute

# The names in metrics.pope_parsers, here so that --help imports nothing.
NAMES = ("pope", "opera", "vcd", "icd", "lmms-eval", "vlmevalkit")
# How many disputed answers the terminal shows; JSON and a folder hold all.
SHOWN = 20


@click.command()
@click.argument("answers", nargs=-1, required=True, metavar="RUN_OR_FILE...")
@click.option("--truth", multiple=True, help="File of POPE questions with labels; may repeat.")
@click.option(
    "--parser",
    type=click.Choice([*NAMES, "all"]),
    default="pope",
    show_default=True,
    help="Whose script reads the answers. all: side by side, with the answers they dispute.",
)
@click.option(
    "--allow-missing",
    is_flag=True,
    help="Leave out questions without an answer and answers without a question, and say how many.",
)
@AS_JSON
@OUTPUT
def pope(
    *,
    answers: tuple[str, ...],
    truth: tuple[str, ...],
    parser: str,
    allow_missing: bool,
    as_json: bool,
    output: Path | None,
) -> None:
    """POPE: accuracy, precision, recall and F1 of yes/no answers (arXiv:2305.10355)."""
    from halluc.answers.alignment import Pairs
    from halluc.datasets.pope import load_files
    from halluc.statistics import with_intervals
    from metrics.pope import EDITION, Tally, metric_of
    from metrics.pope_parsers import PARSERS

    run, stream = stream_given(answers, stream_answers, allow_missing=allow_missing)
    rows: Counter[Path] = Counter()
    given = count_rows(stream, rows)
    parsers = [PARSERS[name] for name in (NAMES if parser == "all" else (parser,))]
    settings = {}
    if truth or run:
        questions = load_files(truth) if truth else None
        samples = questions.samples if questions else run.samples if run else []
        source = questions.card["files"] if questions else None
        tally = Tally(parsers, [sample.split for sample in samples])
        pairs = Pairs(given, samples, allow_missing=allow_missing)
        tally.update((sample, answer.text) for sample, answer in pairs)
        if allow_missing:
            settings["left out"] = {
                "questions without an answer": pairs.missing.total(),
                "answers without a question": pairs.surplus,
            }
    else:
        source = "the right answers beside the answers"
        tally = Tally(parsers)
        tally.update(_labelled(given))
        pairs = None
    scores = [score for each in parsers for score in with_intervals(tally.counted(each))]
    how = result_card(EDITION, run, rows, source, parser=parser, **settings)
    disputes = {"disputes": tally.disputes} if len(parsers) > 1 else {}
    missing = pairs.missing if pairs and allow_missing else None
    for each in parsers:
        mine = [score for score in scores if score.metric == metric_of(each)]
        keep(run, output, mine, how | {"parser": each.name})
    show(scores, how, as_json, lambda scores: _rows(scores, missing), **disputes)
    if disputes and not as_json:
        _show_disputes(tally.disputes, rows.total())


def _labelled(answers: Iterable[Answer]) -> Iterator[tuple[Sample, str]]:
    """Answers with the question that their own file tells."""
    seen: set[str] = set()
    for answer in answers:
        own = answer.own
        if own is None or own.truth is None or own.truth.label is None:
            what = "a file of answers without labels needs its --truth"
            raise InputError(what, answer.path, answer.line)
        if own.id in seen:
            what = f"a second answer to {own.id}; remove one, or tell the splits apart by --truth"
            raise InputError(what, answer.path, answer.line)
        seen.add(own.id)
        yield own, answer.text


def _rows(scores: list[Score], missing: Counter[str] | None) -> Iterator[list[str]]:
    names = ["accuracy", "precision", "recall", "F1", "yes ratio"]
    metrics = list(dict.fromkeys(score.metric for score in scores))
    several = len(metrics) > 1
    counts = ["unknown"] if several else ["TP", "FP", "TN", "FN", "unknown"]
    yield [
        *("split", *(["parser"] if several else []), *names[:-1], "yes"),
        *(*counts[:-1], "unknown" if several else "?", *([] if missing is None else ["miss"])),
    ]
    found = {(score.metric, score.split, score.name): score for score in scores}
    for split in dict.fromkeys(score.split for score in scores if score.name == "TP"):
        for metric in metrics:
            shares = [found[metric, split, name] for name in names]
            numbers = [found[metric, split, name] for name in counts]
            yield [
                *(split, *([_parser(metric)] if several else [])),
                *(figure(each.value, 4) for each in shares),
                *(figure(each.value, 0) for each in numbers),
                *([] if missing is None else [str(missing[split])]),
            ]
            if not several:
                yield ["± 95 %", *(margin(each, 4) for each in shares)]
    for kind in ("mean", "pooled"):
        for metric in metrics:
            if (metric, "", f"{kind} F1") in found:
                shares = [found[metric, "", f"{kind} {name}"] for name in names]
                figures = [figure(each.value, 4) for each in shares]
                yield [kind, *([_parser(metric)] if several else []), *figures]
                if not several:
                    yield ["± 95 %", *(margin(each, 4) for each in shares)]


def _parser(metric: str) -> str:
    return metric.partition(":")[2] or "pope"


def _show_disputes(disputes: Sequence[Dispute], answers: int) -> None:
    """Which answers the parsers read differently, and what each of them read."""
    click.echo(f"\nThe parsers dispute {len(disputes)} of {answers} answers.")
    if not disputes:
        return
    signs = {"yes": "yes", "no": "no", "unknown": "?"}
    body = [
        [each.id, _short(each.text), each.label, *(signs[read] for read in each.readings.values())]
        for each in disputes[:SHOWN]
    ]
    print_table([["question", "answer", "truth", *NAMES], *body], left=("question", "answer"))
    if len(disputes) > SHOWN:
        click.echo(f"… and {len(disputes) - SHOWN} more; --json lists them all.")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 40 else line[:39] + "…"
