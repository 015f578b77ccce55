from __future__ import annotations

from typing import Any

import pytest
from checkpoints import FAMILIES
from families import MORE

from halluc.errors import ModelError
from halluc.mllm import load_model
from halluc.mllm.anatomy import take_apart

# family → image tokens of a picture of its resolution: LLaVA and PaliGemma 2×2 patches; Qwen2-VL at
# most 9 merged patches; Idefics3 five tiles (four and the whole) of 2×2 shuffled patches.
TOKENS = {"llava": 4, "qwen2_vl": 9, "idefics3": 20, "paligemma": 4}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_parts_add_up_to_the_model(checkpoint: Any, family: str) -> None:
    model: Any = load_model(f"hf:{checkpoint(family)}", device="cpu")
    anatomy = take_apart(model)
    assert "model" not in vars(model)  # no weights were read
    encoder, projector, backbone = anatomy.parts
    assert [part.name for part in anatomy.parts] == [
        "vision encoder",
        "input projector",
        "LLM backbone",
    ]
    inner = model.model.model
    vision = getattr(inner, "vision_tower", None) or getattr(inner, "visual", None)
    vision = vision or inner.vision_model
    merger = getattr(vision, "merger", None)
    bridge = merger or getattr(inner, "multi_modal_projector", None) or inner.connector

    def count(module: Any) -> int:
        return sum(parameter.numel() for parameter in module.parameters())

    assert projector.parameters == count(bridge)
    assert encoder.parameters == count(vision) - (count(merger) if merger else 0)
    assert encoder.parameters + projector.parameters + backbone.parameters == count(model.model)
    assert encoder.module == type(vision).__name__
    assert projector.module == type(bridge).__name__
    assert all(part.trainable == part.parameters for part in anatomy.parts)
    assert (encoder.facts["layers"], encoder.facts["width"], encoder.facts["heads"]) == (2, 32, 4)
    assert backbone.facts["key/value heads"] == 2
    assert backbone.facts["vocabulary"] == model.model.get_input_embeddings().num_embeddings
    assert anatomy.image_tokens == TOKENS[family]
    assert anatomy.dtype == "float32"


@pytest.mark.parametrize("family", MORE)
def test_nothing_is_left_untold(checkpoint: Any, family: str) -> None:
    try:
        model: Any = load_model(f"hf:{checkpoint(family)}", device="cpu")
    except ModelError as error:  # its processor needs what the tests do not have
        assert "torchvision" in str(error)
        return
    anatomy = take_apart(model)
    shares = {part.name: part.parameters for part in anatomy.parts}
    assert list(shares)[:3] == ["vision encoder", "input projector", "LLM backbone"]
    assert sum(shares.values()) == sum(each.numel() for each in model.model.parameters())
    assert shares["LLM backbone"] > 0
    if hasattr(model.config, "vision_config"):  # pictures of Fuyu, Chameleon, Emu3 have none
        assert shares["vision encoder"] > 0
