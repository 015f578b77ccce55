"""Critique, revise, decide: the model corrects its own answer, and keeps the better of the two.

Lee et al. 2024, "Volcano: Mitigating Multimodal Hallucination through Self-Feedback Guided
Revision" (arXiv:2311.07362) trains a model for the three parts; here any model is asked for them,
once and not up to three times. At the decision, which answer comes first is settled by the sample's
id, so that a liking for the first one does not favour either. The prompts are worded anew.

The control decides without a critique: the answer is revised with no word on what is wrong in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import ClassVar

from halluc.mllm import Request
from halluc.records import Response
from mitigation.prompting.chain import Chain, Step, fill
from mitigation.prompting.protocol import Calls, Setting

DECIDE = (
    "{question}\n\nA: {first}\n\nB: {second}\n\nWhich of the two answers fits the image better? "
    "Reply with A or B alone."
)
WITHOUT = "{question}\n\nAn answer was: {draft}\n\nGive a better answer. Write the answer alone."


class Critique(Chain, frozen=True, kw_only=True):
    """Let the model criticise and revise its answer, and choose between the two."""

    name = "critique"
    title = "Critique, revise, decide"
    summary = "The model criticises and revises its answer, then chooses between the two."
    paper = "arXiv:2311.07362"
    controls: ClassVar[dict[str, str]] = {
        "no-critique": "the answer is revised, and chosen, without a critique"
    }
    steps = (
        Step("draft", "{question}"),
        Step(
            "critique",
            "{question}\n\nAn answer was: {draft}\n\nCompare it with the image. Say in a few "
            "sentences what of it is wrong or cannot be seen; do not answer anew.",
        ),
        Step(
            "revise",
            "{question}\n\nAn answer was: {draft}\n\nA critique of it: {critique}\n\n"
            "Give a better answer. Write the answer alone.",
        ),
    )

    @property
    def prompts(self) -> dict[str, str]:
        """The prompt of each step, and that of the decision; the control's are its own."""
        prompts = {**super().prompts, "decide": DECIDE}
        if self.control:
            del prompts["critique"]
            prompts["revise"] = WITHOUT
        return prompts

    def run(self, calls: Calls, setting: Setting) -> list[Response]:
        """Answer, criticise, revise and decide; the answer that was chosen is given."""
        draft, critique, revise = self.steps
        questions = [{"question": each.prompt} for each in calls.requests]
        drafts = self._answer(draft.name, draft.prompt, calls, questions)
        texts = [{**told, "draft": each.text} for told, each in zip(questions, drafts, strict=True)]
        if not self.control:
            said = self.call(critique, calls, setting, texts)
            texts = [
                {**told, "critique": each.text} for told, each in zip(texts, said, strict=True)
            ]
        revised = self._answer(revise.name, self.prompts[revise.name], calls, texts)
        return self._decide(calls, questions, drafts, revised)

    def _answer(
        self, name: str, prompt: str, calls: Calls, texts: Sequence[dict[str, str]]
    ) -> list[Response]:
        asked = [
            Request(each.id, fill(prompt, told), each.image)
            for each, told in zip(calls.requests, texts, strict=True)
        ]
        return calls.ask(name, asked, answers=calls.answers)

    @staticmethod
    def _decide(
        calls: Calls,
        questions: Sequence[dict[str, str]],
        drafts: Sequence[Response],
        revised: Sequence[Response],
    ) -> list[Response]:
        turned = [hashlib.sha256(each.id.encode()).digest()[0] % 2 == 1 for each in calls.requests]
        pairs = [
            (new, old) if turn else (old, new)
            for old, new, turn in zip(drafts, revised, turned, strict=True)
        ]
        asked = [
            Request(
                each.id,
                fill(DECIDE, {**told, "first": first.text, "second": second.text}),
                each.image,
            )
            for each, told, (first, second) in zip(calls.requests, questions, pairs, strict=True)
        ]
        replies = calls.ask("decide", asked, max_new_tokens=8)
        chosen = []
        for old, pair, reply in zip(drafts, pairs, replies, strict=True):
            letter = reply.text.strip().strip("\"'(*").upper()[:1]
            # Whoever does not decide stays with the first answer.
            pick = {"A": pair[0], "B": pair[1]}.get(letter, old)
            chosen.append(pick)
        return chosen
