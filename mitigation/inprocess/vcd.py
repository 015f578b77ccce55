"""VCD, visual contrastive decoding: contrast the picture's logits with those of a noised picture.

Leng et al. 2024, "Mitigating Object Hallucinations in Large Vision-Language Models through Visual
Contrastive Decoding" (arXiv:2311.16922), and its code
(https://github.com/DAMO-NLP-SG/VCD, defaults of its evaluation):

    z = (1 + α) · l(x) − α · l(x_t),   −∞ where l(x) < max l(x) + log β;   α = 1, β = .1, t = 500

x are the pixels as the model gets them, after normalisation; x_t are the same with the noise of
step t (`mitigation.inprocess.noise`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from halluc.mllm import LocalMLLM, Request
from mitigation.inprocess.contrastive import Combiner, Contrastive, Inputs, require_pictures
from mitigation.inprocess.logits import contrast, plausible

if TYPE_CHECKING:
    import torch

Alpha = Annotated[float, Meta(ge=0, description="weight of the contrast")]
Beta = Annotated[
    float,
    Meta(ge=0, le=1, description="plausibility constraint: least share of the likeliest token"),
]


class VCD(Contrastive, frozen=True, kw_only=True, tag_field="method", tag="vcd"):
    """Visual contrastive decoding.

    Attributes:
        alpha: weight of the contrast, ≥ 0.
        beta: least probability of a token, as a share of the likeliest one's, [0, 1]; 0 allows all.
        noise_step: t, 0 to 999; more is noisier.
    """

    title = "VCD"
    summary = "Contrast with the logits of a noised picture."
    paper = "arXiv:2311.16922"
    controls = ("mask-only", "yes-bias")

    alpha: Alpha = 1.0
    beta: Beta = 0.1
    noise_step: Annotated[int, Meta(ge=0, le=999, description="how much noise, 0 to 999")] = 500

    def branches(self, model: LocalMLLM, requests: Sequence[Request]) -> list[Inputs]:
        """The pictures as they are, and noised.

        Raises:
            InputError: a request has no picture.
            ModelError: the model takes pictures in a form that is not known here.
        """
        from halluc.mllm.pictures import image_token
        from mitigation.inprocess.noise import add_noise, picture_inputs

        require_pictures("vcd", requests)
        clean = model.process(requests)
        noised = {
            name: add_noise(
                clean,
                [request.id for request in requests],
                step=self.noise_step,
                seed=self.seed,
                image_token=image_token(model.config),
                temporal=getattr(model.processor.image_processor, "temporal_patch_size", 1),
                name=name,
            )
            for name in picture_inputs(clean)
        }
        return [clean, {**clean, **noised}]

    def combiner(self, model: LocalMLLM) -> Combiner:
        """The paper's z."""
        return partial(combine, alpha=self.alpha, beta=self.beta)


def combine(logits: torch.Tensor, step: int, *, alpha: float, beta: float) -> torch.Tensor:
    """The paper's z = (1 + α) · l − α · l′, −∞ where l < max l + log β."""
    clean, other = logits
    return plausible(contrast(clean, other, alpha), clean, beta)
