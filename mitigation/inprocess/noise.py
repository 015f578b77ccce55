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

from halluc.errors import InputError, ModelError
from halluc.mllm.pictures import one_row, owners, picture_sizes
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


def picture_inputs(inputs: Inputs) -> list[str]:
    """Names of the inputs that hold pixels; some families have a second one, of high resolution.

    Raises:
        ModelError: pictures come in a form that is not known here, so that noise could miss them.
    """
    names = [
        name for name, value in inputs.items() if "pixel_values" in name or _is_floating(value)
    ]
    known = [name for name in names if "pixel_values" in name and _layout(inputs, name) is not None]
    if not known or known != names:
        odd = ", ".join(name for name in names or inputs if name not in known)
        raise ModelError(f"vcd does not know the form in which this model takes pictures ({odd})")
    return known


def add_noise(
    inputs: Inputs,
    ids: Sequence[str],
    *,
    step: int,
    seed: int,
    image_token: int | None,
    temporal: int = 1,
    name: str = "pixel_values",
) -> torch.Tensor:
    """The pixels of inputs with the noise of a step.

    Noise is drawn from a stream of its own for each sample, on the CPU in float32, so neither batch
    size, order nor device change it, and it has nothing to do with how tokens are drawn. It is
    drawn for a picture's own pixels: what fills a batch up to one shape gets none.

    Args:
        inputs: as a processor gives them: pictures or tiles (n, channels, height, width), tiles by
            row (rows, tiles, channels, height, width), flattened patches (patches, channels x
            frames x pixels) or patches (patches, channels, height, width) with ``image_grid_thw``,
            all patches in one row (`halluc.mllm.pictures.one_row`), or flattened patches by picture
            (n, patches, channels x pixels) with a mask.
        ids: the sample of each row; a row may have several pictures.
        step: of `schedule`.
        seed: of the decoding.
        image_token: tells which row a picture belongs to where that is not plain.
        temporal: how many frames a flattened patch has; a picture is repeated in all of them, and
            so is its noise.
        name: of the input; see `picture_inputs`.

    Raises:
        InputError: a picture cannot be matched to a sample.
    """
    pixels = inputs[name]
    keep, amount = schedule(step)
    streams = [_stream(seed, each if name == "pixel_values" else f"{each}/{name}") for each in ids]
    layout = _layout(inputs, name)
    if layout == "patches":
        pictures = list(torch.split(pixels, picture_sizes(inputs).tolist()))
        of = owners(inputs, len(ids), image_token)
    elif layout == "one row":
        widths = picture_sizes(inputs) * pixels.shape[-2]
        pictures = list(torch.split(pixels[0], widths.tolist(), -1))
        of = owners(inputs, len(ids), image_token)
    elif layout == "tiles by row":
        if len(pixels) != len(ids):
            raise InputError(f"{len(pixels)} pictures in tiles for {len(ids)} samples")
        tiles = pixels.flatten(1, -4)
        pictures = list(tiles.flatten(0, 1))
        of = [row for row in range(len(ids)) for _ in range(tiles.shape[1])]
    else:
        pictures = list(pixels)
        of = owners(inputs, len(ids), image_token)
    noised = []
    for place, (picture, owner) in enumerate(zip(pictures, of, strict=True)):
        own = own_pixels(inputs, name, place)
        part = picture[own]
        if not part.numel():
            noised.append(picture)
            continue
        shape = part.shape
        if layout == "patches" and picture.dim() == 2:  # channels x frames x pixels
            shape = torch.Size((len(part), 3, 1, part.shape[1] // (3 * temporal)))
        noise = torch.randn(shape, generator=streams[owner])
        if layout == "patches" and picture.dim() == 2:
            noise = noise.expand(-1, -1, temporal, -1).reshape(part.shape)
        whole = picture.float().clone()
        whole[own] = keep * part.float() + amount * noise
        noised.append(whole)
    if layout == "one row":
        return torch.cat(noised, -1)[None]
    return torch.cat(noised) if layout == "patches" else torch.stack(noised).view(pixels.shape)


def own_pixels(inputs: Inputs, name: str, place: int) -> tuple[slice, ...]:
    """Where a picture or tile has pixels of its own, by the processor's masks; empty: nowhere.

    Masks are ``pixel_attention_mask`` or ``pixel_mask`` (1 on pixels, or on patches),
    ``image_position_ids`` (-1 behind the last patch), ``image_sizes`` where these are sizes in
    pixels of the input itself, and ``aspect_ratio_mask`` (1 for each tile). Tiles by row without a
    mask are filled up with tiles of zeros.
    """
    pixels, layout = inputs[name], _layout(inputs, name)
    own: tuple[slice, ...] = (slice(None),)
    if layout in ("patches", "one row"):
        return own
    for key in ("pixel_attention_mask", "pixel_mask"):
        mask = inputs.get(key)
        if mask is None:
            continue
        if layout == "patches by picture":
            return (slice(int(mask[place].sum())),)
        if mask.shape[-2:] == pixels.shape[-2:]:
            mask = mask.reshape(-1, *mask.shape[-2:])[place]
            return slice(None), slice(_extent(mask.any(1))), slice(_extent(mask.any(0)))
    if layout == "patches by picture":
        own = (slice(int((inputs["image_position_ids"][place] >= 0).all(-1).sum())),)
    elif layout == "pictures" and _sized(inputs, name):
        height, width = inputs["image_sizes"][place].tolist()
        own = slice(None), slice(height), slice(width)
    elif layout == "tiles by row":
        tiles = pixels.flatten(1, -4)
        row, tile = divmod(place, tiles.shape[1])
        if "aspect_ratio_mask" in inputs:
            real = bool(inputs["aspect_ratio_mask"].reshape(len(tiles), -1)[row, tile])
        else:  # a row all of zeros is a picture of zeros
            real = bool(tiles[row, tile].any()) or not bool(tiles[row].any())
        own = (slice(None if real else 0),)
    return own


def _layout(inputs: Inputs, name: str) -> str | None:
    """How pixels lie; None: in a way that is not known here."""
    pixels = inputs[name]
    if not _is_floating(pixels):
        return None
    if one_row(inputs):
        return "one row" if name == "pixel_values" else None
    grid = inputs.get("image_grid_thw")
    if grid is not None and pixels.dim() in (2, 4) and int(grid.prod(-1).sum()) == len(pixels):
        return "patches"
    if pixels.dim() == 3:
        masks = inputs.get("pixel_attention_mask"), inputs.get("image_position_ids")
        fits = any(mask is not None and mask.shape[:2] == pixels.shape[:2] for mask in masks)
        return "patches by picture" if fits else None
    if pixels.dim() < 4 or pixels.shape[-3] != 3:
        return None
    return "pictures" if pixels.dim() == 4 else "tiles by row"


def _sized(inputs: Inputs, name: str) -> bool:
    """Whether ``image_sizes`` are those of the pictures before they were filled up to one shape."""
    sizes = inputs.get("image_sizes")
    if not isinstance(sizes, torch.Tensor) or sizes.shape != (len(inputs[name]), 2):
        return False
    return bool((sizes.amax(0) == torch.tensor(inputs[name].shape[-2:])).all())


def _extent(mask: torch.Tensor) -> int:
    """One more than the last place that is true."""
    places = mask.nonzero()
    return int(places[-1]) + 1 if len(places) else 0


def _is_floating(value: object) -> bool:
    return isinstance(value, torch.Tensor) and value.is_floating_point()


def _stream(seed: int, id: str) -> torch.Generator:
    """The stream of a sample's noise."""
    digest = hashlib.sha256(f"{seed}:noise:{id}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)
