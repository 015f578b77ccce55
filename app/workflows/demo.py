"""The demo's table of methods, and what it says in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from rich import box
from rich.console import Console
from rich.table import Table

from app.workflows.compare import compare_sides, measures, readers
from app.workflows.compare.words import in_short
from app.workflows.measure import Measured
from halluc.language.words.offline import offline_words
from mitigation.postcorrection.revisions import Revision

# What the table shows: head, name of it in the metric.
CAPTIONS = {
    "CHAIRs ↓": "CHAIRs",
    "CHAIRi ↓": "CHAIRi",
    "recall ↑": "Recall",
    "looks ↓": "attribute hallucination rate",
    "places ↓": "relation hallucination rate",
}
NOTES = (
    "In %. CHAIRs: captions that name an absent object; CHAIRi: absent ones of the objects named; "
    "looks and places: wrong ones; POPE: F1 of yes/no questions on companions. Words and forward "
    "passes are those of a caption, with the questions and revisions that it took."
)


@dataclass(frozen=True)
class Arm:
    """A way to caption, measured.

    Attributes:
        name: of the arm.
        told: its captions.
        asked: its answers to POPE; None where it only captions.
        passes: forward passes a caption.
    """

    name: str
    told: Measured
    asked: Measured | None
    passes: float

    def figures(self) -> dict[str, float | None]:
        """Its figures by label; without POPE where it has none."""
        shown = {label: self.told.figure(name) for label, name in CAPTIONS.items()}
        return shown | ({"POPE ↑": self.asked.figure("F1", "adversarial")} if self.asked else {})


def passes_of(told: Measured, branches: int = 1) -> float:
    """Forward passes that a caption took: its tokens, in each branch."""
    return branches * fmean(len(each.tokens) for each in told.run.responses)


def passes_to_revise(revisions: Sequence[Revision]) -> float:
    """Forward passes that looking over a caption took: one a question, and one a word written."""
    count = 0
    for each in revisions:
        count += sum(1 + len(a.text.split()) for check in each.checks for a in check.asked)
        count += 1 + len(each.text.split()) if each.masks else 0
    return count / len(revisions)


def show_table(console: Console, arms: Sequence[Arm]) -> None:
    """A row an arm."""
    table = Table(box=box.SIMPLE_HEAD, padding=0, pad_edge=False)
    table.add_column("", no_wrap=True)
    for head in (*CAPTIONS, "POPE ↑", "words", "passes"):
        table.add_column(head, justify="right", no_wrap=True)
    for arm in arms:
        figures = arm.figures()
        shown = [_shown(figures, label) for label in (*CAPTIONS, "POPE ↑")]
        table.add_row(arm.name, *shown, f"{arm.told.figure('Len') or 0:.0f}", f"{arm.passes:.0f}")
    console.print(table)
    console.print(NOTES, style="dim", highlight=False)


def sentences(arms: Sequence[Arm]) -> Iterator[str]:
    """Each arm against the first, paired by picture, in words."""
    sides = [
        readers.read_described(a.name, [str(a.told.run.path)], (), offline_words) for a in arms
    ]
    chair = measures.measure_chair(sides, offline_words, {"compat": "offline"})
    yield from in_short(compare_sides(sides, [chair]), ("CHAIRi", "Recall"))


def _shown(figures: dict[str, float | None], label: str) -> str:
    """A figure in %; a dash where the method has none, as a revisor of captions in POPE."""
    if label not in figures:
        return "–"
    value = figures[label]
    return "undefined" if value is None else f"{100 * value:.1f}"
