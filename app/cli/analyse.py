"""`halluc analyse`: what goes along with hallucination."""

from __future__ import annotations

from pathlib import Path

import click

from app.captions import TRUTH, VOCABULARY
from app.scoring import AS_JSON


@click.group()
def analyse() -> None:
    """Find out what goes along with hallucination."""


@analyse.command()
@click.argument("captions", metavar="RUN_OR_FILE...", nargs=-1, required=True)
@TRUTH
@click.option(
    "--statistics",
    metavar="DATA",
    help="Whose objects tell what comes together; forms as for --truth. Default: all of --truth, "
    "else the run's own samples; for tabletop, the biased scenes.",
)
@VOCABULARY
@AS_JSON
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write factors.png, factors.json and factors.jsonl (each mention) into this folder.",
)
def factors(
    *,
    captions: tuple[str, ...],
    truth: str | None,
    statistics: str | None,
    vocabulary: Path | None,
    as_json: bool,
    output: Path | None,
) -> None:
    """LURE's three factors of object hallucination: co-occurrence, uncertainty, position.

    The rate of hallucinated mentions in fifths of each factor, with 95 % intervals of a bootstrap
    over pictures. Source: arXiv:2310.00754.
    """
    import msgspec

    from app.captions import read_with_truth
    from app.factors import (
        analyse,
        factor_plot,
        factor_rows,
        occurrences_of,
        read_occurrences,
    )
    from app.scoring import print_table
    from halluc.errors import InputError
    from halluc.jsonl import reason, write_json, write_jsonl
    from halluc.language.offline import offline_words
    from halluc.language.things import load_things

    things = load_things(vocabulary)
    source = statistics or truth
    known = read_occurrences(source, things) if source else None
    analysed = []
    for name in captions:
        said = read_with_truth(name, truth, offline_words)
        here = known
        if here is None:
            assert said.run is not None  # noqa: S101 - captions without --truth are of a run
            data = str(said.run.card.get("data", {}).get("name", ""))
            if data.startswith("tabletop"):
                here = read_occurrences("tabletop", things)
            else:
                here = occurrences_of(list(said.truths.values()), things)
        analysed.append(analyse(name, said, here, things))
    document = [
        {"captions": each.name, "mentions": len(each.mentions), "scores": each.scores}
        for each in analysed
    ]
    if output is not None:
        try:
            output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(reason(error), output) from None
        if any(each.scores for each in analysed):
            factor_plot(output / "factors.png", analysed)
        write_json(output / "factors.json", document)
        rows = (
            {"captions": each.name, **msgspec.to_builtins(mention)}
            for each in analysed
            for mention in each.mentions
        )
        write_jsonl(output / "factors.jsonl", rows)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2))
        return
    for each in analysed:
        click.echo(f"{each.name}: {len(each.mentions):,} mentions of objects")
        if not each.mentions:
            continue
        print_table(factor_rows(each), left=("factor", "fifth"))
        for factor in each.missing:
            click.echo(f"{factor}: the captions come without log-probabilities")
