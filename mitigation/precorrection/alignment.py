"""Do pictures lie nearer to true captions than to false ones? The probe behind HACL.

HACL (arXiv:2312.06968) says that an MM-LLM's representations of true and of hallucinated captions
are entangled. Here that is a figure: of the similarity of picture and caption (hidden states at the
end token, `mitigation.precorrection.hacl`), how well it tells a true caption from one with a single
thing made wrong. The similarity of the same picture with another picture's caption is the control.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from mitigation.precorrection.correcting import spoil
from mitigation.precorrection.hacl import Heads, embed, picture_rows, states, text_rows
from mitigation.precorrection.inspected import Answered, Inspected, errors, unpack
from mitigation.precorrection.negatives import made_true, read_findings
from mitigation.precorrection.turns import ask

if TYPE_CHECKING:
    from PIL.Image import Image

    from halluc.mllm.transformers import TransformersMLLM

KINDS = ("object", "attribute", "relation")
OTHER = "other picture"


@dataclass(frozen=True)
class Probe:
    """A picture with a true caption and false ones.

    Attributes:
        true: the caption, with its picture and prompt.
        false: by what is wrong in it.
    """

    true: Answered
    false: dict[str, str] = field(default_factory=dict)


def make_probes(inspected: Inspected, seed: int = 0) -> list[Probe]:
    """A probe of each picture that has a true caption, or one that can be corrected.

    False captions are parsed again: each states something wrong, or it is left out.

    Args:
        inspected: the captions.
        seed: of what is made wrong.
    """
    habits, things = inspected.habits(), inspected.things
    wrong = [unpack(g.flawed) for g in inspected.groups.values() if not g.sound and g.flawed]
    corrected = made_true(wrong, things, habits)
    sound = [unpack(group.sound) for group in inspected.groups.values() if group.sound]
    true = {each.id: each for each in sound} | corrected
    probes = {id: Probe(each) for id, each in true.items()}
    for kind in KINDS:
        texts = {}
        for id, each in true.items():
            rng = random.Random(f"alignment/{seed}/{id}/{kind}")
            new = spoil(each.text, each.findings, each.truth, habits, rng, (kind,))
            if new is not None:
                texts[id] = new
        for id, findings in read_findings(texts, true, things).items():
            if errors(findings):
                probes[id].false[kind] = texts[id]
    ordered = list(probes.values())
    for probe, other in zip(ordered, ordered[1:] + ordered[:1], strict=True):
        if probe.true.image != other.true.image:
            probe.false[OTHER] = other.true.text
    return ordered


@torch.inference_mode()
def similarities(
    mllm: TransformersMLLM,
    probes: Sequence[Probe],
    open_image: Callable[[Any], Image],
    heads: Heads | None = None,
    *,
    batch_size: int = 8,
    done: Callable[[int], None] = lambda count: None,
) -> list[dict[str, float]]:
    """Cosine of each picture with its captions, from −1 to 1: "true" and each false kind.

    Args:
        mllm: the model.
        probes: pictures with captions.
        open_image: gives the picture of a caption.
        heads: what HACL trained beside the model; None: the hidden states as they are.
        batch_size: pictures at once, ≥ 1.
        done: called with the number of probes done.

    Raises:
        ModelError: the model's hidden states or pictures cannot be reached.
    """
    if heads is not None:
        heads.to(mllm.device)
    found: list[dict[str, float]] = []
    for start in range(0, len(probes), batch_size):
        some = probes[start : start + batch_size]
        asked = [each.true for each in some]
        prompts, pictures, _ = ask(mllm, asked, [open_image(each) for each in asked])
        shown = states(mllm.model, picture_rows(mllm, prompts), pictures)
        images = embed(None if heads is None else heads.image, shown)
        texts = [{"true": each.true.text, **each.false} for each in some]
        flat = [text for each in texts for text in each.values()]
        said = iter(_texts(mllm, flat, heads))
        for image, named in zip(images, texts, strict=True):
            found.append({kind: float(image @ next(said)) for kind in named})
        done(len(found))
    return found


def _texts(mllm: TransformersMLLM, texts: Sequence[str], heads: Heads | None) -> Tensor:
    head = None if heads is None else heads.text
    return embed(head, states(mllm.model, text_rows(mllm, texts)))


def pooled(
    probes: Sequence[Probe], found: Sequence[Mapping[str, float]], kind: str
) -> tuple[list[float], list[bool], list[str]]:
    """True and false captions of a kind together: similarity, whether false, picture."""
    values: list[float] = []
    false: list[bool] = []
    pictures: list[str] = []
    for probe, told in zip(probes, found, strict=True):
        if kind in told:
            values += [told["true"], told[kind]]
            false += [False, True]
            pictures += [probe.true.image] * 2
    return values, false, pictures
