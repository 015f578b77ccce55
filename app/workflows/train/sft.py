"""Supervised fine-tuning, on pairs or on LRV-Instruction: what `halluc train sft` does."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from app.workflows.progress import Progress, silent
from app.workflows.train.adapter import HELD_OUT, Method, train_adapter
from app.workflows.train.dry_run import dry_run
from app.workflows.train.pairs import all_pairs, read_training_pairs
from halluc.datasets.load import load_dataset
from halluc.errors import InputError
from halluc.mllm.transformers import TransformersMLLM
from halluc.records import Record
from mitigation.precorrection import lrv, sft
from mitigation.precorrection.lora import Tuning
from mitigation.precorrection.pairs import Pair, split_by_picture
from mitigation.precorrection.turns import check_items

if TYPE_CHECKING:
    from PIL.Image import Image

SFT = Method(
    name="sft",
    title="SFT",
    curves={"loss": "loss", "mean_token_accuracy": "accuracy of tokens"},
    right="mean_token_accuracy",
    on="answers",
)


def train_sft(
    mllm: TransformersMLLM,
    pairs: Path,
    output: Path,
    tuning: Tuning,
    *,
    images: Path | None,
    save_steps: int,
    dry: bool = False,
    progress: Progress = silent,
) -> str:
    """Train an adapter on the better answers of pairs, DPO's control; see `train_dpo`.

    The worse answers are only looked at with HACL's contrast (`mitigation.precorrection.sft`).
    """
    splits, open_image, data = read_training_pairs(pairs, images)
    better = {name: [_better(pair) for pair in some] for name, some in splits.items()}
    return _train(
        mllm, output, tuning, data,
        splits=better,
        check=lambda: check_items(mllm, all_pairs(splits), open_image, tuning.longest),
        open_image=open_image, save_steps=save_steps, dry=dry, progress=progress,
    )  # fmt: skip


def _better(pair: Pair) -> sft.Example:
    return sft.Example(
        id=pair.id, image=pair.image, prompt=pair.prompt, answer=pair.chosen, kind=pair.kind,
        wrong=pair.rejected,
    )  # fmt: skip


def train_lrv(
    mllm: TransformersMLLM,
    data: str,
    output: Path,
    tuning: Tuning,
    *,
    images: Path | None,
    save_steps: int,
    dry: bool = False,
    progress: Progress = silent,
) -> str:
    """Train an adapter on positive and negative instructions; see `train_adapter`.

    Args:
        mllm: the model.
        data: data set whose truth is known, as `load_dataset` names it.
        output: folder of the adapter; the instructions are kept in it as ``examples.jsonl``.
        tuning: how to train.
        images: folder of the pictures, where the data set needs it.
        save_steps: steps between checkpoints.
        dry: train nothing, and say what it would take; see `dry_run`.
        progress: called with how far it is.

    Returns:
        What was done, in a sentence.

    Raises:
        InputError: no instructions come of the data.
        ModelError: the model cannot be trained.
        RunError: the folder holds something else.
    """
    dataset = load_dataset(data, images)
    examples = lrv.instructions(dataset.samples, tuning.seed)
    if not examples:
        raise InputError(f"{data} does not say what is in its pictures, so nothing can be asked")
    samples = {sample.image: sample for sample in dataset.samples}
    splits = split_by_picture(examples, HELD_OUT)
    counts = Counter(each.kind for each in examples)
    told = {
        "name": f"{data} as LRV-Instruction",
        "rows": len(examples),
        "kinds": {kind: counts[kind] for kind in lrv.KINDS},
        "sha256": hashlib.sha256(b"\n".join(map(msgspec.json.encode, examples))).hexdigest(),
    }

    def open_image(each: sft.Example) -> Image:
        return dataset.open_image(samples[each.image])

    return _train(
        mllm, output, tuning, {"examples": told},
        splits=splits,
        check=lambda: check_items(mllm, examples, open_image, tuning.longest),
        open_image=open_image, keep={"examples.jsonl": examples}, save_steps=save_steps, dry=dry,
        progress=progress,
    )  # fmt: skip


def _train(
    mllm: TransformersMLLM,
    output: Path,
    tuning: Tuning,
    data: dict[str, Any],
    *,
    splits: Mapping[str, Sequence[sft.Example]],
    check: Callable[[], dict[str, tuple[int, ...]]],
    open_image: Callable[[Any], Image],
    keep: Mapping[str, Sequence[Record]] | None = None,
    save_steps: int,
    dry: bool,
    progress: Progress,
) -> str:
    """Train on examples, or say what it would take."""

    def make(some: Mapping[str, Sequence[sft.Example]], how: Tuning, folder: Path) -> Any:
        return sft.make_trainer(mllm, some, open_image, how, folder, save_steps=save_steps)

    if dry:
        # Of pairs, the worse answer is no part of what goes through the model.
        sizes = {id: told[:2] for id, told in check().items()}
        plan = dry_run(mllm, splits["train"], sizes, tuning, make)
        return "\n".join(plan.lines())
    return train_adapter(
        mllm, output, SFT, tuning, data,
        check=check, make=lambda: make(splits, tuning, output), keep=keep,
        pictures={each.image for each in splits["train"]}, progress=progress,
    )  # fmt: skip
