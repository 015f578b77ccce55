"""More families of checkpoints, tiny and random, for `checkpoints.FAMILIES`.

Processors are written part by part, as on the hub, where the whole one needs torchvision (a video
processor comes with it).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from checkpoints import CHAT, TEXT, VISION, ids_of, save, tokenizer

QFORMER = {
    "hidden_size": 32,
    "encoder_hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
}


def llava_next(folder: Path) -> Path:
    """LLaVA-NeXT's architecture: LLaVA with pictures in tiles of the best fitting grid."""
    from transformers import (
        CLIPVisionConfig,
        LlamaConfig,
        LlavaNextConfig,
        LlavaNextForConditionalGeneration,
        LlavaNextProcessor,
    )
    from transformers.models.llava_next.image_processing_pil_llava_next import (
        LlavaNextImageProcessorPil,
    )

    words = tokenizer("<image>")
    size = VISION["image_size"]
    grid = [[size, 2 * size], [2 * size, size]]
    config = LlavaNextConfig(
        vision_config=CLIPVisionConfig(**VISION),
        text_config=LlamaConfig(vocab_size=len(words), **TEXT, **ids_of(words)),
        image_token_id=words.convert_tokens_to_ids("<image>"),
        image_grid_pinpoints=grid,
        image_seq_length=4,
    )
    processor = LlavaNextProcessor(
        image_processor=LlavaNextImageProcessorPil(
            size={"shortest_edge": size},
            crop_size={"height": size, "width": size},
            image_grid_pinpoints=grid,
        ),
        tokenizer=words,
        patch_size=VISION["patch_size"],
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=CHAT.replace("IMAGE", "<image>"),
    )
    return save(LlavaNextForConditionalGeneration(config), processor, folder)


def llava_onevision(folder: Path) -> Path:
    """LLaVA-OneVision's architecture: SigLIP, tiles, Qwen2."""
    from transformers import (
        LlavaOnevisionConfig,
        LlavaOnevisionForConditionalGeneration,
        Qwen2Config,
        SiglipVisionConfig,
    )
    from transformers.models.llava_onevision.image_processing_pil_llava_onevision import (
        LlavaOnevisionImageProcessorPil,
    )

    words = tokenizer("<image>", "<video>")
    size = VISION["image_size"]
    grid = [[size, 2 * size], [2 * size, size]]
    config = LlavaOnevisionConfig(
        vision_config=SiglipVisionConfig(**VISION, vision_use_head=False),
        text_config=Qwen2Config(vocab_size=len(words), **TEXT, **ids_of(words)),
        image_token_id=words.convert_tokens_to_ids("<image>"),
        video_token_id=words.convert_tokens_to_ids("<video>"),
        image_grid_pinpoints=grid,
        vision_feature_select_strategy="full",
        vision_feature_layer=-1,
        vision_aspect_ratio="anyres_max_9",
    )
    pictures = LlavaOnevisionImageProcessorPil(
        size={"height": size, "width": size}, image_grid_pinpoints=grid
    )
    return _in_parts(
        LlavaOnevisionForConditionalGeneration(config),
        words,
        pictures,
        "<image>",
        folder,
        processor_class="LlavaOnevisionProcessor",
        num_image_tokens=4,
        vision_feature_select_strategy="full",
    )


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
    return _in_parts(
        model_class(config), words, pictures, "<|vision_start|><|image_pad|><|vision_end|>", folder
    )


def internvl(folder: Path) -> Path:
    """InternVL's architecture: tiles in a row of their own, pixels shuffled, Qwen2."""
    from transformers import InternVLConfig, InternVLForConditionalGeneration, Qwen2Config
    from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import GotOcr2ImageProcessorPil

    words = tokenizer(
        start_image_token="<img>",
        end_image_token="</img>",
        context_image_token="<IMG_CONTEXT>",
        video_token="<video>",
    )
    size = 28
    config = InternVLConfig(
        vision_config={
            **VISION,
            "image_size": [size, size],
            "patch_size": [7, 7],
            "intermediate_size": 64,
        },
        text_config=Qwen2Config(vocab_size=len(words), **TEXT, **ids_of(words)),
        image_token_id=words.convert_tokens_to_ids("<IMG_CONTEXT>"),
        image_seq_length=4,
        downsample_ratio=0.5,
    )
    pictures = GotOcr2ImageProcessorPil(
        size={"height": size, "width": size}, crop_to_patches=True, min_patches=1, max_patches=3
    )
    return _in_parts(
        InternVLForConditionalGeneration(config),
        words,
        pictures,
        "<IMG_CONTEXT>",
        folder,
        processor_class="InternVLProcessor",
        image_seq_length=4,
    )


def gemma3(folder: Path) -> Path:
    """Gemma 3's architecture: SigLIP, pictures seen as a whole, sliding windows in most layers."""
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration, Gemma3Processor
    from transformers.models.gemma3.image_processing_pil_gemma3 import Gemma3ImageProcessorPil

    names = ("<start_of_image>", "<end_of_image>", "<image_soft_token>")
    words = tokenizer(boi_token=names[0], eoi_token=names[1], image_token=names[2])
    start, end, image = words.convert_tokens_to_ids(list(names))
    config = Gemma3Config(
        vision_config={"model_type": "siglip_vision_model", **VISION, "vision_use_head": False},
        text_config={
            "model_type": "gemma3_text",
            "vocab_size": len(words),
            "head_dim": 8,
            "sliding_window": 16,
            "layer_types": ["sliding_attention", "full_attention"],
            **TEXT,
            **ids_of(words),
        },
        image_token_id=image,
        boi_token_id=start,
        eoi_token_id=end,
        mm_tokens_per_image=4,
    )
    size = VISION["image_size"]
    processor = Gemma3Processor(
        image_processor=Gemma3ImageProcessorPil(size={"height": size, "width": size}),
        tokenizer=words,
        image_seq_length=4,
        chat_template=CHAT.replace("IMAGE", "<start_of_image>"),
    )
    return save(Gemma3ForConditionalGeneration(config), processor, folder)


def blip_2(folder: Path) -> Path:
    """BLIP-2's architecture: a Q-Former between a frozen encoder and OPT."""
    from transformers import (
        Blip2Config,
        Blip2ForConditionalGeneration,
        Blip2Processor,
        OPTConfig,
    )
    from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil

    words = tokenizer("<image>")
    size = VISION["image_size"]
    config = Blip2Config(
        vision_config=VISION,
        qformer_config={**QFORMER, "vocab_size": len(words)},
        text_config=OPTConfig(
            vocab_size=len(words),
            hidden_size=32,
            ffn_dim=64,
            word_embed_proj_dim=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=512,
            **ids_of(words),
        ).to_dict(),
        num_query_tokens=4,
        image_text_hidden_size=16,
        image_token_index=words.convert_tokens_to_ids("<image>"),
    )
    processor = Blip2Processor(
        image_processor=BlipImageProcessorPil(size={"height": size, "width": size}),
        tokenizer=words,
        num_query_tokens=4,
    )
    return save(Blip2ForConditionalGeneration(config), processor, folder)


def instructblip(folder: Path) -> Path:
    """InstructBLIP's architecture: the Q-Former reads the instruction, too."""
    from transformers import (
        InstructBlipConfig,
        InstructBlipForConditionalGeneration,
        InstructBlipProcessor,
    )
    from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil

    words = tokenizer("<image>")
    size = VISION["image_size"]
    config = InstructBlipConfig(
        vision_config=VISION,
        qformer_config={**QFORMER, "vocab_size": len(words)},
        text_config={"model_type": "llama", "vocab_size": len(words), **TEXT, **ids_of(words)},
        num_query_tokens=4,
        image_token_index=words.convert_tokens_to_ids("<image>"),
    )
    processor = InstructBlipProcessor(
        image_processor=BlipImageProcessorPil(size={"height": size, "width": size}),
        tokenizer=words,
        qformer_tokenizer=tokenizer(),
        num_query_tokens=4,
    )
    return save(InstructBlipForConditionalGeneration(config), processor, folder)


def mllama(folder: Path) -> Path:
    """Llama 3.2 Vision's architecture: tiles, seen through cross-attention."""
    from transformers import MllamaConfig, MllamaForConditionalGeneration, MllamaProcessor
    from transformers.models.mllama.image_processing_pil_mllama import MllamaImageProcessorPil

    words = tokenizer("<|image|>", "<|python_tag|>")
    size = VISION["image_size"]
    config = MllamaConfig(
        vision_config={
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_global_layers": 1,
            "attention_heads": 4,
            "image_size": size,
            "patch_size": 14,
            "vision_output_dim": 64,
            "intermediate_layers_indices": [0],
            "max_num_tiles": 2,
            "supported_aspect_ratios": [[1, 1], [1, 2], [2, 1]],
        },
        text_config={
            "vocab_size": len(words),
            "cross_attention_layers": [1],
            **TEXT,
            "num_hidden_layers": 3,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0},
            **ids_of(words),
        },
        image_token_index=words.convert_tokens_to_ids("<|image|>"),
    )
    processor = MllamaProcessor(
        image_processor=MllamaImageProcessorPil(
            size={"height": size, "width": size}, max_image_tiles=2
        ),
        tokenizer=words,
        chat_template=CHAT.replace("IMAGE", "<|image|>"),
    )
    import torch

    model = MllamaForConditionalGeneration(config)
    for name, gate in model.named_parameters():
        if "gate" in name and gate.numel() == 1:
            torch.nn.init.constant_(gate, 0.5)  # at 0, as they begin, no picture counts
    return save(model, processor, folder)


def _in_parts(
    model: Any, words: Any, pictures: Any, image: str, folder: Path, **settings: Any
) -> Path:
    """Write a checkpoint whose processor is made when it is loaded."""
    import json

    folder.mkdir()
    pictures.save_pretrained(folder)
    (folder / "chat_template.jinja").write_text(CHAT.replace("IMAGE", image))
    save(model, words, folder)
    if settings:
        (folder / "processor_config.json").write_text(json.dumps(settings))
    return folder


MORE = {
    each.__name__: each
    for each in (
        llava_next, llava_onevision, qwen2_5_vl, qwen3_vl, internvl, gemma3, blip_2, instructblip,
        mllama,
    )
}  # fmt: skip
