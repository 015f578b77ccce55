"""Captions that are to be judged: of a run or of a file, with the way to open their pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from halluc.answers.files import read_captions
from halluc.answers.given import open_answers
from halluc.answers.rows import picture_id
from halluc.datasets.images import open_from
from halluc.datasets.load import load_dataset
from halluc.errors import InputError
from halluc.records import Answer, Sample
from halluc.thoughts import part_thought

if TYPE_CHECKING:
    from PIL.Image import Image

    from halluc.runs import Run


def read_texts(
    sources: Sequence[str], *, allow_missing: bool = False
) -> tuple[Run | None, list[tuple[Sample, Answer]]]:
    """Captions with what is known of their pictures, and the run that they are of.

    Thoughts of reasoning models are left in them; see `answer_of`.

    Args:
        sources: a run, or files of captions in any form.
        allow_missing: take a run with samples that have no answer yet.

    Raises:
        RunError: a folder is no run.
        InputError: something cannot be read, or a picture has two captions.
    """
    run, stream = open_answers(sources, read_captions, allow_missing=allow_missing)
    own = {each.id: each for each in run.samples} if run else {}
    texts: dict[str, tuple[Sample, Answer]] = {}
    for answer in stream:
        id = str(answer.id)
        if id in texts:
            what = f"picture {id} has a caption in {texts[id][1].path.name} already"
            raise InputError(f"{what}; remove one of the two", answer.path, answer.line)
        texts[id] = own.get(id, Sample(id=id)), answer
    return run, list(texts.values())


def answer_of(answer: Answer) -> str:
    """The text of an answer without the thought before it, as metrics read it."""
    return part_thought(answer.text)[1]


def opener(run: Run | None, source: Path, images: Path | None) -> Callable[[Sample], Image]:
    """The way to open the picture that a caption is of.

    Args:
        run: of the captions; its card names its data set, which knows its pictures.
        source: the run or file of captions.
        images: folder of the pictures, where they do not lie with data set or file. A file tells
            ids, so a picture is found by its number: 42 in COCO_val2014_000000000042.jpg.

    Raises:
        InputError: there is no such folder, or the run's data set cannot be read.
    """
    data = run.card.get("data") if run else None
    if isinstance(data, dict) and data.get("name"):
        return load_dataset(str(data["name"]).removesuffix(" questions"), images).open_image
    folder = images or (source if source.is_dir() else source.parent)
    if not folder.is_dir():
        raise InputError("no such folder of pictures", folder)
    names: dict[str, str] = {picture_id(each.name): each.name for each in sorted(folder.iterdir())}

    def opened(sample: Sample) -> Image:
        name = sample.image or names.get(sample.id)
        if name is None:
            raise InputError(f"no picture of {sample.id!r} in it; name their --images", folder)
        return open_from([folder], replace(sample, image=name))

    return opened


def shown(
    originals: Mapping[str, Sample], opened: Callable[[Sample], Image]
) -> Callable[[Sample], Image]:
    """Open the picture of what a prompt to a judge is about, by the prompt's id."""
    return lambda sample: opened(originals[sample.id])
