"""How far a model tells true captions of a picture from false ones: `halluc analyse alignment`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.workflows.data.pairs import captions_of, data_of, origin_of
from app.workflows.data.pictures import opener
from app.workflows.progress import Progress, silent
from halluc.errors import InputError
from halluc.language.claims.things import Things
from halluc.mllm.transformers import TransformersMLLM
from halluc.records import Score
from halluc.runs import read_run
from metrics.tables import figure, interval
from mitigation.postcorrection.quality import judge_suspicions
from mitigation.precorrection.alignment import (
    KINDS,
    OTHER,
    Probe,
    make_probes,
    pooled,
    similarities,
)
from mitigation.precorrection.hacl import Heads
from mitigation.precorrection.inspected import Inspected

METRIC = "alignment"


@dataclass(frozen=True)
class Aligned:
    """How well similarity tells true captions from false ones.

    Attributes:
        probes: the pictures with their captions.
        similarities: of each, by "true" and kind.
        scores: AUROC by kind of what is false.
        higher: by kind, the share of pictures whose true caption is nearer than the false one;
            equal ones count half.
        heads: whether HACL's heads were used.
    """

    probes: list[Probe]
    similarities: list[dict[str, float]]
    scores: list[Score]
    higher: dict[str, float]
    heads: bool

    def rows(self) -> Iterator[list[str]]:
        """A table, its head first."""
        yield ["false", "pictures", "AUROC", "95 %", "true is nearer"]
        for score in self.scores:
            kind = score.split
            count = sum(kind in each for each in self.similarities)
            nearer = f"{100 * self.higher[kind]:.1f} %"
            yield [kind, f"{count:,}", figure(score, 1, 3), interval(score, 1, 3), nearer]

    def document(self) -> dict[str, Any]:
        """Everything, for a program."""
        texts = [
            {"image": p.true.image, "true": p.true.text, "false": p.false, "similarity": told}
            for p, told in zip(self.probes, self.similarities, strict=True)
        ]
        return {
            "heads": self.heads,
            "scores": self.scores,
            "true is nearer": self.higher,
            "pictures": texts,
        }


def analyse_alignment(
    run: Path,
    mllm: TransformersMLLM,
    adapter: Path | None,
    things: Things,
    *,
    images: Path | None = None,
    seed: int = 0,
    batch_size: int = 8,
    progress: Progress = silent,
) -> Aligned:
    """Judge a model by the captions of a run, corrected where they are wrong.

    Args:
        run: captions with findings by kind, of pictures whose truth is known.
        mllm: whose hidden states are compared.
        adapter: folder of its adapter; HACL's heads in it are used.
        things: the vocabulary.
        images: folder of the pictures, where the data set needs it.
        seed: of what is made wrong.
        batch_size: pictures at once.
        progress: called with how far it is.

    Raises:
        RunError: no run.
        InputError: it has no findings or truths, or no true caption comes out.
        ModelError: the model's hidden states cannot be reached.
    """
    read = read_run(run, tokens=False)
    if read.card.get("task") != "caption":
        raise InputError("holds no captions, which the probe is made of", run)
    inspected = Inspected(things)
    for each in captions_of(read, 0):
        inspected.add(each)
    probes = [each for each in make_probes(inspected, seed) if each.false]
    if not probes:
        raise InputError("no true caption came out that could be made wrong", run)
    open_image = opener({"data": data_of([origin_of(read)])}, images)
    heads = None if adapter is None else Heads.read(adapter)
    found = similarities(
        mllm, probes, open_image, heads,
        batch_size=batch_size, done=lambda count: progress("alignment", count, len(probes)),
    )  # fmt: skip
    return _judged(probes, found, heads is not None)


def _judged(probes: list[Probe], found: Sequence[dict[str, float]], heads: bool) -> Aligned:
    scores: list[Score] = []
    higher: dict[str, float] = {}
    for kind in (*KINDS, OTHER):
        values, false, pictures = pooled(probes, found, kind)
        if not values:
            continue
        told = judge_suspicions({kind: [-each for each in values]}, false, pictures, metric=METRIC)
        scores += [each for each in told if each.name == "AUROC"]
        gaps = [true - wrong for true, wrong in zip(values[::2], values[1::2], strict=True)]
        higher[kind] = sum(1.0 if g > 0 else 0.5 if g == 0 else 0.0 for g in gaps) / len(gaps)
    return Aligned(probes, list(found), scores, higher, heads)
