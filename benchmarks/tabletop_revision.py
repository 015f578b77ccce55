"""What revising gains on the embedded world, alone and on top of training and decoding.

    python benchmarks/tabletop_revision.py FOLDER [--scenes 1000] [--arms NAME …]

FOLDER keeps the runs; the same command continues with what is there. Every arm is a caption of the
same scenes, greedy, and its name says how it came about, step by step: `dpo` captions by the model
after DPO, `vcd` and `m3id` (λ .01) while decoding, `woodpecker` is asked about without and
`detector` with the detector that ships, `lure` is rewritten by the revisor that ships, with that
detector's masks, and `rule` with those of LURE's published rule. Each is compared with `greedy`.

    halluc analyse factors FOLDER/greedy -o FOLDER
    halluc analyse detector FOLDER/greedy -o FOLDER

give the factors of the greedy captions, and how good the detector is.
"""

from __future__ import annotations

import argparse
from functools import cache
from pathlib import Path

from app.cli.compare import compare
from app.workflows.measure import MeasuredRun, first_scenes, measure_revised, measure_task
from app.workflows.revise import find_reviser
from halluc.datasets import Dataset
from halluc.mllm import load_model

ARMS = {
    "woodpecker": ("greedy", "woodpecker"),
    "detector": ("greedy", "detector"),
    "rule": ("greedy", "rule"),
    "lure": ("greedy", "lure"),
    "dpo": ("dpo",),
    "dpo-lure": ("dpo", "lure"),
    "dpo-detector": ("dpo", "detector"),
    "dpo-vcd": ("dpo-vcd",),
    "dpo-vcd-lure": ("dpo-vcd", "lure"),
    "dpo-vcd-detector": ("dpo-vcd", "detector"),
    "dpo-m3id": ("dpo-m3id",),
    "dpo-m3id-lure": ("dpo-m3id", "lure"),
    "dpo-m3id-detector": ("dpo-m3id", "detector"),
}
"""Arm → how its captions are made, and what they go through after that."""

MADE: dict[str, tuple[str, str | None, dict[str, float]]] = {
    "greedy": ("tabletop", None, {}),
    "dpo": ("tabletop+dpo", None, {}),
    "dpo-vcd": ("tabletop+dpo", "vcd", {}),
    "dpo-m3id": ("tabletop+dpo", "m3id", {"lambda_": 0.01}),
}
"""Captions → the model, the method of decoding, and where it is not as published."""

load = cache(load_model)


def measure_arm(folder: Path, steps: tuple[str, ...], scenes: Dataset) -> MeasuredRun:
    """The captions of an arm; what its last step begins with is measured first."""
    name = "-".join(steps)
    if len(steps) == 1:
        of, decoding, own = MADE[name]
        return measure_task(
            folder / name, load(of), scenes, "caption",
            method=decoding, own=own, title=name,
        )  # fmt: skip
    base = measure_arm(folder, steps[:-1], scenes)
    run = base.run
    wrote = MADE[steps[0]][0]
    asked, method = {
        "woodpecker": (wrote, find_reviser("woodpecker")),
        "detector": (wrote, find_reviser("woodpecker", detector="tabletop")),
        "rule": ("tabletop+lure", find_reviser("lure")),
        "lure": ("tabletop+lure", find_reviser("lure", detector="tabletop")),
    }[steps[-1]]
    return measure_revised(folder / name, run, load(asked), scenes, method, title=name)


def main() -> None:
    """Make the runs and compare them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scenes", type=int, default=1000)
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    given = parser.parse_args()
    folder = given.folder
    shown = first_scenes(given.scenes)
    runs = []
    for name, steps in {"greedy": ("greedy",), **{name: ARMS[name] for name in given.arms}}.items():
        told = measure_arm(folder, steps, shown)
        runs.append(f"{name}={told.run.path}")
    compare.main(runs, standalone_mode=False)


if __name__ == "__main__":
    main()
