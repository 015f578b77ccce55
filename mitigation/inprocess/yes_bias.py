"""Control: a bias to the answer yes, alone.

Yin et al. 2025, "The Mirage of Performance Gains: Why Contrastive Decoding Fails to Mitigate Object
Hallucinations in MLLMs?" (arXiv:2504.10020), find that gains of VCD, ICD and SID on POPE come from
two side effects: more answers of yes, and the plausibility constraint, which makes sampling nearly
greedy. Each of them stands alone here as a control, which a method has to beat.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from halluc.errors import InputError, ModelError
from halluc.mllm import LocalMLLM
from mitigation.inprocess.contrastive import Combiner, Contrastive

if TYPE_CHECKING:
    import torch


class YesBias(Contrastive, frozen=True, kw_only=True, tag_field="method", tag="yes-bias"):
    """A constant added to the logits of "yes", however it is spelled, at the first token.

    Attributes:
        bias: the constant; below 0 it favours everything else.
    """

    title = "bias to yes alone"
    summary = "Control: a constant added to the logit of yes at the first token."
    paper = "arXiv:2504.10020"
    width = 1

    bias: Annotated[float, Meta(description="what is added to the logit of yes")] = 0.0

    def combiner(self, model: LocalMLLM) -> Combiner:
        """Add to l the constant where the first token is yes.

        Raises:
            ModelError: yes has more than one token in this model.
        """
        from halluc.mllm.spellings import spellings

        spelled = spellings(model.tokenizer, ("yes", "no"))["yes"]
        if not spelled or len(spelled[0]) > 1:
            raise ModelError(f"{model.card['model']['name']}: yes is no single token of it")
        return partial(favour, tokens=[tokens[0] for tokens in spelled], bias=self.bias)


def favour(logits: torch.Tensor, step: int, *, tokens: Sequence[int], bias: float) -> torch.Tensor:
    """Give l + bias on the tokens at the first step."""
    if step:
        return logits[0]
    added = logits.new_zeros(logits.shape[-1])
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
