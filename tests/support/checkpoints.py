"""Tiny, randomly initialised checkpoints of real architectures, as a model hub would hold them.

They speak nonsense, but everything about them is real: processor, chat template, image tokens,
safetensors. Random weights of a larger scale keep their distributions far from uniform.
"""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from PIL.Image import Image

WORDS = "a the two red dog cat cup on left of table there is are no yes Yes No and , . café"
CHAT = (
    "{% for message in messages %}{{ message['role'] }}: {% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}IMAGE{% else %}{{ part['text'] }}{% endif %}{% endfor %}\n"
    "{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}"
)
TEXT = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
}
VISION = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "image_size": 28,
    "patch_size": 14,
}


def tokenizer(*special: str, **named: str) -> Any:
    """A byte-level BPE tokenizer: whole words of `WORDS`, bytes for all else.

    Args:
        special: tokens of the family.
        named: more of them, which its processor looks for by these names.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    specials = [
        AddedToken(each, special=True)
        for each in ("<pad>", "<s>", "</s>", *special, *named.values())
    ]
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=specials,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator([WORDS] * 9 + ["yes", "no", "Yes", "No"] * 9, trainer)
    names = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>"}
    return PreTrainedTokenizerFast(
        tokenizer_object=core, **names, **({"extra_special_tokens": named} if named else {})
    )


def ids_of(words: Any) -> dict[str, int]:
    """The ids of a tokenizer that a model's configuration repeats."""
    return {
        f"{name}_token_id": getattr(words, f"{name}_token_id") for name in ("pad", "bos", "eos")
    }


def save(model: Any, processor: Any, folder: Path) -> Path:
    """Give a model reproducible weights, write it with its processor and return the folder."""
    import torch

    generator, another = torch.Generator().manual_seed(0), torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.12, generator=generator)
            elif parameter.unique().numel() > 1:  # drawn by the library, as CLIP's class embedding
                parameter.normal_(0, 0.12, generator=another)
        # No trained model says a token that stands for a picture. One that is said by chance
        # (which one, hangs on the machine's rounding) cannot be given to a model again.
        words = getattr(processor, "tokenizer", processor)
        ends = {words.pad_token_id, words.bos_token_id, words.eos_token_id}
        head = (model.get_output_embeddings() or model.get_input_embeddings()).weight
        head[sorted(set(words.all_special_ids) - ends)] = 0
    # What a careless checkpoint carries; none of it may change an answer.
    model.generation_config.update(do_sample=True, temperature=0.2, top_k=3)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def llava(folder: Path) -> Path:
    """LLaVA 1.5's architecture: CLIP, a two-layer projector, Llama."""
    from transformers import (
        CLIPImageProcessorPil,
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
    )

    words = tokenizer("<image>")
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(**VISION),
        text_config=LlamaConfig(vocab_size=len(words), **TEXT, **ids_of(words)),
        image_token_id=words.convert_tokens_to_ids("<image>"),
        image_seq_length=4,
    )
    size = VISION["image_size"]
    processor = LlavaProcessor(
        image_processor=CLIPImageProcessorPil(
            size={"shortest_edge": size}, crop_size={"height": size, "width": size}
        ),
        tokenizer=words,
        patch_size=VISION["patch_size"],
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=CHAT.replace("IMAGE", "<image>"),
    )
    return save(LlavaForConditionalGeneration(config), processor, folder)


def qwen2_vl(folder: Path) -> Path:
    """Qwen2-VL's architecture: pictures of any resolution, positions in three dimensions."""
    from transformers import Qwen2VLConfig, Qwen2VLForConditionalGeneration
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    names = ("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")
    words = tokenizer(*names)
    start, end, image, video = words.convert_tokens_to_ids(list(names))
    config = Qwen2VLConfig(
        text_config={
            **TEXT,
            "vocab_size": len(words),
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 10000.0,
                "mrope_section": [1, 1, 2],
            },
            "bos_token_id": words.bos_token_id,
            "eos_token_id": words.eos_token_id,
            "pad_token_id": words.pad_token_id,
        },
        vision_config={
            "depth": 2,
            "embed_dim": 32,
            "hidden_size": 32,
            "num_heads": 4,
            "mlp_ratio": 2,
            "patch_size": 14,
        },
        image_token_id=image,
        video_token_id=video,
        vision_start_token_id=start,
        vision_end_token_id=end,
    )
    # Written part by part, as on the hub: the whole processor cannot be made without torchvision.
    folder.mkdir()
    pictures = Qwen2VLImageProcessorPil(min_pixels=28 * 28, max_pixels=28 * 28 * 9)
    pictures.save_pretrained(folder)
    template = CHAT.replace("IMAGE", "<|vision_start|><|image_pad|><|vision_end|>")
    (folder / "chat_template.jinja").write_text(template)
    return save(Qwen2VLForConditionalGeneration(config), words, folder)


def idefics3(folder: Path) -> Path:
    """Idefics3's architecture (SmolVLM's, too): a pixel-shuffling connector, pictures in tiles."""
    from transformers import Idefics3Config, Idefics3ForConditionalGeneration, Idefics3Processor
    from transformers.models.idefics3.image_processing_pil_idefics3 import (
        Idefics3ImageProcessorPil,
    )

    names = ("<image>", "<fake_token_around_image>", "<end_of_utterance>", "<global-img>")
    words = tokenizer(*names)
    config = Idefics3Config(
        vision_config={**VISION, "image_size": 28, "patch_size": 7},
        text_config={"model_type": "llama", "vocab_size": len(words), **TEXT, **ids_of(words)},
        image_token_id=words.convert_tokens_to_ids("<image>"),
        scale_factor=2,
        pad_token_id=words.pad_token_id,
    )
    processor = Idefics3Processor(
        image_processor=Idefics3ImageProcessorPil(
            size={"longest_edge": 56}, max_image_size={"longest_edge": 28}
        ),
        tokenizer=words,
        image_seq_len=4,
        chat_template=CHAT.replace("IMAGE", "<image>"),
    )
    return save(Idefics3ForConditionalGeneration(config), processor, folder)


def paligemma(folder: Path) -> Path:
    """PaliGemma's architecture: SigLIP, one linear projector, Gemma, no chat template."""
    from transformers import PaliGemmaConfig, PaliGemmaForConditionalGeneration, PaliGemmaProcessor
    from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

    words = tokenizer("<image>")
    processor = PaliGemmaProcessor(
        image_processor=SiglipImageProcessorPil(
            size={"height": 28, "width": 28}, image_seq_length=4
        ),
        tokenizer=words,
    )
    config = PaliGemmaConfig(
        vision_config={"model_type": "siglip_vision_model", "projection_dim": 32, **VISION},
        text_config={
            "model_type": "gemma",
            "vocab_size": len(words),
            "head_dim": 8,
            **TEXT,
            **ids_of(words),
        },
        image_token_id=words.convert_tokens_to_ids("<image>"),
        projection_dim=32,
        hidden_size=32,
    )
    return save(PaliGemmaForConditionalGeneration(config), processor, folder)


FAMILIES = {"llava": llava, "qwen2_vl": qwen2_vl, "idefics3": idefics3, "paligemma": paligemma}


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Gives the folder of a family's checkpoint, made when a test of any process first asks."""
    whole = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # each process has a folder of its own in this one
        whole = whole.parent
    checkpoints = whole / "checkpoints"
    checkpoints.mkdir(exist_ok=True)

    def folder(family: str) -> Path:
        from families import MORE

        kept = checkpoints / family
        if not kept.exists():
            made = {**FAMILIES, **MORE}[family](tmp_path_factory.mktemp("models") / family)
            with contextlib.suppress(OSError):  # another process was first, with the same bytes
                made.rename(kept)
        return kept

    return folder


def picture(seed: int, width: int = 40, height: int = 50) -> Image:
    """A picture of noise."""
    from PIL import Image

    return Image.frombytes(
        "RGB", (width, height), random.Random(seed).randbytes(3 * width * height)
    )
