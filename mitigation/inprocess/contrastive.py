"""What a method of decoding brings: branches of a request, a combiner of their logits, and hooks.

A method may ask the model several times at once: as it is, and disturbed (another picture, another
instruction, no picture). Each of these is a *branch*, an input transform; a pure function combines
their logits, and `mitigation.inprocess.loop` runs it. A method may also change the forward pass, by
a context manager (`hooks`); it changes every branch. So methods go together, see
`mitigation.inprocess.composed`. Modules of methods import torch late, so that
their options can be listed without it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from halluc.errors import InputError, ModelError
from halluc.mllm import Decoding, LocalMLLM, Request
from halluc.options import check_options

if TYPE_CHECKING:
    import torch

Inputs = Mapping[str, "torch.Tensor"]
"""What a model is called with, as its processor gives it."""

Combiner = Callable[["torch.Tensor", int], "torch.Tensor"]
"""From the branches' logits, (branches, rows, vocabulary), and the number of tokens picked so far
to the logits to pick from, (rows, vocabulary)."""


class Contrastive(Decoding, frozen=True, kw_only=True):
    """A decoding that picks from the combined logits of its branches, or changes the forward pass.

    A subclass sets ``tag_field="method"`` and ``tag``, the name that ``--decode`` takes; its fields
    are its options (see `halluc.options`).

    Attributes:
        title, summary, paper: what it is called, what it does in a line, where it is published.
        controls: names of the decodings that are its side effects alone; a method has to beat them.
        width: how many branches.

    Raises:
        InputError: a value is out of its range.
    """

    title: ClassVar[str] = ""
    summary: ClassVar[str] = ""
    paper: ClassVar[str] = ""
    controls: ClassVar[tuple[str, ...]] = ()
    width: ClassVar[int] = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        check_options(self)

    def branches(self, model: LocalMLLM, requests: Sequence[Request]) -> list[Inputs]:
        """The inputs of each branch, the undisturbed one first; `requests` are alike in shape.

        Raises:
            InputError: the method cannot work on a request.
        """
        return [model.process(requests)]

    def combiner(self, model: LocalMLLM) -> Combiner | None:
        """What to make of the branches' logits; None: a method of hooks alone.

        Raises:
            ModelError: the method cannot work on the model.
        """
        return None

    def inputs(self, model: LocalMLLM, requests: Sequence[Request]) -> Any:
        """The branches' rows behind one another.

        Raises:
            InputError: the method cannot work on a request.
            ModelError: branches are of several lengths, and the model does not bear padding.
        """
        from transformers import BatchFeature

        from mitigation.inprocess.loop import stack

        branches = self.branches(model, requests)
        if not model.pads and len({each["input_ids"].shape[1] for each in branches}) > 1:
            raise ModelError(
                f"{self.__struct_config__.tag} asks prompts of several lengths at once, and this "
                "model answers otherwise when prompts are padded"
            )
        stacked = stack(branches, model.tokenizer.pad_token_id)
        return BatchFeature(stacked).to(model.device, model.dtype)

    def custom_generate(self, model: LocalMLLM) -> Callable[..., Any] | None:
        """The loop with this method's branches and combiner; None: transformers' own."""
        combine = self.combiner(model)
        return combine and looped(self.width, combine, drop=self.shares)


def looped(branches: int, combine: Combiner, *, drop: bool) -> Callable[..., Any]:
    """The loop of `mitigation.inprocess.loop`, as ``custom_generate`` takes it."""
    from mitigation.inprocess.loop import decode

    return functools.partial(decode, branches=branches, combine=combine, drop=drop)


def require_pictures(method: str, requests: Sequence[Request]) -> None:
    """Refuse requests without a picture.

    Raises:
        InputError: names the first one.
    """
    for request in requests:
        if request.image is None:
            raise InputError(f"{method} needs a picture, and {request.id!r} has none")
