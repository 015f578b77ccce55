"""Tiny, random checkpoints of families whose processors come without a chat template."""

from __future__ import annotations

from pathlib import Path

from checkpoints import TEXT, VISION, ids_of, save, tokenizer
from making import SIZE, class_of, in_parts, pictures_of

BERT = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64,
    "max_position_embeddings": 512,
}  # fmt: skip
CODES = {
    "base_channels": 32, "channel_multiplier": [1, 1], "num_res_blocks": 1, "latent_channels": 8,
    "num_embeddings": 16, "embed_dim": 8,
}  # fmt: skip
"""Of an encoder whose pictures are words of the vocabulary; it halves them once."""


def blip(folder: Path) -> Path:
    """BLIP's architecture: BERT as a decoder that sees the picture by cross-attention."""
    words = tokenizer()
    words.add_special_tokens({"cls_token": "[CLS]", "sep_token": "[SEP]"})
    config = class_of("BlipConfig")(
        vision_config={**VISION, "projection_dim": 16, "initializer_range": 0.02},
        text_config={
            **BERT, **ids_of(words), "vocab_size": len(words), "projection_dim": 16,
            "encoder_hidden_size": 32, "sep_token_id": words.sep_token_id,
        },
    )  # fmt: skip
    pictures = pictures_of("blip", "Blip", size={"height": SIZE, "width": SIZE})
    return in_parts(
        class_of("BlipForConditionalGeneration")(config), _as_bert(words), pictures, "", folder,
        processor_class="BlipProcessor",
    )  # fmt: skip


def git(folder: Path) -> Path:
    """GIT's architecture: pictures before the text, without words that stand for them."""
    words = tokenizer()
    words.add_special_tokens({"cls_token": "[CLS]", "sep_token": "[SEP]"})
    config = class_of("GitConfig")(
        vision_config=VISION, vocab_size=len(words), **BERT,
        **{**ids_of(words), "bos_token_id": words.cls_token_id, "eos_token_id": words.sep_token_id},
    )  # fmt: skip
    pictures = class_of("CLIPImageProcessorPil")(
        size={"shortest_edge": SIZE}, crop_size={"height": SIZE, "width": SIZE}
    )
    return in_parts(
        class_of("GitForCausalLM")(config), _as_bert(words), pictures, "", folder,
        processor_class="GitProcessor",
    )  # fmt: skip


def kosmos2(folder: Path) -> Path:
    """Kosmos-2's architecture: places of pictures told by a mask, boxes as words."""
    words = tokenizer("<unk>")
    words.add_special_tokens({"unk_token": "<unk>"})  # the 64 behind it are pieces of pictures
    processor = class_of("Kosmos2Processor")(
        class_of("CLIPImageProcessorPil")(
            size={"shortest_edge": SIZE}, crop_size={"height": SIZE, "width": SIZE}
        ),
        words,
        num_patch_index_tokens=4,
    )
    config = class_of("Kosmos2Config")(
        vision_config=VISION,
        text_config={
            "vocab_size": len(words), "embed_dim": 32, "layers": 2, "ffn_dim": 64,
            "attention_heads": 4, "max_position_embeddings": 512, "dropout": 0.0,
            "attention_dropout": 0.0, **ids_of(words),
        },
        latent_query_num=64,
    )  # fmt: skip
    save(class_of("Kosmos2ForConditionalGeneration")(config), processor, folder)
    return folder


def fuyu(folder: Path) -> Path:
    """Fuyu's architecture: no encoder, patches are projected into the backbone."""
    named = ("|SPEAKER|", "|NEWLINE|", "<0x00>", "<0x01>", "<0x02>", "<0x03>", "<0x04>")
    words = tokenizer(*named)
    config = class_of("FuyuConfig")(
        patch_size=14, image_size=56, image_token_id=words.convert_tokens_to_ids("|SPEAKER|"),
        text_config={
            **TEXT, "model_type": "persimmon", "vocab_size": len(words), **ids_of(words),
        },
        **ids_of(words),
    )  # fmt: skip
    pictures = pictures_of(
        "fuyu", "Fuyu", size={"height": 56, "width": 56}, patch_size={"height": 14, "width": 14}
    )
    return in_parts(
        class_of("FuyuForCausalLM")(config), words, pictures, "", folder,
        processor_class="FuyuProcessor",
    )  # fmt: skip


def chameleon(folder: Path) -> Path:
    """Chameleon's architecture: pictures are words of the one vocabulary."""
    coded = [f"IMGIMG{a}{b}Z" for a in "ABCD" for b in "ABCD"]
    words = tokenizer("<image>", "<racm3:break>", "<eoss>", *coded)
    words.add_special_tokens({"sep_token": "<reserved08706>"})
    config = class_of("ChameleonConfig")(
        **TEXT, vocab_size=len(words), **ids_of(words),
        vq_config={**CODES, "resolution": SIZE}, vocabulary_map=words.get_vocab(),
    )  # fmt: skip
    pictures = pictures_of(
        "chameleon", "Chameleon", size={"shortest_edge": SIZE},
        crop_size={"height": SIZE, "width": SIZE},
    )  # fmt: skip
    return in_parts(
        class_of("ChameleonForConditionalGeneration")(config), words, pictures, "", folder,
        processor_class="ChameleonProcessor", image_seq_length=(SIZE // 2) ** 2,
    )  # fmt: skip


def _as_bert(words: object) -> object:
    """With [CLS] in front of a text and [SEP] behind it, as BERT's tokenizer writes them."""
    from tokenizers.processors import TemplateProcessing

    marks = [(each, words.convert_tokens_to_ids(each)) for each in ("[CLS]", "[SEP]")]
    words._tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=marks
    )
    return words
