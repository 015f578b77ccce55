"""Training of the English pipeline from end to end: train, measure, save, and write its card."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import spacy

from app.workflows.progress import Progress, silent
from halluc.card import check_place, now, versions
from halluc.jsonl import write_json
from halluc.language.pipeline.training import Figures, Recipe, save, train_pipeline

COMMAND = "halluc train english"


def train_english(
    treebank: Path, output: Path, *, seed: int, steps: int, progress: Progress = silent
) -> str:
    """Train the English pipeline, save it as a spaCy folder and write its card.

    Args:
        treebank: folder with a treebank's splits in CoNLL-U.
        output: folder of the pipeline.
        seed: of weights and order.
        steps: changes of the weights.
        progress: called with how far it is.

    Returns:
        What was done, in a sentence.

    Raises:
        InputError: the treebank is missing or cannot be read, or the folder holds something else.
    """
    check_place(output, COMMAND)
    recipe = Recipe(steps=steps, seed=seed)
    begun = time.monotonic()
    note = ""

    def watch(step: int, dev: Figures | None) -> None:
        nonlocal note
        if dev:
            shown = ", ".join(f"{name} {dev[name]:.3f}" for name in ("TAG", "LAS"))
            note = f"{shown} on dev"
        progress("English", step, steps, note)

    nlp, figures = train_pipeline(treebank, recipe, watch)
    made = {"made by": f"{COMMAND} --steps {steps} --seed {seed}"}
    output.mkdir(parents=True, exist_ok=True)
    write_json(output / "card.json", made)
    save(nlp, output, figures)
    card: dict[str, Any] = {
        **made,
        "trained on": "Universal Dependencies English EWT, CC BY-SA 4.0, and made-up captions",
        "recipe": asdict(recipe),
        "trained": now(),
        "seconds of training": round(time.monotonic() - begun),
        "versions": {
            "spacy": spacy.__version__,
            **{name: each for name, each in versions().items() if name in ("python", "halluc")},
        },
        "measured on the test set": figures,
    }
    write_json(output / "card.json", card)
    return f"The pipeline is in {output}; spacy.load opens it"
