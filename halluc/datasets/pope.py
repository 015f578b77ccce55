"""POPE: yes/no questions on whether an object is in the picture, read from files or built.

Source: Li et al. 2023, "Evaluating Object Hallucination in Large Vision-Language Models"
(arXiv:2305.10355); files as in https://github.com/RUCAIBox/POPE.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations
from pathlib import Path
from sys import intern
from typing import Any, Literal

import msgspec

from halluc.datasets import Dataset
from halluc.datasets.files import file_card, read_rows
from halluc.datasets.hub import column, is_hub, label_of, load_hub
from halluc.datasets.images import open_from
from halluc.datasets.pope_editions import MOST_ROWS, Row, edition_of
from halluc.errors import InputError
from halluc.jsonl import reason, write_jsonl
from halluc.records import Label, Sample, Truth

Split = Literal["random", "popular", "adversarial"]
SPLITS: tuple[Split, ...] = ("random", "popular", "adversarial")
LABELS: tuple[Label, Label] = ("yes", "no")


class Question(msgspec.Struct):
    """One row of a POPE file; a category, where rows tell one, is their split."""

    question_id: int
    image: str
    text: str
    label: Label
    category: str | None = None


def load(path: str | Path, images: Path | None = None) -> Dataset:
    """Questions of a POPE file, or of all the files of a folder, as a data set.

    Args:
        path: JSON lines or a JSON array of ``{question_id, image, text, label}``; or a folder of
            them; or as the hub holds them (see `halluc.datasets.hub`).
        images: folder of the pictures; default: beside the questions.

    Raises:
        InputError: a file cannot be read or a row of it is no POPE question; names file and line.
    """
    path = Path(path)
    if is_hub(path):
        return load_files([path], images)
    paths = sorted(path.glob("*.json*")) if path.is_dir() else [path]
    if not paths:
        raise InputError("no POPE question files (*.json, *.jsonl) in this folder", path)
    dataset = load_files(paths, images or (path if path.is_dir() else path.parent))
    return replace(dataset, name=f"pope:{path}")


def load_files(paths: Sequence[str | Path], images: Path | None = None) -> Dataset:
    """Questions of several POPE files, each a split of its own.

    The card of a published file says which edition it is.

    Raises:
        InputError: as `load`, or two files are of the same split.
    """
    files = [Path(str(path).removeprefix("pope:")) for path in paths]
    if len(files) == 1 and is_hub(files[0]):
        return load_hub(f"pope:{files[0]}", files[0], _of_hub)
    taken: dict[str, Path] = {}
    samples, cards = [], []
    for path in files:
        part = read_questions(path)
        for split in dict.fromkeys(sample.split for sample in part):
            if (one := taken.setdefault(split, path)) is not path:
                what = f"of the same split as {one.name}; name one of the two files"
                raise InputError(what, path)
        samples += part
        known = edition_of([_row(sample) for sample in part]) if len(part) < MOST_ROWS else None
        cards.append(file_card(path, len(part)) | ({"edition": known} if known else {}))
    return Dataset(
        name="pope:" + ",".join(map(str, files)),
        samples=samples,
        open_image=partial(open_from, [images or Path()]),
        card={"files": cards},
    )


def _of_hub(row: Mapping[str, Any], file: Path, number: int) -> Sample:
    """A question in lmms-lab's columns."""
    split = str(row.get("category") or split_of(file))
    id = column(row, "question_id", file, number)
    image = str(row.get("image_source") or f"{file.stem}/{number}")
    truth = Truth(label=label_of(row, file, number))
    prompt = column(row, "question", file, number)
    return Sample(id=f"{split}/{id}", image=image, prompt=prompt, split=split, truth=truth)


def _row(sample: Sample) -> Row:
    label = sample.truth.label if sample.truth else None
    id = int(sample.id.rpartition("/")[2])
    return Row(id, sample.image or "", sample.prompt or "", label)


def read_questions(path: str | Path) -> list[Sample]:
    """The questions of one POPE file, with ids such as "adversarial/17" (split, question_id).

    Raises:
        InputError: the file cannot be read, a row is no POPE question, an id comes twice.
    """
    whole = split_of(path)
    truths = {label: Truth(label=label) for label in LABELS}
    samples: dict[str, Sample] = {}
    for line, row in read_rows(path, Question):
        split = whole if row.category is None else intern(row.category)
        id = f"{split}/{row.question_id}"
        if id in samples:
            first = _line_of(path, row)
            what = f"question_id {row.question_id} stands already in line {first}"
            raise InputError(f"{what}; ids must be unique", path, line)
        # Pictures and questions repeat, so equal texts are one object: a million rows fit.
        image, prompt = intern(row.image), intern(row.text)
        samples[id] = Sample(
            id=id, image=image, prompt=prompt, split=split, truth=truths[row.label]
        )
    if not samples:
        raise InputError("no questions in this file", path)
    return list(samples.values())


def _line_of(path: str | Path, wanted: Question) -> int:
    """The first line with the id of a question."""
    key = wanted.category, wanted.question_id
    rows = read_rows(path, Question)
    return next(line for line, row in rows if (row.category, row.question_id) == key)


def split_of(path: str | Path) -> str:
    """The split that a file's name tells, else the name without its ending.

    >>> split_of("coco_pope_random_2910.json"), split_of("mine.jsonl")
    ('random', 'mine')
    """
    found = re.findall("|".join(SPLITS), Path(path).name.lower())
    return found[-1] if found else Path(path).stem


def build_questions(
    samples: Sequence[Sample],
    seed: int = 0,
    *,
    splits: Sequence[Split] = SPLITS,
    positives: int = 3,
    statistics_from: Iterable[Truth] | None = None,
) -> list[Sample]:
    """Ask of each picture for objects that are in it and for as many that are not.

    The absent ones are drawn by chance (random), are the most frequent classes (popular), or, for
    each present object that is asked for, the one that most often comes with it (adversarial). All
    splits ask for the same present objects. Yes and no take turns, as in the published files.

    Args:
        samples: pictures with their objects; one without truth or objects gets no question.
        seed: with a sample's id it fixes the sample's questions, whatever the order of the samples.
        splits: which splits, of random, popular and adversarial.
        positives: how many present objects a picture is asked for, at most.
        statistics_from: truths that frequencies are counted over; default: those of the samples.

    Returns:
        Samples with ids such as "cat-1/popular/3" (the picture's id, split, number from 1), whose
        truth holds the right answer and the objects; split by split.
    """
    truths = [sample.truth for sample in samples if sample.truth is not None]
    counted = truths if statistics_from is None else list(statistics_from)
    frequency = Counter(name for truth in counted for name in truth.names)
    together = Counter(
        pair
        for truth in counted
        for one, other in combinations(sorted(truth.names), 2)
        for pair in ((one, other), (other, one))
    )
    questions: list[Sample] = []
    for split in splits:
        for sample in samples:
            present = sorted(sample.truth.names) if sample.truth else []
            absent = sorted(set(frequency).difference(present))
            number = min(positives, len(present), len(absent))
            asked = random.Random(f"{seed}/{sample.id}").sample(present, number)
            if split == "random":
                missing = random.Random(f"{seed}/{sample.id}/random").sample(absent, number)
            else:
                missing = []
                absent.sort(key=lambda name: -frequency[name])
                for other in asked:
                    left = [name for name in absent if name not in missing]
                    if split == "adversarial":
                        left.sort(key=lambda name: -together[name, other])
                    missing.append(left[0])
            questions += _ask(sample, split, zip(asked, missing, strict=False))
    return questions


def write_questions(questions: Sequence[Sample], output: Path) -> list[dict[str, Any]]:
    """Write questions as published files do, numbered from 1 in each split.

    Args:
        questions: as `build_questions` gives them.
        output: a file (*.json, *.jsonl), whose rows tell their split as ``category`` if there are
            several; or a folder, which gets a file of each split.

    Returns:
        The card of each file.

    Raises:
        InputError: the place cannot be written.
    """
    rows: dict[str, list[dict[str, Any]]] = {}
    for each in questions:
        part = rows.setdefault(each.split, [])
        label = each.truth.label if each.truth else None
        image = each.image or each.id.rsplit("/", 2)[0]
        part.append(
            {"question_id": len(part) + 1, "image": image, "text": each.prompt, "label": label}
        )
    if output.suffix in (".json", ".jsonl"):
        several = len(rows) > 1
        content = [
            row | ({"category": split} if several else {})
            for split, part in rows.items()
            for row in part
        ]
        files = {output: content}
    else:
        try:
            output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(reason(error), output) from None
        files = {output / f"pope_{split}.jsonl": part for split, part in rows.items()}
    for path, content in files.items():
        write_jsonl(path, content)
    return [file_card(path, len(content)) for path, content in files.items()]


def _ask(sample: Sample, split: str, pairs: Iterable[tuple[str, str]]) -> Iterator[Sample]:
    truth = sample.truth or Truth()
    asked = ((name, label) for pair in pairs for name, label in zip(pair, LABELS, strict=True))
    for number, (name, label) in enumerate(asked, 1):
        yield Sample(
            id=f"{sample.id}/{split}/{number}",
            image=sample.image,
            prompt=f"Is there {article(name)} {name} in the image?",
            split=split,
            truth=Truth(objects=truth.objects, label=label, complete=truth.complete),
        )


def article(noun: str) -> str:
    """The indefinite article that goes before a noun.

    >>> article("umbrella"), article("unicycle"), article("cup")
    ('an', 'a', 'a')
    """
    return "an" if re.match(r"(?!uni|use|ute|eu|one)[aeiou]|hour|heir", noun.lower()) else "a"
