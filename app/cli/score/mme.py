"""`halluc score mme`: 14 tasks of yes/no questions, two to a picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.workflows.score import (
    AS_JSON,
    OUTPUT,
    figure,
    interval,
    keep,
    result_card,
    samples_of,
    show,
    stream_given,
)
from halluc.answers.files import read_answers
from halluc.datasets.mme import has_results, load, read_results, with_sample_ids
from halluc.errors import InputError
from halluc.records import Answer, Sample, Score

if TYPE_CHECKING:
    from metrics.mme import Mme, Pairs

OWN = "the truths beside the answers"
_NAMED = 5


@click.command()
@click.argument("answers", metavar="RUN_OR_FILE_OR_FOLDER")
@click.option(
    "--truth",
    type=click.Path(path_type=Path, file_okay=False),
    help="MME's folder, or any folder of its eval_tool; needed for a file of answers.",
)
@click.option(
    "--pairs",
    type=click.Choice(["image", "lines"]),
    default="image",
    show_default=True,
    help="What makes a pair of questions: the picture, or as in the published script two lines in "
    "a row. They differ only where questions are missing.",
)
@click.option(
    "--allow-missing",
    is_flag=True,
    help="Score what is answered of each picture, and say how much is missing.",
)
@AS_JSON
@OUTPUT
def mme(
    *,
    answers: str,
    truth: Path | None,
    pairs: Pairs,
    allow_missing: bool,
    as_json: bool,
    output: Path | None,
) -> None:
    """MME: perception, cognition and the tasks on hallucination (arXiv:2306.13394).

    Reads a run of `halluc generate --task mme`, a folder of TASK.txt as MME's eval_tool wants it,
    or a file of answers such as LLaVA's.
    """
    from halluc.answers.alignment import Pairs as Joined
    from halluc.statistics import with_intervals
    from metrics.mme import EDITION
    from metrics.mme import mme as score

    own: Sequence[Sample] = ()
    run = None
    if has_results(Path(answers)):
        own, given = read_results(answers)
    else:
        run, stream = stream_given((answers,), read_answers, allow_missing=allow_missing)
        given = list(stream)
    dataset = load(truth) if truth else None
    samples = dataset.samples if dataset else own or samples_of(run, given)
    joined = Joined(with_sample_ids(given, samples), samples, allow_missing=allow_missing)
    texts = {sample.id: _checked(answer, sample).text for sample, answer in joined}
    asked = [sample for sample in samples if sample.id in texts]
    if pairs == "image" and not allow_missing:
        _check_pictures(asked, answers)
    result = score(asked, texts, pairs)
    source = dataset.card["files"] if dataset else OWN if own else None
    settings: dict[str, Any] = {"parser": "MME", "pairs": _told(pairs, result, asked, texts)}
    if allow_missing:
        settings["left out"] = {
            "questions without an answer": joined.missing.total(),
            "answers without a question": joined.surplus,
        }
    how = result_card(EDITION, run, given, source, **settings)
    if own:
        how["answers"] = load(answers).card["files"]  # one card, not one for each task
    scores = with_intervals(result.counted())
    keep(run, output, scores, how)
    show(scores, how, as_json, _rows)


def _checked(answer: Answer, sample: Sample) -> Answer:
    """The answer, if the truth beside it is that of the question."""
    told, true = (
        each.truth.label if each and each.truth else None for each in (answer.own, sample)
    )
    if told and told != true:
        what = f"the truth beside this answer is {told}, that of {sample.id} is {true}"
        raise InputError(f"{what}; make the folder anew", answer.path, answer.line)
    return answer


def _check_pictures(samples: Sequence[Sample], name: str) -> None:
    from metrics.mme import odd_pictures

    if odd := odd_pictures(samples):
        named = ", ".join(odd[:_NAMED]) + (", …" if len(odd) > _NAMED else "")
        raise InputError(
            f"{len(odd)} pictures have not two questions ({named}); mend them, use --pairs lines "
            "for the published script's figure, or --allow-missing",
            name,
        )


def _told(pairs: Pairs, result: Mme, samples: Sequence[Sample], texts: dict[str, str]) -> str:
    """How questions were paired, and what the other way gives where it differs."""
    from metrics.mme import TOTALS, mme

    if pairs == "lines":
        return "by lines, as published"
    try:
        published = mme(samples, texts, "lines").scores
    except InputError:  # an odd number of lines, which the script does not take
        return "by picture"
    if published == result.scores:
        return "by picture (by lines, as published, the figures are the same)"
    totals = ", ".join(
        f"{each.name} {figure(each.value, 2)}" for each in published if each.name in TOTALS
    )
    return f"by picture (by lines, as published: {totals})"


def _rows(scores: list[Score]) -> Iterator[list[str]]:
    values = {(each.split, each.name): each for each in scores}
    yield ["split", "score", "95 %", "acc", "acc+", "other"]
    for task in dict.fromkeys(each.split for each in scores if each.split):
        score, acc, plus, other = (values[task, name] for name in ("score", "acc", "acc+", "other"))
        shares = [figure(each.value, 2, 100) for each in (acc, plus)]
        yield [task, figure(score.value, 2), interval(score, 1), *shares, figure(other.value, 0)]
    for each in scores:
        if not each.split:
            yield [each.name, figure(each.value, 2), interval(each, 1)]
