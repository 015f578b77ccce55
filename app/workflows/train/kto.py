"""KTO on single answers that are right or wrong: what `halluc train kto` does."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from app.workflows.data.pairs import answers_of, captions_of, data_of, origin_of
from app.workflows.data.pictures import opener
from app.workflows.progress import Progress, silent
from app.workflows.train.adapter import HELD_OUT, Method, train_adapter
from app.workflows.train.dry_run import dry_run
from halluc.errors import InputError
from halluc.mllm.transformers import TransformersMLLM
from halluc.runs import Run, read_run
from mitigation.precorrection import kto
from mitigation.precorrection.pairs import split_by_picture
from mitigation.precorrection.turns import check_items

KTO = Method(
    name="kto",
    title="KTO",
    curves={
        "loss": "loss",
        "rewards/margins": "margin of rewards",
        "kl": "KL of other answers",
    },
    right="rewards/margins",
    on="answers that are right or wrong",
    note="margin {:.3f}",
)


def train_kto(
    mllm: TransformersMLLM,
    runs: Sequence[Path],
    output: Path,
    recipe: kto.Recipe,
    *,
    images: Path | None,
    save_steps: int,
    dry: bool = False,
    progress: Progress = silent,
) -> str:
    """Train an adapter on the answers of runs; see `train_adapter`.

    Args:
        mllm: the model.
        runs: of captions with findings by kind, or of yes/no questions with labels.
        output: folder of the adapter; the answers are kept in it as ``answers.jsonl``.
        recipe: how to train.
        images: folder of the pictures, where the data set needs it.
        save_steps: steps between checkpoints.
        dry: train nothing, and say what it would take; see `dry_run`.
        progress: called with how far it is.

    Returns:
        What was done, in a sentence.

    Raises:
        InputError: a run has no findings, labels or pictures, its answers are all right or all
            wrong, or a batch has fewer than two.
        ModelError: the model cannot be trained.
        RunError: no run, or the folder holds something else.
    """
    opened = [read_run(path, tokens=False) for path in runs]
    captions, asked = (
        [(number, run) for number, run in enumerate(opened) if _of_captions(run) == wanted]
        for wanted in (True, False)
    )
    judged = kto.judge(
        chain.from_iterable(captions_of(run, number) for number, run in captions),
        chain.from_iterable(answers_of(run, number) for number, run in asked),
        recipe.seed,
    )
    if not judged:
        raise InputError("no answer is known to be right or wrong", runs[0])
    splits = split_by_picture(judged, HELD_OUT)
    recipe = recipe.weighed(splits["train"])
    open_image = opener({"data": data_of([origin_of(run) for run in opened])}, images)
    right = sum(each.desirable for each in judged)
    data: dict[str, Any] = {
        "name": ", ".join(map(str, runs)),
        "rows": len(judged),
        "right": right,
        "wrong": len(judged) - right,
        "sha256": hashlib.sha256(b"\n".join(map(msgspec.json.encode, judged))).hexdigest(),
    }

    def make(some: dict[str, list[kto.Judged]], how: kto.Recipe, folder: Path) -> Any:
        return kto.make_trainer(mllm, some, open_image, how, folder, save_steps=save_steps)

    def check() -> dict[str, tuple[int, ...]]:
        kto.check_together(mllm, recipe)
        return check_items(mllm, judged, open_image, recipe.longest)

    if dry:
        plan = dry_run(mllm, splits["train"], check(), recipe, make)
        return "\n".join(plan.lines())
    return train_adapter(
        mllm, output, KTO, recipe, {"examples": data},
        check=check, make=lambda: make(splits, recipe, output), keep={"answers.jsonl": judged},
        pictures={each.image for each in splits["train"]}, progress=progress,
    )  # fmt: skip


def _of_captions(run: Run) -> bool:
    """Whether a run is of captions, not of questions."""
    return bool(run.card.get("task") == "caption")
