"""HallusionBench's verdicts from a judge's stored replies, and how far that judge can be trusted.

A reply says correct, incorrect or unclear (`halluc.judges.replies.read_correct`); one that says
none of them is unclear. Source: see `metrics.hallusionbench`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from halluc.answers.given import Given
from halluc.datasets.hallusionbench_judge import FORM
from halluc.errors import InputError
from halluc.judges.agreement import Judged, agreement
from halluc.judges.replies import read_correct
from halluc.runs import Run, read_run

Verdict = Literal[0, 1, 2]
"""Wrong, right, unclear."""

UNVALIDATED = (
    "nothing says how far this judge agrees with people; let it judge answers that people have "
    f"judged (generate --task hallusionbench --data {FORM}:FILE, of a file with their verdicts), "
    "and name that run with --validated"
)


@dataclass(frozen=True)
class Judgement:
    """What a judge says of answers.

    Attributes:
        verdicts: on each, by the question's id.
        settings: which judge, and how far it agrees with people, for the result card.
        warnings: what makes its verdicts say less than they seem to.
    """

    verdicts: dict[str, Verdict]
    settings: dict[str, Any]
    warnings: list[str]


def judgement(run: Path, given: Given, validated: Path | None) -> Judgement:
    """The verdicts of a judge on answers.

    Args:
        run: its replies.
        given: the answers.
        validated: replies of the same judge to answers that people have judged; None: none.

    Raises:
        RunError: a folder is no run.
        InputError: the replies are to something else, to other answers, or not to all; or those of
            `validated` are another judge's, or nobody has judged their answers.
    """
    judge = _replies_of(run)
    prompts = {each.id: each.prompt or "" for each in judge.samples}
    replies = {each.id: each.text for each in judge.responses}
    if lacking := [id for id in given.texts if id not in replies]:
        what = f"it has no verdict on {len(lacking)} of {len(given.texts)} answers"
        raise InputError(f"{what} ({lacking[0]}, …); let it judge these answers", run)
    for id, text in given.texts.items():
        if text not in prompts[id]:
            raise InputError(f"it judged another answer to {id}; let it judge these answers", run)
    read = {id: read_correct(replies[id]) for id in given.texts}
    settings: dict[str, Any] = {"reading": "judge", "judge": judge.card.get("model")}
    if unread := sum(each is None for each in read.values()):
        settings["no verdict read"] = f"{unread} of {len(read)} replies, taken for unclear"
    trusted, warnings = judge, []
    if validated is not None:
        trusted = _replies_of(validated)
        if trusted.card.get("model") != judge.card.get("model"):
            what = "these are replies of another judge; --validated wants the same"
            raise InputError(what, validated)
    if judged := list(_judged(trusted)):
        told = agreement(judged, "hallusionbench")
        settings["agrees with people"] = told.in_words()
        warnings += [told.warning] if told.warning else []
    elif validated is not None:
        raise InputError("people have judged none of the answers in this run", validated)
    else:
        warnings.append(UNVALIDATED)
    verdicts: dict[str, Verdict] = {id: 2 if each is None else each for id, each in read.items()}
    return Judgement(verdicts, settings, warnings)


def is_judge(card: Mapping[str, Any]) -> bool:
    """Whether a run's card is that of a judge of HallusionBench's answers."""
    return str((card.get("data") or {}).get("name")).startswith(f"{FORM}:")


def _replies_of(path: Path) -> Run:
    run = read_run(path)
    if not is_judge(run.card):
        what = f"no judge's replies: make them with generate --task hallusionbench --data {FORM}:…"
        raise InputError(what, path)
    if pending := run.pending():
        what = f"{len(pending)} of {len(run.samples)} samples have no reply yet"
        raise InputError(f"{what}; finish the run by giving its command again", path)
    return run


def _judged(run: Run) -> Iterator[Judged]:
    """Verdicts on answers that people have judged: right, or not (wrong and unclear)."""
    replies = {each.id: each.text for each in run.responses}
    for sample in run.samples:
        if sample.truth is not None and sample.truth.label is not None:
            right = read_correct(replies[sample.id]) == 1
            words = len((sample.prompt or "").split())
            yield Judged(sample.truth.label, "yes" if right else "no", words)
