"""What an MM-LLM is here: requests in, responses out, and how tokens are picked (`Decoding`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from msgspec import UNSET, UnsetType

from halluc.errors import InputError
from halluc.records import Response

if TYPE_CHECKING:
    from PIL.Image import Image


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
        top_logprobs: keep so many of the likeliest tokens at each token's place, 0 to 20. This
            and the next change no answer; where they are not given, a result card has neither.
        without_picture: keep each token's log-probability without the picture, too; it costs the
            time of a second answer, and is of plain decoding alone.

    Raises:
        InputError: a value is out of its range, or a method is asked to do without the picture.
    """

    max_new_tokens: int = 512
    do_sample: bool = False
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    seed: int = 0
    top_logprobs: int | UnsetType = UNSET
    without_picture: bool | UnsetType = UNSET

    def __post_init__(self) -> None:
        for fits, name, range_ in (
            (self.max_new_tokens >= 1, "max_new_tokens", "at least 1"),
            (0 < self.temperature < float("inf"), "temperature", "above 0"),
            (0 < self.top_p <= 1, "top_p", "above 0 and at most 1"),
            (self.top_k >= 0, "top_k", "at least 0 (0: all tokens)"),
            (self.seed >= 0, "seed", "at least 0"),
            (0 <= self.likeliest <= 20, "top_logprobs", "from 0 to 20"),
        ):
            if not fits:
                raise InputError(f"{name} must be {range_}, not {getattr(self, name)}")
        if self.without_picture and type(self) is not Decoding:
            raise InputError(
                "probabilities without the picture are the model's own and cannot be set against "
                "those that a method made; leave out --without-picture or --decode"
            )

    @property
    def likeliest(self) -> int:
        """How many of the likeliest tokens are kept; 0 where that is not given."""
        return 0 if isinstance(self.top_logprobs, UnsetType) else self.top_logprobs

    def inputs(self, model: LocalMLLM, requests: Sequence[Request]) -> Any:
        """What the model is called with; a method may put more rows behind those of the requests.

        Raises:
            InputError: the method cannot work on a request.
        """
        return model.prepare(requests)

    def hooks(self, model: LocalMLLM, inputs: Any) -> AbstractContextManager[object]:
        """What changes the forward pass; entered around all passes of a batch.

        Args:
            model: the model.
            inputs: what `inputs` gave, with the rows of all branches.

        Raises:
            ModelError: the method cannot work on the model.
        """
        return nullcontext()

    @property
    def files(self) -> tuple[Path, ...]:
        """Files that the method reads; a result card holds their SHA-256."""
        return ()

    @property
    def shares(self) -> bool:
        """Whether prefixes may be computed once for several rows; not with hooks that know rows."""
        return True

    def custom_generate(self, model: LocalMLLM) -> Callable[..., Any] | None:
        """The argument of this name to ``generate``; None leaves the loop to transformers.

        Raises:
            ModelError: the method cannot work on the model.
        """
        return None


@dataclass(frozen=True)
class Fit:
    """How a model of any size is made to fit.

    Attributes:
        quantize: "4bit" (NF4) or "8bit", by bitsandbytes; it changes answers. Empty: not.
        device_map: "auto" spreads the layers over all accelerators, and the rest over memory.
        attn: "sdpa", "flash" (FlashAttention 2) or "eager"; empty: transformers' choice.
    """

    quantize: str = ""
    device_map: str = ""
    attn: str = ""

    @property
    def card(self) -> dict[str, str]:
        """What of it belongs in a result card: what may change an answer."""
        return {name: value for name in ("quantize", "attn") if (value := getattr(self, name))}


@dataclass(frozen=True)
class Exchange:
    """An earlier turn of a dialogue: what was asked, and what is taken as the model's answer.

    Attributes:
        prompt, text: question and answer.
        image: the picture of the question, RGB; None: it has none.
    """

    prompt: str
    text: str
    image: Image | None = None


@dataclass(frozen=True)
class Request:
    """One thing to ask.

    Attributes:
        id: the sample's id.
        prompt: the instruction, before any chat template.
        image: the picture, RGB; None asks without one.
        earlier: the turns of the dialogue before it; a model needs a chat template for them.
    """

    id: str
    prompt: str
    image: Image | None = None
    earlier: tuple[Exchange, ...] = ()

    @property
    def images(self) -> list[Image]:
        """All pictures of the dialogue, in order."""
        every = [*(each.image for each in self.earlier), self.image]
        return [each for each in every if each is not None]


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
            answers: short answers whose probabilities `Response.answers` will hold (see `choose`).

        Raises:
            ModelError: the model cannot be run, such as when one picture does not fit in memory.
            InputError: a request cannot be answered.
        """

    def choose(self, requests: Sequence[Request], answers: Sequence[str]) -> list[dict[str, float]]:
        """For each request, the probability that the reply begins with each short answer.

        Probabilities are the model's own (temperature 1) and together ≤ 1. An empty dict means
        that the model does not say.
        """


class LocalMLLM(MLLM, Protocol):
    """An MM-LLM whose tensors are in this process, which methods of decoding can work on.

    Attributes:
        processor, tokenizer, config: as transformers loads them; prompts are padded on the left.
        device, dtype: where the model is and in which precision, as torch names them.
        model: the loaded transformers model.
        pads: whether prompts can be padded to one length without another answer.
    """

    pads: bool
    processor: Any
    tokenizer: Any
    config: Any
    device: Any
    dtype: Any

    @property
    def model(self) -> Any:
        """The loaded transformers model, in evaluation mode."""

    def process(self, requests: Sequence[Request]) -> Any:
        """The processor's output for requests, on the CPU, in the processor's precision."""

    def prepare(self, requests: Sequence[Request]) -> Any:
        """The same on the model's device and in its dtype."""
