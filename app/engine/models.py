"""An MM-LLM asked on the workers of a Ray cluster, each of which has loaded it for itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from app.engine.cluster import Cluster
from halluc.errors import ModelError
from halluc.mllm import MLLM, Decoding, Fit, load_model
from halluc.mllm.batches import cut_batches, generate_batches
from halluc.records import Response, Sample
from halluc.work import Work

if TYPE_CHECKING:
    from PIL.Image import Image

    from halluc.language.claims.things import Things
    from mitigation.postcorrection.revisions import Revise, Revision


@dataclass(frozen=True)
class Named:
    """A model by its name, to be loaded where it is asked; see `load_model`.

    Attributes:
        name, dtype, device, trust_remote_code, timeout, chat_template, fit: as `load_model`
            takes them.
        threads: of torch in the process that asks; the last digits of a probability hang on them.
    """

    name: str
    dtype: str = "auto"
    device: str = "auto"
    trust_remote_code: bool = False
    timeout: float | None = None
    chat_template: Path | None = None
    fit: Fit = field(default_factory=Fit)
    threads: int | None = None

    def load(self) -> MLLM:
        """The model, in this process."""
        if self.threads is not None:
            import torch

            torch.set_num_threads(self.threads)
        return load_model(
            self.name,
            dtype=self.dtype,
            device=self.device,
            trust_remote_code=self.trust_remote_code,
            timeout=self.timeout,
            chat_template=self.chat_template,
            fit=self.fit,
        )


@dataclass(frozen=True)
class Replicas:
    """A model on each worker of a cluster.

    Attributes:
        named: the model.
        cluster: where it is asked.
        card: the model's part of a result card, as a worker has it.
        plan: what is made of the model where it is asked; None: it is asked as it is.
    """

    named: Named
    cluster: Cluster
    card: dict[str, Any]
    plan: Callable[[MLLM], MLLM] | None = None

    def generate_batches(
        self,
        samples: Sequence[Sample],
        open_image: Callable[[Sample], Image],
        prompt: Callable[[Sample], str],
        decoding: Decoding,
        *,
        batch_size: int = 8,
        answers: Sequence[str] = (),
        done: Collection[str] = (),
        skip_failing: bool = False,
    ) -> Iterator[list[Response]]:
        """As `halluc.mllm.batches.generate_batches`; batches come in any order."""
        batches = list(cut_batches(samples, batch_size, done))
        begin = partial(
            _answering, self.named, self.card, self.plan, open_image, prompt, decoding, answers,
            skip_failing,
        )  # fmt: skip
        items = [msgspec.json.encode(batch) for batch in batches]
        for _, result in self.cluster.spread(begin, items):
            responses = msgspec.json.decode(result, type=list[Response])
            yield [each for each in responses if each.id not in done]

    def revise_batches(
        self,
        batches: Sequence[Sequence[tuple[Response, Sample]]],
        open_image: Callable[[Sample], Image],
        things: Things,
        revise: Revise,
    ) -> Iterator[tuple[int, list[Revision]]]:
        """The number of a batch of captions and their revisions; batches come in any order."""
        from mitigation.postcorrection.revisions import Revision

        begin = partial(_revising, self.named, self.card, open_image, things, revise)
        items = [msgspec.json.encode(batch) for batch in batches]
        for number, result in self.cluster.spread(begin, items):
            yield number, msgspec.json.decode(result, type=list[Revision])


def place_model(named: Named, cluster: Cluster | None) -> MLLM | Replicas:
    """The model of a name, in this process or on the workers of a cluster.

    Raises:
        HallucError: it cannot be loaded there.
    """
    if cluster is None:
        return named.load()
    if not named.name.startswith(("openai:", "replay:", "judge:")):
        try:
            import torch
        except ImportError as error:
            raise ModelError(
                f"running {named.name} needs {error.name}; install it with: "
                "pip install 'halluc[models]'"
            ) from None
        named = replace(named, threads=torch.get_num_threads())
    card = cluster.once(partial(_card, named))
    return Replicas(named, cluster, msgspec.json.decode(card))


def ask_batches(model: MLLM | Replicas) -> Callable[..., Iterator[list[Response]]]:
    """`generate_batches` of a model, wherever it is."""
    return (
        model.generate_batches if isinstance(model, Replicas) else partial(generate_batches, model)
    )


def _card(named: Named) -> bytes:
    return msgspec.json.encode(named.load().card)


def _load(named: Named, card: dict[str, Any]) -> MLLM:
    """The model of a worker, the same as the others'."""
    model = named.load()
    own = msgspec.to_builtins(model.card)
    if differing := sorted(key for key in own | card if own.get(key) != card.get(key)):
        what = ", ".join(f"{key} {own.get(key)} and {card.get(key)}" for key in differing)
        raise ModelError(f"{named.name} is not the same on all machines: {what[:300]}")
    return model


def _answering(  # noqa: PLR0917
    named: Named,
    card: dict[str, Any],
    plan: Callable[[MLLM], MLLM] | None,
    open_image: Callable[[Sample], Image],
    prompt: Callable[[Sample], str],
    decoding: Decoding,
    answers: Sequence[str],
    skip_failing: bool,
) -> Work:
    model = _load(named, card)
    model = plan(model) if plan else model

    def work(item: bytes) -> bytes:
        batch = msgspec.json.decode(item, type=list[Sample])
        (responses,) = generate_batches(
            model, batch, open_image, prompt, decoding,
            batch_size=len(batch), answers=answers, skip_failing=skip_failing,
        )  # fmt: skip
        return msgspec.json.encode(responses)

    return work


def _revising(
    named: Named,
    card: dict[str, Any],
    open_image: Callable[[Sample], Image],
    things: Things,
    revise: Revise,
) -> Work:
    model = _load(named, card)

    def work(item: bytes) -> bytes:
        batch = msgspec.json.decode(item, type=list[tuple[Response, Sample]])
        images = [open_image(sample) for _, sample in batch]
        captions = [response for response, _ in batch]
        return msgspec.json.encode(list(revise(captions, images, model, things)))

    return work
