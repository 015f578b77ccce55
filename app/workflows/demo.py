"""The embedded MM-LLM with and without correction, compared: what `halluc demo` does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from app.workflows.compare.differences import Compared, compare_sides
from app.workflows.compare.measures import measure
from app.workflows.compare.numbers import scaled
from app.workflows.compare.sides import Side
from app.workflows.measure import MeasuredRun, first_scenes, measure_revised, measure_task
from app.workflows.plots import Cell, bar_plot, contact_sheet, save_picture
from app.workflows.progress import Progress, silent
from app.workflows.revise import find_reviser
from app.workflows.score import find_metric
from halluc.datasets import Dataset
from halluc.datasets.tabletop import with_questions
from halluc.mllm import load_model
from halluc.records import Score
from mitigation.postcorrection.revisions import Revision, read_revisions

# What the table shows: head, name of it in the metric.
CAPTIONS = {
    "CHAIRs↓": "CHAIRs",
    "CHAIRi↓": "CHAIRi",
    "recall↑": "Recall",
    "attribute↓": "attribute hallucination rate",
    "relation↓": "relation hallucination rate",
}
NOTES = (
    "In %. CHAIRs: captions that name an absent object; CHAIRi: absent ones of the objects named; "
    "attribute and relation: hallucination rates of these claims; POPE: F1 of yes/no questions on "
    "companions. Words and forward passes are those of a caption, with the questions and revisions "
    "that it took."
)

# Arm → the model, whether tokens are drawn, the method of correction while decoding, and whether
# it answers POPE, too.
ARMS: dict[str, tuple[str, bool, str | None, bool]] = {
    "greedy": ("tabletop", False, None, True),
    "sampled": ("tabletop", True, None, False),
    "mask": ("tabletop", True, "mask-only", False),
    "VCD": ("tabletop", True, "vcd", True),
    "DPO": ("tabletop+dpo", False, None, True),
    "DPO+VCD": ("tabletop+dpo", False, "vcd", False),
}
# Arm → the arm whose captions are looked over, the method, and who is asked.
REVISED = {
    "Woodpecker": ("greedy", "woodpecker", "tabletop"),
    "LURE": ("greedy", "lure", "tabletop+lure"),
    "DPO+VCD+LURE": ("DPO+VCD", "lure", "tabletop+lure"),
}


@dataclass(frozen=True)
class Arm:
    """A way to caption, measured.

    Attributes:
        name: of the arm.
        captions: its captions.
        answers: its answers to POPE; None where it only captions.
        passes: forward passes a caption.
    """

    name: str
    captions: MeasuredRun
    answers: MeasuredRun | None
    passes: float

    def figures(self) -> dict[str, Score]:
        """Its figures by label; without POPE where it has none."""
        shown = {label: self.captions.score(name) for label, name in CAPTIONS.items()}
        if self.answers is None:
            return shown
        return shown | {"POPE↑": self.answers.score("F1", "adversarial")}


def demo(output: Path, scenes: int = 40, progress: Progress = silent) -> list[Arm]:
    """Caption scenes and answer POPE in all ways, score, and save the pictures.

    Args:
        output: where the runs, sheet.png and scores.png go; an interrupted call is continued.
        scenes: how many held-out bias-broken scenes, 1 to 1000.
        progress: called with how far it is.

    Returns:
        The arms that are shown.

    Raises:
        RunError: the folder holds other runs.
        InputError: it cannot be written.
    """
    chosen = first_scenes(scenes)
    questions = with_questions(chosen)
    models = {name: load_model(name) for name in ("tabletop", "tabletop+dpo", "tabletop+lure")}
    arms: dict[str, Arm] = {}
    for name, (of, do_sample, method, asks) in ARMS.items():
        folder, answered = name.lower(), None
        told = measure_task(
            output / f"captions-{folder}", models[of], chosen, "caption",
            do_sample=do_sample, method=method, title=f"captions, {name}", progress=progress,
        )  # fmt: skip
        if asks:
            answered = measure_task(
                output / f"pope-{folder}", models[of], questions, "pope",
                do_sample=do_sample, method=method, title=f"POPE, {name}", progress=progress,
            )  # fmt: skip
        branches = 2 if method == "vcd" else 1
        arms[name] = Arm(name, told, answered, passes_of(told, branches))
    for name, (of, method, asked) in REVISED.items():
        base = arms[of]
        told = measure_revised(
            output / f"captions-{name.lower()}", base.captions.run, models[asked], chosen,
            find_reviser(method, detector="tabletop"),
            title=f"captions, {name}", progress=progress,
        )  # fmt: skip
        more = passes_to_revise(list(read_revisions(told.run.path).values()))
        arms[name] = Arm(name, told, None, base.passes + more)
    shown = [arms[name] for name in arms if name != "DPO+VCD"]
    _save_pictures(output, chosen, arms["greedy"], shown)
    return shown


def passes_of(told: MeasuredRun, branches: int = 1) -> float:
    """Forward passes that a caption took: its tokens, in each branch."""
    return branches * fmean(len(each.tokens) for each in told.run.responses)


def passes_to_revise(revisions: Sequence[Revision]) -> float:
    """Forward passes that revising a caption took: one a question, and one a word written."""
    count = 0
    for each in revisions:
        count += sum(1 + len(a.text.split()) for check in each.checks for a in check.asked)
        count += 1 + len(each.text.split()) if each.masks else 0
    return count / len(revisions)


def rows(arms: Sequence[Arm]) -> Iterator[list[str]]:
    """The table of the arms, its head first."""
    labels = (*CAPTIONS, "POPE↑")
    yield ["", *labels, "words", "passes"]
    for arm in arms:
        figures = arm.figures()
        shown = [_shown(figures, label) for label in labels]
        words = f"{arm.captions.figure('Len') or 0:.0f}"
        yield [arm.name, *shown, words, f"{arm.passes:.0f}"]


def verdict(arms: Sequence[Arm]) -> Iterator[str]:
    """What became of the first arm's hallucinated objects and recall, paired by picture, in words.

    Yields:
        Who hallucinates less, who more, who neither beyond the error; then who names fewer objects.
    """
    metric = find_metric("chair")
    paths = [str(arm.captions.run.path) for arm in arms]
    sides = [
        Side(arm.name, [path], metric.read([path])) for arm, path in zip(arms, paths, strict=True)
    ]
    compared = compare_sides(sides, [measure(metric, sides)]).rows
    base = arms[0].name
    for figure, told in {
        "CHAIRi": {
            1: f"Fewer absent objects than {base} (CHAIRi)",
            -1: f"More absent objects than {base} (CHAIRi)",
            0: "The same within the error",
        },
        "Recall": {-1: f"Lower recall than {base}"},
    }.items():
        for gain, words in told.items():
            said = [_change(row) for row in compared if row.name == figure and row.gain == gain]
            if said:
                yield f"{words}: {', '.join(said)}."


def _change(row: Compared) -> str:
    if row.difference is None or row.gain == 0:
        return row.other
    return f"{row.other} {scaled('', row.difference, 1, sign=True)} points"


def _shown(figures: dict[str, Score], label: str) -> str:
    """A figure in %; a dash where the method has none, as a revisor of captions in POPE."""
    if label not in figures:
        return "–"
    value = figures[label].value
    return "undefined" if value is None else f"{100 * value:.1f}"


def _save_pictures(output: Path, scenes: Dataset, base: Arm, arms: Sequence[Arm]) -> None:
    texts = {each.id: each.text for each in base.captions.run.responses}
    cells = [
        Cell(
            sample.id,
            scenes.open_image(sample),
            texts[sample.id],
            [each for each in base.captions.findings if each.id == sample.id],
        )
        for sample in scenes.samples[:8]
    ]
    save_picture(output / "sheet.png", contact_sheet(cells))
    bar_plot(output / "scores.png", {arm.name: arm.figures() for arm in arms})
