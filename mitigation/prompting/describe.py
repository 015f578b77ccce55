"""Describe, then answer: the model's own description stands before the question, in a dialogue.

The first part of many methods of chain of thought with pictures. What the description gets wrong
goes on into the answer (Zhong et al. 2024, arXiv:2407.00569, call that snowballing), so the chain
is kept and can be scored apart. The prompt is LLaVA's usual one.
"""

from __future__ import annotations

from mitigation.prompting.chain import Chain, Step


class Describe(Chain, frozen=True, kw_only=True):
    """Let the model describe the picture, and ask in the next turn."""

    name = "describe"
    title = "Describe, then answer"
    summary = "The model describes the picture before it is asked."
    steps = (
        Step("describe", "Describe this image in detail."),
        Step("answer", "{question}", after="describe"),
    )
