"""Control: the plausibility constraint of contrastive decoding, alone.

Yin et al. 2025, "The Mirage of Performance Gains: Why Contrastive Decoding Fails to Mitigate Object
Hallucinations in MLLMs?" (arXiv:2504.10020), find that gains of VCD, ICD and SID on POPE come from
two side effects: more answers of yes, and the plausibility constraint, which makes sampling nearly
greedy. Each of them stands alone here as a control, which a method has to beat.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from halluc.errors import InputError
from halluc.mllm import LocalMLLM
from mitigation.inprocess.contrastive import Combiner, Contrastive
from mitigation.inprocess.logits import plausible
from mitigation.inprocess.vcd import Beta

if TYPE_CHECKING:
    import torch


class MaskOnly(Contrastive, frozen=True, kw_only=True, tag_field="method", tag="mask-only"):
    """Sampling with VCD's plausibility constraint and no contrast.

    Attributes:
        beta: least probability of a token, as a share of the likeliest one's, [0, 1].

    Raises:
        InputError: a value is out of its range, or the decoding is greedy: the likeliest token is
            never masked.
    """

    title = "plausibility constraint alone"
    summary = "Control: sampling with the plausibility constraint and no contrast."
    paper = "arXiv:2504.10020"
    width = 1

    beta: Beta = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.do_sample:
            raise InputError("mask-only changes nothing in greedy decoding; add --do-sample")

    def combiner(self, model: LocalMLLM) -> Combiner:
        """Mask: l, −∞ where l < max l + log β."""
        return partial(mask, beta=self.beta)


def mask(logits: torch.Tensor, step: int, *, beta: float) -> torch.Tensor:
    """Mask: l, −∞ where l < max l + log β."""
    return plausible(logits[0], logits[0], beta)
