"""Which row of a batch each picture of a processor's output belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import torch

from halluc.errors import InputError


def image_token(config: Any) -> int | None:
    """The token that stands for a piece of a picture, where the configuration tells."""
    names = ("image_token_id", "image_token_index")
    return next((each for name in names if (each := getattr(config, name, None))), None)


def picture_sizes(inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """How much of ``pixel_values`` each picture takes, of its first dimension.

    Qwen's pictures are flattened patches, as many as ``image_grid_thw`` says; others are one
    entry each: a picture, a row's tiles, or a tile. In `one_row`, it is the share of the row.
    """
    if one_row(inputs):
        return inputs["target_sizes"].prod(-1)
    if "image_grid_thw" in inputs:
        return inputs["image_grid_thw"].prod(-1)
    pixels = next(value for name, value in inputs.items() if "pixel_values" in name)
    return torch.ones(len(pixels), dtype=torch.long)


def one_row(inputs: Mapping[str, Any]) -> bool:
    """Whether the patches of all pictures stand beside one another, as in MiniCPM-V 4.6.

    Then ``pixel_values`` are (1, channels, patch, patch · patches), and ``target_sizes`` says of
    each picture how many patches it is high and wide.
    """
    pixels, sizes = inputs.get("pixel_values"), inputs.get("target_sizes")
    if not isinstance(pixels, torch.Tensor) or not isinstance(sizes, torch.Tensor):
        return False
    if pixels.dim() != 4 or len(pixels) != 1 or sizes.dim() != 2:
        return False
    return int(sizes.prod(-1).sum()) * pixels.shape[-2] == pixels.shape[-1]


def owners(inputs: Mapping[str, torch.Tensor], rows: int, image_token: int | None) -> list[int]:
    """The row of each picture: they come in order, and take image tokens by their sizes.

    Raises:
        InputError: the rows' image tokens do not say.
    """
    sizes = picture_sizes(inputs).cpu()
    if len(sizes) == rows:
        return list(range(rows))
    tokens = inputs["input_ids"].cpu().eq(-1 if image_token is None else image_token).sum(1)
    having = tokens.nonzero()[:, 0].tolist()
    if len(sizes) == len(having):
        return having
    ends = [0, *(tokens.cumsum(0) * int(sizes.sum())).tolist()]
    places = [0, *(sizes.cumsum(0) * int(tokens.sum())).tolist()]
    found = []
    for start, end in pairwise(places):
        row = next((row for row in range(rows) if ends[row] <= start < end <= ends[row + 1]), None)
        if row is None:
            raise InputError(
                f"{len(sizes)} pictures cannot be matched to {rows} samples by their image tokens"
            )
        found.append(row)
    return found
