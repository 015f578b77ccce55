"""Ground truth of pictures, from the forms in which people have it."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from halluc.answers.rows import picture_id
from halluc.datasets import coco, jsonl, visual_genome
from halluc.datasets.files import file_card
from halluc.datasets.load import load_dataset
from halluc.datasets.objects import EDITIONS, read_objects
from halluc.errors import InputError
from halluc.language.words.lemmas import Lemmatizer
from halluc.records import TrueObject, Truth


def read_truths(source: str, ids: Iterable[str] | None, lemmatize: Lemmatizer) -> dict[str, Truth]:
    """What is true of each picture, by the picture's id.

    Args:
        source: a JSON file ``{id: [object names]}`` (may be gzipped), JSON lines or an array as
            `halluc.datasets.jsonl` reads them, a folder of COCO annotations, or the name of a data
            set.
        ids: the pictures wanted; others may be left out. None: all.
        lemmatize: how words of COCO's reference captions are made singular.

    Raises:
        InputError: the source cannot be read, or tells different things of one picture.
    """
    path, wanted = Path(source), None if ids is None else set(ids)
    if re.match("tabletop|(pope|jsonl):", source):
        samples = load_dataset(source).samples
    elif source.startswith("vg:"):
        samples = visual_genome.load(source.removeprefix("vg:"), only=wanted).samples
    elif path.is_dir() or source.startswith("coco:") or path.match("instances_*.json"):
        folder = source.removeprefix("coco:")
        samples = coco.load(folder, only=wanted, lemmatize=lemmatize).samples
    elif jsonl.has_rows(path):
        samples = jsonl.load(path).samples
    else:
        table = read_objects(path)
        return _by_picture(((id, _truth_of(names)) for id, names in table.items()), wanted, source)
    told = ((each.id, each.truth) for each in samples if each.truth is not None)
    return _by_picture(told, wanted, source)


def _by_picture(
    told: Iterable[tuple[str, Truth]], wanted: Container[str] | None, source: str
) -> dict[str, Truth]:
    """What is told of each picture; its names are two where a folder or an ending stands in one."""
    truths: dict[str, Truth] = {}
    for id, truth in told:
        key = picture_id(id)
        if wanted is not None and key not in wanted:
            continue
        if truths.setdefault(key, truth) != truth:
            what = f"{id!r} and another name are of picture {key}, and tell different things of it"
            raise InputError(f"{what}; keep one of the two, or rename one", source)
    return truths


def truth_card(source: str, rows: int, rule: str = "") -> Any:
    """What the result card says of a ground truth.

    Args:
        source: as `read_truths` takes it.
        rows: of how many pictures.
        rule: how words of COCO's reference captions were made singular.
    """
    file = Path(source.removeprefix("jsonl:"))
    if file.is_file() and not file.match("instances_*.json"):
        card = file_card(file, rows)
        edition = EDITIONS.get(card["sha256"])
        return [card | ({"edition": edition} if edition else {})]
    told = f"{source}, {rows} pictures"
    folder = source.removeprefix("coco:")
    if not (Path(folder).is_dir() or source.startswith("coco:") or file.is_file()) or ":" in folder:
        return told
    lacking = [each.name for each in coco.without_captions(folder)]
    if not lacking:
        return f"{told}, COCO boxes and words of the reference captions by {rule or 'offline'}"
    what = f"the pictures of {', '.join(lacking)} have no reference captions beside them"
    return f"{told}, COCO boxes; {what}, so their ground truth is boxes alone"


@cache
def _truth_of(names: tuple[str, ...]) -> Truth:
    """One record for all pictures of the same objects, since a table may have millions."""
    return Truth(objects=tuple(map(_true_object, names)), exhaustive="coco")


@cache
def _true_object(name: str) -> TrueObject:
    return TrueObject(name=name)
