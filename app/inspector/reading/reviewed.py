"""A run with the reviews of it: corrected rates, agreement, known answers, in words and tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import parse_qsl

from app.inspector.reading.agreement import agreement
from app.inspector.reading.columns import open_columns
from app.inspector.reading.corrections import Corrections, corrections, held_to_gold
from app.inspector.reading.population import Population, population
from app.inspector.reading.view import view_of
from halluc.errors import InputError
from halluc.records import Record
from halluc.reviews import GOLD, Review, Reviews, person


class Reviewed(Record, frozen=True):
    """What people say of a run.

    Attributes:
        metric: whose findings were reviewed; of yes/no questions the task.
        reviewers: how many reviews each has filed.
        corrections: rates, and what rules cost.
        kappas: Cohen's κ of two reviewers, with the claims that both judged.
        alpha: Krippendorff's α of all.
        shared: claims that at least two judged.
        gold: of each reviewer how many known answers they gave rightly, and of how many.
    """

    metric: str
    reviewers: dict[str, int]
    corrections: Corrections
    kappas: Sequence[tuple[str, str, float | None, int]]
    alpha: float | None
    shared: int
    gold: dict[str, tuple[int, int]]

    def rate_rows(self) -> Iterator[tuple[str, ...]]:
        """Rates as published and corrected, their head first."""
        yield ("of", "published", "corrected", "95 %", "judged", "claims")
        for each in self.corrections.rates:
            corrected, interval = "undefined", ""
            if each.corrected is not None and each.low is not None and each.high is not None:
                corrected = f"{each.corrected:.1%}"
                interval = f"{each.low:.1%} to {each.high:.1%}"
            numbers = (f"{each.judged:,}", f"{each.of:,}")
            yield (each.name, f"{each.published:.1%}", corrected, interval, *numbers)

    def rule_rows(self) -> Iterator[tuple[str, ...]]:
        """What each rule costs, its head first."""
        yield ("rule", "claims", "judged", "wrong", "misread", "wrong in the run", "95 %")
        for each in self.corrections.rules:
            cost, interval = "undefined", ""
            if each.cost is not None and each.low is not None and each.high is not None:
                cost, interval = f"{each.cost:,.0f}", f"{each.low:,.0f} to {each.high:,.0f}"
            numbers = (f"{each.claims:,}", each.judged, each.wrong, each.misread)
            yield (each.rule, *map(str, numbers), cost, interval)

    def lines(self) -> Iterator[str]:
        """The rest in words."""
        told = ", ".join(f"{name} {number:,}" for name, number in self.reviewers.items())
        yield f"reviews: {told}"
        found = self.corrections
        if all(each.corrected is None for each in found.rates):
            yield "nothing is corrected: judge claims in random or stratified order, 5 at least"
        if found.missed:
            yield f"errors that were missed: {found.missed:,}, on {found.read:,} answers read"
        if self.shared:
            yield f"Krippendorff's α {_share(self.alpha)} on {self.shared:,} claims"
        for one, other, kappa, number in self.kappas:
            yield f"Cohen's κ of {one} and {other} {_share(kappa)} on {number:,} claims"
        for name, (right, of) in self.gold.items():
            yield f"known answers: {name} {right} of {of}"


def _share(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"


def raters(reviews: Sequence[Review]) -> list[Review]:
    """The reviews but those that are known answers: what agreement is about."""
    return [each for each in reviews if person(each.reviewer) != GOLD]


def read_reviewed(folder: Path, database: str, view: str = "") -> Reviewed:
    """What people say of a run.

    Args:
        folder: the run.
        database: the reviews, a file of SQLite or a URL.
        view: of which claims, as in the inspector's links.

    Raises:
        RunError: the folder is no run.
        InputError: there is no such database, or no review of this run in it.
    """
    if "://" not in database and not Path(database).is_file():
        raise InputError("there is no such database of reviews", Path(database))
    run = open_columns(folder)
    claims = population(run, view_of(dict(parse_qsl(view.lstrip("?")))))
    store = Reviews(database)
    filed = [each for each in store.of_run(run.key) if each.finding.metric == claims.metric]
    store.close()
    if not filed:
        raise InputError(f"nobody has reviewed findings of {claims.metric} in {folder} there yet")
    return summed(claims, filed)


def summed(claims: Population, reviews: Sequence[Review]) -> Reviewed:
    """What people say of a view of a run; reviews of another metric's findings do not count."""
    filed = [each for each in reviews if each.finding.metric == claims.metric]
    told = agreement(raters(filed))
    return Reviewed(
        metric=claims.metric,
        reviewers=dict(Counter(each.reviewer for each in filed)),
        corrections=corrections(claims, filed),
        kappas=told.kappas,
        alpha=told.alpha,
        shared=told.findings,
        gold=held_to_gold(filed),
    )
