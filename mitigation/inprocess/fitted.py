"""Weights that a command of `halluc train` fitted to a model, for a method of decoding to read."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halluc.errors import InputError
from halluc.jsonl import read_json
from halluc.mllm import LocalMLLM

if TYPE_CHECKING:
    import torch


class NotFittedError(InputError):
    """There are no weights where they should be."""


def fitted_file(folder: str | None, flag: str, method: str) -> Path:
    """The weights in a folder.

    Args:
        folder: that `halluc train` wrote; None: none is given.
        flag: the option that names it.
        method: of decoding, after which file and command are called.

    Raises:
        InputError: no folder is given.
        NotFittedError: there are none in it.
    """
    if not folder:
        raise InputError(f"{method} needs {flag} FOLDER, made by halluc train {method}")
    file = Path(folder) / f"{method}.safetensors"
    if not file.is_file():
        what = f"there is no {file.name} in it; make it with: halluc train {method}"
        raise NotFittedError(what, Path(folder))
    return file


def read_fitted(file: Path, name: str, model: LocalMLLM) -> tuple[torch.Tensor, dict[str, Any]]:
    """The one tensor of a file, and the card beside it.

    Args:
        file: that `fitted_file` found.
        name: of the tensor.
        model: what it has to be fitted to.

    Raises:
        InputError: it holds none, or one of another model.
    """
    card = read_json(file.parent / "card.json", dict[str, Any])
    made = card.get("model")
    made = made if isinstance(made, dict) else {}
    if made.get("hash") != model.card["model"].get("hash"):
        raise InputError(f"was fitted to {made.get('name')}, another model", file.parent)
    return _read(file, name, file.stat().st_mtime_ns), card


@functools.lru_cache(maxsize=4)
def _read(file: Path, name: str, changed: int) -> torch.Tensor:
    """A tensor of a file, read again once it has changed."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(file)[name]
    except (SafetensorError, KeyError, OSError) as error:
        raise InputError(f"holds no {name}: {error}", file) from None
