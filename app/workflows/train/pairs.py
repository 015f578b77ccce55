"""Preference pairs to train on: read from a folder of ours or a published file, with pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.workflows.data.pictures import opener
from halluc.errors import InputError, said
from mitigation.precorrection.pairs import Pair, pairs_hash, read_pairs
from mitigation.precorrection.published import pairs_of_rows, read_published
from mitigation.precorrection.turns import Item

if TYPE_CHECKING:
    from datasets import DatasetDict
    from PIL.Image import Image

HUB = "hub:"
SAVED = ("dataset_dict.json", "dataset_info.json")
"""What `datasets` leaves in a folder that it saves to."""


def load_pairs(pairs: str | Path, images: str | Path | None = None) -> DatasetDict:
    """Preference pairs as TRL's DPOTrainer takes them, their pictures opened as they are asked for.

    Example: ``DPOTrainer(model, train_dataset=load_pairs("runs/pairs")["train"], …)``

    Args:
        pairs: a folder of `halluc data pairs`, a published file, or ``hub:ORG/NAME[:SPLIT]``.
        images: folder of the pictures, where pairs or data need it.

    Returns:
        "train" and, if it has any, "test", with ``id``, ``images``, ``prompt``, ``chosen`` and
        ``rejected``, the last three as messages.

    Raises:
        InputError: they cannot be read; a picture that cannot be opened says so when it is.
    """
    from datasets import Dataset, DatasetDict

    folder = None if images is None else Path(images)
    splits, open_image, _ = read_training_pairs(Path(pairs), folder)
    by_id = {pair.id: pair for pair in all_pairs(splits)}

    def opened(batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
        if "images" not in batch:
            return batch
        return {**batch, "images": [[open_image(by_id[id])] for id in batch["id"]]}

    made = {
        name: Dataset.from_list(list(map(_as_messages, some))).with_transform(opened)
        for name, some in splits.items()
        if some
    }
    return DatasetDict(made)


def _as_messages(pair: Pair) -> dict[str, Any]:
    texts = {"prompt": ("user", pair.prompt), "chosen": ("assistant", pair.chosen)}
    texts["rejected"] = ("assistant", pair.rejected)
    messages = {name: [{"role": role, "content": text}] for name, (role, text) in texts.items()}
    return {"id": pair.id, "images": [pair.image], **messages}


def read_training_pairs(
    pairs: Path, images: Path | None
) -> tuple[dict[str, list[Pair]], Callable[[Item], Image], dict[str, Any]]:
    """The pairs of a folder of ours or of published ones, their pictures, and what they are.

    Published are files, Parquet folders, what `datasets` saved to disk, and ``hub:ORG/NAME`` with
    ``:SPLIT`` behind it (train).
    """
    if str(pairs).startswith(HUB) or any((pairs / each).is_file() for each in SAVED):
        if images is None:
            raise InputError("give --images, the folder that their pictures go to", pairs)
        rows = _rows_of_datasets(str(pairs))
        card: dict[str, Any] = {}
        splits = {"train": pairs_of_rows(rows, str(pairs), images), "test": list[Pair]()}
    elif pairs.is_file() or any(pairs.glob("*.parquet")):
        if images is None:
            raise InputError(
                "published pairs want the folder of their pictures: give --images", pairs
            )
        card = {}
        splits = {"train": read_published(pairs, images), "test": list[Pair]()}
    else:
        card, splits = read_pairs(pairs)
    if not splits["train"]:
        raise InputError("holds no pairs to train on", pairs)
    every = all_pairs(splits)
    data = {"pairs": {"name": str(pairs), "rows": len(every), "sha256": pairs_hash(every)}}
    return splits, opener(card, images), data


def _rows_of_datasets(name: str) -> Iterator[dict[str, Any]]:
    """Rows of the hub or of a saved folder, pictures as their bytes.

    Raises:
        InputError: they cannot be had.
    """
    import datasets

    try:
        if name.startswith(HUB):
            repository, _, split = name.removeprefix(HUB).partition(":")
            found = datasets.load_dataset(repository, split=split or "train")
        else:
            found = datasets.load_from_disk(name)
        if isinstance(found, datasets.DatasetDict):
            found = found["train"]
        # Arrow's own form, in which a picture is not decoded.
        batches = found.with_format("arrow").iter(100)
    except Exception as error:  # the hub and its files fail in any way
        raise InputError(f"{name} cannot be had by datasets: {said(error)}") from None
    for batch in batches:
        yield from batch.to_pylist()


def all_pairs(splits: dict[str, list[Pair]]) -> list[Pair]:
    """The pairs of all splits."""
    return [pair for some in splits.values() for pair in some]
