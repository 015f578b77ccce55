"""POPE: does the model say yes to objects that are there and no to those that are not?

Accuracy, precision, recall and F1 of the answer "yes" (all 0..1, higher is better), and the share
of yes. Source: Li et al. 2023, "Evaluating Object Hallucination in Large Vision-Language Models"
(arXiv:2305.10355) and ``evaluate.py`` of https://github.com/RUCAIBox/POPE; the other scripts that
score its answers are in `metrics.pope_parsers`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta
from msgspec.structs import replace

from halluc.answers.alignment import Pairs
from halluc.answers.files import stream_answers
from halluc.answers.given import Given, count_rows, open_answers
from halluc.answers.repope import load as load_repope
from halluc.bootstrap import Counted
from halluc.datasets.files import read_rows
from halluc.datasets.pope import Question, load_files
from halluc.errors import InputError
from halluc.records import Answer, Sample, Score
from halluc.work import Spread, in_process
from metrics.pope_counts import DEFAULT, Tally
from metrics.pope_logits import likelier, parser_of
from metrics.pope_parsers import PARSERS, Parser
from metrics.pope_warnings import Watch
from metrics.protocol import Keep, Measured, Metric, Table, left_out, rightly
from metrics.tables import count, figure, margin
from metrics.tasks import Task, has_label

EDITION = "POPE (arXiv:2305.10355)"
# How many disputed answers the terminal shows; JSON and a folder hold all.
SHOWN = 20
REPOPE = "RePOPE (arXiv:2504.15707)"
_FIGURES = ("accuracy", "precision", "recall", "F1", "yes ratio")


def pope(
    samples: Sequence[Sample], answers: Mapping[str, str], parser: Parser = DEFAULT
) -> list[Score]:
    """Score answers to POPE questions, split by split.

    With several splits the mean of each figure over them follows ("mean F1" is what LLaVA's papers
    call POPE), and the figures of all together ("pooled F1") where that is the published figure.

    Args:
        samples: the questions, whose truths hold the labels.
        answers: text of the answer to each sample, by its id.
        parser: how answers are read and counted.

    Raises:
        InputError: a sample has no label.
        KeyError: a sample has no answer; `halluc.answers.alignment.align` makes sure of that.
    """
    tally = Tally([parser])
    tally.update((sample, answers[sample.id]) for sample in samples)
    return tally.scores(parser)


class Pope(Metric, frozen=True, kw_only=True):
    """POPE over answers of a run or of files.

    Attributes:
        parser: whose script reads the answers.
    """

    name = "pope"
    title = "POPE"
    summary = "Yes/no questions on whether an object is there."
    paper = "arXiv:2305.10355"
    edition = EDITION
    task = Task("pope", "yes/no questions with labels", has_label, answers=("yes", "no"))
    story = ("mean accuracy", "accuracy", "mean F1", "F1", "mean yes ratio", "yes ratio")

    parser: Annotated[
        Literal["pope", "opera", "vcd", "icd", "lmms-eval", "vlmevalkit", "logits", "all"],
        Meta(
            description="Whose script reads the answers. logits: the likelier of yes and no at the "
            "first token, of a run that keeps it. all: the scripts side by side, with the answers "
            "they dispute."
        ),
    ] = "pope"
    repope: Annotated[
        Path | None,
        Meta(
            description="RePOPE's file of corrected COCO labels, or the folder of its three: "
            "figures with them stand beside POPE's.",
            extra={"metavar": "FILE"},
        ),
    ] = None

    @classmethod
    def fits(cls, source: str, truth: Sequence[str]) -> bool:
        """A ground truth that is a file of yes/no questions with labels."""
        if not truth or not Path(truth[0]).is_file():
            return False
        try:
            next(read_rows(truth[0], Question), None)
        except InputError:
            return False
        return True

    def read(
        self, sources: Sequence[str], truth: Sequence[str] = (), *, allow_missing: bool = False
    ) -> Given:
        """Answers joined to POPE's questions, one by one as they are read; see `Metric.read`."""
        rows: Counter[Path] = Counter()
        run, stream = open_answers(sources, stream_answers, allow_missing=allow_missing)
        answers = count_rows(stream, rows)
        if not truth and run is None:
            return Given(None, _labelled(answers), "the right answers beside the answers", rows)
        questions = load_files(truth) if truth else None
        samples = questions.samples if questions else run.samples if run else []
        pairs = Pairs(answers, samples, allow_missing=allow_missing)
        card = questions.card["files"] if questions else None
        given = Given(run, pairs, card, rows, samples)
        if allow_missing:
            given.note["pairs"] = pairs
        return given

    def measure(
        self, given: Given, spread: Spread = in_process, keep: Keep | None = None
    ) -> Measured:
        """The figures by split and their mean, of one parser or of all."""
        parsers = list(PARSERS.values()) if self.parser == "all" else [parser_of(self.parser)]
        first = likelier(given) if self.parser == "logits" else {}
        tally = Tally(parsers, [sample.split for sample in given.asked or ()])
        watch = Watch()

        corrected = load_repope(self.repope) if self.repope else None
        again: list[tuple[Sample, str]] = []

        def texts() -> Iterator[tuple[Sample, str]]:
            for sample, answer in given:
                text = first[sample.id] if first else answer.text
                watch.see(text)
                if corrected and (other := corrected.relabel(sample)):
                    again.append((other, text))
                yield sample, text

        # What is no answer is noted in `lacks` while the pairs are gone through.
        tally.update(texts(), given.lacks)
        settings: dict[str, Any] = {"parser": self.parser}
        if pairs := given.note.get("pairs"):
            given.left_out, given.missing = left_out(pairs), pairs.missing
            settings["left out"] = given.left_out
        extra: dict[str, Any] = {"disputes": tally.disputes} if len(parsers) > 1 else {}
        lines = []
        if given.lacks:
            extra["as published"] = [s for p in parsers for s in tally.scores(p, published=True)]
            shown = [s for s in extra["as published"] if s.name in ("accuracy", "F1")]
            lines = [
                "What is no answer counts as unknown. As published, it is read like any text: "
                + ", ".join(f"{s.metric} {s.split} {s.name} {figure(s)}" for s in shown)
            ]
        counted = [tally.counted(each) for each in parsers]
        ways: list[dict[str, Any]] = [{"parser": each.name} for each in parsers]
        notes: dict[str, Any] = {}
        if corrected:
            notes["RePOPE"] = [*corrected.told(), *corrected.cards]
            for each in parsers:
                counted.append(_corrected(again, given, each))
                ways.append({"parser": each.name, "labels": REPOPE})
        unknown = sum(each.value or 0 for each in counted[0].scores if each.name == "unknown")
        return Measured(
            counted,
            settings,
            ways=ways,
            notes=notes,
            extra=extra,
            lines=lines,
            warnings=watch.warnings(parsers[0], unknown) if len(parsers) == 1 else [],
        )

    def right(self, given: Given) -> dict[str, dict[str, bool]]:
        """Whether each question was answered rightly, by split and id."""
        if self.parser == "logits":
            first = likelier(given)
            labelled = ((each, each.truth.label) for each in given.samples if each.truth)
            right: dict[str, dict[str, bool]] = {}
            for each, label in labelled:
                right.setdefault(each.split, {})[each.id] = first[each.id] == label
            return right
        return rightly(given, PARSERS[self.parser].read, given.lacks)

    def tables(self, scores: Sequence[Score], given: Given) -> Iterator[Table]:
        """Figures and counts by split; with several parsers a row for each of them."""
        metrics = list(dict.fromkeys(score.metric for score in scores))
        found = {(score.metric, score.split, score.name): score for score in scores}
        splits = dict.fromkeys(score.split for score in scores if score.name == "TP")
        counts = ["unknown"] if len(metrics) > 1 else ["TP", "FP", "TN", "FN", "unknown"]
        missing = given.missing
        rows = [
            [
                *("split", *([_by(metrics)] if len(metrics) > 1 else []), *_FIGURES[:-1], "yes"),
                *(*counts[:-1], "unknown" if len(metrics) > 1 else "?"),
                *([] if missing is None else ["miss"]),
            ]
        ]

        def add(title: str, metric: str, split: str, before: str, *more: str) -> None:
            shares = [found[metric, split, f"{before}{name}"] for name in _FIGURES]
            by = [_parser(metric)] if len(metrics) > 1 else []
            rows.append([title, *by, *map(figure, shares), *more])
            if len(metrics) == 1:
                rows.append(["± 95 %", *map(margin, shares)])

        for split in splits:
            for metric in metrics:
                numbers = [count(found[metric, split, name]) for name in counts]
                numbers += [] if missing is None else [str(missing[split])]
                add(split, metric, split, "", *numbers)
        for kind in ("mean", "pooled"):
            for metric in metrics:
                if (metric, "", f"{kind} F1") in found:
                    add(kind, metric, "", f"{kind} ")
        yield Table(rows)

    def lists(self, measured: Measured, given: Given) -> Iterator[Table]:
        """The answers that the parsers read differently."""
        if (disputes := measured.extra.get("disputes")) is None:
            return
        signs = {"yes": "yes", "no": "no", "unknown": "?"}
        rows = [["question", "answer", "truth", *PARSERS]] if disputes else []
        for each in disputes[:SHOWN]:
            readings = [signs[read] for read in each.readings.values()]
            rows.append([each.id, _short(each.text), each.label, *readings])
        title = f"The parsers dispute {len(disputes)} of {given.rows.total()} answers."
        yield Table(rows, ("question", "answer"), title)
        if len(disputes) > SHOWN:
            yield Table([], title=f"… and {len(disputes) - SHOWN} more; --json lists them all.")


def _corrected(pairs: Sequence[tuple[Sample, str]], given: Given, parser: Parser) -> Counted:
    """The figures with RePOPE's labels, under a name of their own."""
    tally = Tally([parser], [sample.split for sample in given.asked or ()])
    tally.update(pairs, given.lacks)
    counted = tally.counted(parser)

    def named(scores: Sequence[Score]) -> list[Score]:
        return [replace(each, metric=f"{each.metric}:repope") for each in scores]

    parts = {picture: named(each) for picture, each in counted.parts.items()}
    return Counted(named(counted.scores), parts, counted.blends)


def _labelled(answers: Iterable[Answer]) -> Iterator[tuple[Sample, Answer]]:
    """Answers with the question that their own file tells."""
    seen: set[str] = set()
    for answer in answers:
        own = answer.own
        if own is None or own.truth is None or own.truth.label is None:
            what = "a file of answers without labels needs its --truth"
            raise InputError(what, answer.path, answer.line)
        if own.id in seen:
            what = f"a second answer to {own.id}; remove one, or name the splits by --truth"
            raise InputError(what, answer.path, answer.line)
        seen.add(own.id)
        yield own, answer


def _by(metrics: Sequence[str]) -> str:
    return "labels" if len(metrics) == 2 and metrics[1].endswith(":repope") else "parser"


def _parser(metric: str) -> str:
    return metric.partition(":")[2] or "pope"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 40 else line[:39] + "…"
