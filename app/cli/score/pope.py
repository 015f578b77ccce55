"""`halluc score pope`: yes/no questions on whether an object is in the picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from app.scoring import AS_JSON, OUTPUT, figure, keep, read_given, result_card, samples_of, show
from halluc.datasets.answers import read_answers
from halluc.records import Score


@click.command()
@click.argument("answers", nargs=-1, required=True, metavar="RUN_OR_FILE...")
@click.option("--truth", multiple=True, help="File of POPE questions with labels; may repeat.")
@AS_JSON
@OUTPUT
def pope(
    answers: tuple[str, ...], truth: tuple[str, ...], as_json: bool, output: Path | None
) -> None:
    """POPE: accuracy, precision, recall and F1 of yes/no answers (arXiv:2305.10355)."""
    from halluc.datasets.alignment import align
    from halluc.datasets.pope import load_files
    from metrics.pope import pope as compute

    run, given = read_given(answers, read_answers)
    questions = load_files(truth) if truth else None
    samples = questions.samples if questions else samples_of(run, given)
    joined = align(given, samples)
    scores = compute(samples, {id: answer.text for id, answer in joined.items()})
    source = questions.card["files"] if questions else None
    how = result_card("POPE (arXiv:2305.10355)", run, given, source, parser="original")
    keep(run, output, scores, how)
    show(scores, how, as_json, _pope_rows)


def _pope_rows(scores: list[Score]) -> Iterator[list[str]]:
    names, counts = ["accuracy", "precision", "recall", "F1", "yes ratio"], ["TP", "FP", "TN", "FN"]
    values = {(score.split, score.name): score.value for score in scores}
    yield ["split", *names[:-1], "yes", *counts]
    for split in dict.fromkeys(s.split for s in scores if not s.name.startswith("mean ")):
        figures = [figure(values[split, name], 4) for name in names]
        yield [split, *figures, *(figure(values[split, name], 0) for name in counts)]
    if ("", "mean F1") in values:
        yield ["mean", *(figure(values["", f"mean {name}"], 4) for name in names)]
