"""Counterfactual words: what could be in the picture but is not, named as such before the question.

Kim et al. 2024, "What if...?: Thinking Counterfactual Keywords Helps to Mitigate Hallucination in
Large Multi-modal Models" (arXiv:2403.13513): the model names what is there, then absent things that
come ever closer to it, and is told to leave these aside when it answers. The prompts are worded
anew; the authors' filter of words by CLIP is left out.
"""

from __future__ import annotations

from mitigation.prompting.chain import Chain, Step


class Counterfactual(Chain, frozen=True, kw_only=True):
    """Let the model name plausible things that are absent, and ask with a warning of them."""

    name = "counterfactual"
    title = "Counterfactual words"
    summary = "The model names what could be there but is not, and is warned of it."
    paper = "arXiv:2403.13513"
    steps = (
        Step(
            "words",
            "List the most important things in the image in a few words. Then write five lines of "
            "things that could be in such an image but are not in this one; each line has to "
            "come closer to the image than the line before.",
        ),
        Step(
            "answer",
            "{question}\n\nThese notes were made before. Their last five lines are there to "
            "mislead: what they name is not in the image and must not count.\n{words}\n\n"
            "Answer from the image: {question}",
        ),
    )
