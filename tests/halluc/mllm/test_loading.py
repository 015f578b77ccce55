"""Adapters and processors that cannot be loaded: what is wrong, in one line."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

import halluc.tabletop
from halluc.errors import ModelError
from halluc.mllm import load_model
from halluc.mllm.transformers import TransformersMLLM

ADAPTER = Path(str(halluc.tabletop.__file__)).parent / "adapters" / "dpo"


def renamed(folder: Path, old: str, new: str) -> str:
    """The embedded adapter with other names: what is said of it."""
    shutil.copytree(ADAPTER, folder)
    weights = load_file(folder / "adapter_model.safetensors")
    assert all(old in key for key in weights)
    other = {key.replace(old, new): value for key, value in weights.items()}
    save_file(other, folder / "adapter_model.safetensors")
    model = load_model(f"tabletop+{folder}", device="cpu")
    assert isinstance(model, TransformersMLLM)
    with pytest.raises(ModelError) as caught:
        model.model  # noqa: B018
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_an_adapter_of_an_older_layout_is_no_adapter_of_another_model(tmp_path: Path) -> None:
    said = renamed(tmp_path / "old", "model.language_model.", "language_model.model.")
    assert "names its layers as another version of transformers did" in said
    said = renamed(tmp_path / "other", "_proj", "_projection")
    assert "is of another base model" in said


def test_a_processor_that_needs_torchvision(checkpoint: Any) -> None:
    for family in ("gemma4", "pixtral", "smolvlm"):
        with pytest.raises(ModelError, match="its processor needs torchvision"):
            load_model(f"hf:{checkpoint(family)}", device="cpu")
