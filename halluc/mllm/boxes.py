"""Detectors of objects by their names: any checkpoint of transformers' zero-shot detection."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import transformers

from halluc.errors import ModelError
from halluc.mllm.checkpoint import Checkpoint, check_folder, hash_folder
from halluc.mllm.loading import cached_only, choose_device, one_line
from halluc.records import Box

if TYPE_CHECKING:
    from PIL.Image import Image


class BoxDetector:
    """Finds things in pictures: OWL-ViT, GroundingDINO and the like.

    Args:
        name: ``detector:ORG/NAME`` or ``detector:./folder``.
        device: as torch names it; "auto" takes an accelerator if there is one.

    Attributes:
        card: its part of a result card.

    Raises:
        ModelError: there is no such folder. Weights are read when first used.
    """

    def __init__(self, name: str, *, device: str = "auto") -> None:
        place = name.removeprefix("detector:")
        if place == name or not place:
            raise ModelError(
                f"there is no detector {name!r}; name it detector:ORG/NAME or a folder"
            )
        folder = Path(place).expanduser()
        if not folder.is_dir() and not re.fullmatch(r"[\w-][\w.-]*/[\w.-]+", place):
            raise ModelError(f"{name}: there is no folder {place!r}")
        if folder.is_dir():
            check_folder(name, folder)
        self._checkpoint = (
            Checkpoint(name, str(folder), folder)
            if folder.is_dir()
            else Checkpoint(name, place, None)
        )
        self.device = choose_device(device)
        identity = hash_folder(folder) if folder.is_dir() else {}
        self.card: dict[str, Any] = {"name": name, **identity}

    @functools.cached_property
    def _find(self) -> Any:
        with one_line(self._checkpoint):
            config = transformers.AutoConfig.from_pretrained(
                self._checkpoint.source, local_files_only=cached_only(self._checkpoint.source)
            )
            if type(config) not in transformers.MODEL_FOR_ZERO_SHOT_OBJECT_DETECTION_MAPPING:
                raise ModelError(
                    f"{self._checkpoint.name}: a {config.model_type!r} checkpoint finds no objects "
                    "by their names"
                )
            return transformers.pipeline(
                "zero-shot-object-detection",
                model=self._checkpoint.source,
                device=self.device,
                model_kwargs={"use_safetensors": True},
            )

    def find(
        self, images: Sequence[Image], names: Sequence[Sequence[str]]
    ) -> list[dict[str, list[tuple[float, Box]]]]:
        """Where things are in pictures.

        Args:
            images: RGB.
            names: of the things to find in each, at least one.

        Returns:
            For each picture and name, scores (0..1, the greatest first) with boxes in pixels.
        """
        found = []
        for image, wanted in zip(images, names, strict=True):
            told: dict[str, list[tuple[float, Box]]] = {name: [] for name in wanted}
            with torch.inference_mode():
                for each in self._find(image, candidate_labels=list(wanted), threshold=0.0):
                    if (name := each["label"].strip(" .")) in told:  # GroundingDINO's may be parts
                        told[name].append((float(each["score"]), _box(each["box"])))
            found.append(
                {name: sorted(some, key=lambda each: -each[0]) for name, some in told.items()}
            )
        return found


def _box(corners: dict[str, float]) -> Box:
    left, top = float(corners["xmin"]), float(corners["ymin"])
    return Box(left, top, float(corners["xmax"]) - left, float(corners["ymax"]) - top)
