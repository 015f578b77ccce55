"""Plans in which a text of the model's own goes before its answer (M-CoT), and their controls.

A chain is a list of steps, each a prompt in which earlier texts stand by the names of their steps.
What comes last answers. The controls tell what of a gain the chain's text is worth:

- neutral: the answer comes after a text about nothing, as many words long as the chain's (which is
  made all the same): what distance and length alone do;
- foreign: the chain is about another sample's picture: whether the answer follows the text;
- text-only: the last call has no picture: what the text alone carries.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Annotated, ClassVar

from msgspec import Meta

from halluc.mllm import Exchange, Request
from halluc.records import Response
from mitigation.prompting.protocol import OWN, Calls, Plan, Setting

NEUTRAL = (
    "The meeting of the committee begins at nine and ends before noon. Whoever comes late waits "
    "until the first point has been dealt with. Minutes are taken by turns, sent out within a week "
    "and approved next time. Votes are taken openly unless somebody asks otherwise. Costs are paid "
    "out of the common account and reported once a year."
)
"""What the neutral chain says, over and over; it names no object, colour or place."""


@dataclass(frozen=True)
class Step:
    """A call of a chain.

    Attributes:
        name: of the call.
        prompt: what is asked; {question} stands for the user's, {NAME} for the text of a step.
        picture: whether the picture is shown.
        after: the step that stands before it as a turn of the same dialogue, with its picture;
            empty: none does.
    """

    name: str
    prompt: str
    picture: bool = True
    after: str = ""


class Chain(Plan, frozen=True, kw_only=True):
    """A plan of steps; the last one answers.

    Attributes:
        steps: of the plan.
        chain_tokens: most tokens of each text before the answer.
    """

    steps: ClassVar[tuple[Step, ...]]
    controls: ClassVar[dict[str, str]] = {
        "neutral": "the answer comes after a text about nothing, as long as the chain's",
        "foreign": "the chain is about another sample's picture",
        "text-only": "the answer is given without the picture",
    }

    chain_tokens: Annotated[
        int, Meta(ge=1, description="Most tokens of each text before the answer.")
    ] = 256

    @property
    def prompts(self) -> dict[str, str]:
        """The prompt of each step."""
        return {each.name: each.prompt for each in self.steps}

    def run(self, calls: Calls, setting: Setting) -> list[Response]:
        """Make the calls of all steps, and give the last one's answers."""
        texts: list[dict[str, str]] = [{"question": each.prompt} for each in calls.requests]
        responses: list[Response] = []
        for step in self.steps:
            responses = self.call(step, calls, setting, texts)
            for told, response in zip(texts, responses, strict=True):
                told[step.name] = response.text
        return responses

    def call(
        self, step: Step, calls: Calls, setting: Setting, texts: Sequence[dict[str, str]]
    ) -> list[Response]:
        """Make the call of one step.

        Args:
            step: which.
            calls: of the batch.
            setting: what is asked about.
            texts: of each request: the question and the texts of the steps before.
        """
        last = step is self.steps[-1]
        foreign = self.control == "foreign" and not last
        blank = self.control == "text-only" and last
        asked, pictures = [], []
        for request, told in zip(calls.requests, texts, strict=True):
            image, picture = request.image, OWN
            if foreign and step.picture:
                other = setting.other(request.id)
                image, picture = setting.open_image(other), other.id
            image = image if step.picture and not blank else None
            shown = told
            if self.control == "neutral" and last:
                shown = {n: t if n == "question" else neutral(t) for n, t in told.items()}
            earlier: tuple[Exchange, ...] = ()
            if step.after:
                before = next(each for each in self.steps if each.name == step.after)
                turn = fill(before.prompt, shown)
                earlier = (Exchange(turn, shown[step.after], image if before.picture else None),)
                image = None
            prompt = fill(step.prompt, shown)
            asked.append(Request(request.id, prompt, image, earlier))
            pictures.append(picture)
        if last:
            return calls.ask(step.name, asked, pictures=pictures, answers=calls.answers)
        return calls.ask(step.name, asked, pictures=pictures, max_new_tokens=self.chain_tokens)


def fill(prompt: str, texts: dict[str, str]) -> str:
    """A prompt with texts in their places; braces in the texts stay as they are.

    >>> fill("{graph} and {question}", {"graph": "{question}", "question": "Why?"})
    '{question} and Why?'
    """
    places = "|".join(map(re.escape, texts))
    return re.sub(rf"\{{({places})\}}", lambda found: texts[found[1]], prompt)


def neutral(text: str) -> str:
    """A text about nothing with as many words.

    >>> neutral("A red cup.")
    'The meeting of'
    """
    return " ".join(islice(cycle(NEUTRAL.split()), len(text.split())))
