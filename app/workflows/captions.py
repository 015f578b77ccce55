"""Captions of a run or of a file, joined to what is true of their pictures."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from app.workflows.score import read_given, samples_of
from halluc.answers.files import CaptionFile, read_captions
from halluc.answers.rows import picture_id
from halluc.answers.truths import read_truths
from halluc.datasets.files import file_card
from halluc.errors import InputError
from halluc.language.words.lemmas import Lemmatizer
from halluc.records import Answer, Truth
from halluc.runs import Run

TRUTH = click.option(
    "--truth",
    help="JSON of object names by picture, JSON lines, folder of COCO annotations, or data such as "
    "vg:FOLDER. A run has its own.",
)

VOCABULARY = click.option(
    "--vocabulary",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="JSON of things and the words for them, beside COCO's 80 classes.",
)


@dataclass(frozen=True)
class Captions:
    """Captions with their truth.

    Attributes:
        run: the run that they come from; None where they came as a file.
        given: the captions; those of a file are read each time they are gone through.
        truths: what is true of each one's picture, by its id.
        source: card of the files of truth, or words; None: the run's samples.
    """

    run: Run | None
    given: list[Answer] | CaptionFile
    truths: dict[str, Truth]
    source: Any

    @property
    def texts(self) -> dict[str, str]:
        """The text of each caption, by its id."""
        return {str(each.id): each.text for each in self.given}

    @property
    def pictures(self) -> dict[str, str]:
        """The picture that each caption is about, by its id."""
        if self.run is None:
            return {id: id for id in self.texts}
        return {each.id: each.image or each.id for each in self.run.samples}


def read_with_truth(captions: str, truth: str | None, lemmatize: Lemmatizer) -> Captions:
    """Captions and what is true of their pictures.

    Args:
        captions: a run or a file.
        truth: where it is told what is true; default: in the run.
        lemmatize: how words of COCO's reference captions are made singular.

    Raises:
        InputError: something cannot be read, a picture has no truth, or the run's answers are no
            captions.
    """
    if not (Path(captions) / "run.json").is_file():
        file = CaptionFile(captions)
        if not truth:
            samples_of(None, [next(iter(file))])  # tells what a file needs
        found = read_truths(str(truth), file.ids, lemmatize)
        _check(file, file.ids - found.keys(), truth)
        if len(found) > len(file):
            found = {id: found[id] for id in file.ids}
        return Captions(None, file, found, _card(str(truth), len(file)))
    run, given = read_given((captions,), read_captions)
    if truth:
        ids = {str(answer.id): picture_id(answer.id) for answer in given}
        found = read_truths(truth, ids.values(), lemmatize)
        truths = {id: found[key] for id, key in ids.items() if key in found}
    else:
        truths = {s.id: s.truth for s in samples_of(run, given) if s.truth is not None}
        if any(each.label for each in truths.values()):
            raise InputError("the answers are yes or no; use `halluc score pope`", captions)
    _check(given, {str(each.id) for each in given} - truths.keys(), truth)
    return Captions(run, given, truths, _card(truth, len(truths)) if truth else None)


def _check(answers: list[Answer] | CaptionFile, unknown: Set[str], source: str | None) -> None:
    if not unknown:
        return
    missing = [answer for answer in answers if str(answer.id) in unknown]
    named = ", ".join(str(answer.id) for answer in missing[:5]) + (
        ", …" if len(missing) > 5 else ""
    )
    where = f"in {source}" if source else "in the run; give --truth"
    what = f"{len(missing)} of {len(answers)} pictures ({named}) have no truth {where}"
    raise InputError(what, missing[0].path, missing[0].line)


def _card(source: str, rows: int) -> Any:
    file = Path(source.removeprefix("jsonl:"))
    return [file_card(file, rows)] if file.is_file() else f"{source}, {rows} pictures"
