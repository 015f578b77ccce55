"""COCO: pictures with the objects that its annotators boxed and its reference captions name.

Source: Lin et al. 2014, "Microsoft COCO" (arXiv:1405.0312); files as in https://cocodataset.org.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Container, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from halluc.datasets import Dataset
from halluc.datasets.files import decode, file_card, read_bytes
from halluc.datasets.images import open_from
from halluc.errors import InputError
from halluc.language.words.lemmas import Lemmatizer
from halluc.language.words.mentions import read_caption
from halluc.language.words.offline import offline_words
from halluc.language.words.vocabulary import coco_vocabulary
from halluc.records import Box, Sample, TrueObject, Truth

if TYPE_CHECKING:
    from PIL.Image import Image


class _Picture(msgspec.Struct):
    id: int
    file_name: str


class _Category(msgspec.Struct):
    id: int
    name: str


class _Instance(msgspec.Struct):
    image_id: int
    category_id: int
    bbox: tuple[float, float, float, float]


class _Instances(msgspec.Struct):
    images: list[_Picture]
    categories: list[_Category]
    annotations: list[_Instance]


class _Caption(msgspec.Struct):
    image_id: int
    caption: str


class _Captions(msgspec.Struct):
    annotations: list[_Caption]


def load(
    folder: str | Path,
    images: Path | None = None,
    *,
    only: Container[str] | None = None,
    lemmatize: Lemmatizer = offline_words,
) -> Dataset:
    """Pictures of COCO's annotation files, each with its objects.

    The list of objects is exhaustive for COCO's classes, where the file knows all of them;
    attributes and relations are not told. An object that only a reference caption names
    (``captions_*.json``, if it lies beside) has no box.

    Args:
        folder: holds ``instances_*.json``, or ``annotations/instances_*.json``; or one of these
            files, or a pattern of their names such as ``annotations/instances_*2014.json``.
        images: folder of the pictures; default: `folder`, its ``images``, or the split's folder in
            it.
        only: ids of the pictures wanted (such as "391895"); default: all.
        lemmatize: how words of the reference captions are made singular.

    Raises:
        InputError: there is no such file, one is damaged, an id stands for two pictures or
            categories, or an annotation is of an unknown one.
    """
    folder, paths = instances_of(folder)
    samples: dict[str, Sample] = {}
    files = []
    for path in paths:
        split = path.stem.removeprefix("instances_")
        objects, boxes, pictures, known = _read_instances(path)
        exhaustive: Literal["", "coco"] = "coco" if known >= {*coco_vocabulary().classes} else ""
        captions = _captions_of(path)
        wanted = {id for id in pictures if only is None or str(id) in only}
        if captions.exists():
            files.append(file_card(captions, _add_captions(captions, objects, wanted, lemmatize)))
        files.append(file_card(path, boxes))
        for id in pictures:
            if id not in wanted:
                continue
            if str(id) in samples:
                other = next(each for each in paths if each.stem.endswith(samples[str(id)].split))
                what = f"picture {id} stands in {other.name} and in {path.name}"
                how = f"name the one you mean, coco:{path}"
                year, former = (re.sub(r".*?(\d+)$", r"\1", name) for name in (split, other.stem))
                if year != former and year.isdecimal():
                    how += f", or a year, coco:{path.parent}/instances_*{year}.json"
                raise InputError(f"{what}; {how}", path)
            truth = Truth(objects=tuple(objects[id]), exhaustive=exhaustive)
            samples[str(id)] = Sample(id=str(id), image=pictures[id], split=split, truth=truth)

    def open_picture(sample: Sample) -> Image:
        places = [images] if images else [folder / sample.split, folder / "images", folder]
        return open_from(places, sample)

    return Dataset(f"coco:{folder}", list(samples.values()), open_picture, {"files": files})


def instances_of(source: str | Path) -> tuple[Path, list[Path]]:
    """The folder of COCO's data, and the files of instances in it that are meant.

    Raises:
        InputError: there are none.
    """
    path = Path(source)
    if path.is_file() or "*" in path.name:
        annotations, pattern = path.parent, path.name
        folder = annotations.parent if annotations.name == "annotations" else annotations
    else:
        apart = (path / "annotations").is_dir()
        annotations, pattern, folder = path / "annotations" if apart else path, "*", path
    paths = [each for each in annotations.glob(pattern) if each.match("instances_*.json")]
    if not paths:
        raise InputError("no instances_*.json here, nor in annotations/", path)
    return folder, sorted(paths)


def without_captions(source: str | Path) -> list[Path]:
    """The files of instances that have no file of reference captions beside them."""
    _, paths = instances_of(source)
    return [each for each in paths if not _captions_of(each).exists()]


def _captions_of(instances: Path) -> Path:
    return instances.with_name(instances.name.replace("instances_", "captions_", 1))


def _read_instances(
    path: Path,
) -> tuple[defaultdict[int, list[TrueObject]], int, dict[int, str], set[str]]:
    """Objects of each picture, number of boxes, file name of each picture, names of classes."""
    document = decode(read_bytes(path), _Instances, path)
    pictures = _by_id("picture", ((each.id, each.file_name) for each in document.images), path)
    names = _by_id("category", ((each.id, each.name) for each in document.categories), path)
    objects: defaultdict[int, list[TrueObject]] = defaultdict(list)
    for number, each in enumerate(document.annotations, 1):
        if each.image_id not in pictures or each.category_id not in names:
            what = f"picture {each.image_id} or category {each.category_id}"
            raise InputError(f"annotation {number} is of an unknown {what}", path)
        objects[each.image_id].append(TrueObject(name=names[each.category_id], box=Box(*each.bbox)))
    return objects, len(document.annotations), pictures, {*names.values()}


def _by_id(what: str, named: Iterable[tuple[int, str]], path: Path) -> dict[int, str]:
    """Names by id, of which each has one."""
    names: dict[int, str] = {}
    for id, name in named:
        if (other := names.setdefault(id, name)) != name:
            raise InputError(f"{what} {id} is {other!r} and {name!r}; remove one of the two", path)
    return names


def _add_captions(
    path: Path,
    objects: defaultdict[int, list[TrueObject]],
    wanted: set[int],
    lemmatize: Lemmatizer,
) -> int:
    """Add the classes that the captions name and nobody boxed; gives the number of captions."""
    captions = decode(read_bytes(path), _Captions, path).annotations
    for each in captions:
        if each.image_id not in wanted:
            continue
        known = {known.name for known in objects[each.image_id]}
        named = dict.fromkeys(m.node for m in read_caption(each.caption, lemmatize).mentions)
        objects[each.image_id] += [TrueObject(name=name) for name in named if name not in known]
    return len(captions)
