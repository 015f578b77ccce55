"""A tiny random detector of objects by name."""

from __future__ import annotations

from pathlib import Path

import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers, processors

WORDS = ["<pad>", "<s>", "</s>", "<unk>", "cup", "knife", "dog"]


def make_owl(folder: Path) -> None:
    """An OWL-ViT of random weights."""
    words = Tokenizer(models.WordLevel({w: n for n, w in enumerate(WORDS)}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    small = {
        "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1,
        "num_attention_heads": 2,
    }  # fmt: skip
    text = {"vocab_size": 8, "max_position_embeddings": 16, "pad_token_id": 0, "eos_token_id": 2}
    config = transformers.OwlViTConfig(
        text_config={**small, **text},
        vision_config={**small, "image_size": 32, "patch_size": 8},
        projection_dim=16,
    )
    torch.manual_seed(0)
    transformers.OwlViTForObjectDetection(config).save_pretrained(folder)
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="<pad>", unk_token="<unk>", model_max_length=16
    ).save_pretrained(folder)
    side = {"height": 32, "width": 32}
    transformers.OwlViTImageProcessorPil(size=side, crop_size=side).save_pretrained(folder)
