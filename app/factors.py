"""The factors of hallucination in captions: read, shown as a table and as a picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.captions import Captions
from app.scoring import figure, interval
from halluc.datasets.answers import read_truths
from halluc.datasets.tabletop import biased_truths
from halluc.language.offline import offline_words
from halluc.language.things import Things
from halluc.language.truths import in_words_of
from halluc.records import Score, Truth
from halluc.statistics import with_intervals
from metrics.finegrained import finegrained
from mitigation.postcorrection.analysis import (
    DIFFERENCE,
    Mention,
    find_mentions,
    hallucination_rates,
)
from mitigation.postcorrection.factors import Occurrences, count_occurrences


@dataclass(frozen=True)
class Analysed:
    """The factors of one run or file of captions.

    Attributes:
        name: as the user named it.
        mentions: of objects, with their factors.
        scores: rates by factor with intervals; empty where there is no mention.
        means: mean value of the factor in each fifth, by split and name of its rate.
        missing: factors that the captions do not tell.
    """

    name: str
    mentions: list[Mention]
    scores: list[Score]
    means: dict[tuple[str, str], float]
    missing: list[str]


def read_occurrences(source: str, things: Things) -> Occurrences:
    """What comes together in the pictures of a data set.

    Of the embedded world it is told by the biased scenes that its MM-LLM learned from.

    Args:
        source: as `halluc.datasets.answers.read_truths` takes it.
        things: the vocabulary.

    Raises:
        InputError: the source cannot be read.
    """
    if source.startswith("tabletop"):
        truths = biased_truths()
    else:
        truths = list(read_truths(source, None, offline_words).values())
    return occurrences_of(truths, things)


def occurrences_of(truths: Sequence[Truth], things: Things) -> Occurrences:
    """What comes together in pictures of which the truth is known."""
    return count_occurrences(in_words_of(things, each).names for each in truths)


def analyse(name: str, said: Captions, known: Occurrences, things: Things) -> Analysed:
    """The factors of captions, and how often objects are hallucinated along them.

    Args:
        name: what they are called.
        said: captions with their truth.
        known: what comes together.
        things: the vocabulary.
    """
    found = finegrained(said.texts, said.truths, things).findings
    responses = said.run.responses if said.run else []
    tokens = {each.id: each.tokens for each in responses}
    mentions = find_mentions(said.texts, tokens, found, known)
    if not mentions:
        return Analysed(name, [], [], {}, [])
    rates = hallucination_rates(mentions, said.pictures)
    return Analysed(name, mentions, with_intervals(rates.counted), rates.means, rates.missing)


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
            figure(score.value, 1, 100),
            interval(score, 1, 100),
        ]


def factor_plot(path: Path, analysed: Sequence[Analysed]) -> None:
    """Rates against each factor with their intervals, one panel a factor, saved as a picture."""
    from matplotlib.figure import Figure

    factors = list(dict.fromkeys(score.split for each in analysed for score in each.scores))
    plot = Figure(figsize=(3.6 * len(factors), 3.4), dpi=120, layout="constrained")
    panels = plot.subplots(1, len(factors), sharey=True, squeeze=False).flat
    for axes, factor in zip(panels, factors, strict=True):
        for number, each in enumerate(analysed):
            points = list(_points(each, factor))
            color = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9")[number % 6]
            axes.errorbar(
                [x for x, _, _, _ in points],
                [100 * y for _, y, _, _ in points],
                [[100 * (y - low) for _, y, low, _ in points],
                 [100 * (high - y) for _, y, _, high in points]],
                color=color, marker="o", markersize=4, capsize=2, label=each.name,
            )  # fmt: skip
        axes.set_xlabel(_LABELS[factor], fontsize=9)
        axes.set_ylim(bottom=0)
        axes.grid(axis="y", color="#e6e6e6")
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
    plot.axes[0].set_ylabel("hallucinated mentions (%)", fontsize=9)
    plot.axes[0].legend(frameon=False, fontsize=8)
    plot.savefig(path)


_LABELS: Mapping[str, str] = {
    "co-occurrence": "co-occurrence score",
    "uncertainty": "uncertainty, −log p of the first token",
    "position": "place in the text, 1 is its end",
}


def _points(analysed: Analysed, factor: str) -> Iterator[tuple[float, float, float, float]]:
    """Mean of the factor, rate, and the rate's interval, of each fifth that has mentions."""
    for score in analysed.scores:
        mean = analysed.means.get((score.split, score.name))
        if score.split != factor or score.name == DIFFERENCE or mean is None:
            continue
        if score.value is not None:
            low = score.value if score.low is None else score.low
            high = score.value if score.high is None else score.high
            yield mean, score.value, min(low, score.value), max(high, score.value)
