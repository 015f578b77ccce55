"""Data sets by their name."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import cast

from halluc.datasets import Dataset
from halluc.errors import InputError

FORMS = {
    "tabletop": "held-out bias-broken scenes of the embedded world; tabletop:biased, "
    "tabletop:mixed:10000-10999",
    "coco:FOLDER": "pictures with annotations/instances_*.json, and captions if there are any; "
    "or one of its instances files, or a pattern such as instances_*2014.json",
    "vg:FOLDER": "Visual Genome: objects.json, with attributes and relations",
    "pope:FILE": "POPE questions, from the published files or your own; a folder of them, too; "
    "pope:hub:ORG/NAME, from the hub, as mme:hub:… and hallusionbench:hub:…",
    "mme:FOLDER": "MME's questions and pictures",
    "amber:FOLDER": "AMBER's captions and questions",
    "hallusionbench:FILE": "HallusionBench's questions and pictures",
    "hallusionbench-judge:FILE": "answers to HallusionBench, as prompts to a judge; or a run's",
    "mcq-pope:FILE": "MCQ-POPE's questions of choice; a folder of them, too",
    "dash-b:FOLDER": "DASH-B's questions and pictures",
    "beaf:FILE": "BEAF's questions on pictures and on edited copies",
    "reefknot:FILE": "Reefknot's questions on relations; a folder of them, too",
    "hallucinogen:FILE": "HALLUCINOGEN's questions in five wordings; a folder of them, too",
    "r-bench:FILE": "R-Bench's questions on relations, on pictures or on boxes in them",
    "merlim:FILE": "MERLIM's questions on relations, before and after an edit",
    "phd:FILE": "PhD's pairs of questions; phd:base:FILE, iac, icc, ccs: of one mode",
    "humblebench:FILE": "HumbleBench's questions of five choices",
    "haloquest:FILE": "HaloQuest's questions",
    "haelm:FILE": "captions with references, as HaELM's prompts to a judge; haelm:each:FILE; "
    "haelm:RUN of captions of tabletop, haelm:tabletop:broken:0-99 draws captions",
    "mmhal:FILE": "MMHal-Bench's questions and pictures; with answers, or mmhal:RUN, prompts to a "
    "judge",
    "faithscore-judge:RUN": "what captions of a run or a file state, for a judge that sees them",
    "object-halbench-judge:RUN": "captions of a run or a file, for a judge that lists objects",
    "haloquest-judge:RUN": "answers to HaloQuest, for a judge",
    "jsonl:FILE": "your own: one JSON row a picture",
}
"""Names of data sets, and what each stands for."""

NAMED = f"{', '.join(list(FORMS)[:-1])} or {list(FORMS)[-1]}"

# Forms whose reader has another name, or reads prompts for a judge.
_READERS = {
    "vg": "halluc.datasets.visual_genome",
    "faithscore-judge": "halluc.judges.faithscore",
    "object-halbench-judge": "halluc.judges.object_halbench",
    "haloquest-judge": "halluc.judges.haloquest",
}


def load_dataset(name: str, images: Path | None = None, task: str = "caption") -> Dataset:
    """The data set that a name such as "pope:questions.jsonl" stands for.

    Args:
        name: of one of `FORMS`.
        images: folder of the pictures, where they do not lie beside the file.
        task: "pope" asks the embedded world's questions instead of showing its scenes.

    Raises:
        InputError: the name has another form, or the data set cannot be read.
    """
    if name.partition(":")[0] == "tabletop":
        from halluc.datasets.tabletop import load, with_questions

        scenes = load(name)
        return with_questions(scenes) if task == "pope" else scenes
    form, _, path = name.partition(":")
    if form not in {each.partition(":")[0] for each in FORMS} or not path:
        raise InputError(f"unknown data set {name!r}; give {NAMED}")
    reader = _READERS.get(form) or f"halluc.datasets.{form.replace('-', '_')}"
    return cast(Dataset, import_module(reader).load(path, images))
