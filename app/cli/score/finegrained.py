"""`halluc score finegrained`: rates of wrong objects, attributes and relations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from app.scoring import AS_JSON, OUTPUT, figure, interval, keep, read_given, result_card, show
from halluc.datasets.answers import read_captions
from halluc.errors import InputError
from halluc.records import Score
from halluc.runs import read_run


@click.command()
@click.argument("run", metavar="RUN")
@AS_JSON
@OUTPUT
def finegrained(run: str, as_json: bool, output: Path | None) -> None:
    """Rates of wrong objects, attributes and relations, on the embedded world."""
    from halluc.bootstrap import count_pictures
    from halluc.statistics import with_intervals
    from metrics.finegrained import EDITION, compute, count_findings, tabletop_findings

    source = read_run(run)
    if not source.card["data"]["name"].startswith("tabletop") or source.card["task"] != "caption":
        what = "claims are read in captions of tabletop scenes only, and this is another run"
        raise InputError(what, run)
    _, given = read_given((run,), read_captions)
    truths = {each.id: each.truth for each in source.samples if each.truth is not None}
    texts = {str(each.id): each.text for each in given}
    findings = tabletop_findings(texts, truths)
    pictures = {each.id: each.image or each.id for each in source.samples}
    counted = count_pictures(count_findings(texts, findings), pictures, compute)
    scores = with_intervals(counted)
    how = result_card(EDITION, source, given, claims="sentence forms of tabletop")
    keep(source, output, scores, how, findings)
    show(scores, how, as_json, _kind_rows)


def _kind_rows(scores: list[Score]) -> Iterator[list[str]]:
    yield ["figure", "×100", "95 %", "claims"]
    for score in scores:
        claims = f"{score.numerator}/{score.denominator}"
        yield [score.name, figure(score.value, 1, 100), interval(score, 1, 100), claims]
