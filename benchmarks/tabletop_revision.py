"""What revising gains on the embedded world, and the captions that its detector is fitted to.

    python benchmarks/tabletop_revision.py FOLDER [--scenes 1000] [--fit 2000]

FOLDER keeps the runs; the same command goes on with what is there. `fit` holds greedy captions of
bias-broken scenes from number 10,000 on, `greedy` those of the first scenes, `plain` and `detector`
what Woodpecker makes of these without and with the detector that ships. Then

    halluc train detector FOLDER/fit -o mitigation/postcorrection/tabletop_detector.json
    halluc analyse factors FOLDER/greedy -o FOLDER
    halluc analyse detector FOLDER/greedy -o FOLDER

give the detector and its figures.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console

from app.cli.compare import compare
from app.measuring import first_scenes, measure_revised, measure_task
from halluc.datasets import Dataset
from halluc.datasets.tabletop import open_image
from halluc.mllm import load_model
from halluc.records import Sample
from halluc.tabletop.world import scene

FIT_FROM = 10_000
"""The first scene to fit on: far from those that measure, and from those of training."""


def scenes_to_fit(count: int) -> Dataset:
    """Bias-broken scenes that neither training nor measuring has seen."""
    drawn = [scene("broken", index) for index in range(FIT_FROM, FIT_FROM + count)]
    samples = [Sample(id=each.id, image=each.id, truth=each.truth()) for each in drawn]
    return Dataset("tabletop:broken", samples, open_image, {"from": FIT_FROM, "rows": count})


def main() -> None:
    """Make the runs and compare them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scenes", type=int, default=1000)
    parser.add_argument("--fit", type=int, default=2000)
    given = parser.parse_args()
    folder, console = given.folder, Console(stderr=True)
    model, shown = load_model("tabletop"), first_scenes(given.scenes)
    if given.fit:
        measure_task(folder / "fit", model, scenes_to_fit(given.fit), "caption", console)
    base = measure_task(folder / "greedy", model, shown, "caption", console)
    for name, detector in (("plain", None), ("detector", "tabletop")):
        measure_revised(
            folder / name, base.run, model, shown,
            detector=detector, console=console, title=name,
        )  # fmt: skip
    runs = [str(folder / name) for name in ("greedy", "plain", "detector")]
    compare.main(runs, standalone_mode=False)


if __name__ == "__main__":
    main()
