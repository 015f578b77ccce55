"""The factors of hallucination in captions: read, shown as a table and as a picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.workflows.captions import Captions, read_with_truth
from app.workflows.plots import save_picture
from app.workflows.score import figure, interval
from halluc.answers.truths import read_truths
from halluc.datasets.tabletop import biased_truths
from halluc.errors import InputError
from halluc.language.claims.things import Things
from halluc.language.claims.truths import in_words_of
from halluc.language.words.offline import offline_words
from halluc.records import Score
from halluc.runs import Run
from halluc.statistics import with_intervals
from metrics.finegrained import finegrained
from mitigation.postcorrection.analysis import (
    DIFFERENCE,
    Mention,
    find_mentions,
    hallucination_rates,
)
from mitigation.postcorrection.factors import Occurrences, count_occurrences
from mitigation.postcorrection.quality import Bin


@dataclass(frozen=True)
class Mentioned:
    """Captions with the objects that they mention.

    Attributes:
        name: as the user named them.
        said: the captions with their truth.
        mentions: with their factors; only those that the truth decides.
    """

    name: str
    said: Captions
    mentions: list[Mention]


@dataclass(frozen=True)
class Analysed:
    """How often objects are hallucinated along each factor.

    Attributes:
        name: of the captions.
        mentions: how many.
        scores: rates by factor with intervals; empty where there is no mention.
        means: mean value of the factor in each fifth, by split and name of its rate.
        missing: factors that the captions do not tell.
    """

    name: str
    mentions: int
    scores: list[Score]
    means: dict[tuple[str, str], float]
    missing: list[str]


def read_occurrences(source: str | None, run: Run | None, things: Things) -> Occurrences:
    """What comes together in the pictures of a data set.

    Of the embedded world it is told by the biased scenes that its MM-LLM learned from.

    Args:
        source: as `halluc.answers.truths.read_truths` takes it; None: the data of the run.
        run: the run, where there is one.
        things: the vocabulary.

    Raises:
        InputError: the source cannot be read, or there is neither source nor run.
    """
    if source is None and run is None:
        raise InputError("a file of captions needs --statistics, whose objects come together")
    data = run.card.get("data") if run else None
    name = source or str(data.get("name") if isinstance(data, dict) else "")
    if name.startswith("tabletop"):
        truths = biased_truths()
    elif source is not None:
        truths = list(read_truths(source, None, offline_words).values())
    else:
        truths = [each.truth for each in run.samples if each.truth] if run else []
    return count_occurrences(in_words_of(things, each).names for each in truths)


def read_mentions(
    captions: Sequence[str], truth: str | None, statistics: str | None, things: Things
) -> list[Mentioned]:
    """The objects that captions mention, with their factors.

    Args:
        captions: runs or files.
        truth: what is true of their pictures; default: what the runs say.
        statistics: whose objects tell what comes together; default: all of `truth`, else the
            run's own data.
        things: the vocabulary.

    Raises:
        InputError: something cannot be read.
    """
    source = statistics or truth
    known = read_occurrences(source, None, things) if source else None
    found = []
    for name in captions:
        said = read_with_truth(name, truth, offline_words)
        here = known or read_occurrences(None, said.run, things)
        findings = finegrained(said.texts, said.truths, things).findings
        tokens = {each.id: each.tokens for each in said.run.responses} if said.run else {}
        found.append(Mentioned(name, said, find_mentions(said.texts, tokens, findings, here)))
    return found


def analyse(mentioned: Mentioned) -> Analysed:
    """How often objects are hallucinated along each factor."""
    name, mentions = mentioned.name, mentioned.mentions
    if not mentions:
        return Analysed(name, 0, [], {}, [])
    rates = hallucination_rates(mentions, mentioned.said.pictures)
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
        axes.grid(axis="y", color="#e6e6e6")
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
    plot.axes[0].set_ylim(bottom=0)  # of all, behind the last curve
    plot.axes[0].set_ylabel("hallucinated mentions (%)", fontsize=9)
    plot.axes[0].legend(frameon=False, fontsize=8)
    save_picture(path, plot)


def quality_rows(scores: Sequence[Score]) -> Iterator[list[str]]:
    """A table of how well suspicions tell hallucinated mentions, its head first."""
    yield ["by", "figure", "", "95 %"]
    for score in scores:
        yield [score.split, score.name, figure(score.value, 3), interval(score, 3)]


def reliability_plot(path: Path, bins: Sequence[Bin]) -> None:
    """What a detector says against what is so, saved as a picture; a dot's area is its mentions."""
    from matplotlib.figure import Figure

    plot = Figure(figsize=(3.8, 3.6), dpi=120, layout="constrained")
    axes = plot.subplots()
    axes.plot([0, 100], [0, 100], color="#c8c8c8", linewidth=1)
    said, wrong = [100 * each.said for each in bins], [100 * each.hallucinated for each in bins]
    most = max(each.mentions for each in bins)
    axes.plot(said, wrong, color="#0072B2", linewidth=1)
    axes.scatter(said, wrong, [8 + 120 * each.mentions / most for each in bins], color="#0072B2")
    axes.set_xlabel("said: probability of being absent (%)", fontsize=9)
    axes.set_ylabel("absent (%)", fontsize=9)
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 100)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    save_picture(path, plot)


_LABELS: Mapping[str, str] = {
    "co-occurrence": "co-occurrence score",
    "expectation": "expectation",
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
