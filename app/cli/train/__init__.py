"""`halluc train`: correct a model by training, fit a detector, or rebuild what halluc ships."""

from __future__ import annotations

import click

from app.cli.lazy import LazyGroup

COMMANDS = {
    "dpo": "Train a LoRA adapter of a model on preference pairs (DPO).",
    "kto": "Train a LoRA adapter of a model on answers that are right or wrong (KTO).",
    "grpo": "Train a LoRA adapter of a model on rewards of its own captions (GRPO).",
    "sft": "Train a LoRA adapter of a model on answers (supervised fine-tuning).",
    "control": "Fit a control layer, a dial for --decode control, to preference pairs.",
    "steering": "Find a direction of hidden states for --decode steering on preference pairs.",
    "lure": "Train LURE's revisor: an adapter that rewrites masked captions.",
    "merge": "Add an adapter to the weights of its model, as a checkpoint of its own.",
    "judge": "Fit a small judge of captions by references, for halluc score haelm.",
    "detector": "Fit a detector of absent objects to captions whose truth is known.",
    "tabletop": "Rebuild the embedded MM-LLM stage by stage, and measure it.",
    "english": "Rebuild the pipeline that reads English: tagger, parser, lemmas.",
}


@click.group(cls=LazyGroup, package=__name__, commands=COMMANDS)
def train() -> None:
    """Correct a model by training, fit a detector, or rebuild what halluc ships."""
