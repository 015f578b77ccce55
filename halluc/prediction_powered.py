"""Rates of a metric corrected by people: prediction-powered inference.

The metric judges every claim, people judge a random sample. The metric's rate is precise and may be
biased, people's is unbiased and rests on few claims; together, with f the metric's verdict (1 for
hallucinated) and y people's::

    rate = λ mean(f, all claims) + mean(y − λ f, sample)

Source: Angelopoulos, Bates, Fannjiang, Jordan, Zrnic 2023, "Prediction-powered inference", Science
382 (arXiv:2301.09633). λ is tuned as in Angelopoulos, Duchi, Zrnic 2023, "PPI++: efficient
prediction-powered inference" (arXiv:2311.01453). Where the prediction is one of two verdicts, the
tuned estimate is people's rate among what the metric calls hallucinated and among what it calls
supported, each weighted by how often the metric says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from halluc.bootstrap import LEVEL
from halluc.differences import Spread

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST = 5
"""Judged claims below which nothing is estimated."""


class Corrected(NamedTuple):
    """A corrected rate.

    Attributes:
        value: the share of hallucinated claims, from 0 to 1.
        low, high: its 95 % interval over pictures.
        judged: claims of the sample that it rests on.
    """

    value: float
    low: float
    high: float
    judged: int


def corrected_rate(
    predicted: NDArray[Any],
    pictures: NDArray[Any],
    sample: NDArray[Any],
    wrong: NDArray[Any],
    *,
    counts: NDArray[Any],
    strata: NDArray[Any] | None = None,
) -> Corrected | None:
    """The hallucination rate of claims of which people judged a random sample.

    The variance is that of sums over pictures, since claims on one picture resemble each other. Of
    each verdict half a claim that is wrong and half a one that is right are added to the sample,
    so that no disagreement in few claims is not taken for certainty (Agresti and Min 2005, "Simple
    improved confidence intervals for comparing matched proportions", Statistics in Medicine 24).

    Args:
        predicted: whether the metric calls each claim hallucinated, (claims,).
        pictures: number of the picture of each claim, from 0, (claims,).
        sample: the claims that were judged, as places in the above, (judged,); of each stratum a
            random sample.
        wrong: whether people call each of them hallucinated, (judged,).
        counts: whether each of them is a claim at all; what is none counts in no rate, (judged,).
        strata: the stratum of each claim, from 0, (claims,); default: one.

    Returns:
        The rate; None with less than `LEAST` judged claims, on a single picture, or where nothing
        of a stratum was judged.
    """
    import numpy as np
    from scipy.special import expit, logit, stdtrit

    strata = np.zeros(len(predicted), int) if strata is None else strata
    seen = np.unique(pictures[sample])
    if len(sample) < LEAST or len(seen) < 2 or np.setdiff1d(strata, strata[sample]).size:
        return None
    cells = 2 * strata + predicted.astype(int)
    width, total = int(cells.max()) + 1, len(cells)
    weights = np.bincount(cells, minlength=width) / total
    of = cells[sample]
    above, below = (wrong & counts).astype(float), counts.astype(float)
    judged = np.bincount(of, minlength=width) + 1.0
    mean_above = (np.bincount(of, above, width) + 0.5) / judged
    mean_below = (np.bincount(of, below, width) + 1.0) / judged
    whole = float(weights @ mean_below)
    rate = float(weights @ mean_above) / whole
    # How much each picture moves the rate: by what the metric says of it, and by what people do.
    expected = mean_above - rate * mean_below
    moved = np.bincount(pictures, expected[cells] / total)
    residual = above - rate * below - expected[of]
    moved += np.bincount(pictures[sample], (weights / judged)[of] * residual, len(moved))
    added = ((1 - rate - expected) ** 2 + (-rate - expected) ** 2) / 2
    variance = float(np.sum(moved**2) + np.sum((weights / judged) ** 2 * added))
    # On the scale of log-odds, where an interval does not pass 0 and 1.
    slope = rate * (1 - rate) * whole
    freedom = min(len(seen) - 1, Spread.of(moved).freedom)  # few pictures may make the variance
    reach = float(stdtrit(freedom, (1 + LEVEL) / 2)) * variance**0.5 / slope
    low, high = expit(logit(rate) - reach), expit(logit(rate) + reach)
    return Corrected(rate, float(low), float(high), len(sample))
