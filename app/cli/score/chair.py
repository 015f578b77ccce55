"""`halluc score chair`: mentioned objects that are not in the picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import click

from app.scoring import AS_JSON, OUTPUT, figure, keep, read_given, result_card, samples_of, show
from halluc.datasets.answers import Answer, picture_id, read_captions, read_truths
from halluc.datasets.files import file_card
from halluc.errors import InputError
from halluc.records import Score, Truth


@click.command()
@click.argument("captions", metavar="RUN_OR_FILE")
@click.option(
    "--truth", help="JSON of object names by picture, folder of COCO annotations, or data."
)
@click.option(
    "--lemmas",
    type=click.Choice(["auto", "wordnet", "vocabulary"]),
    default="auto",
    show_default=True,
    help="wordnet: as published, needs NLTK data. vocabulary: needs none. auto: wordnet if found.",
)
@click.option("--nltk-data", help="Folder of NLTK data, searched before NLTK's own path.")
@AS_JSON
@OUTPUT
def chair(
    *,
    captions: str,
    truth: str | None,
    lemmas: Literal["auto", "wordnet", "vocabulary"],
    nltk_data: str | None,
    as_json: bool,
    output: Path | None,
) -> None:
    """CHAIR: share of mentioned objects that are not in the picture (arXiv:1809.02156)."""
    from halluc.language.lemmas import lemmatizer
    from halluc.language.vocabulary import coco_vocabulary
    from metrics.chair import chair as compute

    run, given = read_given((captions,), read_captions)
    way, lemmatize = lemmatizer(lemmas, nltk_data)
    if truth:
        ids = {answer.id: picture_id(answer.id) for answer in given}
        found = read_truths(truth, ids.values(), lemmatize)
        truths = {str(id): found[key] for id, key in ids.items() if key in found}
    else:
        truths = {s.id: s.truth for s in samples_of(run, given) if s.truth is not None}
        if any(each.label for each in truths.values()):
            raise InputError("the answers are yes or no; use `halluc score pope`", captions)
    _check_truths(given, truths, truth)
    result = compute({str(each.id): each.text for each in given}, truths, lemmatize)
    source = _truth_card(truth, len(truths)) if truth else None
    how = result_card("CHAIR (arXiv:1809.02156)", run, given, source, lemmas=way)
    if way == "wordnet":
        how["nltk"] = version("nltk")
    if (
        unknown := {name for each in truths.values() for name in each.names}
        - coco_vocabulary().nodes.keys()
    ):
        how["not in CHAIR's vocabulary"] = sorted(unknown)
    keep(run, output, result.scores, how, result.findings)
    show(result.scores, how, as_json, _chair_rows)


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
    shown = [score for score in scores if score.name != "Len/100"]
    scale = {score.name: 1 if score.name == "Len" else 100 for score in shown}
    yield [score.name if score.name == "Len" else f"{score.name} ×100" for score in shown]
    yield [figure(score.value, 1, scale[score.name]) for score in shown]
