"""Tiny, random checkpoints of families that take a picture as a row of patches of any length."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from checkpoints import TEXT, ids_of, tokenizer
from making import QWEN2, in_parts, make, pictures_of

ROPE = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 1, 1]}
QWEN_VISION = {
    "depth": 2, "hidden_size": 32, "out_hidden_size": 32, "intermediate_size": 64, "num_heads": 4,
    "patch_size": 16, "num_position_embeddings": 16,
}  # fmt: skip
QWEN_TOKENS = {
    "vision_start_token": "<|vision_start|>", "vision_end_token": "<|vision_end|>",
    "image_token": "<|image_pad|>", "video_token": "<|video_pad|>",
}  # fmt: skip
QWEN_IMAGE = "<|vision_start|><|image_pad|><|vision_end|>"


def qwen2_5_vl(folder: Path) -> Path:
    """Qwen2.5-VL's architecture: windows of patches, positions in time, height and width."""
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    vision = {
        "depth": 2,
        "hidden_size": 32,
        "out_hidden_size": 32,
        "intermediate_size": 64,
        "num_heads": 4,
        "patch_size": 14,
        "window_size": 56,
        "fullatt_block_indexes": [1],
    }
    return _qwen(Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, vision, 14, folder)


def qwen3_vl(folder: Path) -> Path:
    """Qwen3-VL's architecture: features of several layers of the encoder go into the backbone."""
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

    vision = {
        "depth": 2,
        "hidden_size": 32,
        "out_hidden_size": 32,
        "intermediate_size": 64,
        "num_heads": 4,
        "patch_size": 16,
        "num_position_embeddings": 16,
        "deepstack_visual_indexes": [0, 1],
    }
    return _qwen(Qwen3VLConfig, Qwen3VLForConditionalGeneration, vision, 16, folder)


def _qwen(
    config_class: Any, model_class: Any, vision: dict[str, Any], patch: int, folder: Path
) -> Path:
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    names = ("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")
    words = tokenizer(*names)
    start, end, image, video = words.convert_tokens_to_ids(list(names))
    config = config_class(
        text_config={
            **TEXT,
            "head_dim": 8,
            "vocab_size": len(words),
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 10000.0,
                "mrope_section": [2, 1, 1],
            },
            **ids_of(words),
        },
        vision_config=vision,
        image_token_id=image,
        video_token_id=video,
        vision_start_token_id=start,
        vision_end_token_id=end,
    )
    side = 2 * patch
    pictures = Qwen2VLImageProcessorPil(
        min_pixels=side * side, max_pixels=side * side * 9, patch_size=patch
    )
    return in_parts(
        model_class(config), words, pictures, "<|vision_start|><|image_pad|><|vision_end|>", folder
    )


def qwen3_vl_moe(folder: Path) -> Path:
    """Qwen3-VL's architecture with a mixture of experts."""
    return make(
        folder, "Qwen3VLMoe",
        tokens=QWEN_TOKENS, image=QWEN_IMAGE,
        pictures=pictures_of("qwen2_vl", "Qwen2VL", **_qwen_sizes(16)),
        config={"vision_config": {**QWEN_VISION, "deepstack_visual_indexes": [0, 1]}},
        text={
            **TEXT, "head_dim": 8, "num_experts": 4, "num_experts_per_tok": 2,
            "moe_intermediate_size": 32, "rope_parameters": ROPE,
        },
        ids=_qwen_ids(), processor={"processor_class": "Qwen3VLProcessor"},
    )  # fmt: skip


def qwen3_5(folder: Path) -> Path:
    """Qwen3.5's architecture: every second layer is linear attention with a state."""
    return _qwen3_5(folder, "Qwen3_5", {})


def qwen3_5_moe(folder: Path) -> Path:
    """Qwen3.5's architecture with a mixture of experts."""
    more = {
        "num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32,
        "shared_expert_intermediate_size": 32,
    }  # fmt: skip
    return _qwen3_5(folder, "Qwen3_5Moe", more)


def _qwen3_5(folder: Path, name: str, more: dict[str, Any]) -> Path:
    return make(
        folder, name,
        tokens=QWEN_TOKENS, image=QWEN_IMAGE,
        pictures=pictures_of("qwen2_vl", "Qwen2VL", **_qwen_sizes(16)),
        config={"vision_config": QWEN_VISION},
        text={
            **TEXT, "head_dim": 16, "layer_types": ["linear_attention", "full_attention"],
            "linear_key_head_dim": 8, "linear_value_head_dim": 8, "linear_num_key_heads": 2,
            "linear_num_value_heads": 4, "rope_parameters": {**ROPE, "partial_rotary_factor": 0.5},
            **more,
        },
        ids=_qwen_ids(), processor={"processor_class": "Qwen3VLProcessor"},
    )  # fmt: skip


def glm4v(folder: Path) -> Path:
    """GLM-4V's architecture: patches of any shape, positions in three dimensions."""
    return _glm4v(folder, "Glm4v", {})


def glm4v_moe(folder: Path) -> Path:
    """GLM-4.5V's architecture: GLM-4V's with a mixture of experts."""
    more = {
        "n_routed_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32,
        "first_k_dense_replace": 1, "n_group": 1, "topk_group": 1, "head_dim": 8,
    }  # fmt: skip
    return _glm4v(folder, "Glm4vMoe", more)


def _glm4v(folder: Path, name: str, more: dict[str, Any]) -> Path:
    return make(
        folder, name,
        tokens={
            "image_token": "<|image|>", "video_token": "<|video|>",
            "image_start_token": "<|begin_of_image|>", "image_end_token": "<|end_of_image|>",
            "video_start_token": "<|begin_of_video|>", "video_end_token": "<|end_of_video|>",
        },
        image="<|begin_of_image|><|image|><|end_of_image|>",
        pictures=pictures_of(
            "glm4v", "Glm4v", size={"shortest_edge": 28 * 28, "longest_edge": 28 * 28 * 18}
        ),
        config={
            "vision_config": {
                "depth": 2, "hidden_size": 32, "out_hidden_size": 32, "intermediate_size": 64,
                "num_heads": 4, "patch_size": 14, "image_size": 56,
            }
        },
        text={**TEXT, "rope_parameters": {**ROPE, "partial_rotary_factor": 1.0}, **more},
        ids={
            "image_token_id": "<|image|>", "video_token_id": "<|video|>",
            "image_start_token_id": "<|begin_of_image|>", "image_end_token_id": "<|end_of_image|>",
            "video_start_token_id": "<|begin_of_video|>", "video_end_token_id": "<|end_of_video|>",
        },
        processor={"processor_class": "Glm4vProcessor"},
    )  # fmt: skip


def video_llama_3(folder: Path) -> Path:
    """VideoLLaMA 3's architecture: patches of any shape, Qwen2."""
    return make(
        folder, "VideoLlama3",
        tokens={"image_token": "<|image_pad|>", "video_token": "<|video_pad|>"},
        image="<|image_pad|>",
        pictures=pictures_of(
            "video_llama_3", "VideoLlama3",
            size={"shortest_edge": 28 * 28, "longest_edge": 28 * 28 * 9},
        ),
        config={
            "vision_config": {
                "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
                "num_attention_heads": 4, "patch_size": 14,
            }
        },
        text=QWEN2,
        ids={"image_token_id": "<|image_pad|>", "video_token_id": "<|video_pad|>"},
        processor={},
    )  # fmt: skip


def paddleocr_vl(folder: Path) -> Path:
    """PaddleOCR-VL's architecture: patches of any shape that are not flattened."""
    return make(
        folder, "PaddleOCRVL",
        tokens={
            "image_token": "<|IMAGE_PLACEHOLDER|>", "video_token": "<|video_pad|>",
            "vision_start_token": "<|IMAGE_START|>", "vision_end_token": "<|IMAGE_END|>",
        },
        image="<|IMAGE_START|><|IMAGE_PLACEHOLDER|><|IMAGE_END|>",
        pictures=pictures_of(
            "paddleocr_vl", "PaddleOCRVL",
            size={"shortest_edge": 28 * 28, "longest_edge": 28 * 28 * 9},
        ),
        config={
            "vision_config": {
                "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
                "num_attention_heads": 4, "image_size": 56, "patch_size": 14,
            }
        },
        text={**TEXT, "head_dim": 8, "rope_parameters": ROPE},
        ids={
            "image_token_id": "<|IMAGE_PLACEHOLDER|>", "video_token_id": "<|video_pad|>",
            "vision_start_token_id": "<|IMAGE_START|>", "vision_end_token_id": "<|IMAGE_END|>",
        },
        processor={},
    )  # fmt: skip


def _qwen_sizes(patch: int) -> dict[str, int]:
    side = 2 * patch
    return {"min_pixels": side * side, "max_pixels": side * side * 9, "patch_size": patch}


def _qwen_ids() -> dict[str, str]:
    return {f"{name}_id": token for name, token in QWEN_TOKENS.items()}


def lfm2_vl(folder: Path) -> Path:
    """LFM2-VL's architecture: SigLIP 2 on patches, a backbone of convolutions and attention."""
    return make(
        folder, "Lfm2Vl",
        tokens={
            "image_token": "<image>", "image_start_token": "<|image_start|>",
            "image_end_token": "<|image_end|>", "image_thumbnail_token": "<|img_thumbnail|>",
            **{f"t{row}{column}": f"<|img_row_{row}_col_{column}|>"
               for row in range(1, 4) for column in range(1, 4)},
        },
        image="<image>",
        pictures={
            "image_processor_type": "Lfm2VlImageProcessor", "tile_size": 28, "max_tiles": 3,
            "encoder_patch_size": 7, "min_image_tokens": 1, "max_image_tokens": 4,
        },
        config={
            "vision_config": {
                "model_type": "siglip2_vision_model", "hidden_size": 32, "intermediate_size": 64,
                "num_hidden_layers": 2, "num_attention_heads": 4, "patch_size": 7,
                "num_patches": 16, "vision_use_head": False,
            },
            "projector_hidden_size": 32,
        },
        text={
            "model_type": "lfm2", **TEXT, "layer_types": ["conv", "full_attention"],
            "block_multiple_of": 8,
        },
        ids={"image_token_id": "<image>"},
        processor={},
    )  # fmt: skip


def minicpmv4_6(folder: Path) -> Path:
    """MiniCPM-V 4.6's architecture: slices of any shape in one row of patches, Qwen3.5."""
    return make(
        folder, "MiniCPMV4_6",
        tokens={
            "image_token": "<|image_pad|>", "video_token": "<|video_pad|>",
            "image_start_token": "<image>", "image_end_token": "</image>",
            "slice_start_token": "<slice>", "slice_end_token": "</slice>",
            "image_id_start_token": "<image_id>", "image_id_end_token": "</image_id>",
        },
        image="<|image_pad|>",
        pictures=pictures_of(
            "minicpmv4_6", "MiniCPMV4_6", max_slice_nums=2, scale_resolution=56, patch_size=7,
        ),
        config={
            "vision_config": {
                "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3,
                "num_attention_heads": 4, "image_size": 56, "patch_size": 7,
            },
            "insert_layer_id": 1, "image_size": 56,
        },
        text={
            "model_type": "qwen3_5_text", **TEXT, "head_dim": 16,
            "layer_types": ["linear_attention", "full_attention"], "linear_key_head_dim": 8,
            "linear_value_head_dim": 8, "linear_num_key_heads": 2, "linear_num_value_heads": 4,
            "rope_parameters": {**ROPE, "partial_rotary_factor": 0.5},
        },
        ids={"image_token_id": "<|image_pad|>", "video_token_id": "<|video_pad|>"},
        processor={},
    )  # fmt: skip
