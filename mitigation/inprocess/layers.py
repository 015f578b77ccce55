"""Logits of early layers: what a language model would say if it ended sooner.

The state after i layers goes through the final norm and the head, as the last one does. Forward
hooks keep the states of the last position alone, so that memory and time hardly grow. Final norm
and head are found by the order of the calls, not by names: what is called behind the last layer.
Whether that is all that lies between the layers and the logits is checked in each first pass, by
the last layer's own logits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn import Module, ModuleList

from halluc.errors import ModelError
from halluc.mllm import LocalMLLM

# How far the logits that are made here may be from the model's, as a share of their range.
_NEAR = {torch.float32: 1e-4}
_HALF = 0.03

_reading: dict[tuple[int, str], EarlyLogits] = {}


def layers_of(model: LocalMLLM, method: str) -> tuple[Module, ModuleList]:
    """The layers of the language model and the module that calls them.

    Raises:
        ModelError: there is no list of them.
    """
    decoder = model.model.get_decoder()
    count = decoder.config.get_text_config().num_hidden_layers
    lists = [
        name
        for name, module in decoder.named_modules()
        if isinstance(module, ModuleList) and len(module) == count
    ]
    if not lists:
        name = model.card["model"]["name"]
        raise ModelError(f"{name}: {method} does not find the layers of its language model")
    path = min(lists, key=lambda each: each.count("."))  # not those of an encoder inside it
    return decoder.get_submodule(path.rpartition(".")[0]), decoder.get_submodule(path)


def depth(fraction: float, layers: int) -> int:
    """A fraction of the depth as a number of layers passed; 0 is before the first.

    >>> depth(0.625, 32), depth(1, 32)
    (20, 32)
    """
    return round(fraction * layers)


class EarlyLogits:
    """Logits after some of the layers, for the last position of the last pass.

    Args:
        model: the model.
        method: whose they are, for messages.
        after: how many layers each has passed, less than there are.
    """

    def __init__(self, model: LocalMLLM, method: str, after: Sequence[int]) -> None:
        self._model, self._method, self._after = model, method, after
        self._holder, self._layers = layers_of(model, method)
        self._head = model.model.get_output_embeddings()
        if self._head is None:
            raise self._unknown()
        self._states: dict[int, torch.Tensor] = {}
        self._found: list[Module] = []
        self._rest: list[Module] | None = None  # what is called behind the last layer
        self._passed = False
        self._checked = False
        self._last: Callable[[torch.Tensor], torch.Tensor] = _as_it_is
        self._own: torch.Tensor = torch.empty(0)

    def _unknown(self) -> ModelError:
        name = self._model.card["model"]["name"]
        return ModelError(f"{name}: {self._method} cannot read the logits of its early layers")

    @contextmanager
    def reading(self) -> Iterator[EarlyLogits]:
        """Hooks on the layers; what they read, `early_logits` gives."""
        key = (id(self._model.model), self._method)
        beside = [each for each in self._holder.children() if each is not self._layers]
        hooks = [
            *(
                self._layers[number].register_forward_pre_hook(self._keep(number), with_kwargs=True)
                for number in self._after
            ),
            self._layers[-1].register_forward_hook(self._keep_last),
            *(each.register_forward_hook(self._behind) for each in beside),
            self._speaker().register_forward_hook(self._keep_own),
        ]
        _reading[key] = self
        try:
            yield self
        finally:
            del _reading[key]
            for each in hooks:
                each.remove()

    def _speaker(self) -> Module:
        """The innermost module with layers and head, whose output has the logits.

        BLIP-2 and Kosmos-2 let their language model generate, and are not called themselves.
        """
        paths = {id(module): name.split(".") for name, module in self._model.model.named_modules()}
        shared = []
        for one, other in zip(paths[id(self._holder)], paths[id(self._head)], strict=False):
            if one != other:
                break
            shared.append(one)
        found: Module = self._model.model.get_submodule(".".join(shared))
        return found

    def _keep(self, number: int) -> Any:
        def hook(module: Module, given: tuple[Any, ...], named: dict[str, Any]) -> None:
            states = given[0] if given else named["hidden_states"]
            self._states[number] = states[:, -1].clone()

        return hook

    def _keep_last(self, module: Module, given: Any, output: Any) -> None:
        self._passed = True
        if not self._checked:
            states = output if isinstance(output, torch.Tensor) else output[0]
            self._states[len(self._layers)] = states[:, -1].clone()

    def _behind(self, module: Module, given: Any, output: Any) -> None:
        if self._rest is None and self._passed:
            self._found.append(module)

    def _keep_own(self, module: Module, given: Any, output: Any) -> None:
        """The end of a pass: the model's own logits."""
        self._own = output.logits[:, -1].float()
        if self._rest is None:
            self._rest = self._found
        if not self._checked:
            self._check(self._states.pop(len(self._layers)), output.logits.dtype)
            self._checked = True

    def _check(self, states: torch.Tensor, dtype: torch.dtype) -> None:
        """Find what makes the model's logits of its last states, or refuse."""
        own, config = self._own, self._model.config.get_text_config()
        said = own > torch.finfo(dtype).min  # Chameleon says no pictures
        near = _NEAR.get(dtype, _HALF) * own[said].abs().max()
        for self._last in _endings(config):
            made = self._logits(states)
            if made.shape == own.shape and (made - own)[said].abs().max() <= near:
                return
        raise self._unknown()

    def _logits(self, states: torch.Tensor) -> torch.Tensor:
        """(…, rows, size) → (…, rows, vocabulary)."""
        for each in self._rest or ():
            states = each(states)
        return self._last(self._head(states.to(self._head.weight.device)).float())

    def logits(self, rows: int) -> torch.Tensor:
        """(layers, rows, vocabulary) for the first rows; what the model rules out is so here."""
        with torch.inference_mode():
            states = torch.stack([self._states[number][:rows] for number in self._after])
            own = self._own[:rows]
            least = torch.finfo(own.dtype).min
            return self._logits(states).to(own.device).masked_fill(own <= least, least)


def _as_it_is(logits: torch.Tensor) -> torch.Tensor:
    return logits


def _endings(config: Any) -> Iterator[Callable[[torch.Tensor], torch.Tensor]]:
    """What families do to the logits of the head; some have a value for it and do not use it."""
    yield _as_it_is
    if scale := getattr(config, "logit_scale", None):  # Cohere
        yield lambda logits: logits * scale
    if divisor := getattr(config, "logits_scaling", None):  # Granite
        yield lambda logits: logits / divisor
    if cap := getattr(config, "final_logit_softcapping", None):  # Gemma 2
        yield lambda logits: cap * (logits / cap).tanh()


def early_logits(model: LocalMLLM, method: str, rows: int) -> torch.Tensor:
    """What `EarlyLogits.reading` reads at this moment; see `EarlyLogits.logits`."""
    return _reading[id(model.model), method].logits(rows)
