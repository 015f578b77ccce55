"""AMBER: captions and yes/no questions on 1,004 pictures, with what is and what is not in them.

Source: Wang et al. 2023, "AMBER: An LLM-free Multi-dimensional Benchmark for MLLMs Hallucination
Evaluation" (arXiv:2311.07397); files as in ``data`` of https://github.com/junyangwang0410/AMBER.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import msgspec

from halluc.datasets import Dataset
from halluc.datasets.files import decode, file_card, read_bytes, read_rows
from halluc.datasets.images import open_from
from halluc.errors import InputError
from halluc.jsonl import refuse_double
from halluc.records import Label, Sample, TrueObject, Truth

if TYPE_CHECKING:
    from PIL.Image import Image

ATTRIBUTES = ("state", "number", "action")
DIMENSIONS = ("generative", "existence", *ATTRIBUTES, "relation")

_DIMENSION_OF = {
    "generative": "generative",
    "discriminative-hallucination": "existence",
    "discriminative-attribute-state": "state",
    "discriminative-attribute-number": "number",
    "discriminative-attribute-action": "action",
    "discriminative-relation": "relation",  # all true
    "relation": "relation",  # all false
}


class _Annotation(msgspec.Struct):
    id: int
    type: str
    truth: Label | list[str]
    hallu: list[str] = []


class _Query(msgspec.Struct):
    id: int
    image: str
    query: str


@dataclass(frozen=True)
class Annotations:
    """What AMBER knows about its pictures and questions.

    Attributes:
        samples: every query by its id, without prompt and picture; the split is its dimension. The
            truth of a caption holds the objects in their order, repetitions too.
        likely: for each caption's id, objects that are not there but likely to be named.
        associations: object to words that may stand for it or come with it.
        safe: words that are never counted as hallucinated.
        card: name, SHA-256 and row count of each file.
    """

    samples: Mapping[str, Sample]
    likely: Mapping[str, tuple[str, ...]]
    associations: Mapping[str, tuple[str, ...]]
    safe: frozenset[str]
    card: list[dict[str, Any]]

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """The words that count as objects: all that associations know."""
        return frozenset(self.associations).union(*self.associations.values())


def load(path: str | Path, images: Path | None = None) -> Dataset:
    """AMBER's queries with their pictures and truths.

    Args:
        path: AMBER's folder of data (``annotations.json``, ``relation.json``, ``safe_words.txt``,
            ``query/``), which stands for all queries, or one of its files of queries.
        images: folder of the pictures; default: ``image`` or ``images`` in AMBER's folder, or
            that itself.

    Returns:
        Samples with AMBER's ids ("1005"); their split is the dimension, one of `DIMENSIONS`.

    Raises:
        InputError: a file is missing or damaged, or a query has no annotation; names the line.
    """
    path = Path(path)
    folder = annotated_folder(path)
    file = folder / "query" / "query_all.json" if path.is_dir() else path
    annotations = read_annotations(folder)
    samples: dict[str, Sample] = {}
    for line, row in read_rows(file, _Query):
        id = str(row.id)
        if id not in annotations.samples:
            raise InputError(f"query {id} has no annotation in {folder}", file, line)
        if id in samples:
            raise InputError(f"a second query {id}; remove one", file, line)
        known = annotations.samples[id]
        samples[id] = msgspec.structs.replace(known, image=row.image, prompt=row.query)
    if not samples:
        raise InputError("no queries in this file", file)

    def open_picture(sample: Sample) -> Image:
        places = [images] if images else [folder / "image", folder / "images", folder]
        return open_from(places, sample)

    card = {"files": [file_card(file, len(samples)), *annotations.card]}
    return Dataset(f"amber:{path}", list(samples.values()), open_picture, card)


def annotated_folder(path: Path) -> Path:
    """AMBER's folder, from itself or from one of its files of queries.

    Raises:
        InputError: there is none.
    """
    places = [path] if path.is_dir() else [path.parent, path.parent.parent]
    for place in places:
        if (place / "annotations.json").is_file():
            return place
    raise InputError("no annotations.json here; name AMBER's folder of data", places[-1])


def read_annotations(folder: str | Path) -> Annotations:
    """Read AMBER's truths, associations and safe words.

    Raises:
        InputError: a file is missing or damaged, an id comes twice, or an object has no entry in
            ``relation.json``.
    """
    folder = Path(folder)
    file, related, safe = (
        folder / name for name in ("annotations.json", "relation.json", "safe_words.txt")
    )
    content = read_bytes(related)
    associations = decode(content, dict[str, tuple[str, ...]], related)
    refuse_double(content, related)
    samples: dict[str, Sample] = {}
    likely: dict[str, tuple[str, ...]] = {}
    for line, row in read_rows(file, _Annotation):
        id = str(row.id)
        if id in samples:
            raise InputError(f"a second annotation of {id}; remove one", file, line)
        samples[id] = _sample(row, file, line)
        if not isinstance(row.truth, list):
            continue
        likely[id] = tuple(row.hallu)
        if unknown := {*row.truth, *row.hallu} - associations.keys():
            what = f"{', '.join(sorted(unknown))} of annotation {id}"
            raise InputError(f"{what} has no entry in {related.name}", file, line)
    words = _words(safe)
    rows = ((file, len(samples)), (related, len(associations)), (safe, len(words)))
    card = [file_card(each, count) for each, count in rows]
    return Annotations(samples, likely, associations, frozenset(words), card)


def _sample(row: _Annotation, file: Path, line: int) -> Sample:
    dimension = _DIMENSION_OF.get(row.type)
    if dimension is None:
        raise InputError(f"unknown type {row.type!r} of annotation {row.id}", file, line)
    if isinstance(row.truth, list) != (dimension == "generative"):
        wanted = "a list of objects" if dimension == "generative" else " or ".join(get_args(Label))
        raise InputError(f"the truth of annotation {row.id} must be {wanted}", file, line)
    if isinstance(row.truth, list):
        truth = Truth(objects=tuple(TrueObject(name=name) for name in row.truth))
    else:
        truth = Truth(label=row.truth)
    return Sample(id=str(row.id), split=dimension, truth=truth)


def _words(file: Path) -> list[str]:
    try:
        return [each for each in read_bytes(file).decode("utf-8-sig").splitlines() if each]
    except UnicodeDecodeError:
        raise InputError("not UTF-8", file) from None
