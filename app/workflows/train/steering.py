"""A direction to steer by, found on preference pairs: what `halluc train steering` does."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.workflows.progress import Progress, silent
from app.workflows.train.fitted import keep_fitted
from app.workflows.train.pairs import read_training_pairs
from halluc.locks import check_empty
from halluc.mllm.transformers import TransformersMLLM
from mitigation.inprocess.steering import STRENGTHS, WEIGHTS
from mitigation.precorrection.steering import Recipe, differences, direction_of
from mitigation.precorrection.turns import check_items


def train_steering(
    mllm: TransformersMLLM,
    pairs: Path,
    output: Path,
    recipe: Recipe,
    *,
    images: Path | None = None,
    batch_size: int = 8,
    progress: Progress = silent,
) -> str:
    """Find a direction; see `mitigation.precorrection.steering`.

    Args:
        mllm: the model.
        pairs: folder of the pairs, or a published file; those for training are used.
        output: folder of the direction; it must be empty, or not be there.
        recipe: how.
        images: folder of the pictures, where the data set needs it.
        batch_size: pairs in a pass of the model.
        progress: called with how far it is.

    Returns:
        What was done, in a sentence.

    Raises:
        InputError: pairs cannot be used, or the folder holds something.
        ModelError: the model's layers cannot be used.
    """
    check_empty(output)
    splits, open_image, data = read_training_pairs(pairs, images)
    used = splits["train"]
    check_items(mllm, used, open_image, recipe.longest)
    began = time.monotonic()
    found = differences(
        mllm, used, open_image, recipe.source, batch_size=batch_size,
        done=lambda number: progress("states", number, len(used)),
    )  # fmt: skip
    direction, share = direction_of(found, recipe)
    seconds = time.monotonic() - began
    card: dict[str, Any] = {
        "made by": "halluc train steering",
        **mllm.card,
        **data,
        "source": recipe.source,
        "recipe": asdict(recipe),
        "pairs used": len(used),
        "variance of the first component": round(share, 4),
        "norms": [round(float(each), 4) for each in direction.norm(dim=-1)],
    }
    keep_fitted(output, card, seconds, WEIGHTS, {"direction": direction})
    return (
        f"The direction of {len(used)} pairs is in {output} ({seconds:.0f} s); use it with "
        f"--decode steering --direction {output} --strength {STRENGTHS[recipe.source]}"
    )
