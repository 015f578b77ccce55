"""Control: a bias to the end of the text, alone.

Whoever says less hallucinates less: released captions of several methods lose most of their gain in
CHAIRs when they are cut to the same length. A constant on the logits of the stop tokens changes
how much a model says and nothing else, so a method that changes length has to beat it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from halluc.errors import ModelError
from halluc.mllm import LocalMLLM
from mitigation.inprocess.contrastive import Combiner, Contrastive

if TYPE_CHECKING:
    import torch

NEAR = 0.01
"""How near `fit_eos_bias` comes to a length before it stops, as a share of it."""

# Beyond such a constant a text ends at once, or never by itself.
_MOST = 32.0
_TRIALS = 14


class EosBias(Contrastive, frozen=True, kw_only=True, tag_field="method", tag="eos-bias"):
    """A constant added to the logits of all stop tokens, at every step.

    Attributes:
        bias: the constant; above 0 texts are shorter, below 0 longer.
    """

    title = "bias to the end alone"
    summary = "Control: a constant added to the logits of the stop tokens at every step."
    width = 1

    bias: Annotated[float, Meta(description="what is added to the logits of the stop tokens")] = 0.0

    def combiner(self, model: LocalMLLM) -> Combiner:
        """Add to l the constant on the stop tokens.

        Raises:
            ModelError: the checkpoint does not say which tokens end a text.
        """
        ends = model.model.generation_config.eos_token_id
        tokens = [each for each in (ends if isinstance(ends, list) else [ends]) if each is not None]
        if not tokens:
            name = model.card["model"]["name"]
            raise ModelError(f"{name}: the checkpoint does not say which tokens end a text")
        return partial(hasten, tokens=tokens, bias=self.bias)


def hasten(logits: torch.Tensor, step: int, *, tokens: Sequence[int], bias: float) -> torch.Tensor:
    """Give l + bias on the tokens."""
    added = logits.new_zeros(logits.shape[-1])
    added[list(tokens)] = bias
    return logits[0] + added


def fit_eos_bias(length: Callable[[float], float], wanted: float) -> tuple[float, float]:
    """The bias with which texts are of a mean length, by halving.

    Args:
        length: the mean length with a bias; the greater the bias, the shorter.
        wanted: the mean length to reach.

    Returns:
        The bias that came nearest, and the length with it.

    >>> fit_eos_bias(lambda bias: 50 - 10 * bias, 30)
    (2.0, 30.0)
    """
    tried = [(0.0, length(0.0))]

    def near() -> bool:
        return min(abs(each - wanted) for _, each in tried) <= NEAR * wanted

    way = 1.0 if tried[0][1] > wanted else -1.0
    low, high, step = 0.0, way, 1.0  # between them lies the length that is wanted, once reached
    while not near():
        tried.append((way * step, length(way * step)))
        high = way * step
        if (tried[-1][1] - wanted) * way <= 0:
            break
        if step >= _MOST:  # no constant reaches it
            return min(tried, key=lambda each: abs(each[1] - wanted))
        low, step = high, 2 * step
    while not near() and len(tried) < _TRIALS:
        middle = (low + high) / 2
        tried.append((middle, length(middle)))
        low, high = (middle, high) if (tried[-1][1] - wanted) * way > 0 else (low, middle)
    return min(tried, key=lambda each: abs(each[1] - wanted))
