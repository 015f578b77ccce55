"""Is a new run worse than a base by more than is allowed? What `halluc gate` does."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple
from xml.etree import ElementTree

from app.workflows import markdown
from app.workflows.compare.measures import measure_text
from app.workflows.compare.runs import measure_runs
from halluc.bootstrap import Counted, draw, influences
from halluc.differences import LEAST_PICTURES, POWER, Spread, detectable, one_sided
from halluc.errors import InputError
from halluc.records import Score

Outcome = Literal["kept", "exceeded", "open"]

WORDS: dict[Outcome, str] = {
    "kept": "kept",
    "exceeded": "EXCEEDED",
    "open": "too few pictures to tell",
}
_ASKED = re.compile(r"(?P<figure>[^=]+)=(?P<size>\d*\.?\d+)(?P<pp>pp)?\s*")


class Limit(NamedTuple):
    """How far a figure may rise or drop.

    Attributes:
        figure: its name, with its split before it where there are several.
        allowed: a share from 0 to 1, or in the figure's unit.
        way: 1 limits a rise, -1 a drop.
        points: given in percentage points.
    """

    figure: str
    allowed: float
    way: int
    points: bool


@dataclass(frozen=True)
class Checked:
    """A limit with what became of it; values are shares, or in the figure's unit.

    Attributes:
        limit: the limit.
        score: the new run's figure.
        base: the base run's value.
        change: by how much the figure moved in the limited direction.
        low, high: its one-sided bounds; None with fewer than `LEAST_PICTURES` pictures.
        detectable: a change so far beyond what is allowed is found with a probability of `POWER`.
        outcome: "exceeded" if the low bound is above what is allowed, "kept" if the high one is
            not above it.
    """

    limit: Limit
    score: Score
    base: float
    change: float
    low: float | None
    high: float | None
    detectable: float | None
    outcome: Outcome

    @property
    def sentence(self) -> str:
        """What became of it, in words."""
        way = "rise" if self.limit.way > 0 else "drop"
        unit = self.score.unit or "points"
        values = [self._shown(each) for each in (self.change, self.limit.allowed)]
        text = f"{way} of {self.limit.figure} {values[0]} {unit}"
        if self.low is not None and self.high is not None:
            text += f", surely {self._shown(self.low)} to {self._shown(self.high)}"
        text += f"; allowed {values[1]}: {WORDS[self.outcome]}"
        if self.outcome == "open" and self.detectable is not None:
            size = self._shown(self.limit.allowed + self.detectable)
            text += f" (a {way} of {size} {unit} would be found in {100 * POWER:.0f} % of cases)"
        return text

    def _shown(self, value: float) -> str:
        return f"{value * (1 if self.score.unit else 100):.2f}".replace("-", "−")


@dataclass(frozen=True)
class Gate:
    """All limits, checked.

    Attributes:
        checks: in the order in which they were given.
        confidence: with which a run that keeps all limits is not failed.
        pictures: how many the runs are about.
    """

    checks: Sequence[Checked]
    confidence: float
    pictures: int

    @property
    def code(self) -> int:
        """Exit code: 1 where a limit is exceeded, else 3 where one is open, else 0."""
        outcomes = {each.outcome for each in self.checks}
        return 1 if "exceeded" in outcomes else 3 if "open" in outcomes else 0

    @property
    def verdict(self) -> str:
        """The whole in a line."""
        said = {0: "passed", 1: "failed: the new run is worse", 3: "undecided: too few pictures"}
        return f"gate {said[self.code]} ({self.pictures:,} pictures, {self.confidence:.0%} sure)"

    def to_markdown(self) -> str:
        """A summary for a page, such as GitHub's of a step."""
        rows = [["limit", "base", "new", "outcome"]]
        for each in self.checks:
            values = [each._shown(v) for v in (each.base, each.score.value or 0.0)]
            rows.append([each.sentence, *values, each.outcome])
        told = markdown.table(rows, left=(0, 3))
        return f"### halluc {markdown.line(self.verdict)}\n\n{told}\n"

    def to_junit(self) -> bytes:
        """JUnit's XML: a limit is a test, an open one is skipped."""
        outcomes = [each.outcome for each in self.checks]
        suite = ElementTree.Element(
            "testsuite",
            name="halluc gate",
            tests=str(len(outcomes)),
            failures=str(outcomes.count("exceeded")),
            errors="0",
            skipped=str(outcomes.count("open")),
        )
        for each in self.checks:
            case = ElementTree.SubElement(
                suite, "testcase", classname="halluc.gate", name=each.limit.figure
            )
            kind = {"exceeded": "failure", "open": "skipped"}.get(each.outcome)
            if kind:
                ElementTree.SubElement(case, kind, message=each.sentence)
        return bytes(ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True))

    def document(self) -> dict[str, Any]:
        """Everything, for a program."""
        return {
            "verdict": self.verdict,
            "code": self.code,
            "confidence": self.confidence,
            "pictures": self.pictures,
            "limits": [
                {
                    "figure": each.limit.figure,
                    "way": "rise" if each.limit.way > 0 else "drop",
                    "allowed": each.limit.allowed,
                    "base": each.base,
                    "new": each.score.value,
                    "change": each.change,
                    "low": each.low,
                    "high": each.high,
                    "detectable": each.detectable,
                    "outcome": each.outcome,
                }
                for each in self.checks
            ],
        }


def gate(
    base: str | Path,
    new: str | Path,
    *,
    max_rise: Sequence[str] = (),
    max_drop: Sequence[str] = (),
    confidence: float = 0.95,
    truth: Sequence[str] = (),
    allow_missing: bool = False,
    **options: Any,
) -> Gate:
    """Hold a new run to limits against a base run on the same ids.

    Example: ``gate("runs/main", "runs/pr", max_rise=["chair_i=1pp"])``

    Args:
        base: a run, or files of answers with commas between them.
        new: likewise.
        max_rise: how far figures may rise, as "chair_i=1pp" (percentage points) or "len=5".
        max_drop: how far they may drop.
        confidence: with which a run that keeps all limits is not failed, above .5 and below 1.
        truth: ground truth that files are scored against; default: what the runs hold.
        allow_missing: leave out what has no answer and what was not asked.
        options: of the metrics.

    Raises:
        RunError: a folder is no run.
        InputError: something cannot be read, or a limit names no figure.
    """
    limits = [_limit(text, 1) for text in max_rise] + [_limit(text, -1) for text in max_drop]
    if not limits:
        raise InputError("name at least one limit: --max-rise chair_i=1pp or --max-drop recall=2pp")
    if not 0.5 < confidence < 1:
        raise InputError(f"--confidence must be above .5 and below 1, not {confidence}")
    runs = {"base": base, "new": new}
    sides, _, measured = measure_runs(runs, truth, allow_missing=allow_missing, **options)
    measured.append(measure_text(sides))
    known: dict[str, tuple[Mapping[str, Counted], Score]] = {}
    for each in measured:
        for score in each.counted["new"].scores:
            known.setdefault(_plain(f"{score.split}{score.name}"), (each.counted, score))
    level = (1 - confidence) / len(limits)
    checks = [_check(limit, known, level) for limit in limits]
    return Gate(checks, confidence, len(set(sides[0].pictures.values())))


def _limit(text: str, way: int) -> Limit:
    flag = "--max-rise" if way > 0 else "--max-drop"
    match = _ASKED.fullmatch(text)
    if match is None:
        raise InputError(f"{flag} {text}: give a figure and how far it may move, as chair_i=1pp")
    points = match["pp"] is not None
    size = float(match["size"]) / (100 if points else 1)
    return Limit(match["figure"].strip(), size, way, points)


def _check(
    limit: Limit, known: Mapping[str, tuple[Mapping[str, Counted], Score]], level: float
) -> Checked:
    if _plain(limit.figure) not in known:
        names = [" ".join(filter(None, (s.split, s.name))) for _, s in known.values()]
        raise InputError(f"there is no figure {limit.figure!r}; there are {', '.join(names)}")
    counted, score = known[_plain(limit.figure)]
    if limit.points and score.unit:
        raise InputError(f"{limit.figure} is in {score.unit}, so give its limit without pp")
    if not limit.points and not score.unit and limit.allowed >= 1:
        raise InputError(f"{limit.figure} is a share; for points write {limit.allowed:g}pp")
    key = score.split, score.name
    (before,) = (s.value for s in counted["base"].scores if (s.split, s.name) == key)
    if before is None or score.value is None:
        raise InputError(f"{limit.figure} is undefined in one of the runs")
    change = limit.way * (score.value - before)
    pictures = len(counted["base"].parts)
    if pictures < LEAST_PICTURES:
        return Checked(limit, score, before, change, None, None, None, "open")
    one, other = draw([counted["base"], counted["new"]])
    if key not in one or key not in other:
        raise InputError(f"{limit.figure} has no interval, so it cannot be held to a limit")
    drawn = limit.way * (other[key] - one[key])
    moved = [influences(counted[name])[key] for name in ("base", "new")]
    spread = Spread.of(moved[1] - moved[0])
    low, high = one_sided(drawn, level, spread)
    outcome: Outcome = (
        "exceeded" if low > limit.allowed else "kept" if high <= limit.allowed else "open"
    )
    seen = detectable(drawn, 2 * level, spread)
    return Checked(limit, score, before, change, low, high, seen, outcome)


def _plain(name: str) -> str:
    """A figure's name as people write it: "chair_i" and "CHAIRi" are one."""
    return re.sub(r"[^a-z0-9]", "", name.lower())
