"""Do the intervals of `halluc compare` and the promises of `halluc gate` hold? A simulation.

    python benchmarks/coverage.py [--sets 2000] [--pictures 300]

Data sets are made up of pictures of unequal difficulty, each with captions of several runs that
share it; the true rates are known from 2,000,000 pictures. Prints how often all of the simultaneous
intervals of CHAIRi-like differences hold the truth, for 2, 5 and 10 runs, and how often the gate
fails a run that just keeps its limit, and one that is worse by what it says it can find.
"""

from __future__ import annotations

import argparse
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from halluc.differences import POWER, one_sided, simultaneous

RESAMPLES = 2000
Array = NDArray[np.float64]


def draw_pictures(
    generator: np.random.Generator, pictures: int, shifts: Array
) -> tuple[Array, Array]:
    """Hallucinated mentions and mentions, each (pictures, runs)."""
    runs = len(shifts)
    hard = generator.normal(-2, 1, (pictures, 1)) + generator.normal(0, 0.5, (pictures, runs))
    mentions = 1 + generator.poisson(5 + 2 * (np.arange(runs) % 2), (pictures, runs))
    wrong = generator.binomial(mentions, 1 / (1 + np.exp(-hard - shifts)))
    return wrong.astype(float), mentions.astype(float)


def true_rates(shifts: Array) -> Array:
    """Of 2,000,000 pictures."""
    parts = [draw_pictures(np.random.default_rng(seed), 100_000, shifts) for seed in range(20)]
    rates: Array = sum(wrong.sum(0) for wrong, _ in parts) / sum(all_.sum(0) for _, all_ in parts)
    return rates


def resampled(generator: np.random.Generator, wrong: Array, mentions: Array) -> Array:
    """The rates of each resample, (resamples, runs)."""
    pictures = len(wrong)
    often = generator.multinomial(pictures, [1 / pictures] * pictures, RESAMPLES).astype(float)
    rates: Array = (often @ wrong) / (often @ mentions)
    return rates


def coverage(runs: int, pictures: int, sets: int) -> float:
    """How often all intervals hold the truth at once."""
    shifts = np.linspace(0, -0.6, runs)
    truth = true_rates(shifts)
    generator, held = np.random.default_rng(runs), 0
    for _ in range(sets):
        rates = resampled(generator, *draw_pictures(generator, pictures, shifts))
        drawn = [rates[:, other] - rates[:, 0] for other in range(1, runs)]
        _, found = simultaneous(drawn, pictures)
        wanted = truth[1:] - truth[0]
        held += all(i.low <= t <= i.high for i, t in zip(found, wanted, strict=True))
    return held / sets


def failures(pictures: int, sets: int) -> tuple[float, float]:
    """How often the gate fails: at the limit, and with a rise as great as it says it finds."""
    shifts = np.array([0.0, 0.3])
    truth = true_rates(shifts)
    rise = truth[1] - truth[0]
    generator, alarms, found = np.random.default_rng(1), 0, 0
    reach = NormalDist().inv_cdf(0.95) + NormalDist().inv_cdf(POWER)
    errors, lows = [], []
    for _ in range(sets):
        rates = resampled(generator, *draw_pictures(generator, pictures, shifts))
        drawn = rates[:, 1] - rates[:, 0]
        low, _ = one_sided(drawn, 0.05, pictures)
        alarms += low > rise
        errors.append(drawn.std())
        lows.append(low)
    allowed = rise - reach * float(np.mean(errors))
    found = sum(low > allowed for low in lows)
    return alarms / sets, found / sets


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", type=int, default=2000)
    parser.add_argument("--pictures", type=int, default=300)
    given = parser.parse_args()
    print("| runs | all intervals hold |\n| ---: | ---: |")
    for runs in (2, 5, 10):
        print(f"| {runs} | {coverage(runs, given.pictures, given.sets):.3f} |", flush=True)
    alarms, found = failures(given.pictures, given.sets)
    print(f"gate: {alarms:.3f} false alarms at the limit; {found:.3f} found of the promised rise")


if __name__ == "__main__":
    main()
