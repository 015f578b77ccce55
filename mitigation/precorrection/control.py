"""The control layer of HallE-Control, fitted to preference pairs on hidden states that are kept.

Source and formula: see `mitigation.inprocess.control`. Only W is fitted, and it stands behind the
backbone, so the hidden states of all answers are computed once, and the fit takes seconds:

    min over W of  mean over tokens of − log softmax(head(h + ε W h))[next token],

ε = −1 for the better answer of each pair and +1 for the worse one. Departures from the published
code: pairs in place of captions of two kinds, W begins at 0 rather than at random, and where pairs
are held out, the epoch with the least loss on them is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from halluc.errors import ModelError
from mitigation.inprocess.control import head_of
from mitigation.precorrection.pairs import Pair
from mitigation.precorrection.turns import answer_ids, answered, ask

if TYPE_CHECKING:
    from PIL.Image import Image

    from halluc.mllm.transformers import TransformersMLLM


@dataclass(frozen=True)
class Recipe:
    """How a control layer is fitted.

    Attributes:
        learning_rate: of Adam.
        epochs: passes over all tokens, ≥ 1.
        tokens: of a step.
        shuffled: control: every answer gets −1 or +1 by chance.
        longest: most tokens of prompt, picture and answer.
        seed: of the order, and of what is shuffled.
    """

    learning_rate: float = 1e-3
    epochs: int = 10
    tokens: int = 1024
    shuffled: bool = False
    longest: int = 2048
    seed: int = 0


@dataclass(frozen=True)
class States:
    """What enters the head before each token of answers, and the token.

    Attributes:
        hidden: (tokens, hidden), as the model gives them.
        targets: (tokens).
        signs: ε of each, (tokens).
    """

    hidden: Tensor
    targets: Tensor
    signs: Tensor


@torch.inference_mode()
def hidden_states(
    mllm: TransformersMLLM,
    pairs: Sequence[Pair],
    open_image: Callable[[Any], Image],
    *,
    batch_size: int,
    done: Callable[[int], None] = lambda count: None,
) -> States:
    """The states of both answers of pairs, which are signed −1 (better) and +1 (worse).

    Args:
        mllm: the model.
        pairs: at least one.
        open_image: gives a pair's picture.
        batch_size: pairs in a pass.
        done: called with the number of pairs done.

    Raises:
        ModelError: the model's head cannot be found, or is not all that makes its logits.
    """
    head = head_of(mllm)
    entered: list[Tensor] = []
    handle = head.register_forward_pre_hook(lambda module, given: entered.append(given[0]))
    hidden, targets, signs = [], [], []
    try:
        for start in range(0, len(pairs), batch_size):
            some = pairs[start : start + batch_size]
            asked = ask(mllm, some, [open_image(each) for each in some])
            for sign in (-1.0, 1.0):
                texts = [each.chosen if sign < 0 else each.rejected for each in some]
                answers = [answer_ids(mllm, p.prompt, t) for p, t in zip(some, texts, strict=True)]
                batch, said = answered(mllm, asked, answers)
                entered.clear()
                logits = mllm.model(**batch).logits
                if not entered or entered[-1].shape[:2] != said.shape:
                    raise ModelError(f"{mllm.card['model']['name']}: its head sees other tokens")
                states = entered[-1]  # before the head is called again
                _check_head(mllm, states, logits)
                hidden.append(states[:, :-1][said[:, 1:]].cpu())
                targets.append(batch["input_ids"][:, 1:].cpu()[said[:, 1:]])
                signs.append(torch.full((len(targets[-1]),), sign))
            done(min(start + batch_size, len(pairs)))
    finally:
        handle.remove()
    return States(torch.cat(hidden), torch.cat(targets), torch.cat(signs))


def fit(
    head: Any,
    train: States,
    test: States | None,
    recipe: Recipe,
    done: Callable[[int], None] = lambda epoch: None,
) -> tuple[Tensor, list[dict[str, float]]]:
    """W, (hidden, hidden), and the losses of each epoch, the first without W.

    Args:
        head: makes logits of hidden states; it stays as it is.
        train: what W is fitted to.
        test: what the epoch is chosen by; None: the last epoch is taken.
        recipe: how.
        done: called with the number of epochs done.
    """
    device = head.weight.device
    size = train.hidden.shape[1]
    generator = torch.Generator().manual_seed(recipe.seed)
    signs = train.signs
    if recipe.shuffled:
        signs = torch.randint(0, 2, signs.shape, generator=generator) * 2.0 - 1
    weight = torch.zeros(size, size, device=device, requires_grad=True)
    adam = torch.optim.Adam([weight], lr=recipe.learning_rate)
    losses = [_losses(head, weight, train, test)]
    best, least = weight.detach().clone(), losses[0].get("held out", float("inf"))
    for epoch in range(recipe.epochs):
        for some in torch.randperm(len(signs), generator=generator).split(recipe.tokens):  # type: ignore[no-untyped-call]
            adam.zero_grad()
            loss = _loss(head, weight, train.hidden[some], train.targets[some], signs[some])
            loss.backward()  # type: ignore[no-untyped-call]
            adam.step()
        losses.append(_losses(head, weight, train, test))
        if test is None or losses[-1]["held out"] < least:
            best, least = weight.detach().clone(), losses[-1].get("held out", 0.0)
        done(epoch + 1)
    return best.cpu(), losses


def _losses(head: Any, weight: Tensor, train: States, test: States | None) -> dict[str, float]:
    """Mean over all tokens."""
    found = {}
    with torch.no_grad():
        for name, states in (("training", train), ("held out", test)):
            if states is not None:
                total = 0.0
                for start in range(0, len(states.targets), 4096):
                    at = slice(start, start + 4096)
                    part = states.hidden[at], states.targets[at], states.signs[at]
                    total += float(_loss(head, weight, *part)) * len(part[0])
                found[name] = total / len(states.targets)
    return found


def _loss(head: Any, weight: Tensor, hidden: Tensor, targets: Tensor, signs: Tensor) -> Tensor:
    hidden = hidden.to(weight.device)
    shift = signs.to(weight.device)[:, None] * (hidden.float() @ weight.T)
    logits = head((hidden.float() + shift).to(head.weight.dtype))
    return cross_entropy(logits.float(), targets.to(weight.device))


def _check_head(mllm: TransformersMLLM, hidden: Tensor, logits: Tensor) -> None:
    """Refuse models that scale or cap their logits, since the fit would not know of it."""
    name = mllm.card["model"]["name"]
    part = head_of(mllm)(hidden[:1, -1:])
    if not torch.allclose(part.float(), logits[:1, -1:].float(), atol=1e-2, rtol=1e-2):
        raise ModelError(
            f"{name}: its logits are not its head's alone, so control cannot be fitted"
        )
