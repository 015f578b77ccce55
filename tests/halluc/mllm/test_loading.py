"""What cannot be loaded, adapters, processors, names of the hub: what is wrong, in one line."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import pytest
from safetensors.torch import load_file, save_file

import halluc.tabletop
from halluc.errors import ModelError
from halluc.mllm import load_model
from halluc.mllm.checkpoint import Checkpoint
from halluc.mllm.loading import cached_only, load_config
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
    for family in ("pixtral", "smolvlm"):
        with pytest.raises(ModelError, match="its processor needs torchvision"):
            load_model(f"hf:{checkpoint(family)}", device="cpu")


def test_a_hub_that_cannot_be_reached_is_not_asked_again(monkeypatch: Any, tmp_path: Path) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unheard.getsockname()[1]}"
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", url)
        cached_only.cache_clear()
        assert cached_only("some/model")
        assert not cached_only(str(tmp_path))
        with pytest.raises(ModelError, match="some/model cannot be loaded") as caught:
            load_config(Checkpoint("hf:some/model", "some/model", None), trust_remote_code=False)
        assert "\n" not in str(caught.value)
        unheard.listen()
        cached_only.cache_clear()
        assert not cached_only("some/model")
    cached_only.cache_clear()
