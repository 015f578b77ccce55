"""Guided decoding: towards the answer that the model gives when it is told what is in the picture.

Zhao et al. 2025, "Mitigating Object Hallucination in Large Vision-Language Models via
Image-Grounded Guidance" (MARINE, ICML, arXiv:2402.08680), and its code
(https://github.com/Linxi-ZHAO/MARINE), which has no plausibility constraint:

    z = log p(q) + γ · (log p(q′) − log p(q)),   γ = .7

q is the prompt, q′ the same with a hint: names of the objects in the picture. It is classifier-free
guidance: γ = 0 is the model as it is, and γ = 1 the hint alone, which the contrast has to beat.
Another control is another picture's hint. The words of the hint are our own; `hint_turns` says it
as turns of the dialogue before the prompt, for models that know questions better than hints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from halluc.errors import InputError
from halluc.mllm import Exchange, LocalMLLM, Request
from mitigation.inprocess.contrastive import Combiner, Contrastive, Inputs
from mitigation.inprocess.logits import plausible

if TYPE_CHECKING:
    import torch

TEXT = "The image shows {objects}. {prompt}"
QUESTION, ANSWER = "Is there {object} in the image?", "Yes"
"""An object of the hint as a turn of the dialogue."""


class Guided(Contrastive, frozen=True, kw_only=True, tag_field="method", tag="guided"):
    """Guided decoding by hints.

    Attributes:
        hint: where hints come from; `app.workflows.hints` finds them.
        gamma: weight of the guidance, ≥ 0.
        beta: least probability of a token, as a share of the likeliest one's, [0, 1]; 0 allows all.
        hint_text: how the hint is said; holds {objects} and {prompt}.
        hint_turns: the hint is said in earlier turns instead, a question and a yes for each object;
            a model needs a chat template for them.
        hint_threshold: least score of an object, (0, 1].
        other_hint: each picture gets the hint of another one.
        hints: names of objects by sample id. A sample without any is asked as it is.

    Raises:
        InputError: a value is out of its range.
    """

    title = "guided decoding"
    summary = "Guide towards the answer to a prompt that says which objects are in the picture."
    paper = "arXiv:2402.08680"

    hint: Annotated[
        str,
        Meta(
            description="where hints come from: self (the model's own yes and no on each class), "
            "detector:ORG/NAME or a folder, file:FILE (JSON of names by picture) or truth (the "
            "ceiling)",
            extra={"metavar": "HINT"},
        ),
    ] = "self"
    gamma: Annotated[
        float, Meta(ge=0, description="weight of the guidance; 1 is the hint alone, a control")
    ] = 0.7
    beta: Annotated[
        float,
        Meta(ge=0, le=1, description="plausibility constraint: least share of the likeliest token"),
    ] = 0.0
    hint_text: Annotated[
        str,
        Meta(description="how the hint is said, with {objects} and {prompt}",
             extra={"metavar": "TEXT"}),
    ] = TEXT  # fmt: skip
    hint_turns: Annotated[
        bool,
        Meta(description="say the hint in earlier turns instead, a question and yes an object"),
    ] = False
    hint_threshold: Annotated[
        float | None,
        Meta(gt=0, le=1, description="least score of an object [self: .5, detector: .35]"),
    ] = None
    other_hint: Annotated[
        bool, Meta(description="control: each picture gets the hint of another one")
    ] = False
    hints: Annotated[Mapping[str, tuple[str, ...]], Meta(extra={"found": True})] = {}

    def __post_init__(self) -> None:
        super().__post_init__()
        kind, _, place = self.hint.partition(":")
        if not (self.hint in ("self", "truth") or (kind in ("file", "detector") and place)):
            raise InputError(
                f"hint must be self, truth, file:FILE, detector:ORG/NAME or detector:FOLDER, not "
                f"{self.hint!r}"
            )
        for part in ("{objects}", "{prompt}"):
            if part not in self.hint_text:
                raise InputError(f"hint text must hold {part}, unlike {self.hint_text!r}")

    @property
    def files(self) -> tuple[Path, ...]:
        """The file of hints, if they come from one."""
        kind, _, place = self.hint.partition(":")
        return (Path(place),) if kind == "file" else ()

    def branches(self, model: LocalMLLM, requests: Sequence[Request]) -> list[Inputs]:
        """The prompts as they are, and with the hint.

        Raises:
            InputError: there is no hint for a request.
        """
        return [model.process(requests), model.process([self.hinted(each) for each in requests])]

    def hinted(self, request: Request) -> Request:
        """A request with its hint.

        Raises:
            InputError: there is none.
        """
        if request.id not in self.hints:
            raise InputError(f"guided has no hint for {request.id!r}")
        if not (names := self.hints[request.id]):
            return request
        if self.hint_turns:  # the picture stands in the first of them
            images = [request.image, *[None] * (len(names) - 1)]
            turns = tuple(
                Exchange(QUESTION.replace("{object}", name), ANSWER, image)
                for name, image in zip(names, images, strict=True)
            )
            return replace(request, image=None, earlier=request.earlier + turns)
        said = self.hint_text.replace("{objects}", listed(names))
        return replace(request, prompt=said.replace("{prompt}", request.prompt))

    def combiner(self, model: LocalMLLM) -> Combiner:
        """The paper's z."""
        return partial(combine, gamma=self.gamma, beta=self.beta)


def listed(names: Sequence[str]) -> str:
    """Names in a row.

    >>> listed(["a cup", "forks", "an orange"])
    'a cup, forks and an orange'
    """
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def combine(logits: torch.Tensor, step: int, *, gamma: float, beta: float) -> torch.Tensor:
    """The paper's z = log p + γ · (log p′ − log p), −∞ where log p < max log p + log β."""
    plain, hinted = logits.log_softmax(-1)
    return plausible(plain + gamma * (hinted - plain), plain, beta)
