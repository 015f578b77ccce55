"""More families still, tiny and random, for `checkpoints.FAMILIES`; most are made in one way."""

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
PIXTRAL = {
    "model_type": "pixtral", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
    "num_attention_heads": 4, "image_size": 56, "patch_size": 14,
}  # fmt: skip
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


def _class(name: str) -> Any:
    import transformers

    return getattr(transformers, name)


def _pictures(family: str, name: str, **settings: Any) -> Any:
    """A PIL image processor; those that no public name leads to are in their family's module."""
    module = import_module(f"transformers.models.{family}.image_processing_pil_{family}")
    return getattr(module, f"{name}ImageProcessorPil")(**settings)


def _make(
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
        image: what a chat template writes for a picture.
        pictures: its image processor.
        config: of the model, beside the backbone and ids.
        text: of the backbone.
        ids: fields of the configuration that hold the id of a token.
        processor: settings of its processor.
        model: what the name of its model ends with.
    """
    words = tokenizer(**tokens)
    made = _class(f"{name}Config")(
        text_config={**text, "vocab_size": len(words), **ids_of(words)},
        **config,
        **{field: words.convert_tokens_to_ids(token) for field, token in ids.items()},
    )
    folder.mkdir()
    pictures.save_pretrained(folder)
    (folder / "chat_template.jinja").write_text(CHAT.replace("IMAGE", image))
    save(_class(f"{name}{model}")(made), words, folder)
    settings = {"processor_class": f"{name}Processor", **processor}
    (folder / "processor_config.json").write_text(json.dumps(settings))
    return folder


def vipllava(folder: Path) -> Path:
    """ViP-LLaVA's architecture: LLaVA with features of several layers of the encoder."""
    return _make(
        folder, "VipLlava",
        tokens={"image_token": "<image>"}, image="<image>",
        pictures=_class("CLIPImageProcessorPil")(
            size={"shortest_edge": SIZE}, crop_size={"height": SIZE, "width": SIZE}
        ),
        config={
            "vision_config": {"model_type": "clip_vision_model", **VISION},
            "image_seq_length": 4, "vision_feature_layer": [-1, -2],
        },
        text=LLAMA, ids={"image_token_index": "<image>"},
        processor={
            "processor_class": "LlavaProcessor", "patch_size": 14,
            "num_additional_image_tokens": 1, "vision_feature_select_strategy": "default",
        },
    )  # fmt: skip


_IMG = {"image_token": "[IMG]", "image_break_token": "[IMG_BREAK]", "image_end_token": "[IMG_END]"}


def pixtral(folder: Path) -> Path:
    """Pixtral's architecture: LLaVA with pictures of any shape, filled up to one in a batch."""
    return _make(
        folder, "Llava",
        tokens=_IMG, image="[IMG]",
        pictures=_pictures("pixtral", "Pixtral", size={"longest_edge": 56}, patch_size=14),
        config={
            "vision_config": PIXTRAL, "vision_feature_layer": -1,
            "vision_feature_select_strategy": "full",
        },
        text=LLAMA, ids={"image_token_id": "[IMG]"},
        processor={"processor_class": "PixtralProcessor", "patch_size": 14},
    )  # fmt: skip


def mistral3(folder: Path) -> Path:
    """Mistral 3's architecture: Pixtral's encoder, patches merged two by two."""
    return _make(
        folder, "Mistral3",
        tokens=_IMG, image="[IMG]",
        pictures=_pictures("pixtral", "Pixtral", size={"longest_edge": 56}, patch_size=28),
        config={"vision_config": PIXTRAL, "spatial_merge_size": 2},
        text={"model_type": "mistral", **TEXT, "head_dim": 8, "sliding_window": None},
        ids={"image_token_index": "[IMG]"},
        processor={
            "processor_class": "PixtralProcessor", "patch_size": 14, "spatial_merge_size": 2,
        },
    )  # fmt: skip


def lighton_ocr(folder: Path) -> Path:
    """LightOnOCR's architecture: Pixtral's encoder and Qwen3."""
    return _make(
        folder, "LightOnOcr",
        tokens=_IMG, image="[IMG]",
        pictures=_pictures("pixtral", "Pixtral", size={"longest_edge": 56}, patch_size=14),
        config={"vision_config": PIXTRAL, "spatial_merge_size": 2},
        text={"model_type": "qwen3", **TEXT, "head_dim": 8},
        ids={"image_token_id": "[IMG]"},
        processor={"patch_size": 14, "spatial_merge_size": 2},
    )  # fmt: skip


def idefics2(folder: Path) -> Path:
    """Idefics2's architecture: pictures in their own shape, resampled to a few tokens."""
    return _make(
        folder, "Idefics2",
        tokens={
            "image_token": "<image>", "image_boundary_token": "<fake_token_around_image>",
            "end_of_utterance_token": "<end_of_utterance>",
        },
        image="<image>",
        pictures=_pictures("idefics2", "Idefics2", size={"shortest_edge": 28, "longest_edge": 56}),
        config={
            "vision_config": {**VISION, "image_size": 56},
            "perceiver_config": {
                "hidden_size": 32, "resampler_n_latents": 4, "resampler_depth": 1,
                "resampler_n_heads": 4, "resampler_head_dim": 8, "num_key_value_heads": 2,
            },
        },
        text={"model_type": "mistral", **TEXT, "sliding_window": None},
        ids={"image_token_id": "<image>"},
        processor={"image_seq_len": 4},
    )  # fmt: skip


def qwen3_vl_moe(folder: Path) -> Path:
    """Qwen3-VL's architecture with a mixture of experts."""
    return _make(
        folder, "Qwen3VLMoe",
        tokens=QWEN_TOKENS, image=QWEN_IMAGE,
        pictures=_pictures("qwen2_vl", "Qwen2VL", **_qwen_sizes(16)),
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
    return _make(
        folder, name,
        tokens=QWEN_TOKENS, image=QWEN_IMAGE,
        pictures=_pictures("qwen2_vl", "Qwen2VL", **_qwen_sizes(16)),
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
    return _make(
        folder, name,
        tokens={
            "image_token": "<|image|>", "video_token": "<|video|>",
            "image_start_token": "<|begin_of_image|>", "image_end_token": "<|end_of_image|>",
            "video_start_token": "<|begin_of_video|>", "video_end_token": "<|end_of_video|>",
        },
        image="<|begin_of_image|><|image|><|end_of_image|>",
        pictures=_pictures(
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


def ovis2(folder: Path) -> Path:
    """Ovis2's architecture: pictures become words of a vocabulary of their own."""
    named = ("<IMG_ATOM>", "<img>", "<pre>", "<col>", "<row>", "</img>")
    words = tokenizer("<image>", *named)
    config = _class("Ovis2Config")(
        vision_config={
            "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
            "num_attention_heads": 4, "image_size": 28, "patch_size": 7, "vocab_size": 64,
            "hidden_stride": 2,
        },
        text_config={**QWEN2, "vocab_size": len(words), **ids_of(words)},
        image_token_id=words.convert_tokens_to_ids("<IMG_ATOM>"),
        visual_indicator_token_ids=words.convert_tokens_to_ids(list(named[1:])),
        vocab_size=len(words), hidden_size=32, tie_word_embeddings=False,
    )  # fmt: skip
    folder.mkdir()
    _pictures(
        "ovis2", "Ovis2", size={"height": 28, "width": 28}, crop_to_patches=True, max_patches=3
    ).save_pretrained(folder)
    (folder / "chat_template.jinja").write_text(CHAT.replace("IMAGE", "<image>"))
    save(_class("Ovis2ForConditionalGeneration")(config), words, folder)
    settings = {"processor_class": "Ovis2Processor", "image_seq_length": 4}
    (folder / "processor_config.json").write_text(json.dumps(settings))
    return folder


def aya_vision(folder: Path) -> Path:
    """Aya Vision's architecture: SigLIP, tiles and Cohere 2, whose logits have a scale."""
    return _make(
        folder, "AyaVision",
        tokens={
            "image_token": "<image>", "a": "<|START_OF_IMG|>", "b": "<|END_OF_IMG|>",
            "c": "<|IMG_PATCH|>", "d": "<|IMG_LINE_BREAK|>", "e": "TILE_GLOBAL", "f": "TILE_1",
            "g": "TILE_2", "h": "TILE_3",
        },
        image="<image>",
        pictures=_pictures(
            "got_ocr2", "GotOcr2", size={"height": 28, "width": 28}, crop_to_patches=True,
            max_patches=3,
        ),
        config={"vision_config": {**SIGLIP, "patch_size": 7}, "downsample_factor": 2},
        text={"model_type": "cohere2", **TEXT, "sliding_window": 512, "logit_scale": 0.25},
        ids={"image_token_index": "<|IMG_PATCH|>"},
        processor={"patch_size": 7, "img_size": 28, "downsample_factor": 2},
    )  # fmt: skip


def video_llama_3(folder: Path) -> Path:
    """VideoLLaMA 3's architecture: patches of any shape, Qwen2."""
    return _make(
        folder, "VideoLlama3",
        tokens={"image_token": "<|image_pad|>", "video_token": "<|video_pad|>"},
        image="<|image_pad|>",
        pictures=_pictures(
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


def deepseek_vl(folder: Path) -> Path:
    """DeepSeek-VL's architecture: SigLIP, pictures as squares, Llama."""
    return _make(
        folder, "DeepseekVL",
        tokens={"image_token": "<image_placeholder>"}, image="<image_placeholder>",
        pictures=_pictures("deepseek_vl", "DeepseekVL", size={"height": SIZE, "width": SIZE}),
        config={"vision_config": SIGLIP},
        text=LLAMA, ids={"image_token_id": "<image_placeholder>"},
        processor={"num_image_tokens": 4},
    )  # fmt: skip


def deepseek_vl_hybrid(folder: Path) -> Path:
    """DeepSeek-VL 7B's architecture: SigLIP beside SAM, which sees a picture of more pixels."""
    return _make(
        folder, "DeepseekVLHybrid",
        tokens={"image_token": "<image_placeholder>"}, image="<image_placeholder>",
        pictures=_pictures(
            "deepseek_vl_hybrid", "DeepseekVLHybrid", size={"height": 32, "width": 32},
            high_res_size={"height": 128, "width": 128},
        ),
        config={
            "vision_config": {**SIGLIP, "image_size": 32, "patch_size": 16},
            "high_res_vision_config": {
                "model_type": "sam_vision_model", "hidden_size": 32, "output_channels": 16,
                "num_hidden_layers": 2, "num_attention_heads": 4, "image_size": 128,
                "patch_size": 16, "mlp_dim": 64, "window_size": 4, "global_attn_indexes": [1],
            },
        },
        text=LLAMA, ids={"image_token_id": "<image_placeholder>"},
        processor={"num_image_tokens": 4},
    )  # fmt: skip


def smolvlm(folder: Path) -> Path:
    """SmolVLM's architecture, which is Idefics3's."""
    names = ("<image>", "<fake_token_around_image>", "<end_of_utterance>", "<global-img>")
    return _make(
        folder, "SmolVLM",
        tokens=dict(zip("abcd", names, strict=True)), image="<image>",
        pictures=_pictures(
            "smolvlm", "SmolVLM", size={"longest_edge": 56}, max_image_size={"longest_edge": 28}
        ),
        config={"vision_config": {**VISION, "patch_size": 7}, "scale_factor": 2},
        text=LLAMA, ids={"image_token_id": "<image>"},
        processor={"image_seq_len": 4},
    )  # fmt: skip


def gemma4(folder: Path) -> Path:
    """Gemma 4's architecture: patches of any shape, filled up, and pooled; sliding windows."""
    return _make(
        folder, "Gemma4",
        tokens={
            "image_token": "<|image|>", "boi_token": "<|image>", "eoi_token": "<image|>",
            "audio_token": "<|audio|>", "boa_token": "<|audio>", "eoa_token": "<audio|>",
            "video_token": "<|video|>",
        },
        image="<|image|>",
        pictures=_pictures(
            "gemma4", "Gemma4", patch_size=4, max_soft_tokens=70, pooling_kernel_size=3
        ),
        config={
            "vision_config": {
                "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
                "num_attention_heads": 4, "num_key_value_heads": 4, "head_dim": 8, "patch_size": 4,
                "pooling_kernel_size": 3, "position_embedding_size": 256,
                "rope_parameters": {"rope_type": "default", "rope_theta": 100.0},
            },
            "audio_config": None,
        },
        text={
            **TEXT, "head_dim": 8, "sliding_window": 64, "hidden_size_per_layer_input": 0,
            "layer_types": ["sliding_attention", "full_attention"], "global_head_dim": 8,
        },
        ids={
            "image_token_id": "<|image|>", "boi_token_id": "<|image>", "eoi_token_id": "<image|>",
            "audio_token_id": "<|audio|>", "boa_token_id": "<|audio>",
            "video_token_id": "<|video|>",
        },
        processor={"image_seq_length": 70},
    )  # fmt: skip


def aria(folder: Path) -> Path:
    """Aria's architecture: pictures resampled, a mixture of experts."""
    return _make(
        folder, "Aria",
        tokens={"image_token": "<|img|>"}, image="<|img|>",
        pictures=_pictures("aria", "Aria", max_image_size=980, min_image_size=336),
        config={
            "vision_config": {
                "model_type": "idefics3_vision", **VISION, "image_size": 980, "patch_size": 140,
            },
            "projector_patch_to_query_dict": {49: 4},
        },
        text={**TEXT, "moe_num_experts": 4, "moe_topk": 2, "moe_num_shared_experts": 1},
        ids={"image_token_index": "<|img|>"},
        processor={"size_conversion": {"980": 4}},
    )  # fmt: skip


def paddleocr_vl(folder: Path) -> Path:
    """PaddleOCR-VL's architecture: patches of any shape that are not flattened."""
    return _make(
        folder, "PaddleOCRVL",
        tokens={
            "image_token": "<|IMAGE_PLACEHOLDER|>", "video_token": "<|video_pad|>",
            "vision_start_token": "<|IMAGE_START|>", "vision_end_token": "<|IMAGE_END|>",
        },
        image="<|IMAGE_START|><|IMAGE_PLACEHOLDER|><|IMAGE_END|>",
        pictures=_pictures(
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


def llava_do_pad(folder: Path) -> Path:
    """LLaVA 1.5's architecture with pictures that are filled up to squares."""
    return _make(
        folder, "Llava",
        tokens={"image_token": "<image>"}, image="<image>",
        pictures=_pictures(
            "llava", "Llava", do_pad=True, size={"shortest_edge": SIZE},
            crop_size={"height": SIZE, "width": SIZE},
        ),
        config={
            "vision_config": {"model_type": "clip_vision_model", **VISION}, "image_seq_length": 4,
        },
        text=LLAMA, ids={"image_token_id": "<image>"},
        processor={
            "patch_size": 14, "num_additional_image_tokens": 1,
            "vision_feature_select_strategy": "default",
        },
    )  # fmt: skip


def got_ocr2(folder: Path) -> Path:
    """GOT-OCR 2's architecture: SAM's encoder, Qwen2."""
    return _make(
        folder, "GotOcr2",
        tokens={"image_token": "<imgpad>", "a": "<img>", "b": "</img>"},
        image="<img><imgpad></img>",
        pictures=_pictures("got_ocr2", "GotOcr2", size={"height": 64, "width": 64}),
        config={
            "vision_config": {
                "hidden_size": 32, "output_channels": 16, "num_hidden_layers": 2,
                "num_attention_heads": 4, "image_size": 64, "patch_size": 4, "mlp_dim": 64,
                "window_size": 4, "global_attn_indexes": [1],
            },
            "image_seq_length": 4,
        },
        text=QWEN2, ids={"image_token_index": "<imgpad>"},
        processor={},
    )  # fmt: skip


def _qwen_sizes(patch: int) -> dict[str, int]:
    side = 2 * patch
    return {"min_pixels": side * side, "max_pixels": side * side * 9, "patch_size": patch}


def _qwen_ids() -> dict[str, str]:
    return {f"{name}_id": token for name, token in QWEN_TOKENS.items()}


NEWER = {
    each.__name__: each
    for each in (
        vipllava, llava_do_pad, pixtral, mistral3, lighton_ocr, idefics2, qwen3_vl_moe, qwen3_5,
        glm4v, ovis2, aya_vision, video_llama_3, deepseek_vl, gemma4, aria, paddleocr_vl,
        got_ocr2, qwen3_5_moe, glm4v_moe, deepseek_vl_hybrid, smolvlm,
    )
}  # fmt: skip
