"""DASH-B: one yes/no question on each of many pictures that mislead MM-LLMs.

Source: Augustin et al. 2025, "DASH: Detection and Assessment of Systematic Hallucinations of VLMs"
(ICCV 2025); files ``images/dash_benchmark_{neg,pos}.json`` of https://github.com/YanNeu/DASH-B.
"""

from __future__ import annotations

from collections.abc import Container
from functools import partial
from pathlib import Path

from halluc.datasets import Dataset
from halluc.datasets.files import decode, file_card, read_bytes
from halluc.datasets.images import open_from
from halluc.errors import InputError
from halluc.records import Label, Sample, Truth

AGAIN = "again"
"""Last part of the id of a picture that an object has twice."""

_PARTS: dict[str, Label] = {"neg": "no", "pos": "yes"}
_QUESTION = "Can you see a {} in this image? Please answer only with yes or no."


def load(path: str | Path, images: Path | None = None) -> Dataset:
    """The questions of DASH-B.

    Args:
        path: the folder ``images`` of the repository, or the one above.
        images: folder with ``neg`` and ``pos``; default: that of the files.

    Returns:
        Samples with ids such as "no/backpack/123.png": right answer, object, picture.

    Raises:
        InputError: a file is missing or of another form.
    """
    path = Path(path)
    folder = path / "images" if (path / "images").is_dir() else path
    samples: dict[str, Sample] = {}
    cards = []
    for part, label in _PARTS.items():
        file = folder / f"dash_benchmark_{part}.json"
        if not file.is_file():
            what = "no dash_benchmark_neg.json and dash_benchmark_pos.json"
            raise InputError(f"{what} in this folder; DASH-B's is called images", path)
        before = len(samples)
        for source, objects in decode(
            read_bytes(file), dict[str, dict[str, list[str]]], file
        ).items():
            for name, pictures in objects.items():
                for picture in pictures:
                    id = id_of(samples, label, name, picture)
                    samples[id] = Sample(
                        id=id,
                        image=f"{part}/{source}/{name}/{picture}",
                        prompt=_QUESTION.format(name),
                        truth=Truth(label=label),
                    )
        cards.append(file_card(file, len(samples) - before))
    if not samples:
        raise InputError("no questions in the files of this folder", folder)
    opened = partial(open_from, [images or folder])
    return Dataset(f"dash-b:{path}", [*samples.values()], opened, {"files": cards})


def id_of(known: Container[str], label: str, name: str, picture: str) -> str:
    """The id of a question, marked if `known`, a set or mapping, has it."""
    id = f"{label}/{name}/{picture}"
    return f"{id}/{AGAIN}" if id in known else id
