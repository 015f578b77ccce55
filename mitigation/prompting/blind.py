"""VIC: the steps of reasoning are laid down before the picture is seen.

Zheng et al. 2024, "Thinking Before Looking: Improving Multimodal LLM Reasoning via Mitigating
Visual Hallucination" (arXiv:2411.12591): a plan that is made from the question alone cannot be led
astray by the picture. Three calls: steps, without the picture; findings, one for each step, from
the picture; the answer, from picture, question and findings, which are not to be trusted blindly.
The prompts are worded anew.
"""

from __future__ import annotations

from mitigation.prompting.chain import Chain, Step


class Blind(Chain, frozen=True, kw_only=True):
    """Let the model plan without the picture, look step by step, and answer."""

    name = "blind"
    title = "Plan before looking (VIC)"
    summary = "The model plans from the question alone, then looks step by step, then answers."
    paper = "arXiv:2411.12591"
    steps = (
        Step(
            "plan",
            "Somebody will be asked this about an image that you cannot see: {question}\n"
            "Write down, one short sentence a step, what they have to look at and in which order. "
            "Assume nothing about what the image shows. The last step says in which form to "
            "answer.",
            picture=False,
        ),
        Step(
            "findings",
            "Go through these steps and write down what the image shows at each of them:\n{plan}",
        ),
        Step(
            "answer",
            "{question}\n\nNotes that somebody took while looking at the image, in which there may "
            "be errors:\n{findings}\n\nCheck them against the image, then answer the question: "
            "{question}",
        ),
    )
