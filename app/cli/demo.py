"""`halluc demo`: generate, score and picture, small and offline, on the embedded world."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console

    from app.measuring import Measured
    from halluc.datasets import Dataset

# What the table shows: label, name of it in the metric, what it is, which direction is better.
CAPTIONS = (
    ("CHAIRi", "CHAIRi", "absent ones named", "↓"),
    ("CHAIRs", "CHAIRs", "captions with one", "↓"),
    ("attributes", "attribute hallucination rate", "wrong looks", "↓"),
    ("relations", "relation hallucination rate", "wrong places", "↓"),
    ("recall", "Recall", "objects named", "↑"),
)
POPE = (
    ("POPE random", "random", "F1, any absent", "↑"),
    ("POPE popular", "popular", "F1, frequent", "↑"),
    ("POPE adversarial", "adversarial", "F1, companions", "↑"),
)
# Label → the model, whether tokens are drawn, and the method of correction while decoding.
ARMS: dict[str, tuple[str, bool, str | None]] = {
    "greedy": ("tabletop", False, None),
    "sampled": ("tabletop", True, None),
    "mask": ("tabletop", True, "mask-only"),
    "VCD": ("tabletop", True, "vcd"),
    "DPO": ("tabletop+dpo", False, None),
}
Figures = dict[str, float | None]


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("runs/demo"),
    show_default=True,
    metavar="FOLDER",
    help="Where the runs and the pictures go.",
)
@click.option(
    "--scenes",
    type=click.IntRange(1, 1000),
    default=40,
    show_default=True,
    help="How many bias-broken scenes to look at.",
)
def demo(output: Path, scenes: int) -> None:
    """Generate, score and picture, small and offline, on the embedded world.

    The embedded MM-LLM captions scenes and answers POPE questions on them: greedily, sampled,
    sampled with VCD beside its control, the plausibility mask alone, and greedily after DPO.
    Woodpecker then looks over the greedy captions.
    """
    from rich.console import Console

    from app.measuring import first_scenes, measure_revised, measure_task
    from halluc.datasets.tabletop import with_questions
    from halluc.mllm import load_model

    console = Console(stderr=True)
    chosen = first_scenes(scenes)
    questions = with_questions(chosen)
    models = {name: load_model(name) for name, _, _ in ARMS.values()}
    console.print(
        f"The embedded MM-LLM looks at {scenes} scenes in which usual companions are missing."
    )
    figures: dict[str, Figures] = {}
    captions: dict[str, Measured] = {}
    for name, (of, do_sample, method) in ARMS.items():
        folder = name.lower()
        told = measure_task(
            output / f"captions-{folder}", models[of], chosen, "caption", console,
            do_sample=do_sample, method=method, title=f"captions, {name}",
        )  # fmt: skip
        answered = measure_task(
            output / f"pope-{folder}", models[of], questions, "pope", console,
            do_sample=do_sample, method=method, title=f"POPE, {name}",
        )  # fmt: skip
        captions[name] = told
        figures[name] = {label: told.figure(of) for label, of, _, _ in CAPTIONS} | {
            label: answered.figure("F1", split) for label, split, _, _ in POPE
        }
    revised = measure_revised(
        output / "captions-woodpecker", captions["greedy"].run, models["tabletop"], chosen,
        console=console, title="captions, Woodpecker",
    )  # fmt: skip
    figures["Woodpecker"] = {label: revised.figure(of) for label, of, _, _ in CAPTIONS}
    _show_table(figures)
    _save_pictures(output, chosen, captions["greedy"], figures)
    _say_next(Console(), output)


def _show_table(figures: dict[str, Figures]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=0, pad_edge=False)
    table.add_column("in %", no_wrap=True)
    table.add_column("what it is", style="dim")
    for name in figures:
        table.add_column(name, justify="right")
    for label, _, meaning, better in (*CAPTIONS, *POPE):
        shown = [_shown(each, label) for each in figures.values()]
        table.add_row(f"{label} {better}", meaning, *shown)
    Console().print(table)


def _shown(figures: Figures, label: str) -> str:
    """A figure in %; a dash where the method has none, as a revisor of captions in POPE."""
    if label not in figures:
        return "–"
    value = figures[label]
    return "undefined" if value is None else f"{100 * value:.1f}"


def _save_pictures(
    output: Path, scenes: Dataset, told: Measured, figures: dict[str, Figures]
) -> None:
    from app.pictures import Cell, bar_plot, contact_sheet

    texts = {each.id: each.text for each in told.run.responses}
    cells = [
        Cell(
            sample.id,
            scenes.open_image(sample),
            texts[sample.id],
            [each for each in told.findings if each.id == sample.id],
        )
        for sample in scenes.samples[:8]
    ]
    contact_sheet(cells).save(output / "sheet.png")
    wrong = [label for label, _, _, better in CAPTIONS if better == "↓"]
    right = [label for label, _, _, better in (*CAPTIONS, *POPE) if better == "↑"]
    bar_plot(
        output / "scores.png",
        {
            title: {
                name: {label: each[label] for label in labels if label in each}
                for name, each in figures.items()
            }
            for title, labels in (
                ("Hallucination in captions (%, lower is better)", wrong),
                ("Recall of captions, F1 of POPE (%, higher is better)", right),
            )
        },
    )


def _say_next(console: Console, output: Path) -> None:
    console.print(
        f"""\
Pictures: {output}/sheet.png (captions with the wrong words marked), {output}/scores.png
Runs:     {output}/captions-greedy and ten more; run.json in each says how it was made

What to type next:
  halluc inspect {output}/*-*/       look at them: wrong words, their boxes, runs side by side
  halluc model describe                                     what the embedded MM-LLM is made of
  halluc score chair {output}/captions-sampled             the figures of one run
  halluc compare {output}/captions-sampled {output}/captions-vcd   do they really differ?
  halluc compare {output}/captions-greedy {output}/captions-woodpecker
  halluc data pairs {output}/captions-sampled -o runs/pairs        pairs for halluc train dpo
  halluc generate --model hf:ORG/NAME --data coco:FOLDER -o runs/mine         your own model
  halluc score pope ANSWERS.jsonl --truth QUESTIONS.json    answers that you already have""",
        highlight=False,
        soft_wrap=True,
    )
