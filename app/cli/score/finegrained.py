"""`halluc score finegrained`: rates of wrong objects, attributes and relations."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import click

from app.engine.connect import engine_options, open_cluster
from app.workflows.captions import TRUTH, VOCABULARY, read_with_truth
from app.workflows.score import AS_JSON, OUTPUT, figure, interval, keep, result_card, show
from halluc.records import Score


@click.command()
@click.argument("captions", metavar="RUN_OR_FILE")
@TRUTH
@VOCABULARY
@click.option(
    "--show",
    "shown",
    type=click.IntRange(min=1),
    metavar="N",
    help="List the N most frequent wrong claims.",
)
@AS_JSON
@OUTPUT
@engine_options
def finegrained(
    *,
    captions: str,
    truth: str | None,
    vocabulary: Path | None,
    shown: int | None,
    as_json: bool,
    output: Path | None,
    engine: str,
    workers: int | None,
    gpus_per_worker: float | None,
) -> None:
    """Rates of wrong objects, attributes and relations, and how much of the truth is told."""
    from app.workflows.kinds import claims_card
    from app.workflows.shares import find_claims
    from halluc.bootstrap import count_pictures
    from halluc.language.claims.things import load_things
    from halluc.language.claims.truths import in_words_of
    from halluc.language.words.offline import offline_words
    from halluc.statistics import with_intervals
    from metrics.finegrained import EDITION, compute, count_findings, frequent

    if shown and as_json:
        raise click.UsageError("--show lists claims under the table; with --json use -o")
    things = load_things(vocabulary)
    said = read_with_truth(captions, truth, offline_words)
    with open_cluster(engine, workers, gpus_per_worker) as cluster:
        findings = find_claims(said, things, cluster)
    known = {id: in_words_of(things, said.truths[id]) for id in said.texts}
    counts = count_findings(findings, known)
    how = result_card(EDITION, said.run, said.given, said.source, **claims_card(things))
    scores = with_intervals(count_pictures(counts, said.pictures, compute))
    keep(said.run, output, scores, how, findings)
    show(scores, how, as_json, _kind_rows)
    for what, often in islice(frequent(findings), shown or 0):
        click.echo(f"{often:5} x {what}")


def _kind_rows(scores: list[Score]) -> Iterator[list[str]]:
    yield ["figure", "×100", "95 %", "of"]
    for score in scores:
        # A family that nobody speaks of is left out.
        if score.denominator or score.name.split()[0] in ("object", "attribute", "relation"):
            part = f"{score.numerator}/{score.denominator}"
            yield [score.name, figure(score.value, 1, 100), interval(score, 1, 100), part]
