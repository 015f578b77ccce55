"""Controls: the side effects of contrastive decoding, alone. A method has to beat them.

Yin et al. 2025, "Rethinking Contrastive Decoding" (arXiv:2504.10020), find that gains of VCD, ICD
and SID on POPE come from two of them: more answers of yes, and the plausibility mask, which makes
sampling nearly greedy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import torch

from halluc.errors import InputError, ModelError
from halluc.mllm import LocalMLLM, Request
from halluc.mllm.spellings import spellings
from mitigation.inprocess.contrastive import Combiner, Contrastive, Inputs, plausible
from mitigation.inprocess.ranges import check_ranges


class MaskOnly(Contrastive, frozen=True, kw_only=True, tag_field="method", tag="mask-only"):
    """Sampling with VCD's plausibility mask and no contrast.

    Attributes:
        beta: least probability of a token, as a share of the likeliest one's, [0, 1].

    Raises:
        InputError: a value is out of its range, or the decoding is greedy: the likeliest token is
            never masked.
    """

    width = 1
    beta: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ranges(self)
        if not self.do_sample:
            raise InputError("mask-only changes nothing in greedy decoding; add --do-sample")

    def branches(self, model: LocalMLLM, requests: Sequence[Request]) -> list[Inputs]:
        """The requests as they are."""
        return [model.process(requests)]

    def combiner(self, model: LocalMLLM) -> Combiner:
        """Mask: l, −∞ where l < max l + log β."""
        return partial(mask, beta=self.beta)


class YesBias(Contrastive, frozen=True, kw_only=True, tag_field="method", tag="yes-bias"):
    """A constant added to the logits of "yes", however it is spelled, at the first token.

    Attributes:
        bias: the constant; below 0 it favours everything else.

    Raises:
        InputError: a value is out of its range.
    """

    width = 1
    bias: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ranges(self)

    def branches(self, model: LocalMLLM, requests: Sequence[Request]) -> list[Inputs]:
        """The requests as they are."""
        return [model.process(requests)]

    def combiner(self, model: LocalMLLM) -> Combiner:
        """Add to l the constant where the first token is yes.

        Raises:
            ModelError: yes has more than one token in this model.
        """
        spelled = spellings(model.tokenizer, ("yes", "no"))["yes"]
        if not spelled or len(spelled[0]) > 1:
            raise ModelError(f"{model.card['model']['name']}: yes is no single token of it")
        return partial(favour, tokens=[tokens[0] for tokens in spelled], bias=self.bias)


def mask(logits: torch.Tensor, step: int, *, beta: float) -> torch.Tensor:
    """Mask: l, −∞ where l < max l + log β."""
    return plausible(logits[0], logits[0], beta)


def favour(logits: torch.Tensor, step: int, *, tokens: Sequence[int], bias: float) -> torch.Tensor:
    """Give l + bias on the tokens at the first step."""
    if step:
        return logits[0]
    added = torch.zeros_like(logits[0, 0])
    added[list(tokens)] = bias
    return logits[0] + added


def fit_yes_bias(answers: Sequence[dict[str, float]], ratio: float, *, do_sample: bool) -> float:
    """The constant with which a model says yes at a given ratio.

    With a bias b the log-odds of yes against no rise by b. So greedy decoding says yes where they
    are above −b, and sampling with probability sigmoid(log-odds + b), other answers aside.

    Args:
        answers: for each question the model's own probabilities of "yes" and "no".
        ratio: the share of yes to reach, [0, 1]; the ends are reached as nearly as is possible.
        do_sample: whether the answers will be drawn.

    Raises:
        InputError: there are no answers, or one has neither probability.

    >>> known = [{"yes": 0.2, "no": 0.8}, {"yes": 0.5, "no": 0.5}, {"yes": 0.9, "no": 0.1}]
    >>> round(fit_yes_bias(known, 1 / 3, do_sample=False), 2)
    -1.1
    """
    odds = sorted(_log_odds(each) for each in answers)
    if not odds:
        raise InputError("there are no answers to fit the bias to")
    if not do_sample:
        no = round((1 - ratio) * len(odds))
        below = odds[no - 1] if no else odds[0] - 2
        above = odds[no] if no < len(odds) else odds[-1] + 2
        return -(below + above) / 2
    low, high = -odds[-1] - 20, -odds[0] + 20
    for _ in range(60):
        middle = (low + high) / 2
        share = math.fsum(1 / (1 + math.exp(-max(-500.0, each + middle))) for each in odds)
        low, high = (middle, high) if share < ratio * len(odds) else (low, middle)
    return (low + high) / 2


def _log_odds(answer: dict[str, float]) -> float:
    """Of yes against no; the least that floats know stands in for a probability of 0."""
    yes, no = answer.get("yes", 0.0), answer.get("no", 0.0)
    if yes + no <= 0:
        raise InputError("a question has no probability of yes or no to fit the bias to")
    return math.log(max(yes, 1e-30)) - math.log(max(no, 1e-30))
