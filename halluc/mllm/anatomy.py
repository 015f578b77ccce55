"""What an MM-LLM is made of, in the terms of the surveys.

Modality encoder, input projector and LLM backbone are those of "MM-LLMs: Recent Advances in
MultiModal Large Language Models" (Zhang et al., arXiv:2401.13601).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image

from halluc.mllm.base import Request
from halluc.mllm.texts import auto_class
from halluc.mllm.transformers import TransformersMLLM

# What transformers' families call the modules of each part. The first match counts, as Qwen's
# projector ("merger") lies inside its encoder ("visual").
MODULES = {
    "input projector": (
        "multi_modal_projector",
        "mm_projector",
        "connector",
        "merger",
        "deepstack_merger_list",
        "aligner",
        "image_newline",
        "qformer",
        "query_tokens",
        "language_projection",
        "visual_projection",
        "image_to_text_projection",
    ),
    "vision encoder": ("vision_tower", "visual", "vision_model", "vision_encoder", "image_encoder"),
    "LLM backbone": ("language_model", "text_model", "text_decoder", "lm_head"),
}
OTHER = "not separate"
ANY_SIZE = 448  # pixels a side of the picture shown to an encoder that takes any resolution


@dataclass(frozen=True)
class Part:
    """A part of an MM-LLM.

    Attributes:
        name: its name in the surveys' terms.
        module: its class.
        parameters: how many; shared ones count once.
        trainable: how many of them would be trained.
        facts: its measures ("layers", "width", …), as far as the configuration tells.
    """

    name: str
    module: str
    parameters: int
    trainable: int
    facts: dict[str, int]


@dataclass(frozen=True)
class Anatomy:
    """An MM-LLM taken apart.

    Attributes:
        model: its class.
        dtype: what its configuration says that its weights are.
        parts: its parts, in the order that a picture goes through them.
        picture: width and height in pixels of the picture that was measured with.
        image_tokens: tokens that the processor makes of that picture; None if it does not say.
    """

    model: str
    dtype: str
    parts: list[Part]
    picture: tuple[int, int]
    image_tokens: int | None


def take_apart(model: TransformersMLLM) -> Anatomy:
    """Count a model's parts without reading its weights."""
    config = model.config
    with torch.device("meta"):
        skeleton = auto_class(config).from_config(config)
    skeleton.tie_weights()
    order = ("vision encoder", "input projector", "LLM backbone", OTHER)
    counts = {part: [0, 0] for part in order}
    tree = _tree(skeleton)
    for path, parameter in skeleton.named_parameters():
        count = counts[_part_of(path, tree.get(id(parameter)))]
        count[0] += parameter.numel()
        count[1] += parameter.numel() if parameter.requires_grad else 0
    classes: dict[str, str] = {}
    for path, module in skeleton.named_modules():
        last = path.rpartition(".")[2]
        part = next((each for each, names in MODULES.items() if last in names), OTHER)
        classes.setdefault(part, type(module).__name__)
    classes[OTHER] = "–"
    facts = {"vision encoder": _vision(config), "LLM backbone": _language(config)}
    side = facts["vision encoder"].get("resolution", ANY_SIZE)
    stored = getattr(config, "dtype", None) or config.get_text_config().dtype
    return Anatomy(
        model=type(skeleton).__name__,
        dtype=str(stored or "not known").removeprefix("torch."),
        parts=[
            Part(
                name=part,
                module=classes.get(part, "–"),
                parameters=counts[part][0],
                trainable=counts[part][1],
                facts=facts.get(part, {}),
            )
            for part in order
            if part != OTHER or counts[OTHER][0]
        ],
        picture=(side, side),
        image_tokens=_image_tokens(model, side),
    )


def _tree(model: Any) -> dict[int, str]:
    """The part of each parameter, by the modules that transformers itself calls so."""
    found: dict[int, str] = {}
    for part, module in (
        ("vision encoder", _asked(model, "get_encoder", modality="image")),
        ("LLM backbone", _asked(model, "get_decoder")),
        ("LLM backbone", _asked(model, "get_output_embeddings")),
        ("LLM backbone", _asked(model, "get_input_embeddings")),
    ):
        if isinstance(module, torch.nn.Module) and module is not model:
            found |= {id(each): part for each in module.parameters()}
    return found


def _asked(model: Any, name: str, **how: Any) -> Any:
    """What a method of a model gives; None where the family does not have it."""
    try:
        return getattr(model, name)(**how)
    except (AttributeError, NotImplementedError, TypeError, ValueError):
        return None


def _part_of(path: str, by_tree: str | None) -> str:
    """The part that a parameter belongs to, by the names on its path, else by the tree.

    What is neither in the encoder nor in the backbone stands between them.
    """
    steps = set(path.split("."))
    named = next((part for part, names in MODULES.items() if steps & set(names)), None)
    if named is not None or by_tree is not None:
        return str(named or by_tree)
    odd = any(word in path for word in ("audio", "vq", "generation", "speech", "talker"))
    return OTHER if odd else "input projector"


def _vision(config: Any) -> dict[str, int]:
    """Measures of the vision encoder; families name them differently."""
    return _read(
        getattr(config, "vision_config", None),
        {
            "layers": ("num_hidden_layers", "depth"),
            "width": ("embed_dim", "hidden_size"),
            "heads": ("num_attention_heads", "num_heads"),
            "patch": ("patch_size",),
            "resolution": ("image_size",),
        },
    )


def _language(config: Any) -> dict[str, int]:
    """Measures of the LLM backbone."""
    return _read(
        config.get_text_config(),
        {
            "layers": ("num_hidden_layers",),
            "width": ("hidden_size",),
            "heads": ("num_attention_heads",),
            "key/value heads": ("num_key_value_heads",),
            "vocabulary": ("vocab_size",),
            "context": ("max_position_embeddings",),
        },
    )


def _read(config: Any, names: dict[str, tuple[str, ...]]) -> dict[str, int]:
    """The first of the names that a configuration knows, for each measure."""
    found = {}
    for fact, keys in names.items():
        values = [getattr(config, key, None) for key in keys]
        value = next((each for each in values if isinstance(each, int)), None)
        if value is not None:
            found[fact] = value
    return found


def _image_tokens(model: TransformersMLLM, side: int) -> int | None:
    """Have the processor prepare a grey picture and count the tokens that stand for it."""
    token = next(
        (
            value
            for key in ("image_token_id", "image_token_index")
            if isinstance(value := getattr(model.config, key, None), int)
        ),
        None,
    )
    if token is None:
        return None
    grey = Image.new("RGB", (side, side), (128, 128, 128))
    try:
        inputs = model.prepare([Request("grey", "Describe this image.", grey)])
    except Exception:  # a processor that takes no picture by a chat template
        return None
    return int((inputs["input_ids"] == token).sum())
