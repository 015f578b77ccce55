"""What each decoding gains on the embedded world, against its controls.

    python benchmarks/tabletop_decoding.py FOLDER [--scenes 1000] [--arms greedy,vcd,…]
        [--pairs PAIRS] [--sweep 200] [--plot PICTURE]

FOLDER keeps the runs; the same command continues with what is there. Bias-broken scenes are
captioned by the embedded MM-LLM in each way, scored, and compared with greedy decoding pair by
pair: differences in points with their 95 % intervals, which hold for all arms at once. Each arm is
a run of its own, so several commands with some of the arms can share a FOLDER; the table is made of
the runs. What a method reads (control layer, direction) is fitted to PAIRS, a folder of `halluc
data pairs`, when an arm first needs it, and kept in FOLDER/fitted; without PAIRS and without what
is there, these arms are left out. The sweep changes one of VCD's α, β and noise step at a time, on
the first scenes.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from arms import chosen, table

from app.workflows.measure import MeasuredRun, first_scenes, measure_task
from app.workflows.train.control import train_control
from app.workflows.train.steering import train_steering
from halluc.mllm import load_model
from mitigation.precorrection.control import Recipe as ControlRecipe
from mitigation.precorrection.steering import Recipe as SteeringRecipe

# What is fitted to pairs: its name → how, and the option that takes it.
FITTED: dict[str, tuple[Any, str]] = {
    "control": (ControlRecipe(), "layer"),
    "control-shuffled": (ControlRecipe(shuffled=True), "layer"),
    "steering": (SteeringRecipe(), "direction"),
    "steering-shuffled": (SteeringRecipe(shuffled=True), "direction"),
    "vista": (SteeringRecipe("picture"), "direction"),
}
SELF = {"hint": "self", "hint_turns": True}
TRUTH = {"hint": "truth", "hint_turns": True}
Way = tuple[bool, str | None, dict[str, Any], str]
# What is compared: name → whether tokens are drawn, method, parameters, what is fitted for it. A
# name that begins with that of a method and goes on with a hyphen is a control or another setting.
WAYS: dict[str, Way] = {
    "greedy": (False, None, {}, ""),
    "vcd": (False, "vcd", {}, ""),
    "icd": (False, "icd", {}, ""),
    "m3id": (False, "m3id", {}, ""),
    "guided": (False, "guided", SELF, ""),
    "guided-alone": (False, "guided", {**SELF, "gamma": 1.0}, ""),
    "guided-other": (False, "guided", {**SELF, "other_hint": True}, ""),
    "guided-words": (False, "guided", {"hint": "self"}, ""),
    "guided-truth": (False, "guided", TRUTH, ""),
    "guided-truth-alone": (False, "guided", {**TRUTH, "gamma": 1.0}, ""),
    "guided-truth-other": (False, "guided", {**TRUTH, "other_hint": True}, ""),
    **{
        f"control{epsilon:+g}": (False, "control", {"epsilon": epsilon}, "control")
        for epsilon in (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0)
    },
    "control-shuffled": (False, "control", {}, "control-shuffled"),
    "deco": (False, "deco", {}, ""),
    "deco-candidates": (False, "deco", {"alpha": 0.0}, ""),
    "deco-random": (False, "deco", {"random_layer": True}, ""),
    "dola": (False, "dola", {}, ""),
    "dola-random": (False, "dola", {"random_layer": True}, ""),
    "pai": (False, "pai", {}, ""),
    "pai-contrast": (False, "pai", {"attention": 0.0}, ""),
    "pai-attention": (False, "pai", {"gamma": 1.0}, ""),
    "pai-text": (False, "pai", {"boosted": "text"}, ""),
    "pai-random": (False, "pai", {"boosted": "random"}, ""),
    "vaf": (False, "vaf", {}, ""),
    "vaf-text": (False, "vaf", {"boosted": "text"}, ""),
    "vaf-random": (False, "vaf", {"boosted": "random"}, ""),
    "steering": (False, "steering", {}, "steering"),
    **{
        f"steering{strength:+g}": (False, "steering", {"strength": strength}, "steering")
        for strength in (-0.09, 0.0, 0.18, 0.36)
    },
    "steering-random": (False, "steering", {"random_direction": True}, "steering"),
    "steering-shuffled": (False, "steering", {}, "steering-shuffled"),
    "vista": (False, "steering", {}, "vista"),
    "vista-0.17": (False, "steering", {"strength": -0.17}, "vista"),
    "vista-random": (False, "steering", {"random_direction": True}, "vista"),
    "vcd+control": (False, "vcd,control", {"epsilon": -1.0}, "control"),
    "sampled": (True, None, {}, ""),
    "sampled-mask-only": (True, "mask-only", {}, ""),
    "sampled-vcd": (True, "vcd", {}, ""),
    "sampled-icd": (True, "icd", {}, ""),
    "sampled-m3id": (True, "m3id", {}, ""),
}
# Columns of the table: title, figure, split.
SHOWN = (
    ("CHAIRi", "CHAIRi", ""),
    ("CHAIRs", "CHAIRs", ""),
    ("recall", "Recall", ""),
    ("attributes wrong", "attribute hallucination rate", ""),
    ("relations wrong", "relation hallucination rate", ""),
    ("words", "Len", ""),
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
    do_sample, method, own, _ = way
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
                run, scenes, (True, "vcd", {} if same else {name: value}, "")
            )
    told["beta"]["mask-only"] = {
        value: measure(folder / f"mask-{value:g}", scenes, (True, "mask-only", {"beta": value}, ""))
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


def fitted(name: str, folder: Path, pairs: Path | None) -> dict[str, str] | None:
    """The option that names what an arm reads, which is made if need be; None: it cannot be."""
    if not name:
        return {}
    recipe, option = FITTED[name]
    if not (folder / name / "card.json").is_file():
        if pairs is None:
            return None
        fit = train_steering if option == "direction" else train_control
        print(fit(MODEL, pairs, folder / name, recipe, batch_size=32), flush=True)  # type: ignore[arg-type]
    return {option: str(folder / name)}


def main() -> None:
    """Measure, compare, sweep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scenes", type=int, default=1000)
    parser.add_argument("--arms", help="names with commas between; default: all")
    parser.add_argument("--pairs", type=Path, help="what control layer and directions learn from")
    parser.add_argument("--sweep", type=int, default=0, help="scenes of the sweep; 0: none")
    parser.add_argument("--plot", type=Path, help="where to, with --sweep")
    given = parser.parse_args()
    folder = given.folder / f"{given.scenes}-scenes"
    told = {}
    for name in chosen(given.arms, WAYS, "greedy"):
        drawn, method, own, needs = WAYS[name]
        reads = fitted(needs, given.folder / "fitted", given.pairs)
        if reads is None:
            print(f"{name} is left out: it needs --pairs", flush=True)
            continue
        told[name] = measure(folder / name, given.scenes, (drawn, method, {**own, **reads}, needs))
        print(name, {title: told[name].figure(figure) for title, figure, _ in SHOWN}, flush=True)
    table(folder, told, SHOWN)
    if given.sweep:
        small = given.folder / f"sweep-{given.sweep}"
        lines = {
            name: measure(small / name, given.sweep, WAYS[name]) for name in ("sampled", "greedy")
        }
        plot(sweep(small, given.sweep), lines, given.plot or small / "sweep.png")


MODEL = load_model("tabletop")

if __name__ == "__main__":
    main()
