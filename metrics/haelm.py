"""HaELM: which share of captions does a language model call accurate, that sees references alone?

Score = yes / (yes + no), over captions (0..1, higher is better). Source: Wang et al. 2023,
"Evaluation and Analysis of Hallucination in Large Vision-Language Models" (arXiv:2308.15126), and
its author in issue 1 of https://github.com/junyangwang0410/HaELM. Any model judges here, with the
published prompt. Where people have judged the captions, the judge's agreement with them stands
before its figure, beside controls that look at nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from halluc.answers.given import Given
from halluc.bootstrap import Counted
from halluc.datasets.haelm import words_of
from halluc.errors import InputError
from halluc.judges.agreement import Judged, agreement
from halluc.judges.replies import Verdict, read_verdict
from halluc.records import Label, Sample, Score
from halluc.work import Spread, in_process
from metrics.protocol import Keep, Measured, Metric
from metrics.ratio import ratio
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
        judged = _judged(verdicts)
        settings: dict[str, Any] = {"left out": given.left_out} if given.left_out else {}
        if self.validated is not None:
            settings["agrees with people"] = agreement_of(self.validated, given)
        warnings = [] if judged or self.validated else [UNVALIDATED]
        told = agreement(judged, METRIC) if judged else []
        return Measured([Counted([*told, *scores], parts)], settings, warnings=warnings)


def agreement_of(run: Path, given: Given) -> str:
    """In words, how far the judge of replies agrees with people on the captions of another run.

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
    judged = _judged(_verdicts(other))
    if not judged:
        raise InputError("nobody's verdicts are in this run; judge HaELM's eval_data.jsonl", run)
    found = {(each.split, each.name): each for each in agreement(judged, METRIC)}
    parts = []
    for name in ("accuracy", "balanced accuracy", "kappa"):
        each = found["judge", name]
        if each.value is not None and each.low is not None and each.high is not None:
            parts.append(f"{name} {each.value:.3f} ({each.low:.3f} to {each.high:.3f})")
        else:
            parts.append(f"{name} undefined" if each.value is None else f"{name} {each.value:.3f}")
    control = found["always no", "accuracy"].value
    return f"{', '.join(parts)} on {len(judged)} captions; always no has accuracy {control:.3f}"


def _verdicts(given: Given) -> dict[str, tuple[Sample, Verdict]]:
    """A sample and the verdict of each caption, by the caption's number."""
    replies: dict[str, list[str]] = {}
    about: dict[str, Sample] = {}
    for sample, answer in given:
        id = sample.id.partition("/")[0]
        replies.setdefault(id, []).append(answer.text)
        about.setdefault(id, sample)
    return {id: (about[id], verdict_of(each)) for id, each in replies.items()}


def _judged(verdicts: Mapping[str, tuple[Sample, Verdict]]) -> list[Judged]:
    found = []
    for sample, verdict in verdicts.values():
        people: Label | None = sample.truth.label if sample.truth else None
        if people is not None:
            found.append(Judged(people, verdict, words_of(sample)))
    return found
