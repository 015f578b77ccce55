"""HACL on the embedded MM-LLM beside its controls: the probe before and after, and the captions.

    python benchmarks/tabletop_hacl.py FOLDER --pairs PAIRS [--steps 100] [--scenes 300] [--seeds 3]

PAIRS is a folder of `halluc data pairs` on scenes that do not measure. All trainings take as many
steps on the better answers of the same pairs; they differ in the contrast beside them: none, with
captions of other pictures as negatives alone, and with the hallucinated captions, too. Without a
contrast there are no heads, so its probe reads hidden states as they are. Measured on the first
bias-broken scenes: the probe's AUROC by what is wrong (`halluc analyse alignment`, on the untrained
model's own captions, for all the same), then captions and POPE as in `tabletop_dpo.py`. FOLDER
keeps adapters and runs; the same command continues with what is there. Printed are means over the
seeds and, in brackets, the least and the greatest.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import fmean

from tabletop_dpo import HEAD, measure

from app.workflows.analyse.alignment import analyse_alignment
from app.workflows.train.sft import train_sft
from halluc.language.claims.things import load_things
from halluc.mllm import load_model
from mitigation.precorrection.alignment import KINDS, OTHER
from mitigation.precorrection.sft import Recipe

# What is trained: the contrast's weight, and whether hallucinated captions are negatives.
WAYS = {
    "SFT, no contrast": (0.0, True),
    "HACL, other pictures alone": (1.0, False),
    "HACL": (1.0, True),
}
PROBE = (*KINDS, OTHER)


def probe(run: Path, model: str) -> list[float]:
    """AUROC of true against false captions by what is wrong, in percent."""
    adapter = model.partition("+")[2]
    mllm, things = load_model(model), load_things(None)
    found = analyse_alignment(run, mllm, Path(adapter) if adapter else None, things, batch_size=32)
    values = {score.split: score.value for score in found.scores}
    return [100 * (values.get(kind) or 0) for kind in PROBE]


def main() -> None:
    """Train, probe, measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pairs", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--scenes", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    runs = given.folder / "runs"
    head = [*(f"AUROC, {kind}" for kind in PROBE), *HEAD]
    print(f"| | {' | '.join(head)} |\n| --- |{' ---: |' * len(head)}")
    base = measure(runs / "tabletop", "tabletop", given.scenes)
    captions = runs / "tabletop" / "captions"
    row = probe(captions, "tabletop") + base
    print(f"| tabletop | {' | '.join(f'{value:.1f}' for value in row)} |", flush=True)
    for name, (weight, hallucinated) in WAYS.items():
        rows = []
        for seed in range(given.seeds):
            recipe = Recipe(
                learning_rate=1e-3, batch_size=16, max_steps=given.steps, seed=seed,
                projector=True, hacl=weight, hallucinated=hallucinated,
            )  # fmt: skip
            adapter = given.folder / f"adapters/{name}-{seed}"
            train_sft(
                load_model("tabletop"), given.pairs, adapter, recipe, images=None, save_steps=1000
            )
            model = f"tabletop+{adapter}"
            rows.append(
                probe(captions, model) + measure(runs / f"{name}-{seed}", model, given.scenes)
            )
        told = [f"{fmean(v):.1f} ({min(v):.1f}–{max(v):.1f})" for v in zip(*rows, strict=True)]
        print(f"| {name} | {' | '.join(told)} |", flush=True)


if __name__ == "__main__":
    main()
