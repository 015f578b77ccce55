"""What the overview's charts show: small tables, counted over the findings of a run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from app.inspector.reading.columns import Columns, read_scores
from app.inspector.reading.view import places
from halluc.statistics import wilson

JUDGED = ("supported", "hallucinated")
TOP = 15


def of_metric(run: Columns, metric: str) -> pd.DataFrame:
    """The findings of a metric that count in a rate: supported or hallucinated."""
    found = run.findings
    return found[(found["metric"] == metric) & found["verdict"].isin(JUDGED)]


def rates(groups: Any, findings: pd.DataFrame) -> pd.DataFrame:
    """Hallucination rate of each group of findings, with its 95 % interval over answers.

    The interval takes answers as independent, not claims: ± 1.96 standard errors of the ratio, to
    first order; Wilson's where no answer has two claims of the group, or all are alike.

    Args:
        groups: the group of each finding, or the name of the column that tells it.
        findings: supported and hallucinated ones.

    Returns:
        Columns group, wrong, of, rate, low, high; groups without findings are left out.
    """
    wrong = findings["verdict"] == "hallucinated"
    by = wrong.groupby(findings[groups] if isinstance(groups, str) else groups, observed=True)
    table = pd.DataFrame({"wrong": by.sum(), "of": by.size()}).rename_axis("group").reset_index()
    table = table[table["of"] > 0].reset_index(drop=True)
    table["rate"] = table["wrong"] / table["of"]
    key = findings[groups] if isinstance(groups, str) else groups
    bounds = _bounds(np.asarray(key), np.asarray(findings["row"]), np.asarray(wrong), table)
    table["low"], table["high"] = [low for low, _ in bounds], [high for _, high in bounds]
    return table


def _bounds(
    groups: NDArray[Any], rows: NDArray[Any], wrong: NDArray[Any], table: pd.DataFrame
) -> list[tuple[float, float]]:
    """The interval of each group's rate."""
    parts = pd.DataFrame({"group": groups, "row": rows, "wrong": wrong, "of": 1})
    by = parts.groupby(["group", "row"], observed=True, sort=False).sum().reset_index()
    by["rate"] = (
        by["group"].map(dict(zip(table["group"], table["rate"], strict=True))).astype(float)
    )
    by["squares"] = (by["wrong"] - by["rate"] * by["of"]) ** 2
    sums = by.groupby("group", observed=True).agg(
        squares=("squares", "sum"), most=("of", "max"), answers=("of", "size")
    )
    found = []
    for each in table.itertuples():
        mine = sums.loc[each.group]
        if mine.most == 1 or each.wrong in (0, each.of):
            size = each.of if mine.most == 1 else mine.answers
            found.append(wilson(each.rate * size, size))
            continue
        small = mine.answers / max(mine.answers - 1, 1)
        half = 1.96 * float(np.sqrt(small * mine.squares)) / each.of
        found.append((max(0.0, each.rate - half), min(1.0, each.rate + half)))
    return found


def by_kind(run: Columns, metric: str) -> pd.DataFrame:
    """Rates by kind of claim; one that is a figure of the metric has that one's interval."""
    table = rates("kind", of_metric(run, metric))
    figures = {each.name: each for each in read_scores(run.path) if each.metric == metric}
    for at, each in enumerate(table.itertuples()):
        names = ("CHAIRi", f"{each.group} hallucination rate")
        for figure in filter(None, map(figures.get, names)):
            same = (figure.numerator, figure.denominator) == (each.wrong, each.of)
            if same and figure.low is not None:
                table.loc[at, ["low", "high"]] = figure.low, figure.high
    return table


def by_object(run: Columns, metric: str, top: int = TOP) -> pd.DataFrame:
    """The objects that are most often claimed though absent, most first, with their rates."""
    found = of_metric(run, metric)
    table = rates("subject", found[found["kind"] == "object"])
    table = table[table["wrong"] > 0].sort_values(["wrong", "group"], ascending=[False, True])
    return table.head(top).reset_index(drop=True)


def by_companion(run: Columns, metric: str, top: int = TOP) -> pd.DataFrame:
    """How often an absent object is named in pictures with another one.

    Returns:
        Columns object, companion, wrong, pictures (answers with the companion), share.
    """
    objects = list(by_object(run, metric, top)["group"])
    found = run.findings
    wrong = found[
        (found["metric"] == metric)
        & (found["kind"] == "object")
        & (found["verdict"] == "hallucinated")
        & found["subject"].isin(objects)
    ]
    there = run.true_objects
    named = wrong[["row", "subject"]].drop_duplicates().merge(there, on="row")
    table = named.groupby(["subject", "name"], observed=True).size().reset_index(name="wrong")
    table.columns = pd.Index(["object", "companion", "wrong"])
    table[["object", "companion"]] = table[["object", "companion"]].astype(str)
    table["pictures"] = table["companion"].map(there["name"].value_counts()).astype(int)
    table["share"] = table["wrong"] / table["pictures"]
    common = table.groupby("companion")["wrong"].sum().nlargest(top).index
    return table[table["companion"].isin(common)].reset_index(drop=True)


def by_range(values: NDArray[Any], edges: list[float], findings: pd.DataFrame) -> pd.DataFrame:
    """Rates in ranges of a number; columns of `rates` with from and to in place of the group.

    Args:
        values: of each finding; NaN counts nowhere.
        edges: of the ranges, ascending; each holds its lower one.
        findings: supported and hallucinated ones.
    """
    bins = np.digitize(values, edges) - 1
    inside = (bins >= 0) & (bins < len(edges) - 1) & ~np.isnan(values)
    table = rates(pd.Series(bins[inside], index=findings.index[inside]), findings[inside])
    table["from"] = [edges[each] for each in table["group"]]
    table["to"] = [edges[each + 1] for each in table["group"]]
    return table.drop(columns="group")


def by_place(run: Columns, metric: str) -> pd.DataFrame:
    """Rates by where in the text a claim stands, in tenths."""
    found = of_metric(run, metric)
    return by_range(places(run)[found.index], [each / 10 for each in range(11)], found)


def by_surprise(run: Columns, metric: str) -> pd.DataFrame:
    """Rates by the mean −log p of a claim's tokens; empty where no tokens are known."""
    found = of_metric(run, metric)
    edges = [0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 1000.0]
    return by_range(run.surprise[found.index], edges, found)


def by_length(run: Columns, metric: str) -> pd.DataFrame:
    """Rates by the words of the whole answer, in about ten ranges."""
    found = of_metric(run, metric)
    words = run.words
    step = max(1, round((int(words.max()) + 1) / 10))
    edges = [float(each) for each in range(0, int(words.max()) + step + 1, step)]
    return by_range(words[found["row"].to_numpy()].astype(float), edges, found)


def confusion(run: Columns) -> pd.DataFrame:
    """Answers to yes/no questions by split, what is true and what was read.

    Returns:
        Columns split, truth, answer, number.
    """
    known = run.answers.dropna(subset=["label"])
    keys = ["split", "label", "reading"]
    table = known.groupby(keys, observed=True).size().reset_index(name="number")
    table.columns = pd.Index(["split", "truth", "answer", "number"])
    return table.astype({"split": str})
