"""Several methods of decoding at once, such as ``--decode vcd,deco``.

Hooks change the forward pass of every branch, in the order of the methods; one method may have more
branches than one; and combiners of one branch (`mask-only`, `eos-bias`, …) work on what it made of
them, in the order in which they are named.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halluc.errors import InputError
from halluc.mllm import Decoding, LocalMLLM, Request
from mitigation.inprocess.contrastive import Combiner, Contrastive, looped

if TYPE_CHECKING:
    import torch


class Composed(Decoding, frozen=True, kw_only=True):
    """Several methods as one; each keeps its options.

    Attributes:
        method: their names with commas between them.
        parts: the methods; the same seed and settings of sampling as this has.

    Raises:
        InputError: two methods have branches of their own, or a method comes twice.
    """

    method: str
    parts: tuple[Contrastive, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        names = self.method.split(",")
        if len(set(names)) < len(names):
            raise InputError(f"--decode {self.method} names a method twice")
        wide = [name for name, each in zip(names, self.parts, strict=True) if each.width > 1]
        if len(wide) > 1:
            raise InputError(
                f"{' and '.join(wide)} each contrast with a second input, so they do not go "
                "together; give one of them"
            )

    @property
    def _ordered(self) -> list[Contrastive]:
        """The one with several branches first."""
        return sorted(self.parts, key=lambda each: -each.width)

    @property
    def files(self) -> tuple[Path, ...]:
        """Those of all methods."""
        return tuple(file for each in self.parts for file in each.files)

    @property
    def shares(self) -> bool:
        """Whether all methods allow it."""
        return all(each.shares for each in self.parts)

    def inputs(self, model: LocalMLLM, requests: Sequence[Request]) -> Any:
        """Those of the method with several branches."""
        return self._ordered[0].inputs(model, requests)

    def hooks(self, model: LocalMLLM, inputs: Any) -> AbstractContextManager[object]:
        """Those of all methods."""
        with ExitStack() as stack:
            for each in self.parts:
                stack.enter_context(each.hooks(model, inputs))
            return stack.pop_all()

    def custom_generate(self, model: LocalMLLM) -> Callable[..., Any] | None:
        """The loop with all combiners behind one another; None: transformers' own."""
        made = [each.combiner(model) for each in self._ordered]
        if combiners := [each for each in made if each is not None]:
            return looped(self._ordered[0].width, _chain(combiners), drop=self.shares)
        return None


def _chain(combiners: Sequence[Combiner]) -> Combiner:
    def combine(logits: torch.Tensor, step: int) -> torch.Tensor:
        for each in combiners[:-1]:
            logits = each(logits, step)[None]
        return combiners[-1](logits, step)

    return combine
