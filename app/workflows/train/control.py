"""A control layer fitted to preference pairs: what `halluc train control` does."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.workflows.progress import Progress, silent
from app.workflows.train.fitted import keep_fitted
from app.workflows.train.pairs import all_pairs, read_training_pairs
from halluc.locks import check_empty
from halluc.mllm.transformers import TransformersMLLM
from mitigation.inprocess.control import WEIGHTS, head_of
from mitigation.precorrection.control import Recipe, States, fit, hidden_states
from mitigation.precorrection.turns import check_items


def train_control(
    mllm: TransformersMLLM,
    pairs: Path,
    output: Path,
    recipe: Recipe,
    *,
    images: Path | None = None,
    batch_size: int = 8,
    progress: Progress = silent,
) -> str:
    """Fit a control layer; see `mitigation.precorrection.control`.

    Args:
        mllm: the model.
        pairs: folder of the pairs, or a published file.
        output: folder of the layer; it must be empty, or not be there.
        recipe: how to fit.
        images: folder of the pictures, where the data set needs it.
        batch_size: pairs in a pass of the model.
        progress: called with how far it is.

    Returns:
        What was done, in a sentence.

    Raises:
        InputError: pairs cannot be used, or the folder holds something.
        ModelError: the model's head cannot be used.
    """
    check_empty(output)
    splits, open_image, data = read_training_pairs(pairs, images)
    check_items(mllm, all_pairs(splits), open_image, recipe.longest)
    states: dict[str, States] = {}
    count = len(all_pairs(splits))
    before = 0
    for name, some in splits.items():
        if some:
            states[name] = hidden_states(
                mllm, some, open_image, batch_size=batch_size,
                done=lambda number, before=before: progress("states", before + number, count),  # type: ignore[misc]
            )  # fmt: skip
        before += len(some)
    began = time.monotonic()
    weight, losses = fit(
        head_of(mllm), states["train"], states.get("test"), recipe,
        lambda epoch: progress("control", epoch, recipe.epochs),
    )  # fmt: skip
    seconds = time.monotonic() - began
    card: dict[str, Any] = {
        "made by": "halluc train control",
        **mllm.card,
        **data,
        "recipe": asdict(recipe),
        "tokens": {name: len(each.targets) for name, each in states.items()},
        "losses": losses,
    }
    keep_fitted(output, card, seconds, WEIGHTS, {"weight": weight})
    first, last = (each.get("held out", each["training"]) for each in (losses[0], losses[-1]))
    return (
        f"The control layer is in {output} ({seconds:.0f} s; loss {first:.3f}, after the last "
        f"epoch {last:.3f}); use it with --decode control --layer {output} --epsilon -1"
    )
