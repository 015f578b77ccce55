"""Hints for guided decoding: which objects are in each picture, by one source or another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from app.engine.models import Replicas, ask_batches
from app.workflows.progress import Progress, silent
from halluc.datasets import Dataset
from halluc.errors import InputError
from halluc.jsonl import read_json
from halluc.language.words.vocabulary import coco_vocabulary
from halluc.mllm import MLLM, Decoding, load_detector
from halluc.records import Sample
from halluc.runs import Run
from mitigation.inprocess.composed import Composed
from mitigation.inprocess.guided import Guided
from mitigation.postcorrection.questions import existence_questions, with_article
from mitigation.postcorrection.validation import SCORE

FILE = "hints.json"
Hints = Mapping[str, tuple[str, ...]]


def with_hints(
    decoding: Decoding,
    run: Run,
    model: MLLM | Replicas,
    dataset: Dataset,
    *,
    batch_size: int = 8,
    progress: Progress = silent,
) -> tuple[Decoding, Hints]:
    """A decoding with the hints that it needs, and the hints; none if it needs none.

    Raises:
        InputError: a hint cannot be had, such as that of the truth where nothing is known.
        ModelError: a model cannot be loaded or run.
    """
    parts = decoding.parts if isinstance(decoding, Composed) else (decoding,)
    guided = next((each for each in parts if isinstance(each, Guided)), None)
    if guided is None or run.finished:
        return decoding, {}
    hints = find_hints(
        guided, model, dataset, run.samples, batch_size=batch_size, progress=progress
    )
    told = msgspec.structs.replace(guided, hints=hints)
    if not isinstance(decoding, Composed):
        return told, hints
    every = tuple(told if each is guided else each for each in decoding.parts)
    return msgspec.structs.replace(decoding, parts=every), hints


def find_hints(
    guided: Guided,
    model: MLLM | Replicas,
    dataset: Dataset,
    samples: Sequence[Sample],
    *,
    batch_size: int = 8,
    progress: Progress = silent,
) -> Hints:
    """Names of the objects in the picture of each sample, in alphabetical order, with articles.

    Args:
        guided: says where hints come from.
        model: is asked, for its own hints.
        dataset: opens the pictures; its ground truth gives the classes that are looked for, without
            it they are COCO's 80.
        samples: what hints are for.
        batch_size: questions asked at once.
        progress: called with how far it is.
    """
    pictures: dict[str, Sample] = {}
    for each in samples:
        if each.image is None:
            raise InputError(f"guided needs a picture, and {each.id!r} has none")
        pictures.setdefault(each.image, each)
    kind, _, place = guided.hint.partition(":")
    if kind == "truth":
        found = _true(pictures)
    elif kind == "file":
        found = _read(Path(place), pictures)
    else:
        classes = sorted({n for s in dataset.samples for n in (s.truth.names if s.truth else ())})
        classes = classes or sorted(coco_vocabulary().classes)
        if kind == "self":
            least = guided.hint_threshold or 0.5
            found = _asked(
                model, dataset, pictures, classes,
                least=least, batch_size=batch_size, progress=progress,
            )  # fmt: skip
        else:
            least = guided.hint_threshold or SCORE
            found = {}
            detector = load_detector(guided.hint)
            for name, sample in pictures.items():
                progress("hints", len(found), len(pictures))
                [scored] = detector.find([dataset.open_image(sample)], [classes])
                found[name] = {
                    each for each, some in scored.items() if some and some[0][0] >= least
                }
    if guided.other_hint:
        found = _moved(found)
    said = {
        picture: tuple(with_article(name) for name in sorted(names))
        for picture, names in found.items()
    }
    return {each.id: said[str(each.image)] for each in samples}


def _true(pictures: Mapping[str, Sample]) -> dict[str, set[str]]:
    unknown = [s.id for s in pictures.values() if not (s.truth and s.truth.objects)]
    if unknown:
        raise InputError(f"the data do not say which objects are in the picture of {unknown[0]!r}")
    return {name: each.truth.names for name, each in pictures.items() if each.truth}


def _read(file: Path, pictures: Mapping[str, Sample]) -> dict[str, set[str]]:
    """Names by picture, or by sample, of a file."""
    known = read_json(file, dict[str, list[str]], unique=True)
    found = {}
    for name, sample in pictures.items():
        key = next((key for key in (name, Path(name).name, sample.id) if key in known), None)
        if key is None:
            raise InputError(f"has no names for the picture {name!r} of {sample.id!r}", file)
        found[name] = set(known[key])
    return found


def _asked(
    model: MLLM | Replicas,
    dataset: Dataset,
    pictures: Mapping[str, Sample],
    classes: Sequence[str],
    *,
    least: float,
    batch_size: int,
    progress: Progress,
) -> dict[str, set[str]]:
    """What the model says yes to; a picture's questions share its prefix."""
    asked = {
        f"{number}/{place}": (picture, name)
        for number, picture in enumerate(pictures)
        for place, name in enumerate(classes)
    }
    questions = [
        Sample(id=id, image=picture, prompt=existence_questions(name)[0])
        for id, (picture, name) in asked.items()
    ]
    found: dict[str, set[str]] = {picture: set() for picture in pictures}
    done = 0
    progress("hints", 0, len(questions))
    for responses in ask_batches(model)(
        questions,
        lambda sample: dataset.open_image(pictures[str(sample.image)]),
        _own_prompt,
        Decoding(max_new_tokens=1),
        batch_size=max(batch_size, len(classes)),
        answers=("yes", "no"),
    ):
        for each in responses:
            picture, name = asked[each.id]
            yes, no = each.answers.get("yes", 0.0), each.answers.get("no", 0.0)
            if yes + no and yes / (yes + no) >= least:
                found[picture].add(name)
        done += len(responses)
        progress("hints", done, len(questions))
    return found


def _moved(found: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Each picture with the names of the next one."""
    pictures = list(found)
    if len(pictures) < 2:
        raise InputError("--other-hint needs at least two pictures")
    return {
        picture: found[pictures[(place + 1) % len(pictures)]]
        for place, picture in enumerate(pictures)
    }


def _own_prompt(sample: Sample) -> str:
    return sample.prompt or ""
