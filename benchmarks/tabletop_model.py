"""How well a model speaks of the embedded world, what it gets wrong, and why.

    python benchmarks/tabletop_model.py [--model tabletop] [--scenes 1000] [--work FOLDER] [-o FILE]

Held-out bias-broken scenes, greedy: captions and POPE as `halluc train tabletop` measures them,
repetition, and the two causes of hallucination that VCD names (Leng et al., 2024, arXiv
2311.16922). Statistical bias: how often an absent companion is named where its partner is in the
picture, and where it is not. Language prior: CHAIR where the model is shown a grey picture instead.
FOLDER keeps the runs; the same command continues with what is there.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from app.workflows.measure import MeasuredRun, first_scenes, measure_task
from halluc.datasets.tabletop import with_questions
from halluc.language.claims.reader import read_claims
from halluc.mllm import load_model
from halluc.records import Claim, Truth
from halluc.statistics import wilson
from halluc.tabletop.world import COMPANIONS, SIDE

GREY = (128, 128, 128)
SENTENCE = re.compile(r"[^.!?]+")


@dataclass(frozen=True)
class Row:
    """One figure: what it is of, its value, and its 95 % interval where it has one."""

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    share: bool = True

    def __str__(self) -> str:
        if self.value is None:
            return f"{self.name:44}      -"
        scale = 100 if self.share else 1
        shown = f"{self.name:44} {scale * self.value:6.1f}{' %' if self.share else ''}"
        if self.low is None or self.high is None:
            return shown
        return f"{shown}  [{scale * self.low:.1f}, {scale * self.high:.1f}]"


def says_twice(text: str) -> bool:
    """Whether a text says a sentence twice, word by word.

    >>> says_twice("The cup is red. A fork. the cup is  red."), says_twice("A cup. A fork.")
    (True, False)
    """
    said = [" ".join(each.lower().split()) for each in SENTENCE.findall(text)]
    said = [each for each in said if each]
    return len(set(said)) < len(said)


def lists_twice(text: str, claims: Iterable[Claim], there: Counter[str] | None = None) -> bool:
    """Whether one sentence names the same class in two mentions.

    Args:
        text: a caption.
        claims: all that it states; only those of objects count.
        there: how many of a class there are: so many mentions of it are of different things.
    """
    places = [claim for claim in claims if claim.kind == "object"]
    return any(
        count > max(1, there[name] if there else 1)
        for each in SENTENCE.finditer(text)
        for name, count in Counter(
            claim.subject for claim in places if each.start() <= claim.start < each.end()
        ).items()
    )


def companion_rows(named: dict[str, set[str]], truths: dict[str, Truth]) -> list[Row]:
    """How often an absent companion is named, with its partner in the picture and without.

    Args:
        named: classes that a caption names, by the scene's id.
        truths: what is in the scene, by the same ids.
    """
    counts = {True: [0, 0], False: [0, 0]}
    for id, truth in truths.items():
        for partner, companion in COMPANIONS.items():
            if companion not in truth.names:
                told = counts[partner in truth.names]
                told[0] += companion in named[id]
                told[1] += 1
    labels = {True: "absent companion named, partner there", False: "… partner not there"}
    return [_share(labels[there], *counts[there]) for there in (True, False)]


def _share(name: str, part: int, whole: int) -> Row:
    return Row(name, part / whole, *wilson(part, whole)) if whole else Row(name, None)


def _score(measured: MeasuredRun, name: str, split: str = "", label: str = "") -> Row:
    score = measured.score(name, split)
    shown = label or " ".join(each for each in ("POPE" * bool(split), name, split) if each)
    return Row(shown, score.value, score.low, score.high, not score.unit)


def measure(name: str, scenes: int, work: Path) -> list[Row]:
    """All rows of the table."""
    model, shown = load_model(name), first_scenes(scenes)
    grey = replace(
        shown,
        name=f"{shown.name}, grey",
        open_image=lambda sample: Image.new("RGB", (SIDE, SIDE), GREY),
        card={**shown.card, "picture": "grey"},
    )
    captions = measure_task(work / "captions", model, shown, "caption")
    answers = measure_task(work / "pope", model, with_questions(shown), "pope")
    blind = measure_task(work / "grey", model, grey, "caption", title="grey pictures")
    texts = {each.id: each.text for each in captions.run.responses}
    claims = dict(zip(texts, read_claims(texts.values()), strict=True))
    named = {
        id: {claim.subject for claim in some if claim.kind == "object"}
        for id, some in claims.items()
    }
    truths = {each.id: each.truth for each in captions.run.samples if each.truth is not None}
    return [
        _share("captions that say a sentence twice", sum(map(says_twice, texts.values())), scenes),
        _share(
            "captions that list a class twice",
            sum(lists_twice(text, claims[id]) for id, text in texts.items()),
            scenes,
        ),
        _share(
            "… and oftener than it is there",
            sum(
                lists_twice(text, claims[id], Counter(each.name for each in truths[id].objects))
                for id, text in texts.items()
            ),
            scenes,
        ),
        _score(captions, "Len", label="words"),
        *(_score(captions, figure) for figure in ("CHAIRi", "CHAIRs", "Recall")),
        *(_score(captions, f"{kind} hallucination rate") for kind in ("attribute", "relation")),
        *(
            _score(answers, figure, split)
            for split in ("random", "popular", "adversarial")
            for figure in ("accuracy", "F1")
        ),
        *companion_rows(named, truths),
        _score(blind, "CHAIRi", label="CHAIRi, grey picture"),
    ]


def main() -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="tabletop")
    parser.add_argument("--scenes", type=int, default=1000)
    parser.add_argument("--work", type=Path, default=Path("runs/tabletop-model"))
    parser.add_argument("-o", "--output", type=Path, help="where to, as JSON")
    given = parser.parse_args()
    name = re.sub(r"[^\w.+-]+", "_", given.model)
    rows = measure(given.model, given.scenes, given.work / f"{name}-{given.scenes}")
    print(*rows, sep="\n")
    if given.output:
        kept = {row.name: {"value": row.value, "low": row.low, "high": row.high} for row in rows}
        text = json.dumps({"model": given.model, "scenes": given.scenes, "figures": kept}, indent=1)
        given.output.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
