"""DPO on preference pairs: what `halluc train dpo` does."""

from __future__ import annotations

from pathlib import Path

from app.workflows.progress import Progress, silent
from app.workflows.train.adapter import Method, train_adapter
from app.workflows.train.dry_run import dry_run
from app.workflows.train.pairs import all_pairs, read_training_pairs
from halluc.mllm.transformers import TransformersMLLM
from mitigation.precorrection import dpo
from mitigation.precorrection.pairs import Pair
from mitigation.precorrection.turns import check_items

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


def train_dpo(
    mllm: TransformersMLLM,
    pairs: Path,
    output: Path,
    recipe: dpo.Recipe,
    *,
    images: Path | None,
    save_steps: int,
    dry: bool = False,
    progress: Progress = silent,
) -> str:
    """Train an adapter on pairs; see `train_adapter`.

    Args:
        mllm: the model.
        pairs: folder of the pairs, or a published file.
        output: folder of the adapter, its card, curves and checkpoints.
        recipe: how to train.
        images: folder of the pictures, where the data set needs it.
        save_steps: steps between checkpoints.
        dry: train nothing, and say what it would take; see `dry_run`.
        progress: called with how far it is.

    Returns:
        What was done, in a sentence.

    Raises:
        InputError: pairs cannot be used.
        ModelError: the model cannot be trained.
        RunError: the folder holds something else.
    """
    splits, open_image, data = read_training_pairs(pairs, images)

    def make(some: dict[str, list[Pair]], how: dpo.Recipe, folder: Path) -> dpo.PairTrainer:
        return dpo.make_trainer(mllm, some, open_image, how, folder, save_steps=save_steps)

    def check() -> dict[str, tuple[int, ...]]:
        return check_items(mllm, all_pairs(splits), open_image, recipe.longest)

    if dry:
        plan = dry_run(mllm, splits["train"], check(), recipe, make)
        return "\n".join(plan.lines())
    return train_adapter(
        mllm, output, DPO, recipe, data,
        check=check,
        make=lambda: make(splits, recipe, output),
        pictures={each.image for each in splits["train"]}, progress=progress,
    )  # fmt: skip
