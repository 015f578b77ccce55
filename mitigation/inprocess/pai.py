"""PAI: more attention to the picture, and a constant contrast with the answer without it.

Liu et al. 2024, "Paying More Attention to Image: A Training-Free Method for Alleviating
Hallucination in LVLMs" (ECCV, arXiv:2407.21771), and its code (https://github.com/LALBJ/PAI):

    a ← a + α |a| on the picture's columns, in layers 2 to 32 of 32;   α = .2
    z = γ log p(x) − (γ − 1) log p(),   −∞ where p(x) < β max p(x);    γ = 1.1, β = .1

a are attention scores of the last query before the softmax; p() is the same without the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from halluc.mllm import LocalMLLM, Request
from mitigation.inprocess.contrastive import Combiner, Contrastive, Inputs
from mitigation.inprocess.logits import contrast, plausible
from mitigation.inprocess.m3id import with_and_without
from mitigation.inprocess.vaf import Boosted, FirstLayer, LastLayer, check_layers
from mitigation.inprocess.vcd import Beta

if TYPE_CHECKING:
    import torch


class PAI(Contrastive, frozen=True, kw_only=True, tag_field="method", tag="pai"):
    """Paying attention to the image.

    Attributes:
        attention: α, how much of their size the picture's attention scores gain, ≥ 0.
        gamma: weight of the answer with the picture, ≥ 1; 1 contrasts nothing.
        beta: least probability of a token, as a share of the likeliest one's, [0, 1]; 0 allows all.
        first_layer, end_layer: in which layers, as fractions of the depth, [0, 1].
        boosted: what gets more attention; all but the picture are controls.

    Raises:
        InputError: a value is out of its range, or the layers are in the wrong order.
    """

    title = "PAI"
    summary = "More attention to the picture, and a contrast with the logits without it."
    paper = "arXiv:2407.21771"
    controls = ("m3id", "eos-bias")

    attention: Annotated[
        float, Meta(ge=0, description="how much the picture's attention scores gain")
    ] = 0.2
    gamma: Annotated[
        float, Meta(ge=1, description="weight of the answer with the picture; 1: no contrast")
    ] = 1.1
    beta: Beta = 0.1
    first_layer: FirstLayer = 0.0625
    end_layer: LastLayer = 1.0
    boosted: Boosted = "picture"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_layers(self.first_layer, self.end_layer)

    @property
    def shares(self) -> bool:
        """Never: the picture's columns are those of a row."""
        return False

    def branches(self, model: LocalMLLM, requests: Sequence[Request]) -> list[Inputs]:
        """The instructions with their picture, and without.

        Raises:
            InputError: a request has no picture to begin with.
            ModelError: the model takes no request without a picture, or not beside one that has it.
        """
        return with_and_without("pai", model, requests)

    def hooks(self, model: LocalMLLM, inputs: Any) -> AbstractContextManager[object]:
        """Change the scores.

        Raises:
            ModelError: the model attends otherwise, or does not show where pictures are.
        """
        from mitigation.inprocess.picture_attention import changed_attention

        return changed_attention(
            model, inputs, self.change, method="pai", first=self.first_layer,
            last=self.end_layer, columns=self.boosted, seed=self.seed,
        )  # fmt: skip

    def change(
        self, scores: torch.Tensor, boosted: torch.Tensor, system: torch.Tensor
    ) -> torch.Tensor:
        """The paper's a."""
        return scores.where(~boosted, scores + self.attention * scores.abs())

    def combiner(self, model: LocalMLLM) -> Combiner:
        """The paper's z."""
        return partial(combine, gamma=self.gamma, beta=self.beta)


def combine(logits: torch.Tensor, step: int, *, gamma: float, beta: float) -> torch.Tensor:
    """The paper's z = γ log p − (γ − 1) log p′, −∞ where p < β max p."""
    clean, blind = logits.log_softmax(-1)
    return plausible(contrast(clean, blind, gamma - 1), clean, beta)
