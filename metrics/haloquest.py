"""HaloQuest: which share of answers says what the right answers say, by a judge?

Score = answers that the judge calls right / answers (0..1, higher is better), by type of question
(false premises, insufficient context, visual challenge) and kind of picture (generated, real). A
reply that begins with neither yes nor no counts as wrong. Source: Wang et al. 2024 (ECCV 2024,
arXiv:2407.15680), and https://github.com/google/haloquest. The aggregate is a pure function of the
judge's replies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from halluc.answers.alignment import Pairs
from halluc.answers.given import Given, count_rows, only_truth, open_answers, picture_of
from halluc.bootstrap import Gathered
from halluc.datasets.haloquest import load_quest
from halluc.errors import InputError
from halluc.judges.haloquest import FORM, prompts_of, quest_of
from halluc.judges.replies import read_verdict
from halluc.records import Sample, Score
from halluc.runs import read_run
from halluc.work import Spread, in_process
from metrics.haelm import UNVALIDATED, agreement_of
from metrics.judged import JudgedBy, ValidatedBy, read_replies
from metrics.protocol import Keep, Measured, Metric, joined
from metrics.ratio import ratio
from metrics.tasks import Task

METRIC = "haloquest"
Counts = Counter[tuple[str, str]]
"""By type of question or kind of picture, and what; under "" of all."""

_HOW = f"halluc generate --task {METRIC}-judge --data {METRIC}-judge:ANSWERS"


def update(sample: Sample, reply: str) -> Counts:
    """Counts of one reply of the judge."""
    verdict = read_verdict(reply)
    kind = sample.id.partition("/")[0]
    counts = Counts()
    for split in {"", sample.split, kind}:
        counts[split, "answers"] += 1
        counts[split, "right"] += verdict == "yes"
        counts[split, "unread"] += verdict == "unknown"
    return counts


def compute(counts: Mapping[tuple[str, str], int]) -> list[Score]:
    """The figures of all answers, of each type and of each kind; a ratio of nothing is None."""
    scores = []
    for split in sorted({split for split, _ in counts}):
        right, whole = counts.get((split, "right"), 0), counts.get((split, "answers"), 0)
        scores.append(ratio(METRIC, "score", right, whole, split=split, better="higher"))
    unread, whole = counts.get(("", "unread"), 0), counts.get(("", "answers"), 0)
    return [*scores, ratio(METRIC, "no verdict read", unread, whole, better="lower")]


def haloquest(samples: Sequence[Sample], replies: Mapping[str, str]) -> list[Score]:
    """Score a judge's replies.

    Args:
        samples: the questions, as `halluc.datasets.haloquest.load` gives them.
        replies: of the judge on the answer to each, by its id.

    Raises:
        KeyError: a sample has no reply.
    """
    return compute(sum((update(each, replies[each.id]) for each in samples), Counts()))


class HaloQuest(Metric, frozen=True, kw_only=True):
    """HaloQuest over answers, by a judge.

    Attributes:
        judged: run of a judge on these answers.
        validated: run of the same judge on captions with people's verdicts.
    """

    name = METRIC
    title = "HaloQuest"
    summary = "False premises and what cannot be seen, by a judge."
    paper = "arXiv:2407.15680"
    edition = "HaloQuest (arXiv:2407.15680), any judge"
    task = Task(METRIC, "questions of HaloQuest", lambda sample: bool(sample.prompt))
    judges = Task(
        f"{METRIC}-judge",
        "answers to HaloQuest for a judge",
        lambda sample: bool(sample.prompt) and sample.image is None,
        answers=("yes", "no"),
    )
    by_default = False
    story = ("score",)
    one_table = True

    judged: JudgedBy = None
    validated: ValidatedBy = None

    def read(
        self, sources: Sequence[str], truth: Sequence[str] = (), *, allow_missing: bool = False
    ) -> Given:
        """Answers of a run or of HaloQuest's file, with the judge's prompts about them.

        Raises:
            InputError: see `Metric.read`; or no judge is named.
        """
        if self.judged is None:
            raise InputError(f"a judge decides here: {_HOW}; then name its run with --judged")
        path, named, rows = Path(sources[0]), only_truth(truth), Counter[Path]()
        run = None
        if path.suffix == ".csv" and named is None:
            quest = load_quest(path)
            answers, rows[path] = quest.answers, len(quest.answers)
            if not answers:
                raise InputError('no answers: give them in a column "answer"', path)
        else:
            run, stream = open_answers(sources, self.answers_in, allow_missing=allow_missing)
            answers = list(count_rows(stream, rows))
            if named is not None:
                quest = load_quest(Path(named.removeprefix(FORM)))
            elif run is not None:
                quest = quest_of(run)
            else:
                raise InputError("the right answers are in HaloQuest's file: --truth", path)
        pairs = Pairs(answers, quest.dataset.samples, allow_missing=allow_missing)
        given = joined(run, pairs, quest.dataset.card["files"], rows, quest.dataset.samples)
        given.note["prompts"] = prompts_of(quest, answers)
        return given

    def measure(
        self, given: Given, spread: Spread = in_process, keep: Keep | None = None
    ) -> Measured:
        """The figures of the judge's replies, with what each picture adds to them.

        Raises:
            RunError: a run that an option names is none.
            InputError: the judge was asked about other answers, or `validated` cannot be used.
        """
        judge = Path(str(self.judged))
        asked = {id: each for id, each in given.note["prompts"].items() if id in given.texts}
        replies = read_replies(judge, asked, _HOW)
        gathered = Gathered[Counts]()
        for sample in given.samples:
            gathered.add(picture_of(sample), update(sample, replies[sample.id]))
        settings: dict[str, Any] = {"left out": given.left_out} if given.left_out else {}
        settings["judge"] = str(judge)
        if self.validated is not None:
            settings |= agreement_of(self.validated, Given(read_run(judge), ()))
        warnings = [] if self.validated else [UNVALIDATED]
        return Measured([gathered.counted(compute)], settings, warnings=warnings)
