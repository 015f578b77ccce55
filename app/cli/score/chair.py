"""`halluc score chair`: mentioned objects that are not in the picture."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.engine.connect import engine_options, open_cluster
from app.workflows.captions import TRUTH, read_with_truth
from app.workflows.score import AS_JSON, OUTPUT, figure, interval, place_of, result_card, show
from halluc.records import Score

if TYPE_CHECKING:
    from halluc.language.words.lemmatizer import Compat


@click.command()
@click.argument("captions", metavar="RUN_OR_FILE")
@TRUTH
@click.option(
    "--compat",
    type=click.Choice(["offline", "wordnet", "pattern"]),
    default="offline",
    show_default=True,
    help="How words become singular. wordnet: exactly as OPERA and most papers since, needs NLTK "
    "data. offline: nearly the same, needs nothing. pattern: as the original scripts.",
)
@click.option("--nltk-data", help="Folder of NLTK data, searched before NLTK's own path.")
@click.option(
    "--max-tokens-cut",
    type=click.Choice(["sentence"]),
    help="Leave out a last sentence that has no end, as for answers of at most 64 tokens.",
)
@click.option(
    "--show",
    "shown",
    type=click.IntRange(min=1),
    metavar="N",
    help="List the wrong words of the first N captions that have any.",
)
@AS_JSON
@OUTPUT
@engine_options
def chair(
    *,
    captions: str,
    truth: str | None,
    compat: Compat,
    nltk_data: str | None,
    max_tokens_cut: str | None,
    shown: int | None,
    as_json: bool,
    output: Path | None,
    engine: str,
    workers: int | None,
    gpus_per_worker: float | None,
) -> None:
    """CHAIR: share of mentioned objects that are not in the picture (arXiv:1809.02156)."""
    from app.workflows.shares import ChairShares
    from halluc.answers.files import CaptionFile
    from halluc.language.words.lemmatizer import lemmatizer
    from halluc.language.words.vocabulary import coco_vocabulary
    from halluc.statistics import with_intervals
    from metrics.chair import BLENDS, EDITION, METRIC, compute

    if shown and as_json:
        raise click.UsageError("--show lists words under the table; with --json use -o")
    with open_cluster(engine, workers, gpus_per_worker) as cluster:  # starts while one reads
        said = read_with_truth(captions, truth, lemmatizer(compat, nltk_data))
        shares = ChairShares(
            said, compat, nltk_data, whole=max_tokens_cut is not None, shown=shown or 0
        )
        place = place_of(said.run, output)
        lines = shares.findings(cluster)
        if place is None:
            deque(lines, maxlen=0)
        else:
            place.write_finding_lines(METRIC, lines)
    settings: dict[str, str] = {"compat": compat}
    if max_tokens_cut:
        settings["max_tokens_cut"] = (
            f"{max_tokens_cut} ({shares.cut} of {len(said.given)} captions cut)"
        )
    given = said.given
    rows = Counter({given.path: len(given)}) if isinstance(given, CaptionFile) else given
    how = result_card(EDITION, said.run, rows, said.source, **settings)
    if compat == "wordnet":
        how["nltk"] = version("nltk")
    if (
        unknown := {name for each in said.truths.values() for name in each.names}
        - coco_vocabulary().nodes.keys()
    ):
        how["not in CHAIR's vocabulary"] = sorted(unknown)
    scores = with_intervals(shares.gathered.counted(compute, BLENDS))
    if place is not None:
        place.write_scores(scores, how)
    show(scores, how, as_json, _chair_rows)
    if shown:
        click.echo("\n".join(shares.wrong))


def _chair_rows(scores: list[Score]) -> Iterator[list[str]]:
    yield ["figure", "", "95 %"]
    for score in scores:
        if score.name != "Len/100":
            name, scale = (score.name, 1) if score.name == "Len" else (f"{score.name} ×100", 100)
            yield [name, figure(score.value, 1, scale), interval(score, 1, scale)]
