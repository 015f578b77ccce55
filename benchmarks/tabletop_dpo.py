"""What each kind of preference pair teaches the embedded MM-LLM, beside its controls.

    python benchmarks/tabletop_dpo.py FOLDER RUN... [--ways NAME...] [--steps 100] [--seeds 3]

RUN... are what docs/dpo.md mines from: inspected captions and questions on scenes that do not
measure. FOLDER keeps pairs, adapters and runs; the same command continues with what is there. All
trainings take as many steps, with the recipe of the adapter that ships but for what the row says;
`sft` trains on the better answers alone. Printed are means over the seeds and, in brackets, the
least and the greatest.
"""

from __future__ import annotations

import argparse
import shutil
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

from app.workflows.data.pairs import make_pairs
from app.workflows.measure import MeasuredRun, first_scenes, measure_task
from app.workflows.train.adapter import train_adapter
from app.workflows.train.dpo import DPO
from app.workflows.train.pairs import read_training_pairs
from halluc.datasets.tabletop import with_questions
from halluc.mllm import load_model
from mitigation.precorrection.dpo import Recipe, make_trainer
from mitigation.precorrection.inspected import repeats
from mitigation.precorrection.pairs import KINDS, read_pairs

SHIPPED = Recipe(losses=("sigmoid", "sft"), learning_rate=1e-3, batch_size=16)
PAIRS: dict[str, tuple[str, ...]] = {**{kind: (kind,) for kind in KINDS}, "all": KINDS}
# What is trained: name → pairs, recipe.
WAYS: dict[str, tuple[str, Recipe]] = {
    **{kind: (kind, SHIPPED) for kind in PAIRS},
    **{f"{kind}, mDPO": (kind, replace(SHIPPED, mdpo=1.0)) for kind in PAIRS},
    "all, DPO's loss alone": ("all", replace(SHIPPED, losses=("sigmoid",))),
    "all, SFT alone": ("all", replace(SHIPPED, losses=("sft",))),
}
FIGURES = (
    "CHAIRi", "CHAIRs", "Recall", "attribute hallucination rate", "relation hallucination rate",
)  # fmt: skip
SPLITS = ("random", "popular", "adversarial")
HEAD = ("CHAIRi", "CHAIRs", "recall", "attributes", "relations", "repeats", "words", *SPLITS)


def figures(captions: MeasuredRun, answers: MeasuredRun) -> list[float]:
    """One row: shares in percent, repeated mentions and words a caption, F1 of POPE."""
    mentions: dict[str, list[str]] = {}
    for each in captions.findings:
        if each.claim.kind == "object":
            mentions.setdefault(each.id, []).append(each.claim.subject)
    texts = [each.text for each in captions.run.responses]
    return [
        *(100 * (captions.figure(name) or 0) for name in FIGURES),
        sum(map(repeats, mentions.values())) / len(texts),
        fmean(len(text.split()) for text in texts),
        *(100 * (answers.figure("F1", split) or 0) for split in SPLITS),
    ]


def measure(folder: Path, model: str, scenes: int) -> list[float]:
    """Caption and question the first scenes."""
    mllm, shown = load_model(model), first_scenes(scenes)
    return figures(
        measure_task(folder / "captions", mllm, shown, "caption", title=folder.name),
        measure_task(folder / "pope", mllm, with_questions(shown), "pope"),
    )


def train(pairs: Path, adapter: Path, recipe: Recipe) -> None:
    """Train as `halluc train dpo` does, the reference's log-probabilities computed once for all."""
    mllm = load_model("tabletop")
    splits, open_image, data = read_training_pairs(pairs, None)
    # Crops are drawn anew with each seed, so with mDPO the reference hangs on it.
    known = pairs / (f"reference-{recipe.seed}.json" if recipe.mdpo else "reference.json")
    place = adapter / "reference.json"

    def make() -> Any:
        if known.is_file():
            shutil.copyfile(known, place)
        return make_trainer(mllm, splits, open_image, recipe, adapter, save_steps=1000)

    train_adapter(mllm, adapter, DPO, recipe, data, check=lambda: None, make=make)
    shutil.copyfile(place, known)


def main() -> None:
    """Mine, train, measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    parser.add_argument("--scenes", type=int, default=300)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    for name in sorted({WAYS[way][0] for way in given.ways}):
        kinds = PAIRS[name]
        if not (given.folder / name / "card.json").exists():
            make_pairs(
                given.runs, given.folder / name,
                kinds=kinds, seed=0, test_share=0.02,
                most=given.steps * SHIPPED.batch_size // len(kinds),
            )  # fmt: skip
    print(f"| pairs | {' | '.join(HEAD)} |\n| --- |{' ---: |' * len(HEAD)}")
    base = measure(given.folder / "runs/tabletop", "tabletop", given.scenes)
    print(f"| none | {' | '.join(f'{value:.1f}' for value in base)} |", flush=True)
    for name in given.ways:
        pairs, recipe = WAYS[name]
        folder = given.folder / pairs
        count = len(read_pairs(folder)[1]["train"])
        epochs = given.steps * recipe.batch_size / count
        rows = []
        for seed in range(given.seeds):
            adapter = given.folder / f"adapters/{name}-{seed}"
            train(folder, adapter, replace(recipe, epochs=epochs, seed=seed))
            run = given.folder / f"runs/{name}-{seed}"
            rows.append(measure(run, f"tabletop+{adapter}", given.scenes))
        told = [f"{fmean(v):.1f} ({min(v):.1f}–{max(v):.1f})" for v in zip(*rows, strict=True)]
        print(f"| {name} | {' | '.join(told)} |", flush=True)


if __name__ == "__main__":
    main()
