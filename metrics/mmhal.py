"""MMHal-Bench: how a judge rates answers to 96 questions, and how many of them hallucinate.

The score is the mean rating (0..6, higher is better), the hallucination rate the share of ratings
below 3, both also by type of question. Source: Sun et al. 2023 (arXiv:2309.14525) and its
``eval_gpt4.py``: a reply without a rating, or with several, is rated 0. Informativeness is
RLAIF-V's reading (Yu et al. 2024, arXiv:2405.17220): the mean of rating - 3 from a rating of 3 on,
else of the rating, over 3. The aggregate is a pure function of replies; the published judges are
retired.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from halluc.answers.alignment import Pairs
from halluc.answers.files import read_answers
from halluc.answers.given import Given
from halluc.bootstrap import Gathered
from halluc.datasets.files import read_rows
from halluc.datasets.mmhal import TYPES
from halluc.errors import InputError
from halluc.judges.replies import read_rating
from halluc.records import Answer, Sample, Score
from halluc.work import Spread, in_process
from metrics.haelm import UNVALIDATED, agreement_of
from metrics.judged import ValidatedBy
from metrics.protocol import Keep, Measured, Metric, joined
from metrics.ratio import ratio
from metrics.tasks import Task

METRIC = "mmhal"
HALLUCINATED = 3
"""Ratings below this one are of answers with a hallucination."""

Counts = Counter[tuple[str, str]]
"""By type of question and what."""


def update(kind: str, reply: str) -> Counts:
    """Counts of one reply."""
    read = read_rating(reply)
    rating = read or 0
    return Counter(
        {
            (kind, "replies"): 1,
            (kind, "points"): rating,
            (kind, "hallucinated"): int(rating < HALLUCINATED),
            (kind, "informative"): rating % HALLUCINATED if rating < 6 else HALLUCINATED,
            (kind, "unread"): int(read is None),
        }
    )


def compute(counts: Mapping[tuple[str, str], int]) -> list[Score]:
    """The figures of all questions and of each type; a ratio of nothing is None."""
    kinds = {kind for kind, _ in counts} - {""}
    rows: list[tuple[str, str, int, Literal["higher", "lower"], str]] = [
        ("score", "points", 1, "higher", "points"),
        ("hallucination rate", "hallucinated", 1, "lower", ""),
        ("informativeness", "informative", HALLUCINATED, "higher", ""),
        ("no rating read", "unread", 1, "lower", ""),
    ]
    scores = []
    for split in ("", *sorted(kinds, key=lambda kind: (kind not in TYPES, _place(kind), kind))):
        n = Counter[str]()
        for (kind, what), number in counts.items():
            n[what] += number if split in ("", kind) else 0
        for name, what, most, better, unit in rows if not split else rows[:2]:
            whole = n["replies"] * most
            scores.append(
                ratio(METRIC, name, n[what], whole, split=split, better=better, unit=unit)
            )
    return scores


def mmhal(replies: Sequence[str]) -> list[Score]:
    """Score a judge's replies in the order of the published questions, whose types take turns."""
    each = (update(TYPES[n % len(TYPES)], reply) for n, reply in enumerate(replies))
    return compute(sum(each, Counts()))


def _place(kind: str) -> int:
    return TYPES.index(kind) if kind in TYPES else len(TYPES)


class Mmhal(Metric, frozen=True, kw_only=True):
    """MMHal-Bench over a judge's replies.

    Attributes:
        validated: run of the same judge on captions with people's verdicts.
    """

    name = METRIC
    title = "MMHal-Bench"
    summary = "A judge's ratings of answers to 96 questions."
    paper = "arXiv:2309.14525"
    edition = "MMHal-Bench (arXiv:2309.14525), any judge"
    task = Task(
        METRIC, "questions of MMHal-Bench, or answers for its judge", lambda s: bool(s.prompt)
    )
    by_default = False
    story = ("score", "hallucination rate")

    validated: ValidatedBy = None

    def read(
        self, sources: Sequence[str], truth: Sequence[str] = (), *, allow_missing: bool = False
    ) -> Given:
        """A judge's replies: of a run, of a file by number, or as the published script keeps them.

        Raises:
            InputError: see `Metric.read`; or there are not 96 replies, or a run holds the answers
                that a judge is to rate.
        """
        path = Path(sources[0])
        if truth or len(sources) > 1 or not path.is_file():
            named = [
                each if each.startswith(f"{METRIC}:") else f"{METRIC}:{each}" for each in truth
            ]
            given = super().read(sources, named, allow_missing=allow_missing)
            if given.run is not None and any(each.image for each in given.run.samples):
                raise InputError(
                    "answers, which a judge has to rate first: halluc generate --task mmhal "
                    f"--model JUDGE --data mmhal:{sources[0]} -o JUDGED",
                    sources[0],
                )
            return given
        answers = _published(path)
        card = "the order of the replies" if answers else "the numbers of the replies"
        answers = answers or read_answers(path)
        samples = [Sample(id=str(n), split=TYPES[n % len(TYPES)]) for n in range(96)]
        pairs = Pairs(answers, samples, allow_missing=allow_missing)
        return joined(None, pairs, card, Counter({path: len(answers)}), samples)

    def measure(
        self, given: Given, spread: Spread = in_process, keep: Keep | None = None
    ) -> Measured:
        """The figures, a question being what is drawn again; see `Metric.measure`.

        Raises:
            InputError: the run of `validated` cannot be used.
        """
        gathered = Gathered[Counts]()
        for sample, answer in given:
            gathered.add(sample.id, update(sample.split, answer.text))
        settings: dict[str, Any] = {"left out": given.left_out} if given.left_out else {}
        if self.validated is not None:
            settings |= agreement_of(self.validated, given)
        warnings = [] if self.validated else [UNVALIDATED]
        return Measured([gathered.counted(compute)], settings, warnings=warnings)


def _published(path: Path) -> list[Answer]:
    """Replies as OpenAI's chat endpoint gives them, in the order of the questions; else none."""
    answers: list[Answer] = []
    for line, row in read_rows(path, dict[str, Any]):
        if "choices" not in row:
            return []
        try:
            text = row["choices"][0]["message"]["content"] or ""
        except (LookupError, TypeError):
            what = 'no reply: there is no "content" of a "message" in "choices"'
            raise InputError(what, path, line) from None
        answers.append(Answer(str(len(answers)), text, path, line))
    return answers
