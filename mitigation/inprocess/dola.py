"""DoLa: contrast the last layer with the early layer that differs most from it.

Chuang et al. 2024, "DoLa: Decoding by Contrasting Layers Improves Factuality in Large Language
Models" (ICLR, arXiv:2309.03883), and its code (https://github.com/voidism/DoLa):

    m = the early layer with the greatest Jensen-Shannon divergence from the last
    z = log p − α · log p_m,   −∞ where p < β max p;   α = 1, β = .1

Layers to choose from are every second one of the lower or of the upper half (the paper's buckets
for 32 layers), from the embedding on. The logits of a layer go through the final norm, as in DeCo;
the published code leaves it out. That code also chooses one layer for a whole batch, here each row
has its own; and α, which is 1 in the paper, makes plain decoding of it at 0.
"""

from __future__ import annotations

import random
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta

from halluc.mllm import LocalMLLM
from mitigation.inprocess.contrastive import Combiner, Contrastive
from mitigation.inprocess.logits import plausible
from mitigation.inprocess.vcd import Alpha, Beta

if TYPE_CHECKING:
    import torch


class DoLa(Contrastive, frozen=True, kw_only=True, tag_field="method", tag="dola"):
    """Decoding by contrasting layers.

    Attributes:
        alpha: weight of the early layer, ≥ 0.
        beta: least probability of a token, as a share of the likeliest one's, [0, 1]; 0 allows all.
        half: of which half of the depth every second layer can be chosen.
        random_layer: control: one of them drawn for each token.
    """

    title = "DoLa"
    summary = "Contrast with the logits of the early layer that differs most."
    paper = "arXiv:2309.03883"
    controls = ("mask-only", "eos-bias")
    width = 1

    alpha: Alpha = 1.0
    beta: Beta = 0.1
    half: Annotated[
        Literal["lower", "upper"], Meta(description="half of the depth that it chooses from")
    ] = "lower"
    random_layer: Annotated[
        bool, Meta(description="control: draw the early layer for each token")
    ] = False

    def hooks(self, model: LocalMLLM, inputs: Any) -> AbstractContextManager[object]:
        """Read the early layers' states.

        Raises:
            ModelError: the model's layers cannot be read.
        """
        from mitigation.inprocess.layers import EarlyLogits, depth, layers_of

        count = len(layers_of(model, "dola")[1])
        middle = depth(0.5, count)
        chosen = range(0, middle, 2) if self.half == "lower" else range(middle, count, 2)
        return EarlyLogits(model, "dola", chosen).reading()

    def combiner(self, model: LocalMLLM) -> Combiner:
        """The paper's z."""
        from mitigation.inprocess.layers import early_logits

        def contrasted(logits: torch.Tensor, step: int) -> torch.Tensor:
            early = early_logits(model, "dola", logits.shape[1])
            drawn = random.Random(f"{self.seed}:{step}").randrange(len(early))
            layer = drawn if self.random_layer else None
            return combine(logits[0], early, alpha=self.alpha, beta=self.beta, layer=layer)

        return contrasted


def combine(
    logits: torch.Tensor,
    early: torch.Tensor,
    *,
    alpha: float,
    beta: float,
    layer: int | None = None,
) -> torch.Tensor:
    """The paper's z = log p − α log p_m, −∞ where p < β max p.

    Args:
        logits: of the last layer, (rows, vocabulary).
        early: of the layers to choose from, (layers, rows, vocabulary).
        alpha: weight of the early layer.
        beta: least share of the likeliest token's probability; 0 allows all.
        layer: the layer that all rows take; None lets each choose.
    """
    import torch

    last, others = logits.log_softmax(-1), early.log_softmax(-1)
    if layer is None:
        mean = torch.logaddexp(last.expand_as(others), others) - torch.tensor(2.0).log()
        divergence = _divergence(last.expand_as(others), mean) + _divergence(others, mean)
        chosen = divergence.argmax(0)
    else:
        chosen = torch.full_like(logits[:, 0], layer).long()
    rows = torch.arange(len(logits), device=logits.device)
    return plausible(last - alpha * others[chosen, rows], logits, beta)


def _divergence(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Kullback-Leibler of log-probabilities; tokens that cannot be said count nothing."""
    chances = one.exp()
    return (chances * (one - other)).where(chances > 0, 0).sum(-1)
