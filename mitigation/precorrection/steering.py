"""A direction to steer hidden states by, found on preference pairs.

Sources: VTI and VISTA; see `mitigation.inprocess.steering`. For each pair the state after every
layer of the language model is taken at the last position, twice, and subtracted:

- answers (VTI): at the last word of the better answer, minus at that of the worse one;
- picture (VISTA): at the end of the prompt with the picture, minus without the picture.

With all layers of a pair as one vector, the direction is the mean of the differences plus their
first principal component (of length 1). The component's sign is free; here it points along the
mean, where the published code goes by its largest entry. VISTA does this for each picture by
itself, so its component is nothing; here one direction serves all. Another departure: the state
after the last layer is taken before the final norm.

Control: shuffled, of each pair it is drawn which side is subtracted from the other.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor

from halluc.errors import HallucError, InputError, ModelError, said
from mitigation.inprocess.layers import layers_of
from mitigation.inprocess.steering import feed_forwards
from mitigation.precorrection.pairs import Pair
from mitigation.precorrection.turns import answered, ask, written

if TYPE_CHECKING:
    from PIL.Image import Image

    from halluc.mllm.transformers import TransformersMLLM

Source = Literal["answers", "picture"]


@dataclass(frozen=True)
class Recipe:
    """How a direction is found.

    Attributes:
        source: what is subtracted; see above.
        shuffled: control: every difference gets its sign by chance.
        longest: most tokens of prompt, picture and answer.
        seed: of what is shuffled.
    """

    source: Source = "answers"
    shuffled: bool = False
    longest: int = 2048
    seed: int = 0


@torch.inference_mode()
def differences(
    mllm: TransformersMLLM,
    pairs: Sequence[Pair],
    open_image: Callable[[Any], Image],
    source: Source,
    *,
    batch_size: int,
    done: Callable[[int], None] = lambda count: None,
) -> Tensor:
    """The difference of states of each pair, (pairs, layers, hidden).

    Args:
        mllm: the model.
        pairs: at least one.
        open_image: gives a pair's picture.
        source: what is subtracted.
        batch_size: pairs in a pass.
        done: called with the number of pairs done.

    Raises:
        InputError: two sides of a pair are the same to the model.
        ModelError: the model's layers cannot be found, or it cannot be called so.
    """
    feed_forwards(mllm)  # what steers cannot be used without them
    _, layers = layers_of(mllm, "steering")
    found = []
    for start in range(0, len(pairs), batch_size):
        some = pairs[start : start + batch_size]
        pictures = [open_image(each) for each in some]
        sides = []
        try:
            for better in (True, False):
                shown = source == "answers" or better
                asked = ask(mllm, some, pictures if shown else [None] * len(some))
                answers = [_answer(mllm, each, source, better=better) for each in some]
                sides.append(_last_states(mllm, layers, answered(mllm, asked, answers)[0]))
        except HallucError:
            raise
        except Exception as error:  # the model's own code, on what it was not made for
            name = mllm.card["model"]["name"]
            raise ModelError(f"{name} cannot be steered so: {said(error)}") from error
        found.append(sides[0] - sides[1])
        same = [pair.id for pair, each in zip(some, found[-1], strict=True) if not each.any()]
        if same:
            raise InputError(f"the two sides of the pair {same[0]!r} are the same to the model")
        done(min(start + batch_size, len(pairs)))
    return torch.cat(found)


def direction_of(found: Tensor, recipe: Recipe) -> tuple[Tensor, float]:
    """The direction, (layers, hidden), and its component's share of the differences' variance.

    Args:
        found: of each pair, (pairs, layers, hidden).
        recipe: how.
    """
    if recipe.shuffled:
        rng = random.Random(f"steering/{recipe.seed}")
        signs = torch.tensor([rng.choice((-1.0, 1.0)) for _ in found])
        found = found * signs[:, None, None]
    flat = found.flatten(1)
    mean = flat.mean(0)
    centred = flat - mean
    # The pairs are fewer than the numbers of each, so their products are what is taken apart.
    values, vectors = torch.linalg.eigh((centred @ centred.T).double())
    total = float(values.clamp(min=0).sum())
    if len(found) < 2 or total <= 0:  # nothing varies
        return mean.view(found.shape[1:]), 0.0
    component = torch.nn.functional.normalize(vectors[:, -1].to(flat) @ centred, dim=0)
    component = component if float(component @ mean) >= 0 else -component
    return (mean + component).view(found.shape[1:]), float(values[-1]) / total


def _answer(mllm: TransformersMLLM, pair: Pair, source: Source, *, better: bool) -> list[int]:
    """Tokens behind the prompt, up to the last word."""
    if source == "picture":
        return []
    text = (pair.chosen if better else pair.rejected).strip()
    whole = written(mllm, pair.prompt, text)
    told = whole[: whole.index(text) + len(text)]
    return list(mllm.tokenizer(told, add_special_tokens=False)["input_ids"])


def _last_states(mllm: TransformersMLLM, layers: Any, batch: dict[str, Tensor]) -> Tensor:
    """States after each layer at the last position of each row, (rows, layers, hidden)."""
    last = batch["attention_mask"].sum(1) - 1
    kept: dict[int, Tensor] = {}

    def keep(number: int) -> Any:
        def hook(module: Any, given: Any, output: Any) -> None:
            states = output[0] if isinstance(output, tuple) else output
            if states.shape[:2] != batch["input_ids"].shape:
                raise ModelError(
                    f"{mllm.card['model']['name']} puts pictures beside the words of a prompt, so "
                    "steering does not know where its answers stand"
                )
            rows = torch.arange(len(states), device=states.device)
            kept[number] = states[rows, last.to(states.device)].float().cpu()

        return hook

    handles = [each.register_forward_hook(keep(place)) for place, each in enumerate(layers)]
    try:
        mllm.model(**batch)
    finally:
        for each in handles:
            each.remove()
    return torch.stack([kept[place] for place in range(len(layers))], 1)
