"""What each decoding gains on the embedded world, against its controls.

    python benchmarks/tabletop_decoding.py FOLDER [--scenes 1000] [--arms greedy,vcd,…]
        [--layer FOLDER] [--sweep 200] [--plot PICTURE]

FOLDER keeps the runs; the same command continues with what is there. Bias-broken scenes are
captioned by the embedded MM-LLM in each way, scored, and compared with greedy decoding pair by
pair: differences in points with their 95 % intervals, which hold for all arms at once. Arms that
need a file (the control layer) are left out without it. The sweep changes one of VCD's α, β and
noise step at a time, on the first scenes.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from app.workflows.compare.numbers import scaled
from app.workflows.compare.runs import compare
from app.workflows.measure import MeasuredRun, first_scenes, measure_task
from halluc.mllm import load_model

Way = tuple[bool, str | None, dict[str, Any]]
# What is compared: name → whether tokens are drawn, method, parameters. A name that begins with
# that of a method and goes on with a hyphen is a control or another setting of it.
WAYS: dict[str, Way] = {
    "greedy": (False, None, {}),
    "vcd": (False, "vcd", {}),
    "icd": (False, "icd", {}),
    "m3id": (False, "m3id", {}),
    "guided": (False, "guided", {"hint": "self"}),
    "guided-alone": (False, "guided", {"hint": "self", "gamma": 1.0}),
    "guided-other": (False, "guided", {"hint": "self", "other_hint": True}),
    "guided-truth": (False, "guided", {"hint": "truth"}),
    "guided-truth-alone": (False, "guided", {"hint": "truth", "gamma": 1.0}),
    "guided-truth-other": (False, "guided", {"hint": "truth", "other_hint": True}),
    **{
        f"control{epsilon:+g}": (False, "control", {"epsilon": epsilon})
        for epsilon in (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0)
    },
    "vcd+control": (False, "vcd,control", {"epsilon": -1.0}),
    "sampled": (True, None, {}),
    "sampled-mask-only": (True, "mask-only", {}),
    "sampled-vcd": (True, "vcd", {}),
    "sampled-icd": (True, "icd", {}),
    "sampled-m3id": (True, "m3id", {}),
}
# Columns of the table: title, metric's split and figure.
SHOWN = (
    ("CHAIRi", "CHAIRi"),
    ("CHAIRs", "CHAIRs"),
    ("recall", "Recall"),
    ("attributes wrong", "attribute hallucination rate"),
    ("relations wrong", "relation hallucination rate"),
    ("words", "Len"),
)
DEFAULTS = {"alpha": 1.0, "beta": 0.1, "noise_step": 500}
SWEEP: dict[str, tuple[float, ...]] = {
    "alpha": (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0),
    "beta": (0.0, 0.01, 0.03, 0.1, 0.2, 0.4),
    "noise_step": (0, 200, 400, 500, 600, 800, 999),
}
SYMBOLS = {"alpha": "α", "beta": "β", "noise_step": "noise step"}
FIGURES = (("CHAIRi", "#D55E00"), ("Recall", "#0072B2"))


def measure(folder: Path, scenes: int, way: Way) -> MeasuredRun:
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
            run = folder / ("sampled-vcd" if same else f"sampled-vcd-{name}-{value:g}")
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


def table(folder: Path, told: dict[str, MeasuredRun]) -> None:
    """Every arm's figures, and how they differ from those of the first one."""
    first, *others = told
    found = compare({name: folder / name for name in told}).rows if others else []
    moved = {(row.other, row.name): row for row in found if row.one == first and not row.split}
    print("| | " + " | ".join(title for title, _ in SHOWN) + " |")
    print("| --- |" + " ---: |" * len(SHOWN))
    for name, each in told.items():
        cells = []
        for _, figure in SHOWN:
            score, row = each.score(figure), moved.get((name, figure))
            cell = "–" if score.value is None else scaled(score.unit, score.value, 1)
            if row and row.difference is not None:
                ends = [
                    scaled(row.unit, e, 1, sign=True) for e in (row.low, row.high) if e is not None
                ]
                moved_by = scaled(row.unit, row.difference, 1, sign=True)
                cell += f" ({moved_by}: {', '.join(ends) or 'too few scenes'})"
            cells.append(cell)
        print(f"| {name} | " + " | ".join(cells) + " |")


def chosen(names: str | None, layer: Path | None) -> dict[str, Way]:
    """The arms that are asked for, greedy first; those that lack their file are left out."""
    wanted = list(WAYS) if names is None else ["greedy", *names.split(",")]
    if unknown := [each for each in wanted if each not in WAYS]:
        raise SystemExit(f"there is no arm {unknown[0]!r}; there are {', '.join(WAYS)}")
    ways = {}
    for name in dict.fromkeys(wanted):
        drawn, method, own = WAYS[name]
        if "control" in (method or "").split(","):
            if layer is None:
                print(f"{name} is left out: it needs --layer")
                continue
            own = {**own, "layer": str(layer)}
        ways[name] = (drawn, method, own)
    return ways


def main() -> None:
    """Measure, compare, sweep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scenes", type=int, default=1000)
    parser.add_argument("--arms", help="names with commas between; default: all")
    parser.add_argument("--layer", type=Path, help="what halluc train control wrote")
    parser.add_argument("--sweep", type=int, default=0, help="scenes of the sweep; 0: none")
    parser.add_argument("--plot", type=Path, help="where to, with --sweep")
    given = parser.parse_args()
    folder = given.folder / f"{given.scenes}-scenes"
    told = {}
    for name, way in chosen(given.arms, given.layer).items():
        told[name] = measure(folder / name, given.scenes, way)
        print(name, {title: told[name].figure(figure) for title, figure in SHOWN}, flush=True)
    table(folder, told)
    if given.sweep:
        small = given.folder / f"sweep-{given.sweep}"
        lines = {
            name: measure(small / name, given.sweep, WAYS[name]) for name in ("sampled", "greedy")
        }
        plot(sweep(small, given.sweep), lines, given.plot or small / "sweep.png")


MODEL = load_model("tabletop")

if __name__ == "__main__":
    main()
