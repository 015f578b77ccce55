"""The control layer of HallE-Control: a signed dial on the last hidden state.

Zhai et al. 2023, "HallE-Control: Controlling Object Hallucination in Large Multimodal Models"
(arXiv:2310.01779; first called HallE-Switch), and its code
(https://github.com/bronyayang/HallE_Control):

    h′ = h + ε · W h,   logits = head(h′)

h is what enters the head, at every position. Nothing of it comes back into the backbone, so ε = 0
is the model as it is, to the last bit, and is not computed at all. W is fitted by
`mitigation.precorrection.control`: ε = −1 gives captions with fewer inferred objects, +1 with more.
Controls are ε = 0, the other sign, and a W of shuffled signs (``halluc train control --shuffled``).
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

WEIGHTS = "control.safetensors"


class Control(Contrastive, frozen=True, kw_only=True, tag_field="method", tag="control"):
    """The control layer.

    Attributes:
        layer: folder that ``halluc train control`` wrote.
        epsilon: where the dial stands; below 0 for fewer hallucinations, 0 for the model as it is.
    """

    title = "control layer"
    summary = "A dial on the last hidden state, between fewer and more inferred objects."
    paper = "arXiv:2310.01779"
    width = 1

    layer: Annotated[
        str | None, Meta(description="folder of halluc train control", extra={"metavar": "FOLDER"})
    ] = None
    epsilon: Annotated[
        float, Meta(description="where the dial stands; below 0: less hallucination, 0: off")
    ] = -1.0

    @property
    def files(self) -> tuple[Path, ...]:
        """The weights.

        Raises:
            InputError: no folder is given, or it holds none.
        """
        return (fitted_file(self.layer, "--layer", "control"),)

    @contextmanager
    def hooks(self, model: LocalMLLM, inputs: Any) -> Iterator[None]:
        """Shift what enters the head.

        Raises:
            InputError: the folder is no control layer, or one of another model.
            ModelError: the model has no head that can be found.
        """
        weight = _weight(self.files[0], model)
        if not self.epsilon:
            yield
            return
        with shifted(model, weight, self.epsilon):
            yield


@contextmanager
def shifted(model: LocalMLLM, weight: torch.Tensor, epsilon: float) -> Iterator[None]:
    """Let h + ε W h enter a model's head.

    Args:
        model: the model.
        weight: W, (hidden, hidden).
        epsilon: ε.

    Raises:
        ModelError: the model has no head that can be found, or does not use it.
    """
    used = False

    def shift(module: Any, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        nonlocal used
        used = True
        hidden, *more = arguments
        return (hidden + epsilon * (hidden @ weight.to(hidden).T), *more)

    handle = head_of(model).register_forward_pre_hook(shift)
    try:
        yield
    finally:
        handle.remove()
    if not used:
        raise ModelError(f"{_name(model)} does not use its head, so control cannot work on it")


def head_of(model: LocalMLLM) -> Any:
    """The module that makes logits of hidden states.

    Raises:
        ModelError: there is none.
    """
    head = model.model.get_output_embeddings()
    if head is None or getattr(head, "weight", None) is None:
        raise ModelError(f"{_name(model)} has no head that can be found for control")
    return head


def _weight(file: Path, model: LocalMLLM) -> torch.Tensor:
    weight, _ = read_fitted(file, "weight", model)
    size = head_of(model).weight.shape[-1]
    if weight.shape != (size, size):
        raise InputError(f"is {tuple(weight.shape)}, not {(size, size)} as the model needs", file)
    return weight


def _name(model: LocalMLLM) -> Any:
    return model.card["model"]["name"]
