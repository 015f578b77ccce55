"""What plans gain on the embedded world, against their controls, and what they cost.

    python benchmarks/tabletop_prompting.py FOLDER [--scenes 1000] [--asked 300] [--arms vote,…]

FOLDER keeps the runs; the same command continues with what is there, and each arm is a run of its
own, so several commands with some of the arms can share a FOLDER. Captions of the first bias-broken
scenes are compared with greedy ones, answers to the POPE questions on the first `--asked` scenes
with the plain question's, pair by pair: differences in points with their 95 % intervals, which hold
for all arms at once. Calls and generated tokens are those of all answers together. The embedded
MM-LLM knows the forms that it was trained on alone, so plans that need other forms are not here.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from arms import chosen, table

from app.workflows.measure import first_scenes, measure_task
from halluc.datasets.tabletop import with_questions
from halluc.mllm import load_model

# What is compared: name → whether tokens are drawn, options of `halluc generate`.
Ways = dict[str, tuple[bool, dict[str, Any]]]
CAPTIONS: Ways = {
    "greedy": (False, {}),
    "sampled": (True, {}),
    "vote": (True, {"plan": "vote:8"}),
    "vote-random-claims": (True, {"plan": "vote:8", "control": "random-claims"}),
}
ANSWERS: Ways = {
    "plain": (False, {}),
    "described": (False, {"plan": "describe"}),
    "described-neutral": (False, {"plan": "describe", "control": "neutral"}),
    "described-foreign": (False, {"plan": "describe", "control": "foreign"}),
    "described-text-only": (False, {"plan": "describe", "control": "text-only"}),
    "voted": (False, {"plan": "vote:8"}),
    "voted-one-wording": (False, {"plan": "vote:8", "control": "one-wording"}),
}
COST = ("calls", "generated tokens")
OF_CAPTIONS = (
    ("CHAIRi", "CHAIRi", ""),
    ("CHAIRs", "CHAIRs", ""),
    ("recall", "Recall", ""),
    ("attributes wrong", "attribute hallucination rate", ""),
    ("relations wrong", "relation hallucination rate", ""),
    ("words", "Len", ""),
)
OF_ANSWERS = (
    *((f"accuracy, {split}", "accuracy", split) for split in ("random", "popular", "adversarial")),
    *((f"F1, {split}", "F1", split) for split in ("random", "popular", "adversarial")),
    ("yes, adversarial", "yes ratio", "adversarial"),
)


def main() -> None:
    """Make the runs and compare them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scenes", type=int, default=1000, help="that are captioned")
    parser.add_argument("--asked", type=int, default=300, help="scenes that are asked about")
    parser.add_argument("--arms", help="names with commas between; default: all")
    given = parser.parse_args()
    names = chosen(given.arms, {**CAPTIONS, **ANSWERS}, "greedy")
    model = load_model("tabletop")
    for task, count, ways, shown in (
        ("caption", given.scenes, CAPTIONS, OF_CAPTIONS),
        ("pope", given.asked, ANSWERS, OF_ANSWERS),
    ):
        wanted = [each for each in names if each in ways]
        base = next(iter(ways))
        if not set(wanted) - {base} and names != [base]:
            continue
        scenes = first_scenes(count)
        data = scenes if task == "caption" else with_questions(scenes)
        folder = given.folder / f"{task}-{count}"
        told = {}
        for name in dict.fromkeys([base, *wanted]):
            drawn, own = ways[name]
            told[name] = measure_task(
                folder / name, model, data, task, do_sample=drawn, own=own, title=name
            )
            print(name, {t: told[name].figure(f, split) for t, f, split in shown}, flush=True)
        table(folder, told, shown, COST)


if __name__ == "__main__":
    main()
