"""`halluc analyse`: what goes along with hallucination, and how well that tells it."""

from __future__ import annotations

from pathlib import Path

import click

from app.workflows.captions import TRUTH, VOCABULARY
from app.workflows.score import AS_JSON

STATISTICS = click.option(
    "--statistics",
    metavar="DATA",
    help="Whose objects tell what comes together; forms as for --truth. Default: all of --truth, "
    "else the run's own samples; for tabletop, the biased scenes.",
)
_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group()
def analyse() -> None:
    """Find out what goes along with hallucination."""


@analyse.command()
@click.argument("captions", metavar="RUN_OR_FILE...", nargs=-1, required=True)
@TRUTH
@STATISTICS
@VOCABULARY
@AS_JSON
@click.option(
    "-o",
    "--output",
    type=_FOLDER,
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
    """LURE's factors of object hallucination: co-occurrence, uncertainty, position.

    The rate of hallucinated mentions in fifths of each factor, with 95 % intervals of a bootstrap
    over pictures. Source: arXiv:2310.00754.
    """
    import msgspec

    from app.workflows.analyse.factors import analyse, factor_plot, factor_rows, read_mentions
    from app.workflows.score import print_table
    from halluc.jsonl import write_json, write_jsonl
    from halluc.language.claims.things import load_things

    mentioned = read_mentions(captions, truth, statistics, load_things(vocabulary))
    analysed = [analyse(each) for each in mentioned]
    document = [
        {"captions": each.name, "mentions": each.mentions, "scores": each.scores}
        for each in analysed
    ]
    if output is not None:
        _make(output)
        if any(each.scores for each in analysed):
            factor_plot(output / "factors.png", analysed)
        write_json(output / "factors.json", document)
        rows = (
            {"captions": each.name, **msgspec.to_builtins(mention)}
            for each in mentioned
            for mention in each.mentions
        )
        write_jsonl(output / "factors.jsonl", rows)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2))
        return
    for each in analysed:
        click.echo(f"{each.name}: {each.mentions:,} mentions of objects")
        if not each.mentions:
            continue
        print_table(factor_rows(each), left=("factor", "fifth"))
        for factor in each.missing:
            click.echo(f"{factor}: the captions come without log-probabilities")


@analyse.command()
@click.argument("captions", metavar="RUN_OR_FILE")
@click.option(
    "--detector",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What `halluc train detector` wrote. Default: the one for tabletop that ships.",
)
@TRUTH
@STATISTICS
@VOCABULARY
@AS_JSON
@click.option("-o", "--output", type=_FOLDER, help="Write detector.png into this folder.")
def detector(
    *,
    captions: str,
    file: Path | None,
    truth: str | None,
    statistics: str | None,
    vocabulary: Path | None,
    as_json: bool,
    output: Path | None,
) -> None:
    """How well a detector tells absent objects from present ones, beside LURE's rule.

    AUROC and average precision over mentions, with 95 % intervals of a bootstrap over pictures, and
    whether its probabilities are right (expected calibration error; plot).
    """
    import msgspec

    from app.workflows.analyse.factors import quality_rows, read_mentions, reliability_plot
    from app.workflows.score import print_table
    from halluc.errors import InputError
    from halluc.language.claims.things import load_things
    from mitigation.postcorrection.detector import (
        SHIPPED,
        probability,
        published_rule,
        read_detector,
        suspicions_of,
    )
    from mitigation.postcorrection.quality import calibration_error, judge_suspicions, reliability

    fitted = read_detector(file or SHIPPED)
    [mentioned] = read_mentions((captions,), truth, statistics, load_things(vocabulary))
    mentions = mentioned.mentions
    if not mentions:
        raise InputError("no mention of an object whose presence is known", captions)
    odds = suspicions_of(fitted, mentions)
    rule = [float(published_rule(each.factors)) for each in mentions]
    wrong = [each.hallucinated for each in mentions]
    pictures = mentioned.said.pictures
    scores = judge_suspicions(
        {"detector": odds, "LURE's rule": rule}, wrong, [pictures[each.id] for each in mentions]
    )
    bins = reliability([probability(each) for each in odds], wrong)
    if output is not None:
        _make(output)
        reliability_plot(output / "detector.png", bins)
    if as_json:
        document = {
            "mentions": len(mentions),
            "scores": scores,
            "calibration error": calibration_error(bins),
            "reliability": [each._asdict() for each in bins],
        }
        click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2))
        return
    print_table(quality_rows(scores), left=("by", "figure"))
    click.echo(f"expected calibration error: {calibration_error(bins):.3f}")
    click.echo(f"{len(mentions):,} mentions, {sum(wrong):,} of them hallucinated")
    if any(each.factors.uncertainty is None for each in mentions):
        click.echo("uncertainty is left out: the captions come without log-probabilities")


def _make(folder: Path) -> None:
    from halluc.errors import InputError
    from halluc.jsonl import reason

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(reason(error), folder) from None
