"""LURE's factors of object hallucination in captions: what `halluc analyse factors` does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from halluc.answers.captions import read_described
from halluc.answers.given import Given, picture_of
from halluc.language.claims.things import Things
from halluc.language.words.offline import offline_words
from halluc.records import Score, Truth
from halluc.statistics import with_intervals
from metrics.finegrained import finegrained
from metrics.tables import figure, interval
from mitigation.postcorrection.analysis import Mention, find_mentions, hallucination_rates
from mitigation.postcorrection.occurrences import read_occurrences


@dataclass(frozen=True)
class Mentioned:
    """Captions with the objects that they mention.

    Attributes:
        name: as the user named them.
        said: the captions with their truth.
        mentions: with their factors; only those that the truth decides.
    """

    name: str
    said: Given
    mentions: list[Mention]


@dataclass(frozen=True)
class Analysed:
    """How often objects are hallucinated along each factor.

    Attributes:
        name: of the captions.
        mentions: how many.
        scores: rates by factor with intervals; empty where there is no mention.
        means: mean value of the factor in each fifth, by split and name of its rate.
        missing: factors that the captions do not say.
    """

    name: str
    mentions: int
    scores: list[Score]
    means: dict[tuple[str, str], float]
    missing: list[str]


def read_mentions(
    captions: Sequence[str], truth: str | None, statistics: str | None, things: Things
) -> list[Mentioned]:
    """The objects that captions mention, with their factors.

    Args:
        captions: runs or files.
        truth: what is true of their pictures; default: what the runs say.
        statistics: data whose objects give the co-occurrences; default: all of `truth`, else the
            run's own data.
        things: the vocabulary.

    Raises:
        InputError: something cannot be read.
    """
    source = statistics or truth
    known = read_occurrences(source, None, things) if source else None
    found = []
    for name in captions:
        said = read_described([name], truth, offline_words)
        here = known or read_occurrences(None, said.run, things)
        truths = {each.id: each.truth or Truth() for each in said.samples}
        findings = finegrained(said.texts, truths, things).findings
        found.append(Mentioned(name, said, find_mentions(said.texts, said.tokens, findings, here)))
    return found


def pictures_of(given: Given) -> dict[str, str]:
    """The picture that each caption is about, by its id."""
    return {each.id: picture_of(each) for each in given.samples}


def analyse(mentioned: Mentioned) -> Analysed:
    """How often objects are hallucinated along each factor."""
    name, mentions = mentioned.name, mentioned.mentions
    if not mentions:
        return Analysed(name, 0, [], {}, [])
    rates = hallucination_rates(mentions, pictures_of(mentioned.said))
    return Analysed(name, len(mentions), with_intervals(rates.counted), rates.means, rates.missing)


def factor_rows(analysed: Analysed) -> Iterator[list[str]]:
    """A table of the rates, its head first."""
    yield ["factor", "fifth", "mean", "mentions", "hallucinated ×100", "95 %"]
    for score in analysed.scores:
        mean = analysed.means.get((score.split, score.name))
        mentions = "" if score.denominator is None else f"{score.denominator:,.0f}"
        yield [
            score.split,
            score.name,
            "" if mean is None else f"{mean:.2f}",
            mentions,
            figure(score),
            interval(score),
        ]
