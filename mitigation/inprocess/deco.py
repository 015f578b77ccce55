"""DeCo: add the early layer that is surest of a likely token.

Wang et al. 2025, "MLLM can see? Dynamic Correction Decoding for Hallucination Mitigation" (ICLR,
arXiv:2410.11779), and its code (https://github.com/zjunlp/Deco):

    C = the 20 likeliest tokens of l, down to the one with which they reach .9 together
    m = the layer between 20 and 28 of 32 that gives any token of C its greatest probability p
    z = l + α · p · l_m on C, −∞ elsewhere;   α = .6

l_m are the logits of layer m through the final norm and the head. The published code chooses one
layer for a whole batch and runs with batches of one; here each row has its own.
"""

from __future__ import annotations

import random
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from halluc.errors import InputError
from halluc.mllm import LocalMLLM
from mitigation.inprocess.contrastive import Combiner, Contrastive

if TYPE_CHECKING:
    import torch


class DeCo(Contrastive, frozen=True, kw_only=True, tag_field="method", tag="deco"):
    """Dynamic correction by early layers.

    Attributes:
        alpha: weight of the early layer, ≥ 0.
        candidate_k: most candidates, ≥ 0; 0 sets no limit.
        candidate_p: candidates are the likeliest tokens that together reach this, (0, 1].
        first_layer, last_layer: between which layers it chooses, as fractions of the depth, [0, 1].
        random_layer: control: one of them drawn for each token.

    Raises:
        InputError: a value is out of its range, or the layers are in the wrong order.
    """

    title = "DeCo"
    summary = "Add the logits of the early layer that is surest of a likely token."
    paper = "arXiv:2410.11779"
    controls = ("mask-only", "eos-bias")
    width = 1

    alpha: Annotated[float, Meta(ge=0, description="weight of the early layer")] = 0.6
    candidate_k: Annotated[int, Meta(ge=0, description="most candidates; 0: no limit")] = 20
    candidate_p: Annotated[
        float, Meta(gt=0, le=1, description="probability that candidates reach together")
    ] = 0.9
    first_layer: Annotated[
        float, Meta(ge=0, le=1, description="earliest layer, as a fraction of the depth")
    ] = 0.625
    last_layer: Annotated[
        float, Meta(ge=0, le=1, description="latest early layer, as a fraction of the depth")
    ] = 0.875
    random_layer: Annotated[
        bool, Meta(description="control: draw the early layer for each token")
    ] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.first_layer > self.last_layer:
            raise InputError(
                f"first_layer must be at most last_layer, not {self.first_layer} behind "
                f"{self.last_layer}"
            )

    def hooks(self, model: LocalMLLM, inputs: Any) -> AbstractContextManager[object]:
        """Read the early layers' states.

        Raises:
            ModelError: the model's layers cannot be read.
        """
        from mitigation.inprocess.layers import EarlyLogits, depth, layers_of

        count = len(layers_of(model, "deco")[1])
        ends = (min(depth(each, count), count - 1) for each in (self.first_layer, self.last_layer))
        first, last = ends
        return EarlyLogits(model, "deco", range(first, last + 1)).reading()

    def combiner(self, model: LocalMLLM) -> Combiner:
        """The paper's z."""
        from mitigation.inprocess.layers import early_logits

        def corrected(logits: torch.Tensor, step: int) -> torch.Tensor:
            early = early_logits(model, "deco", logits.shape[1])
            drawn = random.Random(f"{self.seed}:{step}").randrange(len(early))
            return combine(
                logits[0],
                early,
                alpha=self.alpha,
                candidate_k=self.candidate_k,
                candidate_p=self.candidate_p,
                layer=drawn if self.random_layer else None,
            )

        return corrected


def combine(
    logits: torch.Tensor,
    early: torch.Tensor,
    *,
    alpha: float,
    candidate_k: int,
    candidate_p: float,
    layer: int | None = None,
) -> torch.Tensor:
    """The paper's z = l + α · p · l_m on the candidates, −∞ elsewhere.

    Args:
        logits: of the last layer, (rows, vocabulary).
        early: of the layers to choose from, (layers, rows, vocabulary).
        alpha: weight of the early layer.
        candidate_k: most candidates; 0: no limit.
        candidate_p: what candidates reach together.
        layer: the layer that all rows take; None lets each choose.
    """
    import torch

    most = min(candidate_k or logits.shape[-1], logits.shape[-1])
    chances, tokens = logits.softmax(-1).topk(most)
    reached = chances.cumsum(-1) - chances  # by the tokens before each
    kept = (reached < candidate_p) | torch.tensor(candidate_p >= 1, device=logits.device)
    sure = early.softmax(-1).gather(-1, tokens.expand(len(early), *tokens.shape))
    sure = sure.masked_fill(~kept, 0).amax(-1)  # (layers, rows)
    chosen = sure.argmax(0) if layer is None else torch.full_like(sure[0], layer).long()
    rows = torch.arange(len(logits), device=logits.device)
    corrected = logits + alpha * sure[chosen, rows, None] * early[chosen, rows]
    allowed = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, tokens, kept)
    return corrected.masked_fill(~allowed, float("-inf"))
