"""An adapter added to the weights of its base, on disk: what `halluc train merge` does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from transformers.utils import logging

from halluc.card import now, versions
from halluc.errors import InputError
from halluc.jsonl import write_json
from halluc.locks import check_empty, whole_folder
from halluc.mllm.transformers import TransformersMLLM


def merge(mllm: TransformersMLLM, output: Path) -> None:
    """Write a model with its adapter as one checkpoint that ``from_pretrained`` loads.

    Weights are safetensors in the dtype in which the model was loaded; processor, chat template
    and a card stand beside them. The folder appears when it is whole.

    Args:
        mllm: the model, with an adapter.
        output: the folder, which must be new or empty.

    Raises:
        InputError: the model has no adapter, or the folder holds something or cannot be written.
        ModelError: the model cannot be loaded, or the adapter is of another base.
    """
    model, adapter = mllm.card["model"], mllm.card.get("adapter")
    if adapter is None:
        raise InputError(f"{model['name']} has no adapter to merge; name it M+FOLDER")
    check_empty(output)
    merged = mllm.model
    with whole_folder(output) as draft:
        with _quiet():
            merged.save_pretrained(draft)
        mllm.processor.save_pretrained(draft)
        card = {
            "made by": "halluc train merge",
            "base": model,
            "adapter": adapter,
            "dtype": mllm.card["dtype"],
            "made": now(),
            "versions": versions(),
        }
        write_json(draft / "card.json", card)
        (draft / "README.md").write_text(_readme(model, adapter, output.name), encoding="utf-8")


@contextmanager
def _quiet() -> Iterator[None]:
    """Transformers without its bars."""
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _readme(model: dict[str, str], adapter: dict[str, str], name: str) -> str:
    """The model card."""
    base = model["name"].partition("+")[0]
    return (
        f"# {name}\n\n"
        f"{base} (hash {model['hash'][:12]}) with a LoRA adapter (SHA-256 {adapter['hash'][:12]}) "
        f"added to its weights by `halluc train merge`. `card.json` has all of it.\n\n"
        "```python\nfrom transformers import AutoModelForImageTextToText, AutoProcessor\n\n"
        f'model = AutoModelForImageTextToText.from_pretrained("{name}")\n'
        f'processor = AutoProcessor.from_pretrained("{name}")\n```\n'
    )
