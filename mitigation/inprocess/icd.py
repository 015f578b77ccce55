"""ICD, instruction contrastive decoding: contrast with the answer to a disturbed instruction.

Wang et al. 2024, "Mitigating Hallucinations in Large Vision-Language Models with Instruction
Contrastive Decoding" (Findings of ACL, arXiv:2403.18715), and its code
(https://github.com/p1k0pan/ICD):

    z = (1 + α) · l(x, q) − α · l(x, dq),   −∞ where l(x, q) < max l(x, q) + log β;   α = 1, β = .1

q is the instruction, dq the same with a disturbance put before it, which makes the model unsure of
what it sees. The picture is the same in both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated

from msgspec import Meta

from halluc.errors import InputError
from halluc.mllm import LocalMLLM, Request
from mitigation.inprocess.contrastive import Combiner, Contrastive, Inputs
from mitigation.inprocess.vcd import Alpha, Beta, combine

DISTURBANCE = (
    "You are a confused objects detector to provide a fuzzy overview or impression of the image."
)
"""The first of the published disturbances."""


class ICD(Contrastive, frozen=True, kw_only=True, tag_field="method", tag="icd"):
    """Instruction contrastive decoding.

    Attributes:
        alpha: weight of the contrast, ≥ 0.
        beta: least probability of a token, as a share of the likeliest one's, [0, 1]; 0 allows all.
        disturbance: what is put before the instruction, not empty.
    """

    title = "ICD"
    summary = "Contrast with the logits of a disturbed instruction."
    paper = "arXiv:2403.18715"
    controls = ("mask-only", "yes-bias")

    alpha: Alpha = 1.0
    beta: Beta = 0.1
    disturbance: Annotated[
        str, Meta(description="what is put before the instruction", extra={"metavar": "TEXT"})
    ] = DISTURBANCE

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.disturbance.strip():
            raise InputError("disturbance must not be empty")

    def branches(self, model: LocalMLLM, requests: Sequence[Request]) -> list[Inputs]:
        """The instructions as they are, and disturbed."""
        disturbed = [
            replace(request, prompt=f"{self.disturbance} {request.prompt}") for request in requests
        ]
        return [model.process(requests), model.process(disturbed)]

    def combiner(self, model: LocalMLLM) -> Combiner:
        """The z of the paper, which is VCD's."""
        return partial(combine, alpha=self.alpha, beta=self.beta)
