"""Do the intervals of rates that were corrected by reviews hold? A simulation.

    python benchmarks/corrected_rates.py [--sets 2000] [--pictures 300]

Runs are made up of pictures of unequal difficulty with 1 to some 15 claims each. The metric errs
more often on some pictures than on others, both ways, and 3 % of what it reads are no claims.
People judge the first claims of a random order. Prints, by the rate and by the number of judged
claims: how often the interval holds the rate of all such pictures, its width, the width of the
interval of the judged claims alone (Wilson's), and how often the metric's own interval holds it.
"""

from __future__ import annotations

import argparse
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from halluc.prediction_powered import corrected_rate
from halluc.statistics import wilson

Array = NDArray[np.float64]
RATES = {"5 %": -3.4, "15 %": -2.0, "40 %": -0.5}
"""Log-odds of a wrong claim on a picture of middling difficulty."""
UNEQUAL, NO_CLAIM = 1.0, 0.03
MISSED, FALSE_ALARM = -1.7, -3.2
"""Log-odds that the metric errs on a wrong claim, and on a right one."""


class Made(NamedTuple):
    """The claims of a made-up run: picture, whether it is wrong, counts, and the metric's word."""

    pictures: NDArray[np.int64]
    wrong: NDArray[np.bool_]
    counts: NDArray[np.bool_]
    predicted: NDArray[np.bool_]


def make(generator: np.random.Generator, pictures: int, rate: float) -> Made:
    """A run on so many pictures."""
    often = 1 + generator.poisson(6, pictures)
    of = np.repeat(np.arange(pictures), often)
    hard = generator.normal(0, UNEQUAL, pictures)[of]
    unclear = generator.normal(0, UNEQUAL, pictures)[of]
    wrong = generator.random(len(of)) < expit(rate + hard)
    errs = generator.random(len(of)) < expit(np.where(wrong, MISSED, FALSE_ALARM) + unclear)
    counts = generator.random(len(of)) >= NO_CLAIM
    return Made(of, wrong, counts, wrong ^ errs)


class Held(NamedTuple):
    """Of many runs: coverage of the corrected rate, its mean width, and the two beside it."""

    coverage: float
    width: float
    alone: float
    metric: float


def simulate(rate: float, pictures: int, judged: int, sets: int, seed: int = 0) -> Held:
    """Judge so many claims of each of so many runs."""
    generator = np.random.default_rng(seed)
    whole = make(np.random.default_rng(1), 300_000, rate)
    truth = float(whole.wrong[whole.counts].mean())
    held, metric, widths, alone = 0, 0, [], []
    for _ in range(sets):
        made = make(generator, pictures, rate)
        sample = generator.permutation(len(made.wrong))[:judged]
        wrong, counts = made.wrong[sample], made.counts[sample]
        found = corrected_rate(made.predicted, made.pictures, sample, wrong, counts=counts)
        low, high = (found.low, found.high) if found else (0.0, 1.0)
        held += low <= truth <= high
        widths.append(high - low)
        low, high = wilson(int((wrong & counts).sum()), int(counts.sum()))
        alone.append(high - low)
        low, high = wilson(int(made.predicted.sum()), len(made.predicted))
        metric += low <= truth <= high
    return Held(held / sets, float(np.mean(widths)), float(np.mean(alone)), metric / sets)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", type=int, default=2000)
    parser.add_argument("--pictures", type=int, default=300)
    given = parser.parse_args()
    print("| rate | judged | coverage | width | width, judged alone | coverage of the metric's |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, rate in RATES.items():
        for judged in (20, 50, 100, 200, 400):
            each = simulate(rate, given.pictures, judged, given.sets)
            numbers = (f"{each.coverage:.3f}", f"{each.width:.3f}", f"{each.alone:.3f}")
            print("|", " | ".join((name, str(judged), *numbers, f"{each.metric:.3f}")), "|")


if __name__ == "__main__":
    main()
