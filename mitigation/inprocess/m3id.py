"""M3ID: contrast with the answer without a picture, the more so the longer the answer grows.

Favero et al. 2024, "Multi-Modal Hallucination Control by Visual Information Grounding"
(CVPR, arXiv:2403.14003):

    z = l(x) + (1 − γ_t) / γ_t · (l(x) − l()),   γ_t = exp(−λ t),   λ = .02

t is the number of tokens said so far: a model forgets its picture while it speaks, and the first
token is not contrasted at all. There is no code of the authors. As in later comparisons with the
method, β = .1 rules out what is implausible as in VCD; the paper's rule that leaves confident steps
alone is not there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from halluc.errors import ModelError
from halluc.mllm import LocalMLLM, Request
from mitigation.inprocess.contrastive import Combiner, Contrastive, Inputs, require_pictures
from mitigation.inprocess.logits import contrast, plausible
from mitigation.inprocess.vcd import Beta

if TYPE_CHECKING:
    import torch

# Of models that give each row of a batch a picture of its own: Llama 3.2 Vision, InstructBLIP.
_ROW_BY_ROW = {"cross_attention_mask", "qformer_input_ids"}


class M3ID(Contrastive, frozen=True, kw_only=True, tag_field="method", tag="m3id"):
    """Mutual-information decoding.

    Attributes:
        lambda_: how fast the picture is forgotten, ≥ 0, per token.
        beta: least probability of a token, as a share of the likeliest one's, [0, 1]; 0 allows all.
    """

    title = "M3ID"
    summary = "Contrast with the logits without a picture, the more so the longer the answer."
    paper = "arXiv:2403.14003"
    controls = ("mask-only",)

    lambda_: Annotated[float, Meta(ge=0, description="how fast the picture is forgotten")] = 0.02
    beta: Beta = 0.1

    def branches(self, model: LocalMLLM, requests: Sequence[Request]) -> list[Inputs]:
        """The instructions with their picture, and without.

        Raises:
            InputError: a request has no picture to begin with.
            ModelError: the model takes no request without a picture, or not beside one that has it.
        """
        return with_and_without("m3id", model, requests)

    def combiner(self, model: LocalMLLM) -> Combiner:
        """The paper's z."""
        return partial(combine, lambda_=self.lambda_, beta=self.beta)


def with_and_without(method: str, model: LocalMLLM, requests: Sequence[Request]) -> list[Inputs]:
    """The inputs of requests with their picture, and without.

    Raises:
        InputError: a request has no picture to begin with.
        ModelError: the model takes no request without a picture, or not beside one that has it.
    """
    require_pictures(method, requests)
    blind = [replace(request, image=None) for request in requests]
    try:
        branches = [model.process(requests), model.process(blind)]
    except (ValueError, TypeError):  # PaliGemma's
        branches = []
    if not branches or _ROW_BY_ROW & set(branches[0]) or not _in_the_text(*branches):
        name = model.card["model"]["name"]
        raise ModelError(
            f"{name} needs a picture with every request, so {method} cannot take it away"
        )
    return branches


def _in_the_text(seen: Inputs, blind: Inputs) -> bool:
    """Whether pictures have tokens; else GIT and BLIP would show them to the rows without, too."""
    one, other = seen["input_ids"], blind["input_ids"]
    return one.shape != other.shape or not bool((one == other).all())


def combine(logits: torch.Tensor, step: int, *, lambda_: float, beta: float) -> torch.Tensor:
    """The paper's z = l + (1 − γ_t) / γ_t · (l − l′), −∞ where l < max l + log β."""
    clean, blind = logits
    # exp(λ t) − 1 without the loss of digits at small t; at most what a float32 can hold.
    weight = math.expm1(min(lambda_ * step, 60.0))
    return plausible(contrast(clean, blind, weight), clean, beta)
