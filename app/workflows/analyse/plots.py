"""Plots of `halluc analyse`: rates along each factor, and a detector's reliability."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from app.workflows.analyse.factors import Analysed
from app.workflows.plots import save_picture
from mitigation.postcorrection.analysis import DIFFERENCE
from mitigation.postcorrection.quality import Bin

_LABELS: Mapping[str, str] = {
    "co-occurrence": "co-occurrence score",
    "expectation": "expectation",
    "uncertainty": "uncertainty, −log p of the first token",
    "position": "position in the text, 1 is its end",
}


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
