"""Which samples and findings are looked at: filters, as they stand in a link."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from app.inspector.reading.columns import Columns
from halluc.records import Kind, Verdict

Answered = Literal["right", "wrong", "unknown"]

ALLOWED = {"kind": get_args(Kind), "verdict": get_args(Verdict), "answer": get_args(Answered)}
NAMES = {
    "kind": "Kind", "verdict": "Verdict", "subject": "Object", "value": "Attribute or relation",
    "family": "Attribute family", "companion": "Object in the picture", "answer": "Answer",
    "said": "Answered", "split": "Split", "text": "Text", "metric": "Findings of",
    "place": "Position in the text", "surprise": "Mean −log p", "words": "Words of the answer",
}  # fmt: skip
"""What each filter is called."""
PLACES = ("run", "sample", "finding", "page", "sort", "chart")
"""Parts of a link that say where somebody is, and filter nothing."""
RANGES = ("place", "surprise", "words")


@dataclass(frozen=True)
class View:
    """Filters; empty ones let everything pass.

    Those in the first paragraph must hold of one and the same finding.

    Attributes:
        metric: whose findings; empty: the metric of the run that knows most kinds.
        kind, verdict, value, family: of a finding.
        subject: an object that the finding is about, as either side of a relation.
        place: where it stands in the text, from 0 (its begin) to 1.
        surprise: mean −log p of its tokens.

        answer: of a yes/no question: right, wrong, or unknown where it was read as neither.
        said: how it was answered: yes, no, or as the parser read it.
        split: the part of the data.
        companion: an object that is truly in the picture.
        text: is in the answer, in any case of letters.
        words: of the answer.
    """

    metric: str = ""
    kind: str = ""
    verdict: str = ""
    subject: str = ""
    value: str = ""
    family: str = ""
    place: tuple[float, float] | None = None
    surprise: tuple[float, float] | None = None
    answer: str = ""
    said: str = ""
    split: str = ""
    companion: str = ""
    text: str = ""
    words: tuple[float, float] | None = None

    @property
    def of_findings(self) -> bool:
        """Whether it asks anything of findings."""
        names = ("kind", "verdict", "subject", "value", "family", "place", "surprise")
        return any(getattr(self, name) for name in names)

    def query(self) -> dict[str, str]:
        """As it stands in a link; see `view_of`."""
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            name: f"{each[0]:g}-{each[1]:g}" if isinstance(each, tuple) else each
            for name, each in told.items()
            if each
        }

    def __str__(self) -> str:
        """For people.

        >>> str(View(kind="relation", verdict="hallucinated", place=(0, 0.1)))
        'kind relation, verdict hallucinated, place 0-0.1'
        """
        return ", ".join(f"{name} {each}" for name, each in self.query().items()) or "everything"

    def sentence(self) -> str:
        """In a sentence, for people.

        >>> View(kind="relation", verdict="hallucinated", words=(0, 40)).sentence()
        'Kind is relation; verdict is hallucinated; words of the answer is from 0 to below 40.'
        """
        told = [
            f"{NAMES[name].lower()} is "
            + (f"from {each[0]:g} to below {each[1]:g}" if isinstance(each, tuple) else each)
            for name, each in ((f.name, getattr(self, f.name)) for f in fields(self))
            if each
        ]
        whole = "; ".join(told)
        return f"{whole[:1].upper()}{whole[1:]}." if told else "All samples."


def view_of(query: Mapping[str, str]) -> View:
    """The view of a link; what means nothing is left out, as links are cut and edited.

    >>> view_of({"kind": "relation", "verdict": "bad", "place": "0.5-1", "page": "2"}).query()
    {'kind': 'relation', 'place': '0.5-1'}
    """
    told: dict[str, Any] = {}
    for each in fields(View):
        given = query.get(each.name, "")
        if each.name in RANGES:
            told[each.name] = _range(given)
        elif given in ALLOWED.get(each.name, (given,)):
            told[each.name] = given
    return View(**told)


def known(run: Columns, query: Mapping[str, str]) -> tuple[View, list[str]]:
    """The view of a link without what a run does not know, and what that is.

    Args:
        run: that is looked at.
        query: of the link; names that are none of a view's are not looked at.
    """
    view, strange = view_of(query), []
    mine = [each.name for each in fields(View) if query.get(each.name)]
    for name in mine:
        if not getattr(view, name) or not _knows(run, name, query[name]):
            strange.append(f"{name} {query[name]}")
            view = replace(view, **{name: getattr(View(), name)})
    return view, strange


def _knows(run: Columns, name: str, value: str) -> bool:
    """Whether a run has anything of which a filter could hold."""
    found = run.findings
    if name in ("subject", "value", "family"):
        columns = ("subject", "object") if name == "subject" else (name,)
        return any(value in found[each].cat.categories for each in columns)
    if name in ("kind", "verdict", "place", "surprise"):
        return bool(len(found)) and not (name == "surprise" and np.isnan(run.surprise).all())
    known: dict[str, Callable[[], bool]] = {
        "metric": lambda: value in run.metrics,
        "answer": lambda: "label" in run.answers,
        "said": lambda: "label" in run.answers,
        "split": lambda: value in run.answers["split"].cat.categories,
        "companion": lambda: value in run.true_objects["name"].cat.categories,
    }
    return known.get(name, lambda: True)()


SORTS = {
    "": "as asked", "wrong": "most wrong claims", "unsure": "least certain claim",
    "long": "longest", "id": "name",
}  # fmt: skip
"""Orders of answers, and what they are called."""


def arranged(run: Columns, seen: Seen, metric: str, order: str) -> NDArray[Any]:
    """The rows that a view lets pass, in one of the orders of `SORTS`; equals stay as asked."""
    rows, size = seen.rows, len(run.answers)
    if order == "id":
        return rows[np.argsort(run.answers["id"].to_numpy(str)[rows], kind="stable")]
    if order == "long":
        key = run.words
    elif order == "wrong":
        key = wrong_claims(run, metric)
    elif order == "unsure":
        key = np.zeros(size)
        mine = (run.findings["metric"] == metric).to_numpy() & ~np.isnan(run.surprise)
        np.maximum.at(key, run.findings["row"].to_numpy()[mine], run.surprise[mine])
    else:
        return rows
    return rows[np.argsort(-key[rows], kind="stable")]


def wrong_claims(run: Columns, metric: str) -> NDArray[Any]:
    """How many wrong claims of a metric each answer has; of yes/no answers, whether it is wrong."""
    if not metric and "label" in run.answers:
        false: NDArray[Any] = (answered(run) == "wrong").astype(int)
        return false
    found = run.findings
    wrong = (found["metric"] == metric) & (found["verdict"] == "hallucinated")
    counts: NDArray[Any] = np.bincount(found["row"][wrong], minlength=len(run.answers))
    return counts


def _range(given: str) -> tuple[float, float] | None:
    low, _, high = given.partition("-")
    try:
        return (float(low), float(high)) if float(low) <= float(high) else None
    except ValueError:
        return None


@dataclass(frozen=True)
class Seen:
    """What a view lets pass.

    Attributes:
        rows: rows of the answers, in order.
        findings: the findings that it asks for, in those answers.
    """

    rows: NDArray[Any]
    findings: pd.DataFrame


def metric_of(run: Columns, view: View) -> str:
    """The metric whose findings are looked at; empty where the run has none."""
    known = run.metrics
    return view.metric if view.metric in known else next(iter(known), "")


def look(run: Columns, view: View) -> Seen:
    """The answers and findings that a view lets pass."""
    findings = run.findings
    keep = np.array(findings["metric"] == metric_of(run, view))
    for name in ("kind", "verdict", "value", "family"):
        if wanted := getattr(view, name):
            keep &= (findings[name] == wanted).to_numpy()
    if view.subject:
        keep &= (findings["subject"] == view.subject) | (findings["object"] == view.subject)
    for name, values in (("place", places), ("surprise", lambda run: run.surprise)):
        if bounds := getattr(view, name):
            keep &= _within(values(run), bounds)
    rows = _answers(run, view)
    keep &= rows[findings["row"].to_numpy()] if len(findings) else False
    passed = findings[keep]
    if view.of_findings:
        rows &= np.isin(np.arange(len(rows)), passed["row"].to_numpy())
    return Seen(np.flatnonzero(rows), passed)


def places(run: Columns) -> NDArray[Any]:
    """Where each finding begins in its text, from 0 to 1."""
    lengths = run.answers["text"].str.len().to_numpy()
    of = lengths[run.findings["row"].to_numpy()]
    starts: NDArray[Any] = run.findings["start"].to_numpy()
    share: NDArray[Any] = starts / np.maximum(of, 1)
    return share


def _within(values: NDArray[Any], bounds: tuple[float, float]) -> NDArray[Any]:
    """From the lower bound to below the upper one."""
    inside: NDArray[Any] = (values >= bounds[0]) & (values < bounds[1])
    return inside


def _answers(run: Columns, view: View) -> NDArray[Any]:
    """Which answers pass what a view asks of answers."""
    answers = run.answers
    keep = np.ones(len(answers), bool)
    if view.text:
        found = answers["text"].str.contains(view.text, case=False, regex=False)
        keep &= np.asarray(found, bool)
    if view.split:
        keep &= (answers["split"] == view.split).to_numpy()
    if view.answer:
        keep &= answered(run) == view.answer
    if view.said:
        said = answers.get("reading")
        keep &= False if said is None else np.asarray(said == view.said, bool)
    if view.words:
        keep &= _within(run.words, view.words)
    if view.companion:
        there = run.true_objects
        keep &= np.isin(np.arange(len(keep)), there["row"][there["name"] == view.companion])
    return keep


def answered(run: Columns) -> NDArray[Any]:
    """Of each answer to a yes/no question: right, wrong or unknown; empty for others."""
    answers = run.answers
    if "label" not in answers:
        return np.full(len(answers), "")
    names = np.where(answers["reading"] == answers["label"], "right", "wrong")
    names = np.where(answers["reading"].isin(["yes", "no"]), names, "unknown")
    told: NDArray[Any] = np.where(answers["label"].isna(), "", names)
    return told
