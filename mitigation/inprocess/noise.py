"""The noise of VCD's other branch: the forward diffusion of a picture's pixels, step 0 to 999.

    x_t = √ᾱ_t · x + √(1 − ᾱ_t) · ε,   ᾱ_t = ∏_{s≤t} (1 − β_s),   s from 0 to 999
    β_s = sigmoid(linspace(−6, 6, 1000)) · (.5e−2 − 1e−5) + 1e−5

Source: Leng et al. 2024 (arXiv:2311.16922) and its code (https://github.com/DAMO-NLP-SG/VCD).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache

import torch

from halluc.errors import InputError
from halluc.mllm.pictures import owners, picture_sizes
from mitigation.inprocess.contrastive import Inputs

STEPS = 1000


@cache
def schedule(step: int) -> tuple[float, float]:
    """√ᾱ_t and √(1 − ᾱ_t) of a step, 0 to 999.

    >>> [round(each, 4) for each in schedule(500)]
    [0.863, 0.5052]
    """
    betas = torch.linspace(-6, 6, STEPS).sigmoid() * (0.5e-2 - 1e-5) + 1e-5
    kept = (1 - betas).cumprod(0)[step]
    return float(kept.sqrt()), float((1 - kept).sqrt())


def add_noise(
    inputs: Inputs,
    ids: Sequence[str],
    *,
    step: int,
    seed: int,
    image_token: int | None,
    temporal: int = 1,
) -> torch.Tensor:
    """The ``pixel_values`` of inputs with the noise of a step.

    Noise is drawn from a stream of its own for each sample, on the CPU in float32, so neither batch
    size, order nor device change it, and it has nothing to do with how tokens are drawn.

    Args:
        inputs: as a processor gives them: pictures or tiles (n, channels, height, width), tiles by
            row (rows, tiles, channels, height, width) with tiles of zeros to fill up, or Qwen's
            flattened patches (patches, channels x frames x pixels) with ``image_grid_thw``.
        ids: the sample of each row; a row may have several pictures.
        step: of `schedule`.
        seed: of the decoding.
        image_token: tells which row a picture belongs to where that is not plain.
        temporal: how many frames a flattened patch has; a picture is repeated in all of them, and
            so is its noise.

    Raises:
        InputError: a picture cannot be matched to a sample.
    """
    pixels = inputs["pixel_values"]
    keep, amount = schedule(step)
    streams = [_stream(seed, each) for each in ids]
    if "image_grid_thw" in inputs:
        pictures = list(torch.split(pixels, picture_sizes(inputs).tolist()))
        of = owners(inputs, len(ids), image_token)
    elif pixels.dim() > 4:
        if len(pixels) != len(ids):
            raise InputError(f"{len(pixels)} pictures in tiles for {len(ids)} samples")
        tiles = pixels.flatten(1, -4)
        pictures = list(tiles.flatten(0, 1))
        of = [row for row in range(len(ids)) for _ in range(tiles.shape[1])]
    else:
        pictures = list(pixels)
        of = owners(inputs, len(ids), image_token)
    noised = []
    for picture, owner in zip(pictures, of, strict=True):
        if not picture.any():  # fills up a row of fewer tiles, and is known by its zeros
            noised.append(picture)
            continue
        shape = picture.shape
        if picture.dim() == 2:  # patches: channels x frames x pixels
            shape = torch.Size((len(picture), 3, 1, picture.shape[1] // (3 * temporal)))
        noise = torch.randn(shape, generator=streams[owner])
        if picture.dim() == 2:
            noise = noise.expand(-1, -1, temporal, -1).reshape(picture.shape)
        noised.append(keep * picture.float() + amount * noise)
    return torch.cat(noised) if pixels.dim() == 2 else torch.stack(noised).view(pixels.shape)


def _stream(seed: int, id: str) -> torch.Generator:
    """The stream of a sample's noise."""
    digest = hashlib.sha256(f"{seed}:noise:{id}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)
