"""`halluc demo`: generate, score and picture, small and offline, on the embedded world."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console

    from app.workflows.demo import Arm
    from app.workflows.revise import Settled
    from halluc.datasets import Dataset

# Arm → the model, whether tokens are drawn, the method of correction while decoding, and whether
# it answers POPE, too. (M3ID changes no first word, so what it says to POPE is what DPO says.)
ARMS: dict[str, tuple[str, bool, str | None, bool]] = {
    "greedy": ("tabletop", False, None, True),
    "sampled": ("tabletop", True, None, False),
    "mask": ("tabletop", True, "mask-only", False),
    "VCD": ("tabletop", True, "vcd", True),
    "DPO": ("tabletop+dpo", False, None, True),
    "DPO+VCD": ("tabletop+dpo", False, "vcd", False),
    "DPO+M3ID": ("tabletop+dpo", False, "m3id", False),
}
# What is not as published: M3ID's λ, by which it would talk on and on after DPO.
OWN = {"DPO+M3ID": {"lambda_": 0.01}}
# Arm → the arm whose captions are looked over, the method, and who is asked.
REVISED = {
    "Woodpecker": ("greedy", "woodpecker", "tabletop"),
    "LURE": ("greedy", "lure", "tabletop+lure"),
    "DPO+VCD+LURE": ("DPO+VCD", "lure", "tabletop+lure"),
    "DPO+M3ID+LURE": ("DPO+M3ID", "lure", "tabletop+lure"),
}


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
    Woodpecker and LURE look over the greedy captions, and LURE over those of DPO with VCD and with
    M3ID. Each is compared with greedy decoding.
    """
    from rich.console import Console

    from app.workflows.demo import Arm, passes_of, passes_to_revise, sentences, show_table
    from app.workflows.measure import first_scenes, measure_revised, measure_task
    from app.workflows.revise import settle_lure, settle_woodpecker
    from halluc.datasets.tabletop import with_questions
    from halluc.language.claims.things import load_things
    from halluc.mllm import load_model
    from mitigation.postcorrection.revisions import read_revisions

    console = Console(stderr=True)
    chosen, things = first_scenes(scenes), load_things(None)
    questions = with_questions(chosen)
    names = ["tabletop", "tabletop+dpo", "tabletop+lure"]
    models = {name: load_model(name) for name in names}
    console.print(
        f"The embedded MM-LLM looks at {scenes} scenes in which usual companions are missing."
    )
    arms: dict[str, Arm] = {}
    for name, (of, do_sample, method, asks) in ARMS.items():
        folder = name.lower()
        told = measure_task(
            output / f"captions-{folder}", models[of], chosen, "caption", console,
            do_sample=do_sample, method=method, own=OWN.get(name), title=f"captions, {name}",
        )  # fmt: skip
        answered = None
        if asks:
            answered = measure_task(
                output / f"pope-{folder}", models[of], questions, "pope", console,
                do_sample=do_sample, method=method, title=f"POPE, {name}",
            )  # fmt: skip
        branches = 2 if method in ("vcd", "m3id") else 1
        arms[name] = Arm(name, told, answered, passes_of(told, branches))
    settled: dict[str, Callable[..., Settled]] = {
        "woodpecker": settle_woodpecker,
        "lure": settle_lure,
    }
    for name, (of, method, asked) in REVISED.items():
        base = arms[of]
        told = measure_revised(
            output / f"captions-{name.lower()}", base.told.run, models[asked], chosen,
            settled[method](base.told.run, things, detector="tabletop"),
            console=console, title=f"captions, {name}",
        )  # fmt: skip
        more = passes_to_revise(list(read_revisions(told.run.path).values()))
        answered = arms["DPO"].asked if of == "DPO+M3ID" else None
        arms[name] = Arm(name, told, answered, base.passes + more)
    shown = [arms[name] for name in arms if name not in ("DPO+VCD", "DPO+M3ID")]
    out = Console()
    show_table(out, shown)
    for sentence in sentences(shown):
        click.echo(fill(f"- {sentence}", min(out.width, 100), subsequent_indent="  "))
    click.echo()
    _save_pictures(output, chosen, arms["greedy"], shown)
    _say_next(out, output)


def _save_pictures(output: Path, scenes: Dataset, base: Arm, arms: Sequence[Arm]) -> None:
    from app.workflows.plots import Cell, bar_plot, contact_sheet, save_picture

    texts = {each.id: each.text for each in base.told.run.responses}
    cells = [
        Cell(
            sample.id,
            scenes.open_image(sample),
            texts[sample.id],
            [each for each in base.told.findings if each.id == sample.id],
        )
        for sample in scenes.samples[:8]
    ]
    save_picture(output / "sheet.png", contact_sheet(cells))
    bar_plot(output / "scores.png", {arm.name: arm.figures() for arm in arms})


def _say_next(console: Console, output: Path) -> None:
    console.print(
        f"""\
Pictures: {output}/sheet.png (captions with the wrong words marked), {output}/scores.png
Runs:     {output}/captions-greedy and thirteen more; run.json in each says how it was made

What to type next:
  halluc inspect {output}/*-*/       look at them: wrong words, their boxes, runs side by side
  halluc model describe                                     what the embedded MM-LLM is made of
  halluc score chair {output}/captions-sampled             the figures of one run
  halluc compare {output}/captions-sampled {output}/captions-vcd   do they really differ?
  halluc compare {output}/captions-greedy {output}/captions-woodpecker {output}/captions-lure
  halluc data pairs {output}/captions-sampled -o runs/pairs        pairs for halluc train dpo
  halluc generate --model hf:ORG/NAME --data coco:FOLDER -o runs/mine         your own model
  halluc score pope ANSWERS.jsonl --truth QUESTIONS.json    answers that you already have""",
        highlight=False,
        soft_wrap=True,
    )
