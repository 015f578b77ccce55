"""Steering: hidden states are turned towards a direction that was found on examples.

Liu et al. 2025, "Reducing Hallucinations in Large Vision-Language Models via Latent Space Steering"
(VTI, ICLR, arXiv:2410.15778), its code (https://github.com/shengliu66/VTI), and Li et al. 2025,
"The Hidden Life of Tokens: Reducing Hallucination of Large Vision-Language Models via Visual
Information Steering" (VISTA, ICML, arXiv:2502.03628), its code
(https://github.com/LzVv123456/VISTA):

    h′ = |h| · n(n(h) + s · w · n(d)),   n(x) = x / |x|
    w = 1 (VTI),   w = 1 + max(0, cos(h, −d)) (VISTA)

h is what the feed-forward part of a layer gives, before it is added to the residual stream, at
every position; d is that layer's direction, which `mitigation.precorrection.steering` finds. Its
card says which w belongs to it. s is .1 · .9 in VTI and .17 in VISTA (captions; .01 for POPE).

Left out are VTI's directions for the vision encoder (one a position, so for one resolution alone)
and VISTA's mixing of late layers' logits; and VISTA finds a direction for each picture anew, here
one serves all. Controls: s < 0, s = 0 (the model as it is), `random_direction`, and a direction of
shuffled pairs (``halluc train steering --shuffled``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from halluc.errors import InputError, ModelError
from halluc.mllm import LocalMLLM
from mitigation.inprocess.contrastive import Contrastive
from mitigation.inprocess.fitted import fitted_file, read_fitted

if TYPE_CHECKING:
    import torch

WEIGHTS = "steering.safetensors"
STRENGTHS = {"answers": 0.09, "picture": 0.17}
"""What a direction was found on → the paper's s."""

# What families call the feed-forward part of a layer; OPT has its second matrix alone.
_NAMES = ("mlp", "feed_forward", "ffn", "block_sparse_moe", "fc2")


class Steering(Contrastive, frozen=True, kw_only=True, tag_field="method", tag="steering"):
    """Steering of hidden states.

    Attributes:
        direction: folder that ``halluc train steering`` wrote.
        strength: s; None is the paper's for the direction, 0 the model as it is.
        random_direction: control: another direction of the same norm in each layer.
    """

    title = "steering (VTI, VISTA)"
    summary = "Turn hidden states towards a direction found on better and worse answers."
    paper = "arXiv:2410.15778"
    width = 1

    direction: Annotated[
        str | None,
        Meta(description="folder of halluc train steering", extra={"metavar": "FOLDER"}),
    ] = None
    strength: Annotated[
        float | None,
        Meta(
            description="how far states are turned; below 0: the other way, 0: off [.09, of "
            "pictures .17]"
        ),
    ] = None
    random_direction: Annotated[
        bool, Meta(description="control: a direction of the same norm, drawn by the seed")
    ] = False

    @property
    def files(self) -> tuple[Path, ...]:
        """The direction.

        Raises:
            InputError: no folder is given, or it holds none.
        """
        return (fitted_file(self.direction, "--direction", "steering"),)

    @contextmanager
    def hooks(self, model: LocalMLLM, inputs: Any) -> Iterator[None]:
        """Turn what the feed-forward parts give.

        Raises:
            InputError: the folder is no direction, or one of another model.
            ModelError: the model's layers have no feed-forward part that can be found.
        """
        (file,) = self.files
        direction, card = read_fitted(file, "direction", model)
        source = str(card.get("source"))
        if source not in STRENGTHS or direction.dim() != 2:
            raise InputError("is no direction of halluc train steering", file.parent)
        strength = STRENGTHS[source] if self.strength is None else self.strength
        if self.random_direction:
            direction = drawn(direction, self.seed)
        if not strength:
            yield
            return
        with steered(model, direction, strength, adaptive=source == "picture"):
            yield


@contextmanager
def steered(
    model: LocalMLLM, direction: torch.Tensor, strength: float, *, adaptive: bool
) -> Iterator[None]:
    """Turn the hidden states of a model.

    Args:
        model: the model.
        direction: of each layer, (layers, hidden).
        strength: s.
        adaptive: turn states the more, the more they point away from the direction: VISTA's w.

    Raises:
        InputError: the direction is of another shape.
        ModelError: the model's layers have no feed-forward part that can be found, or do not use
            it.
    """
    parts = feed_forwards(model)
    size = model.model.get_decoder().config.get_text_config().hidden_size
    if direction.shape != (len(parts), size):
        raise InputError(
            f"the direction is {tuple(direction.shape)}, not {(len(parts), size)} as the model "
            "needs"
        )
    used = False

    def turn(number: int) -> Any:
        towards = direction[number]

        def hook(module: Any, given: Any, output: Any) -> Any:
            nonlocal used
            used = True
            states, *more = output if isinstance(output, tuple) else (output,)
            states = turned(states, towards.to(states.device), strength, adaptive=adaptive)
            return (states, *more) if isinstance(output, tuple) else states

        return hook

    handles = [each.register_forward_hook(turn(place)) for place, each in enumerate(parts)]
    try:
        yield
    finally:
        for each in handles:
            each.remove()
    if not used:
        raise ModelError(f"{_name(model)} does not use its layers, so steering cannot work on it")


def turned(
    states: torch.Tensor, direction: torch.Tensor, strength: float, *, adaptive: bool
) -> torch.Tensor:
    """The papers' h′ of h, (…, hidden), and d, (hidden).

    Args:
        states: h.
        direction: d.
        strength: s.
        adaptive: VISTA's w, else 1.
    """
    from torch.nn.functional import normalize

    exact = states.float()
    unit, towards = normalize(exact, dim=-1), normalize(direction.float(), dim=-1)
    weight: Any = strength
    if adaptive:
        weight = strength * (1 + (unit @ -towards).clamp(min=0))[..., None]
    made = normalize(unit + weight * towards, dim=-1) * exact.norm(dim=-1, keepdim=True)
    steered: torch.Tensor = made.to(states.dtype)
    return steered


def drawn(direction: torch.Tensor, seed: int) -> torch.Tensor:
    """Other directions of the same norms, (layers, hidden)."""
    import torch
    from torch.nn.functional import normalize

    generator = torch.Generator().manual_seed(seed)
    other = torch.randn(direction.shape, generator=generator)
    made: torch.Tensor = normalize(other, dim=-1) * direction.float().norm(dim=-1, keepdim=True)
    return made


def feed_forwards(model: LocalMLLM) -> list[Any]:
    """The feed-forward part of each layer of the language model.

    Raises:
        ModelError: a layer has none that can be found.
    """
    from mitigation.inprocess.layers import layers_of

    found = []
    for layer in layers_of(model, "steering")[1]:
        name = next((each for each in _NAMES if hasattr(layer, each)), None)
        if name is None:
            raise ModelError(f"{_name(model)} has no feed-forward layers that steering finds")
        found.append(getattr(layer, name))
    return found


def _name(model: LocalMLLM) -> Any:
    return model.card["model"]["name"]
