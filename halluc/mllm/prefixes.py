"""Prefix reuse: what rows of a batch begin with, picture included, is computed once.

Questions on the same picture (POPE, MME, AMBER) begin alike: the template's words, the picture's
hundreds of tokens, the first words of the question. Their keys and values are computed and kept
once (`halluc.mllm.attention`); only the endings are run as a batch:

    row 1   [ prefix of picture A     | · ending ]
    row 2   [ prefix of picture A     | ending   ]
    row 3   [ · · prefix of picture B | · ending ]      · padding

Rows are told apart by the pictures' pixels, so a decoding with several branches shares what each
of them can: with VCD the clean picture, with every question its own noised one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import transformers
from transformers.cache_utils import DynamicLayer
from transformers.generation.utils import ALL_CACHE_NAMES

from halluc.errors import InputError
from halluc.mllm.attention import NAME, SharedLayer
from halluc.mllm.pictures import owners, picture_sizes

CACHE: str = ALL_CACHE_NAMES[0]
"""Name of the key-value cache: ``past_key_values`` until transformers 5.23, ``cache`` since."""

_ALONG_TEXT = ("input_ids", "attention_mask", "mm_token_type_ids")
# With one entry for each picture, like pixel_values.
_OF_PICTURES = ("image_sizes", "image_grid_thw", "pixel_attention_mask", "batch_num_images")
WORTH = 0.75
"""Fewer tokens than this share of all are worth a pass of their own."""


@dataclass(frozen=True)
class Shared:
    """Rows whose prefixes are computed already.

    Attributes:
        inputs: all rows, prefixes and endings, without pictures.
        index: the prefix of each row.
        cache: keys and values of the prefixes.
        deltas: how far the positions of text stand from their number behind each prefix's
            pictures, in models with positions in time, height and width.
    """

    inputs: dict[str, torch.Tensor]
    index: torch.Tensor
    cache: transformers.DynamicCache
    deltas: torch.Tensor | None

    def ready(self, model: Any) -> dict[str, Any]:
        """Inputs for one call of ``generate``, with a cache that it may fill."""
        cache = transformers.DynamicCache()
        cache.layers = [SharedLayer(layer, self.index) for layer in self.cache.layers]
        if self.deltas is not None:
            model.model.rope_deltas = self.deltas[self.index]
        return {**self.inputs, CACHE: cache}


def let_share(model: Any) -> bool:
    """Let a model attend to shared prefixes, if it can.

    Not so with sliding windows and recurrent layers, in models of an encoder and a decoder, where
    attention is not torch's own, and with a ``generate`` that asks for a picture (BLIP-2's).
    """
    if (
        model.config.is_encoder_decoder
        or not model._supports_default_dynamic_cache()
        or type(model).generate is not transformers.GenerationMixin.generate
    ):
        return False
    decoder = model.get_decoder()
    cache = transformers.DynamicCache(config=decoder.config)
    if not (
        decoder.config._attn_implementation in ("sdpa", NAME)
        and decoder._supports_attention_backend
        and all(type(layer) is DynamicLayer for layer in cache.layers)
    ):
        return False
    decoder.set_attn_implementation(NAME)
    return True


def share_prefixes(
    model: Any,
    inputs: Mapping[str, torch.Tensor],
    image_token: int | None,
    worth: float = WORTH,
) -> Shared | None:
    """Compute each different prefix once; None where that is not possible or not worth it.

    Args:
        model: the transformers model, one that `let_share` was asked about.
        inputs: what ``generate`` would be called with, padded on the left.
        image_token: stands for a piece of a picture.
        worth: how many tokens may be left to compute, as a share of all.
    """
    if "pixel_values" not in inputs or not set(inputs) <= {
        *_ALONG_TEXT,
        *_OF_PICTURES,
        "pixel_values",
    }:
        return None  # such as token_type_ids: PaliGemma's prompts are seen as a whole
    try:
        owned = owners(inputs, len(inputs["input_ids"]), image_token)
    except InputError:
        return None
    groups = _groups(inputs, owned)
    if len(groups) == len(inputs["input_ids"]):
        return None
    texts = [
        row[mask.bool()]
        for row, mask in zip(inputs["input_ids"], inputs["attention_mask"], strict=True)
    ]
    lengths = [_common([texts[row] for row in rows]) for rows in groups]
    for rows, length in zip(groups, lengths, strict=True):
        if any(bool((texts[row][length:] == image_token).any()) for row in rows):
            return None
    longest = max(lengths)
    ending = max(
        len(texts[row]) - length
        for rows, length in zip(groups, lengths, strict=True)
        for row in rows
    )
    spent = len(groups) * longest + len(texts) * ending
    if spent > worth * inputs["input_ids"].numel():
        return None

    firsts = [rows[0] for rows in groups]
    places = {row: place for place, rows in enumerate(groups) for row in rows}
    index = torch.tensor([places[row] for row in range(len(texts))], device=texts[0].device)
    pad = model.generation_config.pad_token_id
    begin = [(row, 0, lengths[places[row]]) for row in firsts]
    end = [(row, lengths[places[row]], len(text)) for row, text in enumerate(texts)]
    prefixes, endings = (
        _cut(inputs, pieces, width, pad) for pieces, width in ((begin, longest), (end, ending))
    )
    pictures = _pictures(inputs, [n for row in firsts for n, own in enumerate(owned) if own == row])
    settings = transformers.GenerationConfig(
        max_new_tokens=1, do_sample=False, return_dict_in_generate=True, use_cache=True
    )
    told = model.generate(**prefixes, **pictures, generation_config=settings)
    return Shared(
        {key: torch.cat([prefixes[key][index], endings[key]], 1) for key in prefixes},
        index,
        told[CACHE],
        getattr(getattr(model, "model", None), "rope_deltas", None),
    )


def _groups(inputs: Mapping[str, torch.Tensor], owned: list[int]) -> list[list[int]]:
    """Rows with the same pictures."""
    parts: list[list[torch.Tensor]] = [[] for _ in inputs["input_ids"]]
    sizes = picture_sizes(inputs).tolist()
    for number, (row, pixels) in enumerate(
        zip(owned, torch.split(inputs["pixel_values"], sizes), strict=True)
    ):
        parts[row] += [pixels, *(inputs[key][number] for key in _OF_PICTURES if key in inputs)]
    groups: dict[bytes, list[int]] = {}
    for row, own in enumerate(parts):
        digest = hashlib.sha256()
        for each in own:
            digest.update(each.cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
        groups.setdefault(digest.digest(), []).append(row)
    return list(groups.values())


def _common(texts: list[torch.Tensor]) -> int:
    """How many tokens texts begin alike with, less than any of them has."""
    shortest = min(len(each) for each in texts) - 1
    first = texts[0][:shortest]
    same = torch.stack([each[:shortest] == first for each in texts]).all(0)
    return int(same.long().cumprod(0).sum())


def _cut(
    inputs: Mapping[str, torch.Tensor], pieces: list[tuple[int, int, int]], width: int, pad: int
) -> dict[str, torch.Tensor]:
    """Pieces of rows (row, first token, end), padded on the left to a width."""
    cut = {}
    for key in _ALONG_TEXT:
        if key not in inputs:
            continue
        filler = pad if key == "input_ids" else 0
        cut[key] = inputs[key].new_full((len(pieces), width), filler)
        for place, (row, first, end) in enumerate(pieces):
            text = inputs[key][row][inputs["attention_mask"][row].bool()]
            cut[key][place, width - (end - first) :] = text[first:end]
    return cut


def _pictures(inputs: Mapping[str, torch.Tensor], picked: list[int]) -> dict[str, torch.Tensor]:
    """The inputs of some pictures alone."""
    split = torch.split(inputs["pixel_values"], picture_sizes(inputs).tolist())
    own = {key: inputs[key][picked] for key in _OF_PICTURES if key in inputs}
    return {"pixel_values": torch.cat([split[each] for each in picked]), **own}
