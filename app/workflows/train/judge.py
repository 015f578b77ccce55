"""A small judge fitted to labelled captions with references: what `halluc train judge` does."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from app.workflows.progress import Progress, silent
from halluc.card import card_differences, now, versions
from halluc.datasets import Dataset
from halluc.datasets.haelm import load, parts_of, prompts_on, words_of
from halluc.datasets.haelm_scenes import drawn_captions
from halluc.errors import InputError, RunError
from halluc.judges.agreement import Agreement, Judged, agreement, unlisted_classes
from halluc.judges.claims import (
    ClaimJudge,
    count_pairs,
    fit_judge,
    read_judge,
    save_judge,
)
from halluc.records import Label, Sample

DATA = "tabletop:mixed:100000-100499"
"""Scenes of the embedded world whose captions a judge is fitted to: none that is held out."""

COMMAND = "halluc train judge"


def train_judge(
    output: Path,
    *,
    data: str = DATA,
    test_share: float = 0.2,
    seed: int = 0,
    progress: Progress = silent,
) -> str:
    """Fit a judge to captions with references and labels, and save it as JSON.

    Args:
        output: the file. If it holds a judge made by the same call, nothing is done.
        data: what it is fitted to: a file, run or scenes, as `halluc.datasets.haelm.load` takes it.
        test_share: share of the captions, 0..1, that it is measured on and not fitted to.
        seed: of drawn captions, and of which captions are kept out.
        progress: called with how far it is.

    Returns:
        What was done, in a sentence.

    Raises:
        InputError: the data cannot be read, or has no captions of both labels to fit to.
        RunError: the file holds another judge, or something else.
    """
    dataset = _prompts(data, seed)
    made: dict[str, Any] = {
        "made by": COMMAND,
        "data": {"name": dataset.name, **dataset.card},
        "recipe": {"test_share": test_share, "seed": seed},
    }
    if _finished(output, made):
        return f"{output} is trained: nothing left to do"
    labelled: list[tuple[Sample, Label]] = [
        (each, each.truth.label) for each in dataset.samples if each.truth and each.truth.label
    ]
    random.Random(f"judge/{seed}").shuffle(labelled)
    kept = round(len(labelled) * test_share)
    parts = {"test": labelled[:kept], "train": labelled[kept:]}
    if {label for _, label in parts["train"]} != {"yes", "no"}:
        what = f"{len(labelled)} captions with labels, not of both (accurate and hallucinated)"
        raise InputError(f"{dataset.name}: nothing to fit to: {what}")
    counts = _counted([sample for sample, _ in labelled], progress)
    fitted = fit_judge(
        [counts[sample.id] for sample, _ in parts["train"]],
        [label for _, label in parts["train"]],
        made,
    )
    card = {
        **made,
        "captions": {
            name: dict(Counter(label for _, label in some)) for name, some in parts.items()
        },
        "trained": now(),
        "versions": versions(),
    }
    worth = _measured(fitted, parts["test"], counts)
    if worth is not None:
        card["held out"] = {
            "agreement": worth.in_words(),
            "confusion": worth.confusion,
            **({"warning": worth.warning} if worth.warning else {}),
        }
    save_judge(msgspec.structs.replace(fitted, card=card), output)
    told = f"; held out, {worth.in_words()}" if worth else ""
    warned = f"; {worth.warning}" if worth and worth.warning else ""
    return f"The judge is in {output}; use it with --model judge:{output}{told}{warned}"


def _prompts(data: str, seed: int) -> Dataset:
    """The prompts on labelled captions; of scenes, captions are drawn with the seed."""
    data = data.removeprefix("haelm:")
    if data.partition(":")[0] != "tabletop":
        return load(data)
    captions, card = drawn_captions(data, seed)
    return prompts_on(captions, f"haelm:{data}", card)


def _counted(samples: list[Sample], progress: Progress) -> dict[str, Counter[str]]:
    """What is counted in each caption, by its id."""
    pairs = [parts_of(each.prompt) or ("", "") for each in samples]
    progress("judge", 0, len(pairs))
    found = {}
    for done, (sample, counts) in enumerate(zip(samples, count_pairs(pairs), strict=True), 1):
        found[sample.id] = counts
        progress("judge", done, len(pairs))
    return found


def _measured(
    fitted: ClaimJudge, some: list[tuple[Sample, Label]], counts: dict[str, Counter[str]]
) -> Agreement | None:
    """How far the judge agrees with the labels of captions; None where there are none."""
    judged = []
    for sample, label in some:
        chance = fitted.accurate(counts[sample.id])
        verdict: Label = "yes" if chance >= 0.5 else "no"
        unlisted = unlisted_classes(*(parts_of(sample.prompt) or ("", "")))
        judged.append(Judged(label, verdict, words_of(sample), chance, unlisted))
    return agreement(judged, "judge") if judged else None


def _finished(output: Path, made: dict[str, Any]) -> bool:
    """Whether the judge is there already.

    Raises:
        RunError: the file is another judge, or something else.
    """
    if not output.exists():
        return False
    try:
        card = read_judge(output).card
    except InputError:
        raise RunError(f"{output} is there and no judge; use another -o") from None
    if differences := ", ".join(card_differences({key: card.get(key) for key in made}, made)):
        raise RunError(f"{output} is a judge made otherwise ({differences}); use another -o")
    return True
