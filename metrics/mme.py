"""MME: are both questions on a picture answered rightly, the one to affirm and the one to deny?

A task scores 100 × (acc + acc+), 0..200: acc is the share of questions answered rightly, acc+ the
share of pictures with both questions answered rightly. Perception adds up ten tasks (0..2000),
cognition four (0..800). The four tasks of perception on objects and their attributes are added up
on their own too (0..800), as papers on hallucination do. Higher is better. Source: Fu et al. 2023,
"MME: A Comprehensive Evaluation Benchmark for Multimodal Large Language Models"
(arXiv:2306.13394), and ``eval_tool/calculation.py`` released with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta

from halluc.answers.alignment import Pairs as Joined
from halluc.answers.files import read_answers
from halluc.answers.given import Given, count_rows, only_truth, open_answers, samples_of
from halluc.bootstrap import Counted
from halluc.datasets.mme import (
    TASKS,
    bare_question,
    has_results,
    load,
    read_results,
    with_sample_ids,
)
from halluc.errors import InputError
from halluc.records import Answer, Sample, Score
from halluc.work import Spread, in_process
from metrics.mme_counts import (
    TOTALS,
    MmeCounts,
    blends,
    by_image,
    by_lines,
    compute,
    label_of,
    odd_pictures,
    parse_answer,
    update,
)
from metrics.protocol import Keep, Measured, Metric, Result, Table, left_out, rightly
from metrics.tables import count, figure, interval
from metrics.tasks import Task, has_label

EDITION = "MME (arXiv:2306.13394)"


OWN = "the truths beside the answers"
_NAMED = 5

Pairs = Literal["image", "lines"]
"""What makes two questions a pair: the picture, or that they follow each other."""


def _truth_beside(given: Iterable[tuple[Sample, Answer]]) -> Iterator[tuple[Sample, Answer]]:
    """The pairs, if the truth beside each answer is that of the question."""
    for sample, answer in given:
        told, true = (
            each.truth.label if each and each.truth else None for each in (answer.own, sample)
        )
        if told and told != true:
            what = f"the truth beside this answer is {told}, that of {sample.id} is {true}"
            raise InputError(f"{what}; make the folder again", answer.path, answer.line)
        yield sample, answer


class Mme(Metric, frozen=True, kw_only=True):
    """MME over answers of a run, a file, or a folder as its eval_tool wants it.

    Attributes:
        pairs: what makes two questions a pair.
    """

    name = "mme"
    title = "MME"
    summary = "Perception, cognition and the tasks on hallucination."
    paper = "arXiv:2306.13394"
    edition = EDITION
    task = Task(
        "mme",
        "questions of MME",
        lambda sample: has_label(sample) and sample.split in TASKS,
        answers=("yes", "no"),
        bare=bare_question,
    )
    story = ("hallucination", "perception", "cognition")
    hidden = frozenset({"acc", "acc+"})
    one_table = True

    pairs: Annotated[
        Pairs,
        Meta(
            description="What makes a pair of questions: the picture, or as in the published "
            "script two lines in a row. They differ only where questions are missing."
        ),
    ] = "image"

    @classmethod
    def fits(cls, source: str, truth: Sequence[str]) -> bool:
        """A folder of results, or a ground truth with folders or files of MME's tasks."""
        if has_results(Path(source)):
            return True
        place = Path(truth[0]) if truth else None
        return place is not None and any(
            (place / task).is_dir() or (place / f"{task}.txt").is_file() for task in TASKS
        )

    def read(
        self, sources: Sequence[str], truth: Sequence[str] = (), *, allow_missing: bool = False
    ) -> Given:
        """Answers joined to MME's questions; see `Metric.read`."""
        source, own, run, rows = only_truth(truth), list[Sample](), None, Counter[Path]()
        if has_results(Path(sources[0])):
            own, answers = read_results(sources[0])
            rows.update(answer.path for answer in answers)
        else:
            run, stream = open_answers(sources, read_answers, allow_missing=allow_missing)
            answers = list(count_rows(stream, rows))
        dataset = load(source) if source else None
        samples = dataset.samples if dataset else own or samples_of(run, answers)
        joined = Joined(with_sample_ids(answers, samples), samples, allow_missing=allow_missing)
        card = dataset.card["files"] if dataset else OWN if own else None
        given = Given(run, _truth_beside(joined), card, rows, samples)
        given.left_out = left_out(joined) if given.answers and allow_missing else {}
        if own:
            given.note["answers"] = load(sources[0]).card["files"]  # one card, not one a task
        if self.pairs == "image" and not allow_missing:
            _check_pictures(given.samples, sources[0])
        return given

    def measure(
        self, given: Given, spread: Spread = in_process, keep: Keep | None = None
    ) -> Measured:
        """The figures of all tasks, and their totals."""
        result = mme(given.samples, given.texts, self.pairs)
        settings: dict[str, Any] = {"parser": "MME", "pairs": _paired(self.pairs, result, given)}
        settings |= {"left out": given.left_out} if given.left_out else {}
        asked = {each.split for each in given.samples}
        if missing := [task for task in TASKS if task not in asked]:
            settings["tasks without an answer"] = f"{len(missing)} ({', '.join(missing)})"
        parts = {picture: compute(each) for picture, each in result.counts.items()}
        return Measured([Counted(result.scores, parts, blends())], settings, notes=given.note)

    def right(self, given: Given) -> dict[str, dict[str, bool]]:
        """Whether each question was answered rightly, by task and id."""
        return rightly(given, lambda text, _: parse_answer(text))

    def label(self, name: str, split: str) -> str:
        """What a figure is called in a sentence."""
        return f"{name} score"

    def tables(self, scores: Sequence[Score], given: Given) -> Iterator[Table]:
        """A row a task, then the totals."""
        values = {(each.split, each.name): each for each in scores}
        rows = [["split", "score", "95 %", "acc", "acc+", "other"]]
        for task in dict.fromkeys(each.split for each in scores if each.split):
            score, acc, plus, other = (
                values[task, name] for name in ("score", "acc", "acc+", "other")
            )
            shares = [figure(acc), figure(plus)]
            rows.append([task, figure(score, 1), interval(score, 1), *shares, count(other)])
        totals = [each for each in scores if not each.split]
        yield Table(rows + [[each.name, figure(each, 1), interval(each, 1)] for each in totals])


def _check_pictures(samples: Sequence[Sample], name: str) -> None:
    if odd := odd_pictures(samples):
        named = ", ".join(odd[:_NAMED]) + (", …" if len(odd) > _NAMED else "")
        raise InputError(
            f"{len(odd)} pictures have not two questions ({named}); add the missing ones, use "
            "--pairs lines for the published script's figure, or --allow-missing",
            name,
        )


def _paired(pairs: Pairs, result: Result[MmeCounts], given: Given) -> str:
    """How questions were paired, and what the other way gives where it differs."""
    if pairs == "lines":
        return "by lines, as published"
    try:
        published = mme(given.samples, given.texts, "lines").scores
    except InputError:  # an odd number of lines, which the script does not take
        return "by picture"
    if published == result.scores:
        return "by picture (by lines, as published, the figures are the same)"
    totals = ", ".join(f"{s.name} {figure(s, 1)}" for s in published if s.name in TOTALS)
    return f"by picture (by lines, as published: {totals})"


def mme(
    samples: Sequence[Sample], answers: Mapping[str, str], pairs: Pairs = "image"
) -> Result[MmeCounts]:
    """Score answers to MME's questions, task by task.

    Args:
        samples: the questions, each with its task as split, its picture and its label.
        answers: text of the answer to each sample, by its id.
        pairs: "image" takes the questions on the same picture together; "lines" each two that
            follow each other, as the published script does. Only where questions are missing the
            two differ.

    Raises:
        InputError: a sample has no label or another task, or with "lines" an odd number of
            questions is left in a task.
        KeyError: a sample has no answer.
    """
    groups = by_image(samples) if pairs == "image" else by_lines(samples)
    counts: dict[str, MmeCounts] = {}
    for group in groups:
        pair = [(answers[each.id], label_of(each)) for each in group]
        picture = group[0].image or group[0].id
        counts[picture] = counts.get(picture, MmeCounts()) + update(group[0].split, pair)
    return Result(compute(sum(counts.values(), MmeCounts())), counts)
