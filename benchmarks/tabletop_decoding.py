"""What VCD gains on the embedded world, against its controls, and how its parameters matter.

    python benchmarks/tabletop_decoding.py FOLDER [--scenes 1000] [--sweep 200] [--plot PICTURE]

FOLDER keeps the runs; the same command continues with what is there. Bias-broken scenes are
captioned by the embedded MM-LLM in each way, scored with CHAIR, and compared pair by pair:
everything against sampling, VCD also against its controls. The sweep changes one of α, β and the
noise step at a time, on the first scenes of them.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from app.cli.compare import compare
from app.workflows.measure import MeasuredRun, first_scenes, measure_task
from halluc.mllm import load_model

# What is compared: name → whether tokens are drawn, method, parameters.
WAYS: dict[str, tuple[bool, str | None, dict[str, Any]]] = {
    "sampled": (True, None, {}),
    "mask-only": (True, "mask-only", {}),
    "vcd": (True, "vcd", {}),
    "greedy": (False, None, {}),
    "greedy-vcd": (False, "vcd", {}),
    "icd": (True, "icd", {}),
    "m3id": (True, "m3id", {}),
}
CONTROLS = ("mask-only", "greedy")
DEFAULTS = {"alpha": 1.0, "beta": 0.1, "noise_step": 500}
SWEEP: dict[str, tuple[float, ...]] = {
    "alpha": (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0),
    "beta": (0.0, 0.01, 0.03, 0.1, 0.2, 0.4),
    "noise_step": (0, 200, 400, 500, 600, 800, 999),
}
SYMBOLS = {"alpha": "α", "beta": "β", "noise_step": "noise step"}
FIGURES = (("CHAIRi", "#D55E00"), ("Recall", "#0072B2"))


def measure(folder: Path, scenes: int, way: tuple[bool, str | None, dict[str, Any]]) -> MeasuredRun:
    """Caption the first scenes in one way; what is there already is only scored."""
    do_sample, method, own = way
    return measure_task(
        folder, MODEL, first_scenes(scenes), "caption",
        do_sample=do_sample, method=method, own=own, title=folder.name,
    )  # fmt: skip


def sweep(folder: Path, scenes: int) -> dict[str, dict[str, dict[float, MeasuredRun]]]:
    """Parameter → method → value → what came out."""
    told: dict[str, dict[str, dict[float, MeasuredRun]]] = {}
    for name, values in SWEEP.items():
        told[name] = {"vcd": {}}
        for value in values:
            same = value == DEFAULTS[name]
            run = folder / ("vcd" if same else f"vcd-{name}-{value:g}")
            told[name]["vcd"][value] = measure(
                run, scenes, (True, "vcd", {} if same else {name: value})
            )
    told["beta"]["mask-only"] = {
        value: measure(folder / f"mask-{value:g}", scenes, (True, "mask-only", {"beta": value}))
        for value in SWEEP["beta"]
    }
    return told


def plot(
    told: dict[str, dict[str, dict[float, MeasuredRun]]],
    lines: dict[str, MeasuredRun],
    picture: Path,
) -> None:
    """Three panels with 95 % intervals; greedy and sampled as lines across."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 6), dpi=110, layout="constrained")
    panels = figure.subplots(2, len(told), sharey="row", sharex="col")
    for column, (name, methods) in enumerate(told.items()):
        for row, (label, color) in enumerate(FIGURES):
            axes = panels[row][column]
            for method, values in methods.items():
                scores = [
                    next(score for score in each.scores if score.name == label)
                    for each in values.values()
                ]
                middle = [100 * (score.value or 0) for score in scores]
                low = [100 * (score.low or 0) for score in scores]
                high = [100 * (score.high or 0) for score in scores]
                # The default is where all panels meet.
                at = range(len(values))
                shade = color if method == "vcd" else "#7f7f7f"
                axes.plot(at, middle, marker="o", markersize=4, color=shade, label=method)
                axes.fill_between(at, low, high, color=shade, alpha=0.15, linewidth=0)
                axes.set_xticks(list(at), [f"{value:g}" for value in values])
            for way, style in (("sampled", "--"), ("greedy", ":")):
                level = 100 * (lines[way].figure(label) or 0)
                axes.axhline(level, color="#444444", linestyle=style, linewidth=1, label=way)
            axes.spines[["top", "right"]].set_visible(False)
            axes.grid(axis="y", color="#e6e6e6")
            if column == 0:
                axes.set_ylabel(f"{label} (%)")
            if row == 1:
                axes.set_xlabel(SYMBOLS[name])
            if name == "beta" and row == 0:
                axes.legend(frameon=False, fontsize=8)
    figure.suptitle("VCD on the embedded world, sampled; one parameter at a time, others default")
    figure.savefig(picture)


def main() -> None:
    """Measure, compare, sweep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scenes", type=int, default=1000)
    parser.add_argument("--sweep", type=int, default=200, help="scenes of the sweep; 0: none")
    parser.add_argument("--plot", type=Path, help="where to, with --sweep")
    given = parser.parse_args()
    folder = given.folder / f"{given.scenes}-scenes"
    for name, way in WAYS.items():
        told = measure(folder / name, given.scenes, way)
        shown = {label: told.figure(label) for label in ("CHAIRi", "CHAIRs", "Recall", "Len")}
        print(f"{name:12}", {key: value and round(value, 4) for key, value in shown.items()})
    controls = [each for control in CONTROLS for each in ("--control", control)]
    runs = [str(folder / name) for name in WAYS]
    compare.main([*runs, *controls], standalone_mode=False)
    if given.sweep:
        small = given.folder / f"sweep-{given.sweep}"
        lines = {
            name: measure(small / name, given.sweep, WAYS[name]) for name in ("sampled", "greedy")
        }
        plot(sweep(small, given.sweep), lines, given.plot or small / "sweep.png")


MODEL = load_model("tabletop")

if __name__ == "__main__":
    main()
