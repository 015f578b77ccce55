"""Runs compared claim by claim: what each says of a matter, and where their rates differ.

A *matter* is what a claim is about: that an object is there, what it is like in one way, how two
objects stand to each other; see `app.workflows.compare.claims`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from app.inspector.reading.columns import Columns
from app.inspector.reading.counts import of_metric
from app.inspector.reading.view import places
from halluc.bootstrap import Counted, grouping
from halluc.datasets.tabletop import biased_truths
from halluc.differences import differences
from halluc.records import Score
from mitigation.postcorrection.factors import count_occurrences

MATTER = ["id", "kind", "subject", "about"]
CHANGES = ("fixed", "broken", "dropped", "added", "both wrong", "lost", "gained")
"""What becomes of a matter between two runs; see `app.workflows.compare.claims.Changes`."""
PARTS = {
    "kind": "Kind", "object": "Object", "companion": "Companion", "position": "Position",
    "length": "Length",
}  # fmt: skip
TOP = 15
_THIRDS: tuple[str, ...] = ("first third", "second third", "last third")
_ORDER = ("object", "attribute", "relation", "companion there", "no companion", *_THIRDS)


def parted(run: Columns, metric: str, by: str, edges: Sequence[int] = ()) -> pd.DataFrame:
    """The claims of a run that count in a rate, each with the part that it belongs to.

    Args:
        run: the run.
        metric: whose findings.
        by: one of `PARTS`.
        edges: of "length": words, ascending; see `lengths`.

    Returns:
        Columns row, id, kind, subject, about, wrong, start and part; claims that belong to no part,
        as attributes to none by companion, are left out.
    """
    found = of_metric(run, metric)
    found = found[found["row"] >= 0]
    rows = found["row"].to_numpy()
    subject, other = (found[name].astype(str).to_numpy() for name in ("subject", "object"))
    relation = (found["kind"] == "relation").to_numpy()
    turned = relation & (subject > other)
    table = pd.DataFrame(
        {
            "row": rows,
            "id": run.answers["id"].to_numpy()[rows],
            "kind": found["kind"].astype(str).to_numpy(),
            "subject": np.where(turned, other, subject),
            "about": np.where(
                relation, np.where(turned, subject, other), found["family"].astype(str).to_numpy()
            ),
            "wrong": (found["verdict"] == "hallucinated").to_numpy(),
            "start": found["start"].to_numpy(),
            "at": found.index.to_numpy(),
        }
    )
    keep = np.ones(len(table), bool)
    match by:
        case "object":
            table["part"] = subject
        case "companion":
            table["part"] = np.where(
                _with_companion(run, rows, subject), "companion there", "no companion"
            )
            keep = table["kind"].to_numpy() == "object"
        case "position":
            third = np.minimum(2, (3 * places(run)[found.index]).astype(int))
            table["part"] = np.array(_THIRDS)[third]
        case "length":
            bins = np.digitize(run.words[rows], edges)
            table["part"] = np.array(_ranges(edges))[bins]
        case _:
            table["part"] = table["kind"]
    return table[keep].reset_index(drop=True)


def lengths(run: Columns) -> list[int]:
    """Words that part the answers of a run in four about equal parts."""
    found = np.quantile(run.words, (0.25, 0.5, 0.75)).round().astype(int)
    return sorted({int(each) for each in found if each > 0})


def _ranges(edges: Sequence[int]) -> list[str]:
    """The parts of `lengths` in words.

    >>> _ranges([20, 30])
    ['below 20 words', '20 to 29 words', 'from 30 words']
    """
    if not edges:
        return ["any length"]
    middle = [f"{a} to {b - 1} words" for a, b in pairwise(edges)]
    return [f"below {edges[0]} words", *middle, f"from {edges[-1]} words"]


def _least_words(part: str) -> int:
    """Orders what `_ranges` gives."""
    first = part.split(maxsplit=1)[0]
    return 0 if first == "below" else 10**9 if first == "from" else int(first)


def _with_companion(run: Columns, rows: NDArray[Any], subjects: NDArray[Any]) -> NDArray[Any]:
    """Whether an object with which the subject usually comes is in the picture."""
    there = run.true_objects
    data = run.card.get("data")
    if isinstance(data, dict) and str(data.get("name")).startswith("tabletop"):
        known = count_occurrences(each.names for each in biased_truths())
    else:
        known = count_occurrences(names for _, names in there.groupby("row")["name"])
    usual = pd.DataFrame(
        [
            (subject, name)
            for subject in dict.fromkeys(subjects.tolist())
            for name in known.single
            if known.companion(subject, name)
        ],
        columns=["subject", "name"],
    )
    near = there.astype({"name": str}).merge(usual, on="name")[["row", "subject"]]
    asked = pd.MultiIndex.from_arrays([rows, subjects])
    return np.asarray(asked.isin(pd.MultiIndex.from_frame(near)))


def told(claims: pd.DataFrame) -> pd.DataFrame:
    """What a run says of each matter of each answer: the first wrong claim, else the first."""
    ordered = claims.sort_values("wrong", ascending=False, kind="stable")
    return ordered.drop_duplicates(MATTER)


def changes(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """What became of each matter of the answers that both runs gave.

    Args:
        one: claims of the run that is compared with, as `parted` gives them.
        other: of the other.

    Returns:
        Columns id, kind, subject, about, part and what (one of `CHANGES`), ordered by id; matters
        that are right in both are left out. A part is that of the run that has the claim; of both,
        the first run's.
    """
    columns = [*MATTER, "wrong", "part"]
    table = told(one)[columns].merge(
        told(other)[columns], on=MATTER, how="outer", suffixes=("", " other"), indicator=True
    )
    wrong = table["wrong"].fillna(value=False).astype(bool)
    then = table["wrong other"].fillna(value=False).astype(bool)
    both = table["_merge"] == "both"
    left = table["_merge"] == "left_only"
    table["what"] = np.select(
        [
            both & wrong & then, both & wrong, both & then, both,
            left & wrong, left, then,
        ],
        ["both wrong", "fixed", "broken", "", "dropped", "lost", "added"],
        "gained",
    )  # fmt: skip
    later = table["what"].isin(["broken", "added", "gained"])
    table["part"] = table["part other"].where(later, table["part"])
    return table.loc[table["what"] != "", [*MATTER, "part", "what"]].reset_index(drop=True)


def rates_of_both(
    one: pd.DataFrame, other: pd.DataFrame, pictures: Mapping[str, str]
) -> pd.DataFrame:
    """Hallucination rates of two runs by part, with the difference and its 95 % interval.

    The interval is that of a bootstrap over pictures, see `halluc.differences`.

    Args:
        one: claims of the run that is compared with, as `parted` gives them.
        other: of the other.
        pictures: of each answer that both gave.

    Returns:
        Columns part, one, other, difference, low, high, p, wrong_one, of_one, wrong_other,
        of_other; at most `TOP` parts, those with the most wrong claims.
    """
    wrong = pd.concat([one, other]).query("wrong")["part"].value_counts()
    every = pd.concat([one, other])["part"].value_counts()
    often = list(wrong.index[:TOP]) or list(every.index[:TOP])
    parts = [each for each in _ORDER if each in often] or often
    if "words" in often[0]:
        parts = sorted(often, key=_least_words)
    counted = [_counted(each, parts, pictures) for each in (one, other)]
    [found] = differences([(counted[0], counted[1])])
    scores = [{each.name: each for each in side.scores} for side in counted]
    rows = [
        {
            "part": each.name,
            **{side: scores[at][each.name].value for at, side in enumerate(("one", "other"))},
            "difference": each.value, "low": each.low, "high": each.high, "p": each.p,
            **{f"wrong_{side}": int(scores[at][each.name].numerator or 0)
               for at, side in enumerate(("one", "other"))},
            **{f"of_{side}": int(scores[at][each.name].denominator or 0)
               for at, side in enumerate(("one", "other"))},
        }
        for each in found
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _counted(claims: pd.DataFrame, parts: Sequence[str], pictures: Mapping[str, str]) -> Counted:
    """The rate of each part, and what each picture adds to it."""
    group: Callable[[str], str] = grouping(set(pictures.values()))
    kept = claims[claims["part"].isin(parts)]
    of = kept["id"].map(pictures).map(group)

    def score(part: str, wrong: float, whole: float) -> Score:
        return Score(
            metric="", name=part, value=wrong / whole if whole else None,
            numerator=wrong, denominator=whole,
        )  # fmt: skip

    sums = kept.groupby("part")["wrong"].agg(["sum", "size"]).reindex(parts, fill_value=0)
    by_picture: dict[str, list[Score]] = {group(each): [] for each in pictures.values()}
    each_picture = kept.groupby([of, "part"])["wrong"].agg(["sum", "size"])
    for (name, part), wrong, whole in each_picture.itertuples(name=None):
        by_picture[name].append(score(part, float(wrong), float(whole)))
    scores = [score(part, float(w), float(n)) for part, w, n in sums.itertuples(name=None)]
    return Counted(scores, by_picture)


def matrix(sides: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """What each run says of each matter that any of them gets wrong or leaves out.

    Args:
        sides: claims by name of the run, as `parted` gives them, of the same answers.

    Returns:
        Columns id, kind, subject, about, and one for each run: "right", "wrong" or "" (not said);
        those first on which the runs differ most.
    """
    tables = []
    for name, claims in sides.items():
        side = told(claims).set_index(MATTER)["wrong"]
        tables.append(side.map({True: "wrong", False: "right"}).rename(name))
    table = pd.concat(tables, axis=1).fillna("")
    names = list(sides)
    wrong, right = ((table[names] == each).sum(axis=1) for each in ("wrong", "right"))
    table["split"] = -np.minimum(wrong, len(names) - wrong)
    table = table[(wrong > 0) | (right < len(names))]
    return table.sort_values(["split", *MATTER], kind="stable").drop(columns="split").reset_index()
