"""`halluc demo`: generate, score and picture, small and offline, on the embedded world."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill

import click

from app.cli.text import say


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
    help="How many bias-broken scenes to caption.",
)
def demo(output: Path, scenes: int) -> None:
    """Generate, score and picture, small and offline, on the embedded world.

    The embedded MM-LLM captions scenes and answers POPE questions on them: greedily, sampled,
    sampled with VCD beside its control, the plausibility constraint alone, and greedily after DPO.
    Woodpecker and LURE revise the greedy captions, and LURE those of DPO with VCD. Each is compared
    with greedy decoding.
    """
    from shutil import get_terminal_size

    from app.cli.progress import bars
    from app.cli.tables import print_table
    from app.workflows.demo import NOTES, rows, verdict
    from app.workflows.demo import demo as work

    say(
        f"The embedded MM-LLM captions {scenes} scenes in which usual companions are missing.",
        err=True,
    )
    with bars() as progress:
        arms = work(output, scenes, progress)
    width = min(get_terminal_size().columns, 100)
    say(f"On {scenes} scenes, paired by picture, beyond the error of 95 %:")
    for sentence in verdict(arms):
        say(fill(f"- {sentence}", width, subsequent_indent="  "))
    say("")
    print_table(rows(arms), [""])
    say(fill(NOTES, width))
    say(_next(output))


def _next(output: Path) -> str:
    return f"""
Pictures: {output}/sheet.png (captions with the wrong words marked), {output}/scores.png
Runs:     {output}/captions-greedy and eleven more; run.json in each says how it was made

What to type next:
  halluc inspect {output}/*-*/       inspect them: wrong words, their boxes, runs side by side
  halluc model describe                                     what the embedded MM-LLM is made of
  halluc score chair {output}/captions-sampled             the figures of one run
  halluc compare {output}/captions-sampled {output}/captions-vcd   do they really differ?
  halluc compare {output}/captions-greedy {output}/captions-woodpecker {output}/captions-lure
  halluc data pairs {output}/captions-sampled -o runs/pairs        pairs for halluc train dpo
  halluc generate --model hf:ORG/NAME --data coco:FOLDER -o runs/mine         your own model
  halluc score pope ANSWERS.jsonl --truth QUESTIONS.json    answers that you already have"""
