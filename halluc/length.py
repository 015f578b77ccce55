"""How much of a difference between two runs goes with the length of their texts.

Whoever says less hallucinates less. Two answers to that: texts cut to the same number of words
(`cut_words`), and a model of the rate with the length in it (`adjust`).
"""

from __future__ import annotations

import re
from statistics import NormalDist
from typing import NamedTuple

from halluc.bootstrap import LEVEL, Counted, Key, places_of

# An interval from 1/150 to 150 times the rate says nothing: length alone tells what is wrong.
_UNKNOWN = 5.0
_WORD = re.compile(r"\S+")


class Adjusted(NamedTuple):
    """The rates of two runs at the same length.

    Attributes:
        one, other: at the mean log-length of both.
        ratio: the other's divided by the one's.
        low, high: its interval.
    """

    one: float
    other: float
    ratio: float
    low: float
    high: float


def cut_words(text: str, words: int) -> str:
    """The text up to the end of its so manyth word, words being what stands between spaces.

    >>> cut_words("A dog  sits, and waits.", 3)
    'A dog  sits,'
    """
    for number, match in enumerate(_WORD.finditer(text), 1):
        if number == words:
            return text[: match.end()]
    return text if words else ""


def adjust(
    runs: tuple[Counted, Counted],
    rate: Key,
    lengths: tuple[Counted, Counted],
    length: Key,
    pairs: int = 1,
) -> Adjusted | None:
    """Rates at the same length, by a Poisson regression with standard errors by picture.

    For each picture and run: log E(hallucinated) = log(mentions) + a + b · (is the other) +
    c · log(length). exp(b) is the ratio of the rates at equal length. Source: MitigV's
    length-adjusted CHAIRi; computed by statsmodels.

    Args:
        runs: what is compared with, and what is compared, on the same pictures.
        rate: the figure, such as CHAIRi.
        lengths: figures of both runs with the length.
        length: the mean length of an answer.
        pairs: over how many pairs of runs the interval is to hold at once (Bonferroni).

    Returns:
        None where the model cannot be fitted: a run without hallucinations, or lengths that do not
        vary beside the run.
    """
    import numpy as np
    from statsmodels.genmod.families import Poisson
    from statsmodels.genmod.generalized_linear_model import GLM

    pictures = len(runs[0].parts)
    columns = []
    for counted, told in zip(runs, lengths, strict=True):
        above, below = counted.table[:, :, places_of(counted)[rate]]
        words, answers = told.table[:, :, places_of(told)[length]]
        columns.append((above, below, words / np.maximum(answers, 1)))
    above, below, words = (np.concatenate(each) for each in zip(*columns, strict=True))
    is_other = np.repeat([0.0, 1.0], pictures)
    known = (below > 0) & (words > 0)
    wrong = [above[known & (is_other == arm)].sum() for arm in (0, 1)]
    logs = np.log(words[known])
    design = np.column_stack([np.ones_like(logs), is_other[known], logs - logs.mean()])
    if not all(wrong) or np.linalg.matrix_rank(design) < 3:
        return None
    fit = GLM(above[known], design, Poisson(), offset=np.log(below[known])).fit(
        cov_type="cluster", cov_kwds={"groups": np.tile(np.arange(pictures), 2)[known]}
    )
    base, change = float(fit.params[0]), float(fit.params[1])
    reach = NormalDist().inv_cdf(1 - (1 - LEVEL) / 2 / pairs) * float(fit.bse[1])
    if not 0 < reach < _UNKNOWN:
        return None
    rates = np.exp([base, base + change, change, change - reach, change + reach])
    return Adjusted(*map(float, rates))
