"""`halluc score chair`: mentioned objects that are not in the picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.scoring import (
    AS_JSON,
    OUTPUT,
    figure,
    interval,
    keep,
    read_given,
    result_card,
    samples_of,
    show,
)
from halluc.datasets.answers import Answer, picture_id, read_captions, read_truths
from halluc.datasets.files import file_card
from halluc.errors import InputError
from halluc.records import Finding, Score, Truth

if TYPE_CHECKING:
    from halluc.language.lemmas import Compat


@click.command()
@click.argument("captions", metavar="RUN_OR_FILE")
@click.option(
    "--truth", help="JSON of object names by picture, folder of COCO annotations, or data."
)
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
    run, given = read_given((captions,), read_captions)
    lemmatize = lemmatizer(compat, nltk_data)
    if truth:
        ids = {answer.id: picture_id(answer.id) for answer in given}
        found = read_truths(truth, ids.values(), lemmatize)
        truths = {str(id): found[key] for id, key in ids.items() if key in found}
    else:
        truths = {s.id: s.truth for s in samples_of(run, given) if s.truth is not None}
        if any(each.label for each in truths.values()):
            raise InputError("the answers are yes or no; use `halluc score pope`", captions)
    _check_truths(given, truths, truth)
    texts = {str(each.id): each.text for each in given}
    if max_tokens_cut:
        texts = {id: whole_sentences(text) for id, text in texts.items()}
    result = score(texts, truths, lemmatize)
    settings: dict[str, str] = {"compat": compat}
    if max_tokens_cut:
        cut = sum(texts[str(each.id)] != each.text for each in given)
        settings["max_tokens_cut"] = f"{max_tokens_cut} ({cut} of {len(given)} captions cut)"
    source = _truth_card(truth, len(truths)) if truth else None
    how = result_card(EDITION, run, given, source, **settings)
    if compat == "wordnet":
        how["nltk"] = version("nltk")
    if (
        unknown := {name for each in truths.values() for name in each.names}
        - coco_vocabulary().nodes.keys()
    ):
        how["not in CHAIR's vocabulary"] = sorted(unknown)
    pictures = {s.id: s.image or s.id for s in run.samples} if run else {id: id for id in texts}
    scores = with_intervals(count_pictures(result.counts, pictures, compute, BLENDS))
    keep(run, output, scores, how, result.findings)
    show(scores, how, as_json, _chair_rows)
    if shown:
        click.echo("\n".join(islice(_wrong(texts, result.findings), shown)))


def _check_truths(answers: Sequence[Answer], truths: dict[str, Truth], source: str | None) -> None:
    missing = [answer for answer in answers if answer.id not in truths]
    if not missing:
        return
    named = ", ".join(str(answer.id) for answer in missing[:5]) + (
        ", …" if len(missing) > 5 else ""
    )
    where = f"in {source}" if source else "in the run; give --truth"
    what = f"{len(missing)} of {len(answers)} pictures ({named}) have no truth {where}"
    raise InputError(what, missing[0].path, missing[0].line)


def _truth_card(source: str, rows: int) -> Any:
    return [file_card(source, rows)] if Path(source).is_file() else f"{source}, {rows} pictures"


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
