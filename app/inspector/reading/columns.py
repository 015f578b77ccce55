"""A run in columns: what charts and filters ask of, read fast enough for 100,000 answers.

A row is read in full, as the record it is, only when it is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from app.inspector.reading import cache
from app.inspector.reading.lines import Lines
from halluc.card import card_key, read_card
from halluc.errors import InputError, RunError
from halluc.records import Finding, Response, Sample, Score, decode_response
from halluc.runs import Run
from mitigation.postcorrection.revisions import FILE, Revision

_TEXT = pa.string()
_RESPONSE = [("id", _TEXT), ("text", _TEXT), ("split", _TEXT)]
_CLAIM = [
    ("kind", _TEXT), ("start", pa.int32()), ("end", pa.int32()), ("subject", _TEXT),
    ("value", _TEXT), ("object", _TEXT), ("family", _TEXT),
]  # fmt: skip
_FINDING = [
    ("id", _TEXT), ("claim", pa.struct(_CLAIM)), ("verdict", _TEXT), ("metric", _TEXT),
    ("rule", _TEXT),
]  # fmt: skip
_LABEL = [("id", _TEXT), ("truth", pa.struct([("label", _TEXT)]))]
_NAMES = [
    ("id", _TEXT),
    ("truth", pa.struct([("objects", pa.list_(pa.struct([("name", _TEXT)])))])),
]
_IMAGES = [("id", _TEXT), ("image", _TEXT)]
_TOKENS = [("tokens", pa.list_(pa.list_(pa.float64())))]


@dataclass(frozen=True)
class Columns:
    """A run, opened to be read.

    Attributes:
        path: its folder.
        card: its result card.
        answers: a row for each answer: id, text, split; for yes/no questions also label, reading
            and right.
        findings: a row for each claim: row (of the answer), kind, start, end, subject, value,
            object, family, verdict, metric, rule.
        responses, found, samples: the files, for whole records.
    """

    path: Path
    card: dict[str, Any]
    answers: pd.DataFrame
    findings: pd.DataFrame
    responses: Lines = field(repr=False)
    found: Lines = field(repr=False)
    samples: Lines = field(repr=False)

    @property
    def key(self) -> str:
        """Tells this run from others, wherever its folder lies; its reviews are kept under it."""
        return card_key(self.card)

    @cached_property
    def metrics(self) -> list[str]:
        """Metrics with findings, the one that knows most kinds first."""
        by = self.findings.groupby("metric", observed=True)["kind"].nunique()
        return sorted(map(str, by.index), key=lambda name: (-by[name], name))

    @cached_property
    def places(self) -> dict[str, int]:
        """Row of each answer, by its id."""
        return {id: row for row, id in enumerate(self.answers["id"])}

    def response(self, row: int) -> Response:
        """The answer of a row."""
        return self.responses.read(row, Response, decode_response)

    def sample(self, row: int) -> Sample:
        """What was asked."""
        id = self.answers["id"].iat[row]
        if row < len(self.samples.places):
            sample = self.samples.read(row, Sample)
            if sample.id == id:
                return sample
        if (at := self._asked.get(id)) is None:  # an unfinished run has another order
            raise _not_asked(self.responses, row, id)
        return self.samples.read(at, Sample)

    @cached_property
    def _asked(self) -> dict[str, int]:
        ids = self.samples.columns(_NAMES[:1], Sample)["id"].to_pylist()
        return {id: row for row, id in enumerate(ids)}

    def revision(self, row: int) -> Revision | None:
        """How the answer of a row was revised; None if the run was not made by a revision."""
        lines, id = self._revisions, self.answers["id"].iat[row]
        if not lines.path.exists():
            return None
        if row < len(lines.places):
            revision = lines.read(row, Revision)
            if revision.id == id:
                return revision
        at = self._revised.get(id)
        return None if at is None else lines.read(at, Revision)

    @cached_property
    def _revisions(self) -> Lines:
        return Lines(self.path / FILE)

    @cached_property
    def _revised(self) -> dict[str, int]:
        ids = self._revisions.columns(_NAMES[:1], Revision)["id"].to_pylist()
        return {id: row for row, id in enumerate(ids)}

    def findings_of(self, row: int, metric: str) -> list[tuple[int, Finding]]:
        """The findings of an answer, each with its row in `findings`, in the order of the words."""
        low, high = np.searchsorted(self._order[0], (row, row + 1))
        rows = np.sort(self._order[1][low:high])
        read = [(int(each), self.found.read(int(each), Finding)) for each in rows]
        return sorted(
            ((at, each) for at, each in read if each.metric == metric),
            key=lambda pair: (pair[1].claim.start, pair[1].claim.end),
        )

    @cached_property
    def _order(self) -> tuple[NDArray[Any], NDArray[Any]]:
        rows = self.findings["row"].to_numpy()
        order = np.argsort(rows, kind="stable")
        return rows[order], order

    @cached_property
    def words(self) -> NDArray[Any]:
        """Words of each answer."""
        texts = pa.array(self.answers["text"])
        return np.asarray(pc.count_substring_regex(texts, r"\S+"))

    @cached_property
    def true_objects(self) -> pd.DataFrame:
        """A row for each (answer, true object): row, name; each name once."""
        table = self.samples.columns(_NAMES, Sample)
        objects = pc.struct_field(table["truth"].combine_chunks(), "objects")
        names = pc.struct_field(objects.flatten(), "name")
        asked = np.asarray(pc.list_parent_indices(objects))
        rows = _rows(table["id"], pa.array(self.answers["id"]))[asked]
        frame = pd.DataFrame({"row": rows, "name": names.to_pandas().astype("category")})
        return frame[frame["row"] >= 0].drop_duplicates(ignore_index=True)

    @cached_property
    def surprise(self) -> NDArray[Any]:
        """Mean −log p of the tokens of each finding's words; NaN where no token is known."""
        found = (self.findings[name].to_numpy() for name in ("row", "start", "end"))
        return self.surprise_of(*found)

    def surprise_of(
        self, rows: NDArray[Any], starts: NDArray[Any], ends: NDArray[Any]
    ) -> NDArray[Any]:
        """Mean −log p of the tokens of stretches of answers; NaN where no token is known."""
        lists = self.responses.columns(_TOKENS, Response)["tokens"].combine_chunks()
        numbers = np.asarray(lists.flatten().flatten()).reshape(-1, 3)
        parents = np.asarray(pc.list_parent_indices(lists))
        if (lacking := np.isnan(numbers).any(1)).any():  # as `decode_response` leaves them out
            known = ~np.isin(parents, parents[lacking])
            numbers, parents = numbers[known], parents[known]
        return surprise(parents, numbers, rows, starts, ends)

    @cached_property
    def pictures(self) -> NDArray[Any]:
        """Number of the picture that each answer is about, from 0."""
        table = self.samples.columns(_IMAGES, Sample)
        at = _rows(pa.array(self.answers["id"]), table["id"].combine_chunks())
        names = pc.coalesce(table["image"], table["id"]).to_pandas()
        return np.asarray(pd.factorize(names.iloc[at])[0])


def surprise(
    rows: NDArray[Any],
    tokens: NDArray[Any],
    of: NDArray[Any],
    starts: NDArray[Any],
    ends: NDArray[Any],
) -> NDArray[Any]:
    """Mean −log p of the tokens that words are made of.

    Args:
        rows: the answer of each token, ascending.
        tokens: start, end, log-probability of each (n, 3).
        of: the answer of each stretch of words.
        starts: where it begins.
        ends: where it ends.

    Returns:
        One value a stretch; NaN where no token is known.

    >>> tokens = np.array([[0, 1, -1.0], [1, 5, -3.0], [5, 9, -2.0]])
    >>> [at] = [np.zeros(1, int)]
    >>> surprise(np.zeros(3, int), tokens, at, np.array([2]), np.array([6])).tolist()
    [2.5]
    """
    if not len(rows):
        return np.full(len(of), np.nan)
    far = int(max(tokens[:, 1].max(), ends.max(initial=0))) + 2
    base, stretch = rows.astype(np.int64) * far, of.astype(np.int64) * far
    first = np.searchsorted(base + tokens[:, 1], stretch + starts, side="right")
    last = np.searchsorted(base + tokens[:, 0], stretch + ends, side="left")
    sums = np.concatenate(([0.0], np.cumsum(-tokens[:, 2])))
    count = last - first
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(count > 0, (sums[np.maximum(last, first)] - sums[first]) / count, np.nan)


def read_scores(path: Path) -> list[Score]:
    """The figures of a run, of all metrics.

    Raises:
        InputError: scores.json is damaged.
    """
    told = Run(path, {}, []).scores()
    try:
        return [
            each
            for metric in told.values()
            for each in msgspec.convert(metric.get("scores", []), list[Score])
        ]
    except msgspec.ValidationError as error:
        raise InputError(str(error), path / "scores.json") from None


def open_columns(folder: str | Path) -> Columns:
    """Open a run, finished or not.

    Raises:
        RunError: the folder is no run, or it has no answers.
        InputError: a file of it is damaged; names file and line.
    """
    path = Path(folder)
    card = read_card(path)
    files = [path / name for name in ("responses.jsonl", "samples.jsonl", "findings.jsonl")]
    responses, samples, found = map(Lines, files)
    tables = cache.kept(files, lambda: _read(path, card, responses, samples, found))
    return Columns(path, card, tables[0], tables[1], responses, found, samples)


def _read(
    path: Path, card: dict[str, Any], responses: Lines, samples: Lines, found: Lines
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Answers and findings."""
    answers = responses.columns(_RESPONSE, Response)
    if not answers.num_rows:
        raise RunError(f"{path} has no answers yet; finish it by giving its command again")
    ids = answers["id"].combine_chunks()
    again = ids.to_pandas().duplicated().to_numpy()
    if ids.null_count or again.any():
        row = int(np.argmax(again | np.asarray(ids.is_null())))
        id = ids[row].as_py()
        what = "an answer without an id" if id is None else f"a second answer to {id!r}"
        raise InputError(f"{what}; remove it", responses.path, row + 1)
    frame = pd.DataFrame(
        {
            "id": ids.to_pandas(),
            "text": answers["text"].to_pandas(),
            "split": answers["split"].fill_null("").to_pandas().astype("category"),
        }
    )
    if card.get("task") not in (None, "caption"):
        _read_labels(frame, samples, responses)
    return frame, _findings(found, ids)


def _rows(ids: Any, known: pa.Array) -> NDArray[Any]:
    """Place of ids among the known ones; −1 where they are not."""
    if isinstance(ids, pa.ChunkedArray):
        ids = ids.combine_chunks()
    return np.asarray(pc.fill_null(pc.index_in(ids, value_set=known), -1))


def _not_asked(responses: Lines, row: int, id: str) -> InputError:
    return InputError(f"{id!r} is not in samples.jsonl", responses.path, row + 1)


def _read_labels(answers: pd.DataFrame, samples: Lines, responses: Lines) -> None:
    """Add label, reading and whether they agree, for answers to yes/no questions."""
    from metrics.pope_counts import DEFAULT

    table = samples.columns(_LABEL, Sample)
    labels = pc.struct_field(table["truth"].combine_chunks(), "label").to_pandas()
    at = _rows(pa.array(answers["id"]), table["id"].combine_chunks())
    if (at < 0).any():
        row = int(np.argmax(at < 0))
        raise _not_asked(responses, row, answers["id"].iat[row])
    answers["label"] = labels.iloc[at].to_numpy()
    pairs = answers[["text", "label"]].dropna().drop_duplicates()
    read = {
        (text, label): DEFAULT.read(text, label)
        for text, label in pairs.itertuples(index=False, name=None)
    }
    both = zip(answers["text"], answers["label"], strict=True)
    answers["reading"] = [read.get(pair) for pair in both]
    answers["right"] = (answers["reading"] == answers["label"]).where(answers["label"].notna())


def _findings(found: Lines, ids: pa.Array) -> pd.DataFrame:
    """The table of findings."""
    if not found.path.exists():
        return _table(pa.schema([_FINDING[0], *_CLAIM, *_FINDING[2:]]).empty_table(), ids)
    return _table(found.columns(_FINDING, Finding, spread="claim"), ids)


def _table(found: pa.Table, ids: pa.Array) -> pd.DataFrame:
    columns: dict[str, Any] = {"row": _rows(found["id"], ids)}
    for name, kind in [*_CLAIM, *_FINDING[2:]]:
        values = found[name].combine_chunks()
        columns[name] = _categories(values) if kind == _TEXT else np.asarray(values)
    return pd.DataFrame(columns)


def _categories(values: pa.Array) -> Any:
    """Texts that repeat, each kept once."""
    return pc.fill_null(values, "").dictionary_encode().to_pandas()
