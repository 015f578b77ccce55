"""`halluc analyse`: factors of hallucination, and how well they and uncertainty predict it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from app.cli.options import AS_JSON, DEVICE, DTYPE, IMAGES, STATISTICS, TRUTH, VOCABULARY
from app.cli.text import say
from halluc.errors import HallucError

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

    from app.cli.tables import print_table
    from app.workflows.analyse.factors import analyse, factor_rows, read_mentions
    from app.workflows.analyse.plots import factor_plot
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
        say(msgspec.json.format(msgspec.json.encode(document), indent=2))
        return
    for each in analysed:
        say(f"{each.name}: {each.mentions:,} mentions of objects")
        if not each.mentions:
            continue
        print_table(factor_rows(each), left=("factor", "fifth"))
        for factor in each.missing:
            say(f"{factor}: the captions come without log-probabilities")


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
    """How well a detector separates absent objects from present ones, beside LURE's rule.

    AUROC and average precision over mentions, with 95 % intervals of a bootstrap over pictures, and
    whether its probabilities are right (expected calibration error; plot).
    """
    import msgspec

    from app.cli.tables import print_table
    from app.workflows.analyse.detector import judge_detector, quality_rows
    from app.workflows.analyse.plots import reliability_plot
    from halluc.language.claims.things import load_things

    judged = judge_detector(captions, file, truth, statistics, load_things(vocabulary))
    mentions = judged.mentions
    if output is not None:
        _make(output)
        reliability_plot(output / "detector.png", judged.bins)
    if as_json:
        document = {
            "mentions": len(mentions),
            "scores": judged.scores,
            "calibration error": judged.calibration_error,
            "reliability": [each._asdict() for each in judged.bins],
        }
        say(msgspec.json.format(msgspec.json.encode(document), indent=2))
        return
    print_table(quality_rows(judged.scores), left=("by", "figure"))
    say(f"expected calibration error: {judged.calibration_error:.3f}")
    wrong = sum(each.hallucinated for each in mentions)
    say(f"{len(mentions):,} mentions, {wrong:,} of them hallucinated")
    if any(each.factors.uncertainty is None for each in mentions):
        say("uncertainty is left out: the captions come without log-probabilities")


@analyse.command()
@click.argument("captions", metavar="RUN")
@TRUTH
@click.option(
    "--labels",
    type=click.Choice(["chair", "claims"]),
    default="chair",
    show_default=True,
    help="What says which mentions are hallucinated: CHAIR, or the verdicts on claims.",
)
@click.option(
    "--mentions",
    type=click.Choice(["all", "first"]),
    default="all",
    show_default=True,
    help="All mentions, or the first one of each object in a caption.",
)
@VOCABULARY
@AS_JSON
@click.option("-o", "--output", type=_FOLDER, help="Write uncertainty.jsonl (each mention) there.")
def uncertainty(
    *,
    captions: str,
    truth: str | None,
    labels: Literal["chair", "claims"],
    mentions: Literal["all", "first"],
    vocabulary: Path | None,
    as_json: bool,
    output: Path | None,
) -> None:
    """How well a model's own log-probabilities find hallucinated mentions.

    AUROC, average precision and risk at 90 % coverage of the negative log-probability of a
    mention's first token, the mean and the whole word, with 95 % intervals of a bootstrap over
    pictures.
    """
    import msgspec

    from app.cli.tables import print_table
    from app.workflows.analyse.detector import quality_rows
    from app.workflows.analyse.uncertainty import document_of, judge_uncertainty
    from halluc.jsonl import write_jsonl
    from halluc.language.claims.things import load_things

    judged = judge_uncertainty(captions, truth, labels, mentions, load_things(vocabulary))
    if output is not None:
        _make(output)
        rows = (msgspec.to_builtins(each) for each in judged.mentions)
        write_jsonl(output / "uncertainty.jsonl", rows)
    if as_json:
        say(msgspec.json.format(msgspec.json.encode(document_of(judged)), indent=2))
        return
    print_table(quality_rows(judged.scores), left=("by", "figure"))
    wrong = sum(each.hallucinated for each in judged.mentions)
    say(f"{len(judged.mentions):,} mentions by {labels}, {wrong:,} of them hallucinated")
    if judged.untold:
        say(f"{judged.untold:,} more come without log-probabilities and are left out")


@analyse.command()
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "--reviews",
    metavar="FILE|URL",
    help="Database of the reviews. Default: reviews.sqlite beside the run.",
)
@click.option(
    "--view",
    default="",
    metavar="QUERY",
    help="Of which claims, as in the inspector's links: kind=relation, metric=chair.",
)
@AS_JSON
def reviews(*, run: Path, reviews: str | None, view: str, as_json: bool) -> None:
    """Rates corrected by what people judged in the inspector, and what each rule costs.

    Prediction-powered inference on the claims that were judged in random or stratified order
    (arXiv:2301.09633, arXiv:2311.01453), with 95 % intervals over pictures; the reviewers'
    agreement, and how they did on known answers.
    """
    import msgspec

    from app.cli.tables import print_table

    try:
        from app.inspector.reading.reviewed import read_reviewed
    except ImportError as error:
        raise HallucError(
            f"reviews need {error.name}; install it with: pip install 'halluc[inspector]'"
        ) from None
    found = read_reviewed(run, reviews or str(run.resolve().parent / "reviews.sqlite"), view)
    if as_json:
        say(msgspec.json.format(msgspec.json.encode(found), indent=2))
        return
    print_table(found.rate_rows(), left=("of",))
    if found.corrections.rules:
        print_table(found.rule_rows(), left=("rule",), title="What each rule costs")
    for line in found.lines():
        say(line)


@analyse.command()
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--model", default="tabletop", show_default=True, metavar="M", help="Model to probe.")
@VOCABULARY
@IMAGES
@click.option("--batch-size", type=click.IntRange(min=1), default=8, show_default=True)
@click.option("--seed", default=0, show_default=True, help="Of what is made wrong.")
@DTYPE
@DEVICE
@AS_JSON
@click.option("-o", "--output", type=_FOLDER, help="Write alignment.json (each caption) there.")
def alignment(
    *,
    run: Path,
    model: str,
    vocabulary: Path | None,
    images: Path | None,
    batch_size: int,
    seed: int,
    dtype: str,
    device: str,
    as_json: bool,
    output: Path | None,
) -> None:
    """How well a model tells a picture's true caption from false ones (HACL's probe).

    RUN holds captions that halluc score finegrained has read. Of each picture a true caption (wrong
    ones are corrected) stands beside itself with an object, an attribute or a relation made wrong.
    AUROC of the similarity of picture and caption, the hidden states at the end token, through the
    heads that halluc train sft --hacl left beside the adapter, if there are any. arXiv:2312.06968.
    """
    import msgspec

    from app.cli.progress import bars
    from app.cli.tables import print_table
    from halluc.jsonl import write_json
    from halluc.language.claims.things import load_things
    from halluc.mllm import load_model

    mllm = load_model(model, dtype=dtype, device=device)
    from app.workflows.analyse.alignment import analyse_alignment
    from halluc.mllm.transformers import TransformersMLLM

    if not isinstance(mllm, TransformersMLLM):
        raise HallucError(f"{model} is no checkpoint, so its hidden states cannot be seen")
    adapter = model.partition("+")[2]
    with bars() as progress:
        found = analyse_alignment(
            run, mllm, Path(adapter) if adapter else None, load_things(vocabulary),
            images=images, seed=seed, batch_size=batch_size, progress=progress,
        )  # fmt: skip
    if output is not None:
        _make(output)
        write_json(output / "alignment.json", found.document())
    if as_json:
        say(msgspec.json.format(msgspec.json.encode(found.document()), indent=2))
        return
    print_table(found.rows(), left=("false",))
    by = "HACL's heads" if found.heads else "hidden states as they are"
    say(f"{len(found.probes):,} pictures of {run}, by {by}")


def _make(folder: Path) -> None:
    from halluc.errors import InputError
    from halluc.jsonl import reason

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(reason(error), folder) from None
