"""GRPO on the embedded MM-LLM beside its controls, of the same reward and as many drawn captions.

    python benchmarks/tabletop_grpo.py FOLDER [--steps 50] [--scenes 300] [--seeds 3] [--objects]
        [--ways NAME...]

A step of GRPO draws eight captions of each of four pictures; all controls learn from as many
captions of the same pictures. FOLDER keeps adapters, pairs and runs; the same command continues
with what is there. Measured are the first bias-broken scenes, which nothing was trained on. `best
of 8` needs no training and reads their ground truth; it changes no answer to a question. Printed
are means over the seeds and, in brackets, the least and the greatest.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from statistics import fmean

from tabletop_dpo import HEAD, figures, measure

from app.workflows.data.ranked import make_ranked_pairs
from app.workflows.generate import generate
from app.workflows.measure import first_scenes, measure_task
from app.workflows.train.dpo import train_dpo
from app.workflows.train.grpo import train_grpo
from app.workflows.train.sft import train_sft
from halluc.datasets.tabletop import with_questions
from halluc.mllm import load_model
from mitigation.precorrection import dpo, grpo
from mitigation.precorrection.lora import Tuning
from mitigation.precorrection.rewards import USUAL

FIRST = 10_000
OBJECTS = ("object-hallucination=0.5", "object-coverage", "end", "repetition")
RATE = 1e-3
TOKENS = 96
PICTURES, DRAWN = 4, 8
"""Pictures of a step, and captions of each."""


def main() -> None:
    """Train, measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=50, help="of GRPO, 32 captions each")
    parser.add_argument("--scenes", type=int, default=300, help="to measure on")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--objects", action="store_true", help="reward objects alone")
    parser.add_argument("--ways", nargs="+", help="some of the trainings")
    given = parser.parse_args()
    folder, by = given.folder, OBJECTS if given.objects else USUAL
    data = f"tabletop:broken:{FIRST}-{FIRST + PICTURES * given.steps - 1}"

    def rewarded(output: Path, seed: int, shuffle: bool = False) -> None:
        recipe = grpo.Recipe(
            rewards=by, learning_rate=RATE, batch_size=PICTURES * DRAWN, generations=DRAWN,
            max_new_tokens=TOKENS, seed=seed, aggregation="normalize_then_sum", shuffle=shuffle,
        )  # fmt: skip
        train_grpo(load_model("tabletop"), data, output, recipe, images=None, save_steps=10)

    def ranked(seed: int) -> Path:
        pairs = folder / f"pairs-{seed}"
        if not (pairs / "card.json").exists():
            drawn = folder / f"runs/drawn-{seed}"
            how = {"best_of": DRAWN, "by": by, "max_new_tokens": TOKENS, "seed": seed}
            generate("tabletop", data, drawn, **how)
            make_ranked_pairs([drawn], pairs, by)
        return pairs

    def best(output: Path, seed: int) -> None:
        recipe = Tuning(learning_rate=RATE, seed=seed)
        more = {"images": None, "save_steps": 1000}
        train_sft(load_model("tabletop"), ranked(seed), output, recipe, **more)

    def both(output: Path, seed: int) -> None:
        recipe = dpo.Recipe(losses=("sigmoid", "sft"), learning_rate=RATE, seed=seed)
        more = {"images": None, "save_steps": 1000}
        train_dpo(load_model("tabletop"), ranked(seed), output, recipe, **more)

    ways: dict[str, Callable[[Path, int], None]] = {
        "GRPO": rewarded,
        "SFT on the best": best,
        "DPO, best against worst": both,
        "GRPO, rewards shuffled": lambda output, seed: rewarded(output, seed, shuffle=True),
    }
    if unknown := set(given.ways or ()) - set(ways):
        raise SystemExit(f"there is no way {min(unknown)!r}; there are {', '.join(ways)}")
    print(f"| | {' | '.join(HEAD)} |\n| --- |{' ---: |' * len(HEAD)}")
    base = measure(folder / "runs/tabletop", "tabletop", given.scenes)
    print(f"| tabletop | {' | '.join(f'{value:.1f}' for value in base)} |", flush=True)
    mllm, shown = load_model("tabletop"), first_scenes(given.scenes)
    drawn = {"best_of": DRAWN, "by": by}
    row = figures(
        measure_task(folder / "runs/best-of", mllm, shown, "caption", own=drawn),
        measure_task(folder / "runs/tabletop/pope", mllm, with_questions(shown), "pope"),
    )
    print(f"| best of 8 | {' | '.join(f'{value:.1f}' for value in row)} |", flush=True)
    for name in given.ways or ways:
        train, rows = ways[name], []
        for seed in range(given.seeds):
            adapter = folder / f"adapters/{name}-{seed}"
            train(adapter, seed)
            rows.append(
                measure(folder / f"runs/{name}-{seed}", f"tabletop+{adapter}", given.scenes)
            )
        told = [f"{fmean(v):.1f} ({min(v):.1f}–{max(v):.1f})" for v in zip(*rows, strict=True)]
        print(f"| {name} | {' | '.join(told)} |", flush=True)


if __name__ == "__main__":
    main()
