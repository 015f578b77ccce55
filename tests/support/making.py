"""How most tiny checkpoints are made: in parts, as on the hub.

The whole processor of many families needs torchvision (a video processor comes with it).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from checkpoints import CHAT, TEXT, VISION, ids_of, save, tokenizer

SIZE = VISION["image_size"]
LLAMA = {"model_type": "llama", **TEXT}
QWEN2 = {"model_type": "qwen2", **TEXT}
SIGLIP = {"model_type": "siglip_vision_model", **VISION, "vision_use_head": False}
QFORMER = {
    "hidden_size": 32,
    "encoder_hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
}


def class_of(name: str) -> Any:
    import transformers

    return getattr(transformers, name)


def pictures_of(family: str, name: str, **settings: Any) -> Any:
    """A PIL image processor; those that no public name leads to are in their family's module."""
    module = import_module(f"transformers.models.{family}.image_processing_pil_{family}")
    return getattr(module, f"{name}ImageProcessorPil")(**settings)


def make(
    folder: Path,
    name: str,
    *,
    tokens: Mapping[str, str],
    image: str,
    pictures: Any,
    config: Mapping[str, Any],
    text: Mapping[str, Any],
    ids: Mapping[str, str],
    processor: Mapping[str, Any],
    model: str = "ForConditionalGeneration",
) -> Path:
    """Write the checkpoint of a family in parts, as the hub has it.

    Args:
        folder: where.
        name: what its classes begin with.
        tokens: its special tokens, by the names under which its processor looks for them.
        image: what a chat template writes for a picture; empty: no chat template comes with it.
        pictures: its image processor, or the settings of one that needs torchvision.
        config: of the model, beside the backbone and ids.
        text: of the backbone.
        ids: fields of the configuration that hold the id of a token.
        processor: settings of its processor.
        model: what the name of its model ends with.
    """
    words = tokenizer(**tokens)
    made = class_of(f"{name}Config")(
        text_config={**text, "vocab_size": len(words), **ids_of(words)},
        **config,
        **{field: words.convert_tokens_to_ids(token) for field, token in ids.items()},
    )
    settings = {"processor_class": f"{name}Processor", **processor}
    return in_parts(class_of(f"{name}{model}")(made), words, pictures, image, folder, **settings)


def in_parts(
    model: Any, words: Any, pictures: Any, image: str, folder: Path, **settings: Any
) -> Path:
    """Write a checkpoint whose processor is made when it is loaded; for arguments see `make`."""
    folder.mkdir()
    if isinstance(pictures, dict):
        (folder / "preprocessor_config.json").write_text(json.dumps(pictures))
    else:
        pictures.save_pretrained(folder)
    if image:
        (folder / "chat_template.jinja").write_text(CHAT.replace("IMAGE", image))
    save(model, words, folder)
    if settings:
        (folder / "processor_config.json").write_text(json.dumps(settings))
    return folder
