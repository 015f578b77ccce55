"""Visual Genome: pictures with objects, their attributes and the relations among them.

Read are the files that Visual Genome publishes: ``objects.json``, and where they lie beside it
``attributes.json``, ``relationships.json`` and ``image_data.json``, of any version. What they say
is true; what they leave out is not known. Source: Krishna et al. 2017, "Visual Genome: Connecting
Language and Vision Using Crowdsourced Dense Image Annotations" (IJCV 123, arXiv:1602.07332); files
as in https://homes.cs.washington.edu/~ranjay/visualgenome/api_readme.html.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from halluc.datasets import Dataset
from halluc.datasets.files import file_card, read_rows
from halluc.datasets.images import inside, open_from
from halluc.errors import InputError
from halluc.jsonl import read_lines
from halluc.language.claims.lexicon import attribute_of
from halluc.records import Box, Sample, TrueObject, TrueRelation, Truth

if TYPE_CHECKING:
    from PIL.Image import Image

# Words that stand beside the values of an attribute ("dark brown", "made of wood").
_BESIDE = frozenset({"and", "dark", "light", "bright", "very", "made", "of", "colored", "in"})

# A picture's folder and name, at the end of its address.
_PLACE = re.compile(r"VG_100K(_2)?/\d+\.jpg$")


class _Object(msgspec.Struct):
    object_id: int
    x: float
    y: float
    w: float
    h: float
    name: str | None = None
    names: list[str] = []
    attributes: list[str] | None = None
    merged_object_ids: list[int] = []


class _Relationship(msgspec.Struct):
    predicate: str
    subject: _Object
    object: _Object


class _Picture(msgspec.Struct):
    """A picture's part of one of the files; the first version calls its id "id"."""

    image_id: int | None = None
    id: int | None = None
    url: str = ""
    objects: list[_Object] = []
    attributes: list[_Object] = []
    relationships: list[_Relationship] = []


class _Scene:
    """What is told of a picture, gathered from several files."""

    def __init__(self) -> None:
        self.objects: list[_Object] = []
        self.values: list[dict[str, dict[str, None]]] = []
        self.relations: dict[TrueRelation, None] = {}
        self._places: dict[int, int] = {}

    def place(self, each: _Object) -> int:
        """The place of an object in the lists; it is added if nobody told of it yet."""
        ids = (each.object_id, *each.merged_object_ids)
        place = next((self._places[id] for id in ids if id in self._places), len(self.objects))
        self._places |= dict.fromkeys(ids, place)
        if place == len(self.objects):
            self.objects.append(each)
            self.values.append({})
        for text in each.attributes or ():
            for family, value in _attributes(text):
                self.values[place].setdefault(family, {})[value] = None
        return place

    def relate(self, told: _Relationship) -> None:
        """Add a relation; "sitting on" is a state of its subject, too."""
        subject, object = self.place(told.subject), self.place(told.object)
        predicate = " ".join(told.predicate.lower().split())
        relation = TrueRelation(subject=subject, predicate=predicate, object=object)
        self.relations[relation] = None
        first, _, rest = predicate.partition(" ")
        if rest and (state := attribute_of(first)) and state[0] == "state":
            self.values[subject].setdefault("state", {})[state[1]] = None

    def truth(self) -> Truth:
        """What is true of the picture."""
        objects = tuple(
            TrueObject(
                name=_name(each),
                box=Box(each.x, each.y, each.w, each.h),
                attributes={
                    family: next(iter(some)) if len(some) == 1 else tuple(some)
                    for family, some in values.items()
                },
            )
            for each, values in zip(self.objects, self.values, strict=True)
        )
        return Truth(objects=objects, relations=tuple(self.relations))


def load(
    folder: str | Path, images: Path | None = None, *, only: Container[str] | None = None
) -> Dataset:
    """Pictures of Visual Genome with what its annotators tell of them.

    An attribute is kept where it is one of the lexicon's ("white", "made of wood"), as one may name
    it in a caption; names and predicates are kept as they are written, in lower case.

    Args:
        folder: holds ``objects.json``.
        images: folder that holds ``VG_100K`` and ``VG_100K_2``, or the pictures themselves;
            default: `folder`.
        only: ids of the pictures wanted (such as "2407890"); default: all.

    Raises:
        InputError: there is no such file, one is damaged, or a picture comes twice.
    """
    folder = Path(folder)
    scenes: dict[str, _Scene] = {}
    pictures: dict[str, str] = {}
    files = []
    for name in ("objects", "attributes", "relationships", "image_data"):
        path, rows = folder / f"{name}.json", 0
        if name != "objects" and not path.exists():
            continue
        for line, id, row in _rows(path):
            rows += 1
            if only is not None and id not in only:
                continue
            if name == "objects":
                if id in scenes:
                    raise InputError(f"picture {id} comes twice", path, line)
                scenes[id] = _Scene()
            if (scene := scenes.get(id)) is None:  # a choice of pictures need not cut every file
                continue
            if place := _PLACE.search(row.url):
                pictures[id] = place[0]
            for each in (*row.objects, *row.attributes):
                scene.place(each)
            for told in row.relationships:
                scene.relate(told)
        if not rows and name == "objects":
            raise InputError("no pictures in this file", path)
        files.append(file_card(path, rows))
    samples = [
        Sample(id=id, image=pictures.get(id, f"{id}.jpg"), truth=scene.truth())
        for id, scene in scenes.items()
    ]

    def open_picture(sample: Sample) -> Image:
        place, name = images or folder, sample.image or ""
        whole = inside([place], name) is not None
        return open_from([place], sample, name if whole else Path(name).name)

    return Dataset(f"vg:{folder}", samples, open_picture, {"files": files})


def _rows(path: Path) -> Iterator[tuple[int, str, _Picture]]:
    if not any(read_lines(path)):
        raise InputError("nothing is in this file", path)
    for line, row in read_rows(path, _Picture):
        id = row.id if row.image_id is None else row.image_id
        if id is None:
            raise InputError('no "image_id"', path, line)
        yield line, str(id), row


def _name(each: _Object) -> str:
    """The first of an object's names."""
    return " ".join((each.name or next(iter(each.names), "")).lower().split())


def _attributes(text: str) -> Iterator[tuple[str, str]]:
    """Family and value of what an annotator wrote, nothing if it says more than that.

    >>> list(_attributes("Black and White")), list(_attributes("wearing a red hat"))
    ([('color', 'black'), ('color', 'white')], [])
    """
    words = re.findall(r"[\w-]+", text.lower())
    found = [attribute_of(word) for word in words if word not in _BESIDE]
    known = [each for each in found if each is not None]
    if len(known) == len(found):
        yield from known
