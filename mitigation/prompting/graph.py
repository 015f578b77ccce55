"""CCoT: a scene graph that the model writes itself goes before its answer.

Mitra et al. 2024, "Compositional Chain-of-Thought Prompting for Large Multimodal Models"
(arXiv:2311.17076): objects, attributes and relations that matter for the question, as JSON of at
most 256 tokens, then picture, graph and question together. The prompts are worded anew; what the
model writes is handed on as it is, whether it is JSON or not. The authors draw at temperature .2;
here both calls pick tokens as the command says.
"""

from __future__ import annotations

from mitigation.prompting.chain import Chain, Step


class Graph(Chain, frozen=True, kw_only=True):
    """Let the model write a scene graph of what the question needs, and ask with it."""

    name = "graph"
    title = "Scene graph first (CCoT)"
    summary = "The model writes a scene graph for the question before it answers."
    paper = "arXiv:2311.17076"
    steps = (
        Step(
            "graph",
            "A question about the image follows: {question}\n"
            "Do not answer it yet. Write the part of the scene that matters for it as JSON with "
            "three lists: the objects, the attributes of each object, and the relations between "
            "objects.",
        ),
        Step(
            "answer",
            "Scene graph of the image:\n{graph}\n\n"
            "Answer from the image together with this scene graph.\n{question}",
        ),
    )
