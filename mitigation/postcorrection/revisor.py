"""What a revisor learns from: masked captions, and what they should say.

After LURE, in two kinds, each with a true caption to write:

- own: a caption of a model, its suspect objects masked; to be written is the same caption with its
  wrong words corrected from the truth, or as it is where nothing is wrong.
- injected: a true caption into which an absent object is put that usually comes along with what is
  there; then the suspect objects are masked. In LURE, GPT-3.5 puts it in.

So some masks hide what is true, and some words are wrong though no mask says so: both have to be
found in the picture. Training itself is `mitigation.precorrection.sft`.

Source: Zhou et al. 2024, "Analyzing and Mitigating Object Hallucination in Large Vision-Language
Models" (arXiv:2310.00754).
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from halluc.language.claims.reader import read_claims
from halluc.language.claims.things import Things
from halluc.language.claims.truths import in_words_of
from halluc.language.pipeline.parser import parse
from halluc.records import Token
from mitigation.postcorrection.lure import revisor_prompt
from mitigation.postcorrection.masks import Suspicion, mask
from mitigation.precorrection.correcting import Habits, spoil
from mitigation.precorrection.inspected import Answered, Inspected, errors
from mitigation.precorrection.negatives import made_true, read_findings

if TYPE_CHECKING:
    from mitigation.precorrection.sft import Example

Texts = Mapping[str, tuple[str, Sequence[Token]]]
"""Captions by id, with the tokens that are known of them."""


def masked_examples(
    answers: Sequence[Answered],
    tokens: Mapping[str, Sequence[Token]],
    things: Things,
    suspicion: Suspicion,
    seed: int = 0,
) -> list[Example]:
    """Examples of both kinds, at most one of each for a caption.

    A caption that cannot be corrected makes none, nor does one in which nothing is suspect.

    Args:
        answers: captions with what was found in them.
        tokens: of each caption, by its id; none where the model does not give them.
        things: the vocabulary in which claims are read.
        suspicion: what makes an object suspect.
        seed: of what is put in.
    """
    from mitigation.precorrection.sft import Example

    inspected = Inspected(things)
    for each in answers:
        inspected.add(each)
    habits = inspected.habits()
    true = _true(answers, things, habits)
    own = {e.id: (e.text, tokens.get(e.id, ())) for e in answers if e.id in true}
    spoilt = {
        id: (text, carried(own[id][1], own[id][0], text))
        for id, text in _spoilt(true, things, habits, seed).items()
    }
    return [
        Example(
            id=f"{id}/{kind}",
            image=true[id].image,
            prompt=revisor_prompt(masked),
            answer=true[id].text,
            kind=kind,
        )
        for kind, texts in (("own", own), ("injected", spoilt))
        for id, masked in _masked(texts, things, suspicion).items()
    ]


def carried(tokens: Sequence[Token], before: str, after: str) -> list[Token]:
    """Tokens of a text that stand where an edit of it changed nothing, at their new places.

    >>> tokens = [Token(0, 2, -1.0), Token(2, 5, -2.0), Token(5, 6, -3.0)]
    >>> [(each.start, each.end) for each in carried(tokens, "a cup.", "a bowl.")]
    [(0, 2), (6, 7)]
    """
    first = _alike(before, after)
    last = _alike(before[first:][::-1], after[first:][::-1])
    moved = len(after) - len(before)
    head = [each for each in tokens if each.end <= first]
    tail = [each for each in tokens if each.start >= len(before) - last and each.end > first]
    return head + [Token(each.start + moved, each.end + moved, each.logprob) for each in tail]


def _alike(one: str, other: str) -> int:
    """How many characters two texts have in common from their beginning on."""
    pairs = zip(one, other, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _true(answers: Sequence[Answered], things: Things, habits: Habits) -> dict[str, Answered]:
    """Each caption as it should be, by its id; none of those that cannot be corrected."""
    known = [
        Answered(
            id=each.id,
            image=each.image,
            prompt=each.prompt,
            text=each.text,
            truth=in_words_of(things, each.truth),
            findings=each.findings,
        )
        for each in answers
    ]
    right = {each.id: each for each in known if not errors(each.findings)}
    wrong = [each for each in known if each.id not in right]
    found = right | made_true(wrong, things, habits)
    return {each.id: found[each.id] for each in known if each.id in found}


def _spoilt(
    true: Mapping[str, Answered], things: Things, habits: Habits, seed: int
) -> dict[str, str]:
    """True captions with an absent object put in, by id."""
    texts = {}
    for id, each in true.items():
        rng = random.Random(f"masked/{seed}/{id}")
        text = spoil(each.text, each.findings, each.truth, habits, rng, ("object",))
        if text is not None:
            texts[id] = text
    found = read_findings(texts, true, things)
    return {id: text for id, text in texts.items() if errors(found[id])}


def _masked(texts: Texts, things: Things, suspicion: Suspicion) -> dict[str, str]:
    """Captions with their masks, by id; those in which nothing is suspect are left out."""
    said = [text for text, _ in texts.values()]
    masked = {}
    for (id, (_, tokens)), doc, claims in zip(
        texts.items(), parse(said), read_claims(said, things), strict=True
    ):
        found = mask(doc, things, claims, tokens, suspicion)
        if found.spans:
            masked[id] = found.text
    return masked
