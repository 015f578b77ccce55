"""The loop that all decodings of `Contrastive` share, through transformers' ``generate``.

A method asks the model several times at once: as it is, and disturbed (another picture, another
instruction, no picture). Each of these is a *branch*, an input transform. All branches stand in one
batch, padded on the left, with one key-value cache; their logits are combined by a pure function of
them and the step, and every branch is fed the token that was picked.

`decode` does this through transformers' hook ``generate(custom_generate=…)``: the library's own
search (greedy, sampling, beams, with several returned sequences) runs on a `Branches`, which looks
like a model of one branch. So logits processors and warpers come after the contrast, and whatever
the search can do, every method can do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.nn.functional import pad as pad_right
from transformers import DynamicCache
from transformers.generation.configuration_utils import GenerationMode
from transformers.generation.utils import (
    ALL_CACHE_NAMES,
    MULTIMODAL_INPUTS_TO_DROP_OUTSIDE_PREFILL,
)
from transformers.modeling_outputs import CausalLMOutputWithPast

from halluc.errors import InputError, ModelError
from halluc.mllm.pictures import one_row
from halluc.mllm.prefixes import CACHE

Inputs = Mapping[str, torch.Tensor]
"""What a model is called with, as its processor gives it."""

Combiner = Callable[[torch.Tensor, int], torch.Tensor]
"""From the branches' logits, (branches, rows, vocabulary), and the number of tokens picked so far
to the logits to pick from, (rows, vocabulary)."""

# What has a place for each token of the prompt, in its second dimension.
ALONG_TEXT = (
    "input_ids",
    "attention_mask",
    "token_type_ids",
    "mm_token_type_ids",
    "cross_attention_mask",
)
OF_QFORMER = ("qformer_input_ids", "qformer_attention_mask")
SEARCHES = {
    GenerationMode.GREEDY_SEARCH: "_sample",
    GenerationMode.SAMPLE: "_sample",
    GenerationMode.BEAM_SEARCH: "_beam_search",
    GenerationMode.BEAM_SAMPLE: "_beam_search",
}


def stack(branches: Sequence[Inputs], pad: int) -> dict[str, torch.Tensor]:
    """One batch of all branches, branch by branch, prompts padded on the left to the longest.

    Args:
        branches: inputs of the same rows. One may lack the pictures.
        pad: the token to pad prompts with.
    """
    longest = max(each["input_ids"].shape[1] for each in branches)
    stacked = {}
    for key in dict.fromkeys(key for each in branches for key in each):
        if key in ALONG_TEXT:
            # A branch of text alone may come without the kinds of its tokens: 0 is text.
            given = [each.get(key, torch.zeros_like(each["input_ids"])) for each in branches]
            parts = [_padded(part, longest, pad if key == "input_ids" else 0) for part in given]
        else:
            parts = [each[key] for each in branches if key in each]
            if key in OF_QFORMER:  # padded on the right, as its attention mask says
                width = max(part.shape[1] for part in parts)
                parts = [pad_right(part, (0, width - part.shape[1])) for part in parts]
        beside = key == "pixel_values" and one_row(branches[0])
        stacked[key] = torch.cat(parts, -1 if beside else 0)
    return stacked


def _padded(part: torch.Tensor, length: int, value: int) -> torch.Tensor:
    """Filled up on the left of the second dimension."""
    missing = part.new_full((part.shape[0], length - part.shape[1], *part.shape[2:]), value)
    return torch.cat([missing, part], 1)


def decode(
    model: Any,
    input_ids: torch.Tensor,
    logits_processor: Any,
    stopping_criteria: Any,
    generation_config: Any,
    *,
    branches: int,
    combine: Combiner,
    drop: bool = True,
    **model_kwargs: Any,
) -> Any:
    """``custom_generate`` for a batch that `stack` made; set the last three with functools.partial.

    These are the number of branches, what to make of their logits, and whether rows that have
    ended leave the batch.

    Returns:
        What ``generate`` returns, for the rows of the first branch.

    Raises:
        InputError: the generation config asks for what cannot be had with several branches.
        ModelError: the model cannot be decoded so.
    """
    mode = generation_config.get_generation_mode()
    if mode not in SEARCHES:
        raise InputError(f"{mode.value.replace('_', ' ')} does not go with contrastive decoding")
    if generation_config.output_attentions or generation_config.output_hidden_states:
        raise InputError("attentions and hidden states are not kept in contrastive decoding")
    if model.config.is_encoder_decoder:
        raise ModelError("contrastive decoding needs a decoder-only language model")
    cache = next((model_kwargs[name] for name in ALL_CACHE_NAMES if name in model_kwargs), None)
    if not generation_config.use_cache or not isinstance(cache, DynamicCache):
        raise InputError("contrastive decoding needs the dynamic key-value cache; leave it on")
    rows = len(input_ids) // branches
    view = Branches(model, input_ids, model_kwargs, branches, combine, drop=drop)
    search = getattr(type(model), SEARCHES[mode])
    return search(
        view,
        input_ids[:rows],
        logits_processor=logits_processor,
        stopping_criteria=stopping_criteria,
        generation_config=generation_config,
        use_cache=True,
    )


class Branches:
    """Several branches that look like a model of one, to transformers' searches.

    Rows that have ended leave the batch in greedy search and sampling; their logits are then 0.

    Args:
        model: whose methods are used for everything that is not defined here.
        input_ids: prompts, (branches x rows, length), as `stack` orders them.
        model_kwargs: what else ``generate`` prepared for the model.
        branches: how many.
        combine, drop: see `decode`.
    """

    def __init__(
        self,
        model: Any,
        input_ids: torch.Tensor,
        model_kwargs: dict[str, Any],
        branches: int,
        combine: Combiner,
        *,
        drop: bool,
    ) -> None:
        self._model, self._ids, self._kwargs = model, input_ids, model_kwargs
        self._branches, self._combine = branches, combine
        self._rows = len(input_ids) // branches
        self._left = torch.arange(self._rows, device=input_ids.device)  # rows that go on
        self._ends: torch.Tensor | None = None
        self._may_drop = drop
        self._step = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def _prefill(self, input_ids: torch.Tensor, config: Any, *_: Any, **__: Any) -> Any:
        """The prompts, pictures encoded."""
        if (
            self._may_drop and config.num_beams == 1
        ):  # beams that have ended are put aside by the search itself
            self._ends = config._eos_token_tensor
        outputs = self._model._prefill(self._ids, config, self._kwargs)
        for name in MULTIMODAL_INPUTS_TO_DROP_OUTSIDE_PREFILL:
            self._kwargs.pop(name, None)
        return self._combined(outputs)

    def prepare_inputs_for_generation(self, input_ids: torch.Tensor, **_: Any) -> dict[str, Any]:
        """What the next step needs of one branch: the token that was picked."""
        return {"picked": input_ids[:, -1]}

    def __call__(self, picked: torch.Tensor, **_: Any) -> Any:
        """The next step of all branches."""
        if self._ends is not None:
            on = ~torch.isin(picked[self._left], self._ends.to(picked.device))
            if not on.all():
                self._drop(on)
        token = picked[self._left].repeat(self._branches)[:, None]
        self._ids = torch.cat([self._ids, token], 1)
        inputs = self._model.prepare_inputs_for_generation(
            self._ids, next_sequence_length=1, **self._kwargs
        )
        return self._combined(self._model(**inputs, return_dict=True))

    def _combined(self, outputs: Any) -> Any:
        """Output as of one branch; the state of all of them is kept here."""
        self._kwargs = self._model._update_model_kwargs_for_generation(
            outputs, self._kwargs, is_encoder_decoder=False
        )
        logits = outputs.logits[:, -1].float()
        combined = self._combine(logits.unflatten(0, (self._branches, -1)), self._step)
        self._step += 1
        if len(self._left) < self._rows:
            whole = combined.new_zeros(self._rows, combined.shape[-1])
            combined = whole.index_copy(0, self._left, combined)
        return CausalLMOutputWithPast(logits=combined[:, None], **{CACHE: self._cache})

    @property
    def _cache(self) -> Any:
        return self._kwargs[CACHE]

    def _update_model_kwargs_for_generation(
        self, outputs: Any, model_kwargs: dict[str, Any], **_: Any
    ) -> dict[str, Any]:
        """The search carries the cache around, and gives it back to `_reorder_cache`."""
        return {**model_kwargs, CACHE: outputs[CACHE]}

    def _reorder_cache(self, cache: Any, beams: torch.Tensor) -> Any:
        """Let each beam go on from the one that it grew out of, in all branches."""
        self._select(self._of_all_branches(beams, self._rows))
        return self._cache

    def _drop(self, on: torch.Tensor) -> None:
        """Take the rows that have ended out of the batch."""
        kept = on.nonzero()[:, 0]
        self._select(self._of_all_branches(kept, len(self._left)))
        self._left = self._left[kept]

    def _of_all_branches(self, rows: torch.Tensor, size: int) -> torch.Tensor:
        """The places of rows in the batch, for branches of so many rows."""
        return torch.cat([rows + size * branch for branch in range(self._branches)])

    def _select(self, places: torch.Tensor) -> None:
        """Take these rows of everything that has rows."""
        size = len(self._ids)
        self._ids = self._ids[places]
        for layer in self._cache.layers:
            if hasattr(layer, "conv_states"):  # linear attention can only be put in another order
                layer.reorder_cache(places)
            else:
                layer.batch_select_indices(places)
        for name, value in self._kwargs.items():
            if isinstance(value, torch.Tensor) and value.dim():
                # Qwen's positions have three or four axes in front of the rows.
                axis = 1 if name == "position_ids" and value.dim() == 3 else 0
                if value.shape[axis] == size:
                    self._kwargs[name] = value.index_select(axis, places)
