"""VAF: more attention to the picture, and less to what is before it, in the middle layers.

Yin et al. 2025, "ClearSight: Visual Signal Enhancement for Object Hallucination Mitigation in
Multimodal Large Language Models" (CVPR, arXiv:2503.13107), and its code
(https://github.com/ustc-hyin/ClearSight):

    a ← 1.15 · a on the picture's columns, .95 · a on those before it, in layers 9 to 14 of 32

a are attention scores before the softmax. The published code changes all queries behind the
picture; here it is the last one of each pass (`mitigation.inprocess.picture_attention`), so that of
the prompt only its last token attends otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta

from halluc.errors import InputError
from halluc.mllm import LocalMLLM, Request
from mitigation.inprocess.contrastive import Contrastive, Inputs, require_pictures

if TYPE_CHECKING:
    import torch

FirstLayer = Annotated[
    float, Meta(ge=0, le=1, description="earliest layer, as a fraction of the depth")
]
LastLayer = Annotated[
    float, Meta(ge=0, le=1, description="the layer before which it ends, as a fraction")
]
Boosted = Annotated[
    Literal["picture", "text", "random"],
    Meta(description="what gets more attention; control: the text, or as many random columns"),
]


class VAF(Contrastive, frozen=True, kw_only=True, tag_field="method", tag="vaf"):
    """Visual amplification fusion.

    Attributes:
        enhance: factor of the picture's attention scores, ≥ 0.
        suppress: factor of those of the text before the picture, ≥ 0.
        first_layer, end_layer: in which layers, as fractions of the depth, [0, 1].
        boosted: what is enhanced; all but the picture are controls.

    Raises:
        InputError: a value is out of its range, or the layers are in the wrong order.
    """

    title = "VAF"
    summary = "More attention to the picture, less to what is before it, in the middle layers."
    paper = "arXiv:2503.13107"
    controls = ("eos-bias", "yes-bias")
    width = 1

    enhance: Annotated[
        float, Meta(ge=0, description="factor of the picture's attention scores")
    ] = 1.15
    suppress: Annotated[
        float, Meta(ge=0, description="factor of the scores of the text before the picture")
    ] = 0.95
    first_layer: FirstLayer = 0.28
    end_layer: LastLayer = 0.47
    boosted: Boosted = "picture"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_layers(self.first_layer, self.end_layer)

    def branches(self, model: LocalMLLM, requests: Sequence[Request]) -> list[Inputs]:
        """The requests as they are.

        Raises:
            InputError: a request has no picture.
        """
        require_pictures("vaf", requests)
        return super().branches(model, requests)

    @property
    def shares(self) -> bool:
        """Never: the picture's columns are those of a row."""
        return False

    def hooks(self, model: LocalMLLM, inputs: Any) -> AbstractContextManager[object]:
        """Change the scores.

        Raises:
            ModelError: the model attends otherwise, or does not show where pictures are.
        """
        from mitigation.inprocess.picture_attention import changed_attention

        return changed_attention(
            model, inputs, self.change, method="vaf", first=self.first_layer,
            last=self.end_layer, columns=self.boosted, seed=self.seed,
        )  # fmt: skip

    def change(
        self, scores: torch.Tensor, boosted: torch.Tensor, system: torch.Tensor
    ) -> torch.Tensor:
        """The paper's a."""
        scores = scores.where(~boosted, scores * self.enhance)
        return scores.where(~system, scores * self.suppress)


def check_layers(first_layer: float, end_layer: float) -> None:
    """Refuse layers in the wrong order.

    Raises:
        InputError: the first is behind the end.
    """
    if first_layer > end_layer:
        raise InputError(f"first_layer must be at most end_layer {end_layer}, not {first_layer}")
