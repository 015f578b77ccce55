"""How far verdicts agree with those of people, or with exact labels, beside controls.

Accuracy says little where one verdict is common: on HaELM's 300 captions, 192 of them hallucinated,
"no" to everything is right in .640. So balanced accuracy, the mean of both classes' recall, and
Cohen's κ (1960, "A coefficient of agreement for nominal scales") stand beside it, F1 of finding the
hallucinated ones, and AUROC where it is known how sure the judge is.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from halluc.bootstrap import percentiles
from halluc.judges.replies import Verdict
from halluc.language.words.mentions import read_caption
from halluc.language.words.offline import offline_words
from halluc.records import Label, Score

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESAMPLES = 2000
LONG = 40
"""Words, above which the length rule says that a caption is hallucinated."""

JUDGE, LENGTH, LISTED = "judge", "best length rule", "CHAIR's rule"
FIGURES = ("accuracy", "balanced accuracy", "kappa", "F1 of no", "AUROC")
"""What is given of each way to judge."""

# Draws held in memory at once.
_AT_ONCE = 2_000_000
_NAN = float("nan")


class Judged(NamedTuple):
    """A text with two verdicts on it; yes: it is accurate.

    Attributes:
        people: what people say, or the ground truth.
        judge: what the judge says; unknown is wrong.
        words: how long the text is.
        chance: the judge's P(yes), 0..1; None where it does not say.
        unlisted: how many of COCO's classes the text names that the references do not; None where
            there are no references.
    """

    people: Label
    judge: Verdict
    words: int
    chance: float | None = None
    unlisted: int | None = None


@dataclass(frozen=True)
class Agreement:
    """How far a judge agrees with people.

    Attributes:
        scores: `FIGURES` of the judge and of each control, whose names are the splits.
        confusion: how many texts have which label and verdict.
        warning: which control the judge does not beat; empty if it beats all.
    """

    scores: list[Score]
    confusion: dict[str, dict[str, int]]
    warning: str

    def in_words(self) -> str:
        """The judge's figures and one control's, in a line."""
        found = {(each.split, each.name): each for each in self.scores}
        parts = []
        for name in FIGURES[:3]:
            each = found[JUDGE, name]
            if each.value is None:
                parts.append(f"{name} undefined")
            elif each.low is None or each.high is None:
                parts.append(f"{name} {each.value:.3f}")
            else:
                parts.append(f"{name} {each.value:.3f} ({each.low:.3f} to {each.high:.3f})")
        number = sum(sum(row.values()) for row in self.confusion.values())
        control = found["always no", "accuracy"].value
        return f"{', '.join(parts)} on {number}; always no has accuracy {control:.3f}"


def unlisted_classes(references: str, caption: str) -> int:
    """How many of COCO's classes a caption names, as CHAIR reads it, that references do not.

    >>> unlisted_classes("A dog on a couch.", "A dog and two cats on a sofa.")
    1
    """
    said, told = (
        {each.node for each in read_caption(text, offline_words).mentions}
        for text in (caption, references)
    )
    return len(said - told)


def agreement(
    judged: Sequence[Judged], metric: str, *, seed: int = 0, resamples: int = RESAMPLES
) -> Agreement:
    """A judge and controls that look at less, against people, with intervals over texts.

    The controls: always yes; always no; over 40 words is no; the length rule whose limit suits
    these very labels best, so in its favour; and, with references, CHAIR's rule: no, where a class
    of COCO is named that they do not name.

    Args:
        judged: at least one text.
        metric: the name that the figures bear.
        seed: fixes the resamples.
        resamples: how many.
    """
    import numpy as np

    people = np.array([each.people == "no" for each in judged])
    words = np.array([each.words for each in judged])
    verdicts: dict[str, NDArray[Any]] = {
        JUDGE: np.array([("yes", "no", "unknown").index(each.judge) for each in judged]),
        "always yes": np.zeros(len(judged), dtype=int),
        "always no": np.ones(len(judged), dtype=int),
        f"over {LONG} words is no": (words > LONG).astype(int),
        LENGTH: (words > _best_limit(people, words)).astype(int),
    }
    suspicions: dict[str, NDArray[Any]] = {LENGTH: words}
    chances = [each.chance for each in judged if each.chance is not None]
    if len(chances) == len(judged):
        suspicions[JUDGE] = -np.array(chances)
    unlisted = [each.unlisted for each in judged if each.unlisted is not None]
    if len(unlisted) == len(judged):
        suspicions[LISTED] = np.array(unlisted)
        verdicts[LISTED] = (suspicions[LISTED] > 0).astype(int)
    grouped = {way: np.unique(each, return_inverse=True)[1] for way, each in suspicions.items()}
    rows = np.random.default_rng(seed).integers(0, len(judged), (resamples, len(judged)))
    scores, balanced = [], {}
    for way, said in verdicts.items():
        whole = _figures(people, said, grouped.get(way), np.arange(len(judged))[None])
        parts = np.array_split(rows, max(1, rows.size // _AT_ONCE))
        drawn = np.concatenate([_figures(people, said, grouped.get(way), each) for each in parts])
        balanced[way] = drawn[:, FIGURES.index("balanced accuracy")]
        names = FIGURES if way in grouped else FIGURES[:-1]
        for name, value, values in zip(names, whole[0], drawn.T, strict=False):
            scores.append(_score(metric, way, name, float(value), percentiles(values)))
    confusion = {label: {"yes": 0, "no": 0, "unknown": 0} for label in ("yes", "no")}
    for (label, verdict), number in Counter((e.people, e.judge) for e in judged).items():
        confusion[label][verdict] = number
    return Agreement(scores, confusion, _warning(balanced))


def _score(
    metric: str, way: str, name: str, value: float, bounds: tuple[float | None, float | None]
) -> Score:
    low, high = bounds if bounds[0] != bounds[1] else (None, None)
    return Score(
        metric=metric,
        name=name,
        value=None if math.isnan(value) else value,
        split=way,
        better="higher",
        low=low,
        high=high,
        interval="bootstrap" if low is not None else "",
    )


def _warning(balanced: Mapping[str, NDArray[Any]]) -> str:
    """Which controls the judge's balanced accuracy does not clearly exceed, text by text."""
    ahead = {
        way: percentiles(balanced[JUDGE] - each)[0]
        for way, each in balanced.items()
        if way != JUDGE
    }
    behind = [way for way, low in ahead.items() if low is None or low <= 0]
    if not behind:
        return ""
    return f"this judge shows no more skill than {', '.join(behind)} (balanced accuracy)"


def _best_limit(people: NDArray[Any], words: NDArray[Any]) -> int:
    """The number of words above which "no" has the best balanced accuracy."""
    import numpy as np

    limits = np.unique(words)
    if people.all() or not people.any():
        return int(limits[-1])
    found = [(words[people] > n).mean() + (words[~people] <= n).mean() for n in limits]
    return int(limits[int(np.argmax(found))])


def _figures(
    people: NDArray[Any], said: NDArray[Any], groups: NDArray[Any] | None, rows: NDArray[Any]
) -> NDArray[Any]:
    """`FIGURES` of resamples, (resamples, 5); NaN where one is undefined.

    Args:
        people: whether each text is hallucinated, (texts).
        said: 0 accurate, 1 hallucinated, 2 neither, (texts).
        groups: rank of how suspect each text is, equal ones alike, (texts); None: not known.
        rows: numbers of the texts of each resample, (resamples, texts).
    """
    import numpy as np

    wrong, verdict = people[rows], said[rows]
    no, yes = verdict == 1, verdict == 0
    found = (wrong & no).sum(1)
    agreed = (found + (~wrong & yes).sum(1)) / rows.shape[1]
    with np.errstate(invalid="ignore", divide="ignore"):
        recalls = found / wrong.sum(1) + (~wrong & yes).sum(1) / (~wrong).sum(1)
        chance = wrong.mean(1) * no.mean(1) + (~wrong).mean(1) * yes.mean(1)
        kappa = (agreed - chance) / (1 - chance)
        f1 = 2 * found / (wrong.sum(1) + no.sum(1))
        area = np.full(len(rows), _NAN) if groups is None else _areas(wrong, groups[rows])
    return np.stack([agreed, recalls / 2, kappa, f1, area], axis=1)


def _areas(wrong: NDArray[Any], groups: NDArray[Any]) -> NDArray[Any]:
    """AUROC of ranks: how often a hallucinated text is more suspect than another, ties half."""
    import numpy as np

    number, most = len(groups), int(groups.max()) + 1
    places = (groups + most * np.arange(number)[:, None]).ravel()
    shape = (number, most)
    bad = np.bincount(places, weights=wrong.ravel(), minlength=number * most).reshape(shape)
    good = np.bincount(places, weights=~wrong.ravel(), minlength=number * most).reshape(shape)
    below = good.cumsum(1) - good / 2
    areas: NDArray[Any] = (bad * below).sum(1) / (bad.sum(1) * good.sum(1))
    return areas
