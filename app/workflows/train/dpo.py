"""DPO and fine-tuning on preference pairs: what `halluc train dpo` and `sft --pairs` do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.workflows.train.adapter import Method, train_adapter
from halluc.datasets.images import open_from
from halluc.datasets.load import load_dataset
from halluc.errors import InputError
from halluc.mllm.transformers import TransformersMLLM
from halluc.records import Sample
from mitigation.precorrection import dpo, sft
from mitigation.precorrection.lora import Tuning
from mitigation.precorrection.pairs import Pair, pairs_hash, read_pairs
from mitigation.precorrection.published import read_published
from mitigation.precorrection.turns import Item, check_items

if TYPE_CHECKING:
    from PIL.Image import Image

DPO = Method(
    name="dpo",
    title="DPO",
    curves={
        "loss": "loss",
        "rewards/margins": "margin of rewards",
        "rewards/accuracies": "accuracy",
        "kl": "log π / π_ref of chosen",
    },
    right="rewards/accuracies",
    on="pairs of answers",
)
SFT = Method(
    name="sft",
    title="SFT",
    curves={"loss": "loss", "mean_token_accuracy": "accuracy of tokens"},
    right="mean_token_accuracy",
    on="answers",
)


VISUAL_GENOME = ("VG_100K", "VG_100K_2")
"""Folders of its pictures, whose numbers are all that HA-DPO names them by."""


def train_dpo(
    mllm: TransformersMLLM,
    pairs: Path,
    output: Path,
    recipe: dpo.Recipe,
    *,
    images: Path | None,
    save_steps: int,
) -> None:
    """Train an adapter on pairs; see `train_adapter`.

    Args:
        mllm: the model.
        pairs: folder of the pairs, or a published file.
        output: folder of the adapter, its card, curves and checkpoints.
        recipe: how to train.
        images: folder of the pictures, where the data set needs it.
        save_steps: steps between checkpoints.

    Raises:
        InputError: pairs cannot be used.
        ModelError: the model cannot be trained.
        RunError: the folder holds something else.
    """
    splits, open_image, data = read_training_pairs(pairs, images)
    train_adapter(
        mllm, output, DPO, recipe, data,
        check=lambda: check_items(mllm, _all(splits), open_image, recipe.longest),
        make=lambda: dpo.make_trainer(
            mllm, splits, open_image, recipe, output, save_steps=save_steps
        ),
    )  # fmt: skip


def train_sft(
    mllm: TransformersMLLM,
    pairs: Path,
    output: Path,
    tuning: Tuning,
    *,
    images: Path | None,
    save_steps: int,
) -> None:
    """Train an adapter on the better answers of pairs alone, DPO's control; see `train_dpo`."""
    splits, open_image, data = read_training_pairs(pairs, images)
    better = {
        name: [
            sft.Example(id=p.id, image=p.image, prompt=p.prompt, answer=p.chosen, kind=p.kind)
            for p in some
        ]
        for name, some in splits.items()
    }
    train_adapter(
        mllm, output, SFT, tuning, data,
        check=lambda: check_items(mllm, _all(splits), open_image, tuning.longest),
        make=lambda: sft.make_trainer(
            mllm, better, open_image, tuning, output, save_steps=save_steps
        ),
    )  # fmt: skip


def _all(splits: dict[str, list[Pair]]) -> list[Pair]:
    return [pair for some in splits.values() for pair in some]


def read_training_pairs(
    pairs: Path, images: Path | None
) -> tuple[dict[str, list[Pair]], Callable[[Item], Image], dict[str, Any]]:
    """The pairs of a folder of ours or of a published file, their pictures, and what they are."""
    if pairs.is_file():
        if images is None:
            raise InputError(
                "published pairs want the folder of their pictures: give --images", pairs
            )
        card: dict[str, Any] = {}
        splits = {"train": read_published(pairs), "test": list[Pair]()}
    else:
        card, splits = read_pairs(pairs)
    if not splits["train"]:
        raise InputError("holds no pairs to train on", pairs / "train.jsonl")
    every = _all(splits)
    data = {"pairs": {"name": str(pairs), "rows": len(every), "sha256": pairs_hash(every)}}
    return splits, opener(card, images), data


def opener(card: dict[str, Any], images: Path | None) -> Callable[[Item], Image]:
    """The way to open the picture of a pair."""
    folder = images or (Path(card["images"]) if card.get("images") else None)
    if "data" not in card and folder is not None:
        return lambda pair: open_from(folder, _found(folder, pair))
    name = str(card.get("data"))
    if name == "tabletop":
        name = "tabletop:broken:0-0"  # a scene's own name is enough to draw it
    open_image = load_dataset(name, folder).open_image
    return lambda pair: open_image(Sample(id=pair.id, image=pair.image))


def _found(folder: Path, pair: Item) -> Sample:
    """A published pair's picture in a folder, which may be Visual Genome's with its two parts."""
    places = (pair.image, *(f"{part}/{pair.image}" for part in VISUAL_GENOME))
    place = next((each for each in places if (folder / each).is_file()), pair.image)
    return Sample(id=pair.id, image=place)
