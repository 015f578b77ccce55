"""`halluc score amber`: captions and yes/no questions on existence, attributes and relations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.workflows.score import (
    AS_JSON,
    OUTPUT,
    figure,
    interval,
    keep,
    print_table,
    result_card,
    show,
    stream_given,
)
from halluc.answers.files import read_answers
from halluc.datasets import Dataset
from halluc.datasets.amber import ATTRIBUTES, annotated_folder, load, read_annotations
from halluc.errors import InputError
from halluc.records import Answer, Sample, Score
from halluc.runs import Run

if TYPE_CHECKING:
    from metrics.amber import Parser
    from metrics.amber_captions import CaptionReader

# What the published script calls its parts.
_EVALUATIONS = {
    "a": ("generative", "existence", *ATTRIBUTES, "relation"),
    "g": ("generative",),
    "d": ("existence", *ATTRIBUTES, "relation"),
    "de": ("existence",),
    "da": ATTRIBUTES,
    "dr": ("relation",),
}
_FIGURES = ("accuracy", "precision", "recall", "F1")
_CAPTIONS = ("CHAIR", "Cover", "Hal", "Cog")


@click.command()
@click.argument("answers", metavar="RUN_OR_FILE")
@click.option(
    "--truth",
    type=click.Path(path_type=Path, file_okay=False),
    help="AMBER's folder of data; default: the one that a run was made on.",
)
@click.option(
    "--evaluation-type",
    "evaluation",
    type=click.Choice(list(_EVALUATIONS)),
    help="a: all. g: captions. d: questions; de: on existence, da: on attributes, dr: on "
    "relations. Default: what is answered.",
)
@click.option(
    "--parser",
    type=click.Choice(["amber", "vlmevalkit"]),
    default="amber",
    show_default=True,
    help='amber: "Yes" or "No" and nothing else, as published. vlmevalkit: yes or no as a word.',
)
@click.option(
    "--similarity",
    default="wordnet",
    show_default=True,
    help="Which words count as synonyms: wordnet, exact, or spacy:MODEL with vectors.",
)
@click.option("--nltk-data", help="Folder of NLTK data, searched before NLTK's own path.")
@click.option(
    "--allow-missing",
    is_flag=True,
    help="Leave out queries without an answer and answers without a query, and say how many.",
)
@AS_JSON
@OUTPUT
def amber(
    *,
    answers: str,
    truth: Path | None,
    evaluation: str | None,
    parser: str,
    similarity: str,
    nltk_data: str | None,
    allow_missing: bool,
    as_json: bool,
    output: Path | None,
) -> None:
    """AMBER: CHAIR, Cover, Hal and Cog of captions, F1 of answers (arXiv:2311.07397)."""
    from halluc.answers.alignment import Pairs
    from halluc.statistics import with_intervals
    from metrics.amber import EDITION
    from metrics.amber import amber as score

    run, stream = stream_given((answers,), read_answers, allow_missing=allow_missing)
    given = list(stream)
    folder = annotated_folder(truth) if truth else _folder_of(run, given)
    dataset = load(folder)
    if run and not truth:
        _check_same(run, dataset)
    samples = _asked(run.samples if run else dataset.samples, given, evaluation)
    joined = Pairs(
        _answers_to(given, dataset.samples, samples), samples, allow_missing=allow_missing
    )
    texts = {sample.id: answer.text for sample, answer in joined}
    asked = [sample for sample in samples if sample.id in texts]
    if not asked:
        raise InputError("no answer to a query of AMBER", given[0].path)
    settings: dict[str, Any] = {"parser": parser}
    read = None
    if any(sample.split == "generative" for sample in asked):
        read = _caption_reader(similarity, nltk_data)
        settings |= {"similarity": similarity, "nltk": version("nltk")}
    if allow_missing:
        settings["left out"] = {
            "queries without an answer": joined.missing.total(),
            "answers without a query": joined.surplus,
        }
    result = score(asked, texts, read_annotations(folder), parse=_parser(parser), read=read)
    how = result_card(EDITION, run, given, dataset.card["files"], **settings)
    pictures = {each.id: each.image or each.id for each in asked}
    scores = with_intervals(result.counted(pictures))
    keep(run, output, scores, how, result.findings)
    tables = [_caption_rows] if read else []
    tables += [_question_rows] if any(each.name == "F1" for each in scores) else []
    for rows in tables[: 0 if as_json else -1]:
        print_table(rows(scores))
        click.echo()
    show(scores, how, as_json, tables[-1])


def _folder_of(run: Run | None, answers: Sequence[Answer]) -> Path:
    """AMBER's folder that a run was made on, if it is still there."""
    form, _, place = (run.card.get("data", {}).get("name", "") if run else "").partition(":")
    if form == "amber" and Path(place).exists():
        return annotated_folder(Path(place))
    what = "AMBER's associations of words are needed"
    raise InputError(f"{what}; name its folder of data with --truth", answers[0].path)


def _check_same(run: Run, dataset: Dataset) -> None:
    """Refuse data that was changed since the run was made."""
    now = {each["file"]: each["sha256"] for each in dataset.card["files"]}
    for each in run.card["data"].get("files", []):
        if now.get(each["file"], each["sha256"]) != each["sha256"]:
            what = f"{each['file']} of {dataset.name} is not the one that the run was made on"
            raise InputError(f"{what}; name the right folder with --truth", run.path)


def _asked(
    samples: Sequence[Sample], answers: Sequence[Answer], evaluation: str | None
) -> list[Sample]:
    """The queries that must have an answer: of the parts asked for, else of those answered."""
    if evaluation:
        dimensions = set(_EVALUATIONS[evaluation])
    else:
        ids = {str(answer.id) for answer in answers}
        answered = {sample.split for sample in samples if sample.id in ids}
        dimensions = {
            each
            for part in ("g", "de", "da", "dr")
            if not answered.isdisjoint(_EVALUATIONS[part])
            for each in _EVALUATIONS[part]
        }
    return [sample for sample in samples if sample.split in dimensions]


def _answers_to(
    answers: Sequence[Answer], known: Sequence[Sample], samples: Sequence[Sample]
) -> list[Answer]:
    """The answers without those to AMBER's queries that are not to be scored."""
    others = {sample.id for sample in known} - {sample.id for sample in samples}
    return [answer for answer in answers if str(answer.id) not in others]


def _caption_reader(similarity: str, nltk_data: str | None) -> CaptionReader:
    from halluc.language.words.nouns import wordnet_nouns
    from halluc.language.words.similarity import similarity as similar
    from metrics.amber_captions import CaptionReader

    return CaptionReader(wordnet_nouns(nltk_data), similar(similarity, nltk_data))


def _parser(name: str) -> Parser:
    if name == "amber":
        from metrics.amber import parse_exact

        return parse_exact
    from metrics.pope_parsers import read_vlmevalkit

    return lambda text: None if (read := read_vlmevalkit(text, "no")) == "unknown" else read


def _caption_rows(scores: list[Score]) -> Iterator[list[str]]:
    values = {each.name: each for each in scores if each.split in ("generative", "")}
    yield ["figure", "published", "unrounded", "95 %"]
    for name in _CAPTIONS:
        published, exact = values[f"published {name}"], values[name]
        yield [
            name,
            figure(published.value, 1),
            figure(exact.value, 2, 100),
            interval(exact, 1, 100),
        ]
    if total := values.get("AMBER score"):
        yield [total.name, figure(total.value, 2)]


def _question_rows(scores: list[Score]) -> Iterator[list[str]]:
    values = {(each.split, each.name): each for each in scores}
    yield ["split", *_FIGURES, "F1 unrounded", "95 %", "said No", "other"]
    for part in dict.fromkeys(each.split for each in scores if each.name == "F1"):
        figures = [figure(values[part, f"published {name}"].value, 1) for name in _FIGURES]
        f1 = values[part, "F1"]
        counts = [figure(values[part, name].value, 0) for name in ("said No", "other")]
        yield [part, *figures, figure(f1.value, 2, 100), interval(f1, 1, 100), *counts]
