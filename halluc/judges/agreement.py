"""How far verdicts agree with those of people, beside controls that look at nothing.

Accuracy says little where one verdict is common: on HaELM's 300 captions, 192 of them hallucinated,
"no" to everything is right in .640. So balanced accuracy, the mean of both classes' recall, and
Cohen's κ (1960, "A coefficient of agreement for nominal scales") stand beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from halluc.bootstrap import percentiles
from halluc.judges.replies import Verdict
from halluc.records import Label, Score

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESAMPLES = 2000
LONG = 40
"""Words, above which the length rule says that a caption is hallucinated."""

_FIGURES = ("accuracy", "balanced accuracy", "kappa")


class Judged(NamedTuple):
    """A text with two verdicts on it; yes: it is accurate.

    Attributes:
        people: what people say.
        judge: what the judge says; unknown is wrong.
        words: how long the text is.
    """

    people: Label
    judge: Verdict
    words: int


def agreement(
    judged: Sequence[Judged], metric: str, *, seed: int = 0, resamples: int = RESAMPLES
) -> list[Score]:
    """Accuracy, balanced accuracy and κ of the judge and of controls, with intervals over texts.

    The controls are split names: always yes, always no, and "longer than 40 words is no".

    Args:
        judged: at least one text.
        metric: the name that the figures bear.
        seed: fixes the resamples.
        resamples: how many.
    """
    import numpy as np

    ways: Mapping[str, list[str]] = {
        "judge": [each.judge for each in judged],
        "always yes": ["yes"] * len(judged),
        "always no": ["no"] * len(judged),
        f"over {LONG} words is no": ["no" if each.words > LONG else "yes" for each in judged],
    }
    people = np.array([each.people for each in judged])
    rows = np.random.default_rng(seed).integers(0, len(judged), (resamples, len(judged)))
    scores = []
    for way, verdicts in ways.items():
        said = np.array(verdicts)
        whole = _figures(people[None], said[None])
        drawn = _figures(people[rows], said[rows])
        for name, value, values in zip(_FIGURES, whole, drawn, strict=True):
            low, high = percentiles(values)
            exact = float(value[0])
            scores.append(
                Score(
                    metric=metric,
                    name=name,
                    value=None if np.isnan(exact) else exact,
                    split=way,
                    better="higher",
                    low=low if low != high else None,
                    high=high if low != high else None,
                    interval="bootstrap" if low != high else "",
                )
            )
    return scores


def _figures(people: NDArray[Any], said: NDArray[Any]) -> list[NDArray[Any]]:
    """Accuracy, balanced accuracy and κ of rows of verdicts: each of shape (rows,)."""
    import numpy as np

    right = people == said
    recalls, chance = [], 0.0
    with np.errstate(invalid="ignore", divide="ignore"):
        for label in ("yes", "no"):
            mine = people == label
            recalls.append((right & mine).sum(1) / mine.sum(1))
            chance = chance + mine.mean(1) * (said == label).mean(1)
        agreed = right.mean(1)
        kappa = (agreed - chance) / (1 - chance)
    return [agreed, (recalls[0] + recalls[1]) / 2, kappa]
