"""Supervised fine-tuning, on pairs or on LRV-Instruction: what `halluc train sft` does."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from app.workflows.progress import Progress, silent
from app.workflows.train.adapter import Method, train_adapter
from app.workflows.train.pairs import all_pairs, read_training_pairs
from halluc.datasets.load import load_dataset
from halluc.errors import InputError
from halluc.mllm.transformers import TransformersMLLM
from mitigation.precorrection import lrv, sft
from mitigation.precorrection.lora import Tuning
from mitigation.precorrection.pairs import split_by_picture
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

HELD_OUT = 0.05
"""Share of the pictures whose instructions are kept out of training."""


def train_sft(
    mllm: TransformersMLLM,
    pairs: Path,
    output: Path,
    tuning: Tuning,
    *,
    images: Path | None,
    save_steps: int,
    progress: Progress = silent,
) -> str:
    """Train an adapter on the better answers of pairs alone, DPO's control; see `train_dpo`."""
    splits, open_image, data = read_training_pairs(pairs, images)
    better = {
        name: [
            sft.Example(id=p.id, image=p.image, prompt=p.prompt, answer=p.chosen, kind=p.kind)
            for p in some
        ]
        for name, some in splits.items()
    }
    return train_adapter(
        mllm, output, SFT, tuning, data,
        check=lambda: check_items(mllm, all_pairs(splits), open_image, tuning.longest),
        make=lambda: sft.make_trainer(
            mllm, better, open_image, tuning, output, save_steps=save_steps
        ),
        progress=progress,
    )  # fmt: skip


def train_lrv(
    mllm: TransformersMLLM,
    data: str,
    output: Path,
    tuning: Tuning,
    *,
    images: Path | None,
    save_steps: int,
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

    return train_adapter(
        mllm, output, SFT, tuning, {"examples": told},
        check=lambda: check_items(mllm, examples, open_image, tuning.longest),
        make=lambda: sft.make_trainer(
            mllm, splits, open_image, tuning, output, save_steps=save_steps
        ),
        keep={"examples.jsonl": examples}, progress=progress,
    )  # fmt: skip
