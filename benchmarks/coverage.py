"""Do the intervals of `halluc compare` and the promises of `halluc gate` hold? A simulation.

    python benchmarks/coverage.py [--sets 2000] [--pictures 40 100 300] [--resamples 10000]

Data sets are made up of pictures of unequal difficulty, each with captions of several runs that
share it; the true rates are integrals. Prints how often all of the simultaneous intervals of
CHAIRi-like differences hold the truth, for 2, 5 and 10 runs, and how often the gate fails a run
that just keeps its limit, and one that is worse by what it says it can find. As in the command, the
resamples of so many pictures are always the same.
"""

from __future__ import annotations

import argparse
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from halluc.differences import Spread, detectable, one_sided, simultaneous

Array = NDArray[np.float64]

HARD, UNEQUAL, OWN = -2.0, 1.0, 0.5
"""Log-odds of a wrong mention: mean, deviation between pictures, and of a run on a picture."""


class Drawn(NamedTuple):
    """A made-up data set.

    Attributes:
        rates: of each resample, (resamples, runs).
        moved: how much each picture moves each rate, (pictures, runs).
    """

    rates: Array
    moved: Array


def draw_set(generator: np.random.Generator, often: Array, shifts: Array) -> Drawn:
    """Captions of runs on so many pictures, resampled."""
    pictures, runs = often.shape[1], len(shifts)
    hard = generator.normal(HARD, UNEQUAL, (pictures, 1))
    hard = hard + generator.normal(0, OWN, (pictures, runs))
    mentions = 1 + generator.poisson(5 + 2 * (np.arange(runs) % 2), (pictures, runs))
    wrong = generator.binomial(mentions, expit(hard + shifts))
    rate = wrong.sum(0) / mentions.sum(0)
    return Drawn((often @ wrong) / (often @ mentions), (wrong - rate * mentions) / mentions.sum(0))


def true_rates(shifts: Array) -> Array:
    """The rates of infinitely many pictures."""
    points, weights = np.polynomial.hermite_e.hermegauss(80)
    deviation = (UNEQUAL**2 + OWN**2) ** 0.5
    rates: Array = expit(HARD + shifts[:, None] + deviation * points) @ (weights / weights.sum())
    return rates


def resamples_of(pictures: int, resamples: int) -> Array:
    """How often each resample has each picture, (resamples, pictures)."""
    generator = np.random.default_rng(0)
    return generator.multinomial(pictures, [1 / pictures] * pictures, resamples).astype(float)


def coverage(runs: int, often: Array, sets: int) -> float:
    """How often all intervals hold the truth at once."""
    shifts = np.linspace(0, -0.6, runs)
    truth = true_rates(shifts)
    wanted = truth[1:] - truth[0]
    generator, held = np.random.default_rng(runs), 0
    for _ in range(sets):
        rates, moved = draw_set(generator, often, shifts)
        others = range(1, runs)
        _, found = simultaneous(
            [rates[:, other] - rates[:, 0] for other in others],
            [Spread.of(moved[:, other] - moved[:, 0]) for other in others],
        )
        held += all(i.low <= t <= i.high for i, t in zip(found, wanted, strict=True))
    return held / sets


def failures(often: Array, sets: int) -> tuple[float, float]:
    """How often the gate fails: at the limit, and with a rise as great as it says it finds."""
    shifts = np.array([0.0, 0.3])
    truth = true_rates(shifts)
    rise = truth[1] - truth[0]
    generator, alarms = np.random.default_rng(1), 0
    seen, lows = [], []
    for _ in range(sets):
        rates, moved = draw_set(generator, often, shifts)
        drawn, spread = rates[:, 1] - rates[:, 0], Spread.of(moved[:, 1] - moved[:, 0])
        low, _ = one_sided(drawn, 0.05, spread)
        alarms += low > rise
        seen.append(detectable(drawn, 0.1, spread))
        lows.append(low)
    allowed = rise - float(np.mean(seen))
    return alarms / sets, sum(low > allowed for low in lows) / sets


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", type=int, default=2000)
    parser.add_argument("--pictures", type=int, nargs="+", default=[40, 100, 300])
    parser.add_argument("--resamples", type=int, default=10_000)
    given = parser.parse_args()
    runs = (2, 5, 10)
    print("| pictures | 2 runs | 5 runs | 10 runs | gate: false alarms | found |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    for pictures in given.pictures:
        often = resamples_of(pictures, given.resamples)
        figures = [coverage(number, often, given.sets) for number in runs]
        figures += failures(often, given.sets)
        cells = " | ".join(f"{figure:.3f}" for figure in figures)
        print(f"| {pictures} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
