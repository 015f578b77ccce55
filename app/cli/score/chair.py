"""`halluc score chair`: mentioned objects that are not in the picture."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.captions import TRUTH, read_with_truth
from app.scoring import AS_JSON, OUTPUT, figure, interval, place_of, result_card, show
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
    from halluc.bootstrap import Gathered
    from halluc.language.lemmas import lemmatizer
    from halluc.language.vocabulary import coco_vocabulary
    from halluc.statistics import with_intervals
    from metrics.chair import BLENDS, EDITION, METRIC, ChairCounts, compute, update, whole_sentences

    if shown and as_json:
        raise click.UsageError("--show lists words under the table; with --json use -o")
    lemmatize = lemmatizer(compat, nltk_data)
    said = read_with_truth(captions, truth, lemmatize)
    pictures = said.pictures if said.run else {}
    gathered, wrong, cut = Gathered[ChairCounts](), list[str](), 0

    def findings() -> Iterator[Finding]:
        """Score caption by caption, so that memory does not grow with them."""
        nonlocal cut
        for answer in said.given:
            id, text = str(answer.id), answer.text
            if max_tokens_cut:
                text = whole_sentences(text)
                cut += text != answer.text
            counts, found = update(id, text, said.truths[id], lemmatize)
            gathered.add(pictures.get(id, id), counts)
            if shown and len(wrong) < shown and counts.hallucinated_mentions:
                wrong.append(_wrong(id, text, found))
            yield from found

    place = place_of(said.run, output)
    if place is None:
        deque(findings(), maxlen=0)
    else:
        place.write_findings(METRIC, findings())
    settings: dict[str, str] = {"compat": compat}
    if max_tokens_cut:
        settings["max_tokens_cut"] = f"{max_tokens_cut} ({cut} of {len(said.given)} captions cut)"
    how = result_card(EDITION, said.run, said.given, said.source, **settings)
    if compat == "wordnet":
        how["nltk"] = version("nltk")
    if (
        unknown := {name for each in said.truths.values() for name in each.names}
        - coco_vocabulary().nodes.keys()
    ):
        how["not in CHAIR's vocabulary"] = sorted(unknown)
    scores = with_intervals(gathered.counted(compute, BLENDS))
    if place is not None:
        place.write_scores(scores, how)
    show(scores, how, as_json, _chair_rows)
    if shown:
        click.echo("\n".join(wrong))


def _chair_rows(scores: list[Score]) -> Iterator[list[str]]:
    yield ["figure", "", "95 %"]
    for score in scores:
        if score.name != "Len/100":
            name, scale = (score.name, 1) if score.name == "Len" else (f"{score.name} ×100", 100)
            yield [name, figure(score.value, 1, scale), interval(score, 1, scale)]


def _wrong(id: str, text: str, findings: Sequence[Finding]) -> str:
    """The wrong words of a caption in a line: their places, their classes, and the truth."""
    wrong = [each for each in findings if each.verdict == "hallucinated"]
    words = ", ".join(
        f'"{text[claim.start : claim.end]}" at {claim.start} ({claim.subject})'
        for claim in (each.claim for each in wrong)
    )
    return f"{id}: {words}; {wrong[0].evidence}"
