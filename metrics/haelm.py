"""HaELM: which share of captions does a language model call accurate, that sees references alone?

Score = yes / (yes + no), over captions (0..1, higher is better). Source: Wang et al. 2023,
"Evaluation and Analysis of Hallucination in Large Vision-Language Models" (arXiv:2308.15126), and
its author in issue 1 of https://github.com/junyangwang0410/HaELM. Any model judges here, with the
published prompt. Where people have judged the captions, the judge's agreement with them stands
before its figure, beside controls that look at nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Annotated, Any

from msgspec import Meta

from halluc.answers.given import Given
from halluc.bootstrap import Counted
from halluc.datasets.haelm import parts_of, words_of
from halluc.errors import InputError
from halluc.judges.agreement import FIGURES, Judged, agreement, unlisted_classes
from halluc.judges.replies import Verdict, read_verdict
from halluc.records import Label, Sample, Score
from halluc.work import Spread, in_process
from metrics.protocol import Keep, Measured, Metric, Table
from metrics.ratio import ratio
from metrics.tables import figure, interval
from metrics.tasks import Task

METRIC = "haelm"
UNVALIDATED = (
    "nothing says how far this judge agrees with people; let it judge captions that people have "
    "judged (generate --task haelm), and name that run with --validated"
)


def verdict_of(replies: Iterable[str]) -> Verdict:
    """The verdict on a caption from one reply a prompt: what most of those that say one say.

    >>> verdict_of(["yes", "no", "No."]), verdict_of(["Maybe"]), verdict_of(["yes", "no"])
    ('no', 'unknown', 'unknown')
    """
    said = Counter(map(read_verdict, replies))
    if said["yes"] == said["no"]:
        return "unknown"
    return "yes" if said["yes"] > said["no"] else "no"


def compute(counts: Mapping[str, int]) -> list[Score]:
    """The figures of counts of verdicts; a ratio of nothing is None."""
    yes, decided = counts.get("yes", 0), counts.get("yes", 0) + counts.get("no", 0)
    unknown = counts.get("unknown", 0)
    return [
        ratio(METRIC, "accurate", yes, decided, better="higher"),
        ratio(METRIC, "unknown", unknown, decided + unknown),
    ]


class Haelm(Metric, frozen=True, kw_only=True):
    """HaELM over a judge's replies.

    Attributes:
        validated: run of the same judge on captions with people's verdicts.
    """

    name = METRIC
    title = "HaELM"
    summary = "A language model judges captions by references."
    paper = "arXiv:2308.15126"
    edition = "HaELM (arXiv:2308.15126), any judge"
    task = Task(
        METRIC, "captions for HaELM's judge", lambda s: bool(words_of(s)), answers=("yes", "no")
    )
    by_default = False
    story = ("accurate",)

    validated: Annotated[
        Path | None,
        Meta(
            description="A run of the same judge on captions that people have judged; its "
            "agreement with them goes with the figures.",
            extra={"metavar": "RUN"},
        ),
    ] = None

    def read(
        self, sources: Sequence[str], truth: Sequence[str] = (), *, allow_missing: bool = False
    ) -> Given:
        """A judge's replies, joined to the captions of a run or of a file; see `Metric.read`."""
        named = [f"{METRIC}:{each.removeprefix(f'{METRIC}:')}" for each in truth]
        return super().read(sources, named, allow_missing=allow_missing)

    def measure(
        self, given: Given, spread: Spread = in_process, keep: Keep | None = None
    ) -> Measured:
        """The figures, a caption being what is drawn again; see `Metric.measure`.

        Raises:
            InputError: the run of `validated` cannot be used.
        """
        verdicts = _verdicts(given)
        counts = {id: Counter[str]({each: 1}) for id, (_, each) in verdicts.items()}
        scores = compute(sum(counts.values(), Counter[str]()))
        parts = {id: compute(each) for id, each in counts.items()}
        settings: dict[str, Any] = {"left out": given.left_out} if given.left_out else {}
        warnings = []
        extra: dict[str, Any] = {}
        if judged := _judged(given, verdicts):
            told = agreement(judged, METRIC)
            scores = [*told.scores, *scores]
            extra["confusion"] = told.confusion
            warnings += [told.warning] if told.warning else []
        if self.validated is not None:
            settings |= agreement_of(self.validated, given)
        elif not judged:
            warnings.append(UNVALIDATED)
        return Measured([Counted(scores, parts)], settings, extra=extra, warnings=warnings)

    def tables(self, scores: Sequence[Score], given: Given) -> Iterator[Table]:
        """Where labels are known, what the judge is worth; then what it says of the captions."""
        by = {(each.split, each.name): each for each in scores if each.split}
        # Not wider than a terminal: "balanced accuracy" is the second figure.
        rows = [["verdicts of", "accuracy", "balanced", "95 %", *FIGURES[2:]]]
        for way in dict.fromkeys(way for way, _ in by):
            cells = [figure(by.get((way, name))) for name in FIGURES]
            rows.append([way, *cells[:2], interval(by[way, FIGURES[1]]), *cells[2:]])
        if by:
            yield Table(rows, left=("verdicts of",), title="agreement with the labels, ×100")
        yield from super().tables([each for each in scores if not each.split], given)

    def lists(self, measured: Measured, given: Given) -> Iterator[Table]:
        """How many captions of each label the judge calls what."""
        if confusion := measured.extra.get("confusion"):
            verdicts = ("yes", "no", "unknown")
            rows = [["label", *(f"judge: {each}" for each in verdicts)]]
            rows += [
                [name, *(str(confusion[label][each]) for each in verdicts)]
                for label, name in (("yes", "accurate"), ("no", "hallucinated"))
            ]
            yield Table(rows, left=("label",), title="labels and verdicts")


def agreement_of(run: Path, given: Given) -> dict[str, str]:
    """For a card, how far the judge of replies agrees with labels of the captions of another run.

    Args:
        run: replies of the same judge to HaELM's prompt.
        given: the replies that are scored.

    Raises:
        InputError: it is another judge's, or its captions have no verdicts of people.
        RunError: it is no run.
    """
    other = Haelm().read([str(run)])
    mine = given.run.card.get("model") if given.run else None
    theirs = other.run.card.get("model") if other.run else None
    if mine is not None and theirs != mine:
        raise InputError("these are replies of another judge; --validated wants the same", run)
    judged = _judged(other, _verdicts(other))
    if not judged:
        raise InputError("nobody's verdicts are in this run; judge HaELM's eval_data.jsonl", run)
    exact = other.run is not None and "files" not in other.run.card.get("data", {})
    whose = "the embedded world's labels" if exact else "people"
    return {f"agrees with {whose}": agreement(judged, METRIC).in_words()}


def _verdicts(given: Given) -> dict[str, tuple[Sample, Verdict]]:
    """A sample and the verdict of each caption, by the caption's number."""
    replies: dict[str, list[str]] = {}
    about: dict[str, Sample] = {}
    for sample, answer in given:
        id = sample.id.partition("/")[0]
        replies.setdefault(id, []).append(answer.text)
        about.setdefault(id, sample)
    return {id: (about[id], verdict_of(each)) for id, each in replies.items()}


def _judged(given: Given, verdicts: Mapping[str, tuple[Sample, Verdict]]) -> list[Judged]:
    """The verdicts on captions whose labels are known."""
    chances = _chances(given)
    references: dict[str, list[str]] = {}
    for sample in given.samples:
        if parts := parts_of(sample.prompt):
            references.setdefault(sample.id.partition("/")[0], []).append(parts[0])
    found = []
    for id, (sample, verdict) in verdicts.items():
        label: Label | None = sample.truth.label if sample.truth else None
        if label is None:
            continue
        unlisted = None
        if parts := parts_of(sample.prompt):
            unlisted = unlisted_classes(" ".join(references[id]), parts[1])
        found.append(Judged(label, verdict, words_of(sample), chances.get(id), unlisted))
    return found


def _chances(given: Given) -> dict[str, float]:
    """P(yes) / (P(yes) + P(no)) of each caption, the mean over its prompts, where all tell it."""
    told: dict[str, list[float | None]] = {}
    for each in given.run.responses if given.run else ():
        yes, no = (each.answers.get(name, 0.0) for name in ("yes", "no"))
        chance = yes / (yes + no) if yes + no > 0 else None
        told.setdefault(each.id.partition("/")[0], []).append(chance)
    known = {id: [each for each in some if each is not None] for id, some in told.items()}
    return {id: fmean(some) for id, some in known.items() if len(some) == len(told[id])}
