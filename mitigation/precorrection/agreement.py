"""Before the first step: are the log-probabilities that are trained those of the model itself?

TRL replaces a model's head by a fused one, which knows the scales and caps of logits of some
families only, and prefixes are shared by a mask that not every family attends by. So one batch is
compared with the model's own forward, for any family.
"""

from __future__ import annotations

import contextlib
import types
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor
from trl.trainer.utils import FusedCausalLMOutput

from halluc.errors import HallucError, ModelError, said

TOLERANCE = {torch.float32: 1e-3}
"""How far a token's log-probability may be off, in float32; in half precision `HALF`."""

HALF = 0.5


def use_right_head(model: Any, inputs: Mapping[str, Any], name: str) -> None:
    """Let a model with TRL's fused head give its own log-probabilities, as the fused head may not.

    Args:
        model: of transformers, without adapter; its ``forward`` is changed if need be.
        inputs: a batch with labels.
        name: of the model, for messages.

    Raises:
        ModelError: the model cannot take the batch.
    """
    more = {key: value for key, value in inputs.items() if key != "labels"}
    with torch.no_grad():
        with in_one_line(name):
            own = type(model).forward(model, **more, use_cache=False).logits
        if own.shape[:2] != inputs["labels"].shape:
            raise ModelError(
                f"{name} cannot be trained so: it puts pictures beside the words of a prompt, and "
                "where its answers stand is not known"
            )
        try:
            fused = model(**inputs, fused_lm_head=True).log_probs
        except Exception:  # the fused head does not know how the model is built
            fused = None
    if fused is None or not agree(fused, log_probs(own, inputs["labels"]), own.dtype):
        model.forward = types.MethodType(_with_own_head, model)


def try_step(model: Any, inputs: Mapping[str, Any], name: str) -> None:
    """Call a model with its adapter as training will, whose inputs some families do not take.

    Raises:
        ModelError: it fails.
    """
    training = model.training
    model.train()
    try:
        with torch.no_grad(), torch.random.fork_rng(), in_one_line(name):
            model(**inputs, use_cache=False, fused_lm_head=True)
    finally:
        model.train(training)


@contextlib.contextmanager
def in_one_line(name: str) -> Iterator[None]:
    """Turn what a model's own code says of a batch into one line."""
    try:
        yield
    except HallucError:
        raise
    except Exception as error:
        raise ModelError(f"{name} cannot be trained so: {said(error)}") from error


def has_own_head(model: Any) -> bool:
    """Whether `use_right_head` put the fused head aside."""
    return getattr(model.forward, "__func__", None) is _with_own_head


def has_aux_loss(model: Any, inputs: Mapping[str, Any]) -> bool:
    """Whether TRL can work out the loss that balances a model's experts, on a batch with labels."""
    try:
        model(**inputs, use_cache=False, fused_lm_head=True, output_router_logits=True)
    except (AttributeError, TypeError):
        return False
    return True


def agree(one: Tensor, other: Tensor, dtype: torch.dtype) -> bool:
    """Whether log-probabilities of tokens are the same, as far as the precision goes."""
    if one.shape != other.shape:
        return False
    return bool((one.float() - other.float()).abs().max() <= TOLERANCE.get(dtype, HALF))


def log_probs(logits: Tensor, labels: Tensor) -> Tensor:
    """Log-probabilities of the labels, (rows, length - 1); 0 where a label is -100.

    Args:
        logits: (rows, length, vocabulary).
        labels: (rows, length).
    """
    chances, wanted = logits[:, :-1].float().log_softmax(-1), labels[:, 1:]
    picked = chances.gather(-1, wanted.clamp(min=0)[..., None])[..., 0]
    return picked.masked_fill(wanted == -100, 0.0)


def _with_own_head(
    self: Any,
    *arguments: Any,
    fused_lm_head: bool = False,
    labels: Tensor | None = None,
    num_items_in_batch: Any = None,
    **more: Any,
) -> Any:
    """A forward that gives what TRL's fused head gives, from the model's own logits."""
    own = type(self).forward
    if not fused_lm_head or labels is None:
        return own(self, *arguments, **({} if labels is None else {"labels": labels}), **more)
    logits = own(self, *arguments, **{**more, "use_cache": False}).logits
    mask = labels[:, 1:] != -100
    picked = log_probs(logits, labels)
    with torch.no_grad():
        shown = logits[:, :-1].float()
        chances = shown.log_softmax(-1)
        entropy = -(chances.exp() * chances).sum(-1)
        top = shown.argmax(-1) == labels[:, 1:]
    count = mask.sum().clamp(min=1) if num_items_in_batch is None else num_items_in_batch
    return FusedCausalLMOutput(
        loss=-picked.sum() / count,
        log_probs=picked,
        entropy=entropy.masked_fill(~mask, 0.0),
        mean_logits=shown.mean(-1).masked_fill(~mask, 0.0),
        is_top1=top & mask,
        label_mask=mask,
    )
