"""`halluc score`: published metrics over a run or over files of other tools."""

from __future__ import annotations

import click

from app.cli.lazy import LazyGroup

COMMANDS = {
    "pope": "Yes/no questions on whether an object is there (arXiv:2305.10355).",
    "chair": "Share of mentioned objects that are not in the picture (arXiv:1809.02156).",
    "mme": "Perception, cognition and the tasks on hallucination (arXiv:2306.13394).",
    "amber": "Captions and questions: CHAIR, Cover, Hal, Cog and F1 (arXiv:2311.07397).",
    "finegrained": "Rates of wrong objects, attributes and relations (kinds: arXiv:2404.18930).",
}


@click.group(cls=LazyGroup, package=__name__, commands=COMMANDS)
def score() -> None:
    """Score a run or a file of answers with a published metric."""
