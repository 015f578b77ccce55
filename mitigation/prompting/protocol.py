"""What a plan brings; ``halluc generate --plan``, its options and the docs are made from it.

A plan is one subclass of `Plan`, found by the entry point ``halluc.plans``. It makes several calls
to a model, whatever model that is, in place of one; `Planned` is a model that is asked by a plan.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from halluc.datasets import Dataset
from halluc.errors import InputError, SampleError
from halluc.mllm import MLLM, Decoding, Exchange, Request
from halluc.options import check_options
from halluc.records import Call, Response, Sample, Turn

if TYPE_CHECKING:
    from PIL.Image import Image

OWN = "own"
"""As `Call.picture`: the sample's own."""


@dataclass(frozen=True)
class Setting:
    """What is asked about, for calls that look at more than their own sample.

    Attributes:
        samples: all that are asked, in their order.
        open_image: gives a sample's picture, RGB.
        ask: gives what is asked about a sample.
        captions: the task is to describe pictures; False: to answer questions.
        answers: short answers of the task ("yes", "no"); empty: it has none.
        demonstrations: where examples come from; None: none are given.
    """

    samples: Sequence[Sample]
    open_image: Callable[[Sample], Image]
    ask: Callable[[Sample], str]
    captions: bool = True
    answers: tuple[str, ...] = ()
    demonstrations: Dataset | None = None

    @cached_property
    def places(self) -> dict[str, int]:
        """Where each sample stands, by its id."""
        return {each.id: place for place, each in enumerate(self.samples)}

    def sample(self, id: str) -> Sample:
        """The sample of an id."""
        return self.samples[self.places[id]]

    def other(self, id: str) -> Sample:
        """The next sample, in their order, on another picture.

        Raises:
            SampleError: all are on the same picture.
        """
        place, own = self.places[id], self.sample(id).image
        for each in (*self.samples[place + 1 :], *self.samples[:place]):
            if each.image is not None and each.image != own:
                return each
        raise SampleError(id, "another picture is wanted for the control, and there is none")


@dataclass
class Calls:
    """The calls that are made for a batch.

    Attributes:
        model: what is asked.
        requests: what the user asks.
        decoding: as the user gave it.
        answers: short answers whose probabilities are kept with the answer.
        made: the calls so far, for each request.
    """

    model: MLLM
    requests: Sequence[Request]
    decoding: Decoding
    answers: Sequence[str] = ()
    made: list[list[Call]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.made = [[] for _ in self.requests]

    def ask(
        self,
        name: str,
        asked: Sequence[Request],
        *,
        pictures: Sequence[str | Sequence[str]] | None = None,
        answers: Sequence[str] = (),
        **decoding: Any,
    ) -> list[Response]:
        """Make a call for each request of the batch, and keep it.

        Args:
            name: which call of the plan.
            asked: one for each request, in their order and with their ids.
            pictures: what `Call.picture` says of each, and of its earlier turns before it where it
                is not the same; default: its own.
            answers: short answers whose probabilities are wanted.
            decoding: fields of `Decoding` that differ from the user's. Each call draws from a
                random stream of its own; the first has that of a plain answer.
        """
        number = len(self.made[0])
        how = {"seed": _seed(self.decoding.seed, number), **decoding}
        responses = self.model.generate(asked, replace(self.decoding, **how), answers)
        for place, (request, response) in enumerate(zip(asked, responses, strict=True)):
            shown = OWN if pictures is None else pictures[place]
            names = [shown] * (len(request.earlier) + 1) if isinstance(shown, str) else shown
            call = Call(
                name=name,
                prompt=request.prompt,
                text=response.text,
                picture="" if request.image is None else names[-1],
                earlier=tuple(map(_turn, request.earlier, names)),
                tokens=len(response.tokens) or None,
                answers=response.answers,
                finish=response.finish,
            )
            self.made[place].append(call)
        return responses


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A plan of several calls, with its options as fields (see `halluc.options`).

    Attributes:
        name: as ``--plan`` calls it; also the name of its entry point.
        title, summary, paper: what it is called, what it does in a line, where it is published.
        number: the option that stands behind the name, as in ``vote:8``; empty: none does.
        controls: name of each control → what it is.

    Raises:
        InputError: an option is out of its range, or there is no such control.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str]
    paper: ClassVar[str] = ""
    number: ClassVar[str] = ""
    controls: ClassVar[dict[str, str]] = {}

    control: Annotated[
        str | None,
        Meta(
            description="Run a control of the plan in its place; see docs/prompting.md.",
            extra={"metavar": "NAME"},
        ),
    ] = None

    def __post_init__(self) -> None:
        check_options(self)
        if self.control is not None and self.control not in self.controls:
            raise InputError(
                f"--plan {self.name} has no control {self.control!r}; it has "
                f"{', '.join(self.controls)}"
            )

    @classmethod
    def options(cls) -> list[str]:
        """Names of its options, without the number that stands behind its name."""
        return [name for name in cls.__struct_fields__ if name != cls.number]

    @property
    def prompts(self) -> dict[str, str]:
        """What it asks, by name of the call, for the result card."""
        return {}

    def check(self, setting: Setting) -> None:
        """Refuse what the plan cannot be used for, before a model is asked.

        Raises:
            InputError: says why.
        """

    def run(self, calls: Calls, setting: Setting) -> list[Response]:
        """Make the calls for a batch.

        Returns:
            The final answers, in the order of the requests.

        Raises:
            ModelError: the model cannot be run.
            SampleError: a request cannot be answered.
        """
        raise NotImplementedError


class Planned:
    """A model that is asked by a plan.

    Args:
        model: which is asked.
        plan: how.
        setting: what about.

    Attributes:
        card: the model's.
    """

    def __init__(self, model: MLLM, plan: Plan, setting: Setting) -> None:
        self._model, self._plan, self._setting = model, plan, setting
        self.card = model.card

    def generate(
        self, requests: Sequence[Request], decoding: Decoding, answers: Sequence[str] = ()
    ) -> list[Response]:
        """Answer requests by the plan; each response holds all calls, the final one included.

        Raises:
            ModelError, InputError: as the model raises them.
        """
        if not requests:
            return []
        calls = Calls(self._model, requests, decoding, answers)
        return [
            replace(response, id=request.id, prompt=request.prompt, calls=tuple(made))
            for request, response, made in zip(
                requests, self._plan.run(calls, self._setting), calls.made, strict=True
            )
        ]

    def choose(self, requests: Sequence[Request], answers: Sequence[str]) -> list[dict[str, float]]:
        """For each request, the probability of each short answer at the end of the plan."""
        short = Decoding(max_new_tokens=1)
        return [each.answers for each in self.generate(requests, short, answers)]


def _turn(each: Exchange, name: str) -> Turn:
    return Turn(prompt=each.prompt, text=each.text, picture="" if each.image is None else name)


def _seed(seed: int, number: int) -> int:
    """The seed of a call: that of the first is the user's."""
    if number == 0:
        return seed
    return int.from_bytes(hashlib.sha256(f"{seed}/call {number}".encode()).digest()[:4]) >> 1
