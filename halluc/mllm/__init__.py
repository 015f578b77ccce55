"""MM-LLMs behind one small interface, however they run; models are named by short names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from halluc.errors import InputError, ModelError
from halluc.records import Response

if TYPE_CHECKING:
    from PIL.Image import Image

    from halluc.mllm.boxes import BoxDetector
    from halluc.mllm.transformers import TransformersMLLM

NAMES = "tabletop, hf:ORG/NAME, hf:./folder (each with +ADAPTER), openai:NAME@URL or replay:FILE"


class Decoding(msgspec.Struct, frozen=True, kw_only=True):
    """How an answer is picked, token by token; a checkpoint's own settings never count.

    Names and meanings are those of transformers' ``generate``. Methods that change the model's
    distribution before a token is picked are subclasses: see `mitigation.inprocess`.

    Attributes:
        max_new_tokens: most tokens of an answer, ≥ 1.
        do_sample: draw each token from the model's distribution; False takes the likeliest one.
        temperature: what the logits are divided by before drawing, > 0.
        top_p: draw from the likeliest tokens that together reach this probability, (0, 1].
        top_k: draw from the k likeliest tokens; 0 draws from all.
        seed: ≥ 0. Each sample has a stream of its own, made of the seed and its id, so neither
            batch size nor order changes an answer.

    Raises:
        InputError: a value is out of its range.
    """

    max_new_tokens: int = 512
    do_sample: bool = False
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        for fits, name, range_ in (
            (self.max_new_tokens >= 1, "max_new_tokens", "at least 1"),
            (0 < self.temperature < float("inf"), "temperature", "above 0"),
            (0 < self.top_p <= 1, "top_p", "above 0 and at most 1"),
            (self.top_k >= 0, "top_k", "at least 0 (0: all tokens)"),
            (self.seed >= 0, "seed", "at least 0"),
        ):
            if not fits:
                raise InputError(f"{name} must be {range_}, not {getattr(self, name)}")

    def inputs(self, model: TransformersMLLM, requests: Sequence[Request]) -> Any:
        """What the model is called with; a method may put more rows behind those of the requests.

        Raises:
            InputError: the method cannot work on a request.
        """
        return model.prepare(requests)

    def custom_generate(self, model: TransformersMLLM) -> Callable[..., Any] | None:
        """The argument of this name to ``generate``; None leaves the loop to transformers.

        Raises:
            ModelError: the method cannot work on the model.
        """
        return None


@dataclass(frozen=True)
class Request:
    """One thing to ask.

    Attributes:
        id: the sample's id.
        prompt: the instruction, before any chat template.
        image: the picture, RGB; None asks without one.
    """

    id: str
    prompt: str
    image: Image | None = None


class MLLM(Protocol):
    """Anything that answers requests.

    Attributes:
        card: its part of a result card: ``model`` (name and hash), ``dtype``, ``device``, ….
    """

    card: dict[str, Any]

    def generate(
        self, requests: Sequence[Request], decoding: Decoding, answers: Sequence[str] = ()
    ) -> list[Response]:
        """Answer requests, in their order.

        Args:
            requests: what to ask; their number is the batch size.
            decoding: how to pick tokens.
            answers: short answers whose probabilities `Response.answers` shall hold (see `choose`).

        Raises:
            ModelError: the model cannot be run, such as when one picture does not fit in memory.
            InputError: a request cannot be answered.
        """

    def choose(self, requests: Sequence[Request], answers: Sequence[str]) -> list[dict[str, float]]:
        """For each request, the probability that the reply begins with each short answer.

        Probabilities are the model's own (temperature 1) and together ≤ 1. An empty dict means
        that the model does not tell.
        """


def load_model(
    name: str, *, dtype: str = "auto", device: str = "auto", trust_remote_code: bool = False
) -> MLLM:
    """Make ready the model of a name; weights are read when it is first asked.

    Args:
        name: ``tabletop`` (the embedded one), ``hf:ORG/NAME`` (from the hub or its cache),
            ``hf:./folder`` (a checkpoint on disk), each followed by ``+FOLDER`` to add a LoRA
            adapter, ``openai:NAME@URL`` (behind a chat endpoint) or ``replay:FILE`` (recorded
            answers).
        dtype: "float32", "bfloat16" or "float16"; "auto" is float32 on a CPU, else bfloat16
            where the accelerator has it and float16 where not.
        device: as torch names it; "auto" takes an accelerator if there is one.
        trust_remote_code: run code that comes with the checkpoint.

    Raises:
        ModelError: no such model, or it cannot be loaded.
        InputError: a file of recorded answers cannot be used.
    """
    if name.startswith("replay:"):
        from halluc.mllm.replay import ReplayMLLM

        return ReplayMLLM(Path(name.removeprefix("replay:")))
    if name.startswith("openai:"):
        try:
            from halluc.mllm.openai import OpenAIMLLM
        except ImportError as error:
            raise ModelError(
                f"asking a server needs {error.name}; install it with: pip install 'halluc[openai]'"
            ) from None
        return OpenAIMLLM(name)
    if name.partition("+")[0] != "tabletop" and not name.startswith("hf:"):
        raise ModelError(f"there is no model {name!r}; name it {NAMES}")

    from halluc.mllm.checkpoint import find_checkpoint

    checkpoint = find_checkpoint(name)  # before torch is imported: a wrong name is told at once
    try:
        from halluc.mllm.transformers import TransformersMLLM
    except ImportError as error:
        raise ModelError(
            f"running {name} needs {error.name}; install it with: pip install 'halluc[models]'"
        ) from None
    return TransformersMLLM(
        checkpoint, dtype=dtype, device=device, trust_remote_code=trust_remote_code
    )


def load_detector(name: str, device: str = "auto") -> BoxDetector:
    """Make ready a detector of objects; weights are read when it is first asked.

    Args:
        name: ``detector:ORG/NAME`` or ``detector:./folder``.
        device: as for `load_model`.

    Raises:
        ModelError: no such detector.
    """
    try:
        from halluc.mllm.boxes import BoxDetector
    except ImportError as error:
        raise ModelError(
            f"running {name} needs {error.name}; install it with: pip install 'halluc[models]'"
        ) from None
    return BoxDetector(name, device=device)
