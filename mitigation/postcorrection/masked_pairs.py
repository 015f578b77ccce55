"""What a revisor learns from: masked captions with what they should say.

After LURE, in two kinds, each with a true caption as its target:

- corrected: a model's own caption, its suspect objects masked; the target is the same caption with
  its wrong words mended from the truth, or as it is where nothing is wrong.
- injected: a true caption into which an absent object is put that usually comes along; then the
  suspect objects are masked. In LURE GPT-3.5 puts it in.

So of the words of a masked caption some are wrong though no mask says so, and of the masks some
hide what is true: both have to be found in the picture.

Source: Zhou et al. 2024, "Analyzing and Mitigating Object Hallucination in Large Vision-Language
Models" (arXiv:2310.00754).
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os.path import commonprefix

from halluc.language.claims import claims_of
from halluc.language.parser import parse
from halluc.language.things import Things
from halluc.language.truths import in_words_of
from halluc.records import Finding, Token, Truth
from metrics.finegrained import finegrained
from mitigation.postcorrection.lure import revisor_prompt
from mitigation.postcorrection.masks import Masked, Suspicion, mask
from mitigation.precorrection.mending import Habits, mend, spoil
from mitigation.precorrection.negatives import ROUNDS, Answered, errors, habits_of
from mitigation.precorrection.pairs import Pair, make_pair


@dataclass(frozen=True)
class _Text:
    """A caption at work: its words and the tokens that are known of it."""

    text: str
    tokens: Sequence[Token]


def mine_masked(
    answers: Sequence[Answered],
    tokens: Mapping[str, Sequence[Token]],
    things: Things,
    suspicion: Suspicion,
    seed: int,
) -> list[Pair]:
    """Pairs whose prompt is a revisor's, whose better answer is the target, the worse one not.

    Args:
        answers: captions with what was found in them.
        tokens: of each caption, by its id; none where the model does not tell them.
        things: the vocabulary in which claims are read.
        suspicion: what makes an object suspect.
        seed: of what is put in.
    """
    known = {each.id: in_words_of(things, each.truth) for each in answers}

    def read(texts: Mapping[str, str]) -> dict[str, list[Finding]]:
        found: dict[str, list[Finding]] = {id: [] for id in texts}
        for each in finegrained(texts, {id: known[id] for id in texts}, things).findings:
            found[each.id].append(each)
        return found

    habits = habits_of(answers, known)
    targets = _true(answers, known, habits, read)
    found = read(targets)
    rngs = {id: random.Random(f"masked/{seed}/{id}") for id in targets}
    spoilt = {
        id: new
        for id, text in targets.items()
        if (new := spoil(text, found[id], known[id], habits, rngs[id], ("object",))) is not None
    }
    wrong = read(spoilt)
    spoilt = {id: text for id, text in spoilt.items() if errors(wrong[id])}
    own = {e.id: _Text(e.text, tokens.get(e.id, ())) for e in answers if e.id in targets}
    put_in = {
        id: _Text(text, carried(own[id].tokens, own[id].text, text)) for id, text in spoilt.items()
    }
    pairs = []
    for kind, texts in (("corrected", own), ("injected", put_in)):
        masked = _masked(texts, things, suspicion)
        for each in answers:
            if each.id in masked and masked[each.id].spans:
                pairs.append(
                    make_pair(
                        f"{each.id}/{kind}", each.image, revisor_prompt(masked[each.id].text),
                        targets[each.id], texts[each.id].text, kind,
                    )
                )  # fmt: skip
    return pairs


def carried(tokens: Sequence[Token], before: str, after: str) -> list[Token]:
    """Tokens of a text that stand where an edit of it changed nothing, at their new places.

    >>> found = carried([Token(0, 2, -1.0), Token(2, 6, -2.0), Token(6, 8, -3.0)],
    ...                 "a cup.  ", "a bowl.  ")
    >>> [(each.start, each.end) for each in found]
    [(0, 2), (7, 9)]
    """
    first = len(commonprefix([before, after]))
    last = len(commonprefix([before[first:][::-1], after[first:][::-1]]))
    moved = len(after) - len(before)
    kept = []
    for each in tokens:
        if each.end <= first:
            kept.append(each)
        elif each.start >= len(before) - last:
            kept.append(Token(each.start + moved, each.end + moved, each.logprob))
    return kept


def _true(answers, known, habits, read):
    """Each caption as it should be, by its id; none of those that cannot be mended."""
    true: dict[str, str] = {}
    open_ = {each.id: (each.text, each.findings) for each in answers}
    for _ in range(ROUNDS + 1):
        true |= {id: text for id, (text, findings) in open_.items() if not errors(findings)}
        texts = {
            id: new
            for id, (text, findings) in open_.items()
            if id not in true and (new := mend(text, findings, known[id], habits)) is not None
        }
        found = read(texts)
        open_ = {id: (text, found[id]) for id, text in texts.items()}
    return true


def _masked(texts: Mapping[str, _Text], things: Things, suspicion: Suspicion) -> dict[str, Masked]:
    masked = {}
    docs = parse(each.text for each in texts.values())
    for (id, each), doc in zip(texts.items(), docs, strict=True):
        masked[id] = mask(doc, things, claims_of(doc, things), each.tokens, suspicion)
    return masked
