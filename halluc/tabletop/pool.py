"""Scenes drawn once and kept as memory-mapped arrays, for training."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from halluc.tabletop.drawing import draw_scene, item_box
from halluc.tabletop.model import PATCH, PATCHES
from halluc.tabletop.world import (
    CLASSES,
    COLORS,
    PATTERNS,
    POSES,
    SETTINGS,
    SIDE,
    SIZES,
    TRAIN_FROM,
    Scene,
    Split,
    scene,
)

CHUNK = 500
PIXELS = PATCH * PATCHES

STATES = tuple(sorted({pose for poses in POSES.values() for pose in poses}))

# What each patch shows, as indices: class, colour, pattern, size and state of its object, -1 where
# there is none, and what the scene stands on.
CLASS, COLOR, PATTERN, SIZE, STATE, SETTING = range(6)


def build_pool(
    path: Path, split: Split, count: int, on_progress: Callable[[int], None]
) -> NDArray[np.uint8]:
    """Draw scenes `TRAIN_FROM` … of a split, or open them if that file is whole.

    Returns:
        Pixels, (count, `PIXELS`, `PIXELS`, 3), memory-mapped.
    """
    if not path.exists():
        partial = path.with_suffix(".partial.npy")
        shape = (count, PIXELS, PIXELS, 3)
        pixels = np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=shape)
        with ProcessPoolExecutor() as workers:
            starts = range(0, count, CHUNK)
            jobs = [
                workers.submit(_draw, split, start, min(CHUNK, count - start)) for start in starts
            ]
            for start, job in zip(starts, jobs, strict=True):
                drawn = job.result()
                pixels[start : start + len(drawn)] = drawn
                on_progress(len(drawn))
        pixels.flush()
        partial.rename(path)
    opened: NDArray[np.uint8] = np.load(path, mmap_mode="r", allow_pickle=False)
    return opened


def pool_scene(split: Split, index: int) -> Scene:
    """The scene behind a row of the pool."""
    return scene(split, TRAIN_FROM + index)


def normalise(pixels: NDArray[np.uint8], mean: list[float], std: list[float]) -> torch.Tensor:
    """What the processor makes of pictures: (batch, 3, `PIXELS`, `PIXELS`), float32."""
    scaled = torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2).float() / 255
    return (scaled - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1)


def patch_targets(scene: Scene) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """What each patch of a scene shows.

    Returns:
        Labels (64, 6): class, colour, pattern, size and state, or -1, and the setting; and the
        centre (64, 2) of the object, as shares of the side.
    """
    labels = np.full((PATCHES, PATCHES, 6), -1, dtype=np.int64)
    labels[..., SETTING] = SETTINGS.index(scene.setting)
    centres = np.zeros((PATCHES, PATCHES, 2), dtype=np.float32)
    middle = (np.arange(PATCHES) + 0.5) / PATCHES
    for item in scene.items:
        left, top, right, bottom = (edge / SIDE for edge in item_box(item))
        rows = (middle >= top) & (middle <= bottom)
        columns = (middle >= left) & (middle <= right)
        # A thin object may miss every patch's middle: it always has the patch at its own.
        rows[min(PATCHES - 1, int((top + bottom) / 2 * PATCHES))] = True
        columns[min(PATCHES - 1, int((left + right) / 2 * PATCHES))] = True
        where = np.outer(rows, columns)
        labels[where, :SETTING] = (
            list(CLASSES).index(item.name),
            COLORS.index(item.color),
            list(PATTERNS).index(item.pattern),
            list(SIZES).index(item.size),
            STATES.index(item.pose) if item.pose else -1,
        )
        centres[where] = (item.x, item.y)
    return labels.reshape(-1, 6), centres.reshape(-1, 2)


def _draw(split: Split, start: int, count: int) -> NDArray[np.uint8]:
    return np.stack(
        [
            np.asarray(
                draw_scene(pool_scene(split, index)).resize(
                    (PIXELS, PIXELS), Image.Resampling.BICUBIC
                )
            )
            for index in range(start, start + count)
        ]
    )
