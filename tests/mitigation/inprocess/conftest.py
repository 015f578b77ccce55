from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sharing import shared  # noqa: F401

from halluc.mllm import load_model
from halluc.mllm.transformers import TransformersMLLM


@pytest.fixture(scope="session")
def load(checkpoint: Callable[[str], Path]) -> Callable[[str], TransformersMLLM]:
    """Gives the model of a family, or the embedded one; each is loaded once."""
    loaded: dict[str, Any] = {}

    def model(family: str) -> TransformersMLLM:
        if family not in loaded:
            name = family if family == "tabletop" else f"hf:{checkpoint(family)}"
            loaded[family] = load_model(name, device="cpu")
        return loaded[family]

    return model
