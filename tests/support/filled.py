"""Tiny, random checkpoints of families that fill pictures of any shape up to one of a batch."""

from __future__ import annotations

from pathlib import Path

from checkpoints import TEXT, VISION, ids_of, tokenizer
from making import LLAMA, class_of, in_parts, make, pictures_of

PIXTRAL = {
    "model_type": "pixtral", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
    "num_attention_heads": 4, "image_size": 56, "patch_size": 14,
}  # fmt: skip
_IMG = {"image_token": "[IMG]", "image_break_token": "[IMG_BREAK]", "image_end_token": "[IMG_END]"}


def pixtral(folder: Path) -> Path:
    """Pixtral's architecture: LLaVA with pictures of any shape, filled up to one in a batch."""
    return make(
        folder, "Llava",
        tokens=_IMG, image="[IMG]",
        pictures=pictures_of("pixtral", "Pixtral", size={"longest_edge": 56}, patch_size=14),
        config={
            "vision_config": PIXTRAL, "vision_feature_layer": -1,
            "vision_feature_select_strategy": "full",
        },
        text=LLAMA, ids={"image_token_id": "[IMG]"},
        processor={"processor_class": "PixtralProcessor", "patch_size": 14},
    )  # fmt: skip


def mistral3(folder: Path) -> Path:
    """Mistral 3's architecture: Pixtral's encoder, patches merged two by two."""
    return make(
        folder, "Mistral3",
        tokens=_IMG, image="[IMG]",
        pictures=pictures_of("pixtral", "Pixtral", size={"longest_edge": 56}, patch_size=28),
        config={"vision_config": PIXTRAL, "spatial_merge_size": 2},
        text={"model_type": "mistral", **TEXT, "head_dim": 8, "sliding_window": None},
        ids={"image_token_index": "[IMG]"},
        processor={
            "processor_class": "PixtralProcessor", "patch_size": 14, "spatial_merge_size": 2,
        },
    )  # fmt: skip


def lighton_ocr(folder: Path) -> Path:
    """LightOnOCR's architecture: Pixtral's encoder and Qwen3."""
    return make(
        folder, "LightOnOcr",
        tokens=_IMG, image="[IMG]",
        pictures=pictures_of("pixtral", "Pixtral", size={"longest_edge": 56}, patch_size=14),
        config={"vision_config": PIXTRAL, "spatial_merge_size": 2},
        text={"model_type": "qwen3", **TEXT, "head_dim": 8},
        ids={"image_token_id": "[IMG]"},
        processor={"patch_size": 14, "spatial_merge_size": 2},
    )  # fmt: skip


def idefics2(folder: Path) -> Path:
    """Idefics2's architecture: pictures in their own shape, resampled to a few tokens."""
    return make(
        folder, "Idefics2",
        tokens={
            "image_token": "<image>", "image_boundary_token": "<fake_token_around_image>",
            "end_of_utterance_token": "<end_of_utterance>",
        },
        image="<image>",
        pictures=pictures_of(
            "idefics2", "Idefics2", size={"shortest_edge": 28, "longest_edge": 56}
        ),
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


def gemma4(folder: Path) -> Path:
    """Gemma 4's architecture: patches of any shape, filled up, and pooled; sliding windows."""
    return make(
        folder, "Gemma4",
        tokens={
            "image_token": "<|image|>", "boi_token": "<|image>", "eoi_token": "<image|>",
            "audio_token": "<|audio|>", "boa_token": "<|audio>", "eoa_token": "<audio|>",
            "video_token": "<|video|>",
        },
        image="<|image|>",
        pictures=pictures_of(
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


def emu3(folder: Path) -> Path:
    """Emu3's architecture: pictures are words of the one vocabulary."""
    coded = [f"<|visual token {code:06d}|>" for code in range(16)]
    named = {
        "image_token": "<image>", "boi_token": "<|image start|>", "eoi_token": "<|image end|>",
        "image_wrapper_token": "<|image token|>", "eof_token": "<|extra_201|>",
        "eol": "<|extra_200|>",
    }  # fmt: skip
    words = tokenizer(*coded, **named)
    config = class_of("Emu3Config")(
        text_config={**TEXT, "vocab_size": len(words), "attention_dropout": 0.0, **ids_of(words)},
        vq_config={
            "base_channels": 32, "channel_multiplier": [1, 1, 1, 1], "num_res_blocks": 1,
            "hidden_size": 32, "codebook_size": 16, "attn_resolutions": [],
        },
        vocabulary_map=words.get_vocab(),
    )  # fmt: skip
    from transformers import Emu3ImageProcessor

    return in_parts(
        class_of("Emu3ForConditionalGeneration")(config), words,
        Emu3ImageProcessor(min_pixels=32 * 32, max_pixels=48 * 48), "<image>", folder,
        processor_class="Emu3Processor",
    )  # fmt: skip
