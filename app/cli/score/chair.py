"""`halluc score chair`: mentioned objects that are not in the picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.captions import TRUTH, read_with_truth
from app.scoring import AS_JSON, OUTPUT, figure, interval, keep, result_card, show
from halluc.records import Finding, Score

if TYPE_CHECKING:
    from halluc.language.lemmas import Compat


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
) -> None:
    """CHAIR: share of mentioned objects that are not in the picture (arXiv:1809.02156)."""
    from halluc.bootstrap import count_pictures
    from halluc.language.lemmas import lemmatizer
    from halluc.language.vocabulary import coco_vocabulary
    from halluc.statistics import with_intervals
    from metrics.chair import BLENDS, EDITION, compute, whole_sentences
    from metrics.chair import chair as score

    if shown and as_json:
        raise click.UsageError("--show lists words under the table; with --json use -o")
    lemmatize = lemmatizer(compat, nltk_data)
    said = read_with_truth(captions, truth, lemmatize)
    texts = said.texts
    if max_tokens_cut:
        texts = {id: whole_sentences(text) for id, text in texts.items()}
    result = score(texts, said.truths, lemmatize)
    settings: dict[str, str] = {"compat": compat}
    if max_tokens_cut:
        cut = sum(texts[id] != text for id, text in said.texts.items())
        settings["max_tokens_cut"] = f"{max_tokens_cut} ({cut} of {len(texts)} captions cut)"
    how = result_card(EDITION, said.run, said.given, said.source, **settings)
    if compat == "wordnet":
        how["nltk"] = version("nltk")
    if (
        unknown := {name for each in said.truths.values() for name in each.names}
        - coco_vocabulary().nodes.keys()
    ):
        how["not in CHAIR's vocabulary"] = sorted(unknown)
    scores = with_intervals(count_pictures(result.counts, said.pictures, compute, BLENDS))
    keep(said.run, output, scores, how, result.findings)
    show(scores, how, as_json, _chair_rows)
    if shown:
        click.echo("\n".join(islice(_wrong(texts, result.findings), shown)))


def _chair_rows(scores: list[Score]) -> Iterator[list[str]]:
    yield ["figure", "", "95 %"]
    for score in scores:
        if score.name != "Len/100":
            name, scale = (score.name, 1) if score.name == "Len" else (f"{score.name} ×100", 100)
            yield [name, figure(score.value, 1, scale), interval(score, 1, scale)]


def _wrong(texts: dict[str, str], findings: Sequence[Finding]) -> Iterator[str]:
    """One line for each caption with a wrong word: its words, places, classes, and the truth."""
    wrong: dict[str, list[Finding]] = {}
    for each in findings:
        if each.verdict == "hallucinated":
            wrong.setdefault(each.id, []).append(each)
    for id, found in wrong.items():
        claims = [each.claim for each in found]
        words = ", ".join(
            f'"{texts[id][claim.start : claim.end]}" at {claim.start} ({claim.subject})'
            for claim in claims
        )
        yield f"{id}: {words}; {found[0].evidence}"
