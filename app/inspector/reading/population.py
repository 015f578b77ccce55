"""The claims of a run that people can judge, in orders that give fair samples."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from app.inspector.reading.columns import Columns
from app.inspector.reading.view import View, answered, look, metric_of
from halluc.errors import InputError
from halluc.records import Claim, Finding, Verdict
from halluc.reviews import Review, claim_key

Order = Literal["random", "stratified", "uncertain", "all"]
ORDERS: tuple[Order, ...] = get_args(Order)
_CLAIM = ["kind", "start", "end", "subject", "value", "object"]
_LONGEST = 200


@dataclass(frozen=True)
class Population:
    """What can be judged in a view: claims that count in a rate, or answers to yes/no questions.

    All arrays have one value for each, in the order of the run.

    Attributes:
        run: the run.
        metric: whose findings these are; of answers the task.
        rows: the answer of each.
        at: its row in the run's findings; −1 for an answer.
        groups: its kind; of answers the split.
        subjects: the object that it is about; of answers what was read.
        rules: the rule that decided.
        predicted: whether the metric calls it hallucinated, or the answer wrong.
        pictures: number of its picture.
        chance: where it stands in a random order, the same for everybody.
    """

    run: Columns
    metric: str
    rows: NDArray[Any]
    at: NDArray[Any]
    groups: NDArray[Any]
    subjects: NDArray[Any]
    rules: NDArray[Any]
    predicted: NDArray[Any]
    pictures: NDArray[Any]
    chance: NDArray[Any]
    _known: dict[str, int] = field(default_factory=dict, repr=False)
    _read: set[int] = field(default_factory=set, repr=False)

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def names(self) -> list[str]:
        """The groups that there are, in order."""
        return [str(each) for each in pd.unique(self.groups)]

    @cached_property
    def group_numbers(self) -> NDArray[np.intp]:
        """The group of each, as its place in `names`."""
        numbers: NDArray[np.intp] = pd.factorize(self.groups)[0]
        return numbers

    @cached_property
    def by_rule(self) -> dict[str, NDArray[np.intp]]:
        """The places that each rule decided."""
        places = pd.Series(np.arange(len(self))).groupby(self.rules, sort=False)
        return {str(rule): own.to_numpy() for rule, own in places}

    @cached_property
    def _random(self) -> NDArray[Any]:
        return np.argsort(self.chance)

    @cached_property
    def _fair(self) -> list[tuple[NDArray[Any], NDArray[Any]]]:
        """The two random orders of each group."""
        orders = (self._random, self._stratified)
        sides = [(each, self.group_numbers[each]) for each in orders]
        return [
            (sides[0][0][sides[0][1] == at], sides[1][0][sides[1][1] == at])
            for at in range(len(self.names))
        ]

    def finding(self, place: int) -> Finding:
        """The finding of a place; of an answer one that says whether it is right."""
        row, at = int(self.rows[place]), int(self.at[place])
        if at >= 0:
            return self.run.found.read(at, Finding)
        sample, response = self.run.sample(row), self.run.response(row)
        label = sample.truth.label if sample.truth else None
        question = " ".join((sample.prompt or response.prompt).split())
        claim = Claim(
            kind="object", start=0, end=len(response.text),
            subject=f"{question[:_LONGEST]} {response.text[:_LONGEST]}",
        )  # fmt: skip
        verdict: Verdict = "hallucinated" if self.predicted[place] else "supported"
        return Finding(
            id=sample.id, claim=claim, verdict=verdict, metric=self.metric,
            rule=str(self.rules[place]), evidence=f"the truth is {label}",
        )  # fmt: skip

    def places(self, reviews: Iterable[Review]) -> list[tuple[int, Review]]:
        """The reviews of what is here, each with its place."""
        found = []
        for each in reviews:
            if each.finding.metric == self.metric and each.judgement != "missed":
                place = self.place_of(each.finding.id, claim_key(each.finding))
                if place is not None:
                    found.append((place, each))
        return found

    def place_of(self, id: str, key: str) -> int | None:
        """The place of a finding by the id of its answer and its key; None where it is not here."""
        row = self.run.places.get(id)
        if row is not None and row not in self._read:
            for place in range(*map(int, np.searchsorted(self.rows, (row, row + 1)))):
                self._known[claim_key(self.finding(place))] = place
            self._read.add(row)  # last, as sessions share what is known
        return self._known.get(key)

    def order(self, how: Order) -> NDArray[Any]:
        """All places in an order.

        Args:
            how: "random"; "stratified" (as many of each kind, and of its objects in proportion);
                "uncertain" (by the mean −log p of the words, the greatest first); "all" (as they
                come).

        Raises:
            InputError: the run does not tell how uncertain the model was.
        """
        match how:
            case "random":
                return self._random
            case "stratified":
                return self._stratified
            case "uncertain":
                return self._uncertain
            case _:
                return np.arange(len(self))

    @cached_property
    def _stratified(self) -> NDArray[Any]:
        """Kinds in turn; within a kind every object is as far through its claims as the others.

        A beginning of it has each claim of a kind with the same probability.
        """
        table = pd.DataFrame(
            {"group": self.groups, "subject": self.subjects, "chance": self.chance}
        )
        strata = table.groupby(["group", "subject"])["chance"]
        first = pd.util.hash_pandas_object(table[["group", "subject"]], index=False)
        within = strata.rank(method="first") - first.to_numpy() / 2**64
        table["through"] = within / strata.transform("size")
        turn = table.groupby("group")["through"].rank(method="first")
        return np.lexsort((self.chance, turn.to_numpy()))

    @cached_property
    def _uncertain(self) -> NDArray[Any]:
        run = self.run
        if (self.at >= 0).all():
            unsure = run.surprise[self.at]
        else:
            lengths = run.answers["text"].str.len().to_numpy()[self.rows]
            unsure = run.surprise_of(self.rows, np.zeros(len(self), int), lengths)
        if np.isnan(unsure).all():
            raise InputError("this run has no probabilities of tokens; choose another order")
        return np.lexsort((self.chance, -np.nan_to_num(unsure, nan=-1.0)))

    def sample(self, judged: NDArray[Any]) -> NDArray[Any]:
        """Places that were drawn at random, kind by kind, and judged.

        The claims from the beginning of a random order up to the first that nobody judged are a
        random sample; what was judged beyond, such as the most uncertain claims, is none.

        Args:
            judged: whether anybody judged each place, (n,).
        """
        found = [max((_begun(each, judged) for each in orders), key=len) for orders in self._fair]
        return np.concatenate(found) if found else np.zeros(0, int)

    def simple_sample(self, judged: NDArray[Any]) -> NDArray[Any]:
        """The same of all claims together, where not every kind has a sample of its own."""
        return _begun(self._random, judged)


def _begun(order: NDArray[Any], judged: NDArray[Any]) -> NDArray[Any]:
    """The beginning of an order, up to the first place that nobody judged."""
    gaps = np.flatnonzero(~judged[order])
    return order[: gaps[0]] if len(gaps) else order


def population(run: Columns, view: View) -> Population:
    """What can be judged in a view.

    Raises:
        InputError: the run has neither findings nor questions with known answers.
    """
    metric = metric_of(run, view)
    if metric:
        found = look(run, view).findings
        counts = found["verdict"].isin(("supported", "hallucinated")) & (found["row"] >= 0)
        found = found[counts].sort_values(["row", "start", "end"], kind="stable")
        told = found.assign(id=run.answers["id"].to_numpy()[found["row"]])[["id", *_CLAIM]]
        rows, at = found["row"].to_numpy(), found.index.to_numpy()
        groups, subjects = found["kind"], found["subject"]
        rules, predicted = found["rule"], (found["verdict"] == "hallucinated").to_numpy()
    elif "label" in run.answers:
        rows = look(run, view).rows
        rows = rows[run.answers["label"].notna().to_numpy()[rows]]
        at = np.full(len(rows), -1)
        told = run.answers[["id", "text"]].iloc[rows]
        metric = str(run.card.get("task"))
        groups = run.answers["split"].astype(str).replace("", "answers").iloc[rows]
        subjects = run.answers["reading"].iloc[rows]
        predicted = answered(run)[rows] != "right"
        rules = "read as " + subjects.astype(str)
    else:
        raise InputError(f"{run.path} has no findings; score it: halluc score finegrained RUN")
    named, about, ruled = (np.asarray(each.astype(str)) for each in (groups, subjects, rules))
    chance = np.asarray(pd.util.hash_pandas_object(told.astype(str), index=False))
    return Population(
        run, metric, rows, at, named, about, ruled, predicted, run.pictures[rows], chance
    )
