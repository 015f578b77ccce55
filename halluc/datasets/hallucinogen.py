"""HALLUCINOGEN: POPE's questions, each put in five other wordings.

Source: Seth et al. 2024, "HALLUCINOGEN: A Benchmark for Evaluating Object Hallucination in Large
Visual-Language Models" (arXiv:2412.20622); files ``id_POPE_adv.json`` and the like of
https://github.com/AikyamLab/hallucinogen (MIT). Of its tasks, identification (id) asks whether an
object is there, localization (loc) where it is; the others (vc, cf) want words.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import msgspec

from halluc.datasets import Dataset
from halluc.datasets.files import file_card, read_rows
from halluc.datasets.images import open_from
from halluc.errors import InputError
from halluc.records import Label, Sample, Truth

WORDINGS = range(1, 6)
_SPLITS = {"rand": "random", "pop": "popular", "adv": "adversarial"}
_NAME = re.compile(r"(id|loc|vc|cf)_.*?(rand|pop|adv)(?![a-z])", re.IGNORECASE)


class _Row(msgspec.Struct):
    question_id: int
    image: str
    label: Label
    query_1: str
    query_2: str
    query_3: str
    query_4: str
    query_5: str


def load(path: str | Path, images: Path | None = None) -> Dataset:
    """The questions of a file, or of the files on identification and localization of a folder.

    Args:
        path: such a file, with its published name; or a folder, with folders in it or without.
        images: folder of COCO's pictures; default: beside the file.

    Returns:
        Samples with ids such as "id-adversarial/17/3", the third wording of question 17; their
        split is task and split of POPE.

    Raises:
        InputError: a file cannot be read, a row is no question, or an id comes twice.
    """
    path = Path(path)
    files = [path]
    if path.is_dir():
        files = [each for each in sorted(path.rglob("*.json*")) if _task(each) in ("id", "loc")]
    if not files:
        raise InputError("no id_POPE_*.json and no loc_POPE_*.json in this folder", path)
    samples: dict[str, Sample] = {}
    cards = []
    for file in files:
        split = _split(file)
        rows = 0
        for line, row in read_rows(file, _Row):
            rows += 1
            for wording in WORDINGS:
                id = f"{split}/{row.question_id}/{wording}"
                if id in samples:
                    what = f"a second question {row.question_id} of {split}; name each split once"
                    raise InputError(what, file, line)
                prompt = getattr(row, f"query_{wording}")
                truth = Truth(label=row.label)
                samples[id] = Sample(
                    id=id, image=row.image, prompt=prompt, split=split, truth=truth
                )
        if not rows:
            raise InputError("no questions in this file", file)
        cards.append(file_card(file, rows))
    opened = partial(open_from, [images or (path if path.is_dir() else path.parent)])
    return Dataset(f"hallucinogen:{path}", [*samples.values()], opened, {"files": cards})


def question_of(sample: Sample) -> str:
    """The question that a sample is a wording of.

    >>> question_of(Sample(id="id-popular/17/3"))
    'id-popular/17'
    """
    return sample.id.rpartition("/")[0]


def _task(file: Path) -> str:
    found = _NAME.match(file.name)
    return found[1].lower() if found else ""


def _split(file: Path) -> str:
    found = _NAME.match(file.name)
    if found is None:
        what = "HALLUCINOGEN's task and split are told by the name, such as id_POPE_adv.json"
        raise InputError(what, file)
    task = found[1].lower()
    if task not in ("id", "loc"):
        what = f"answers to {task} are free text, which nobody reads as yes or no"
        raise InputError(f"{what}; name files on id or loc", file)
    return f"{task}-{_SPLITS[found[2].lower()]}"
