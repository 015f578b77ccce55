"""Preference pairs from a run whose captions were inspected: three published kinds.

- on-policy: of several answers of the model itself to a picture, one with fewer wrong claims beside
  one with more (RLAIF-V, Yu et al., 2024, arXiv 2405.17220; OPA-DPO, Yang et al., 2025,
  arXiv 2501.09695).
- corrected: a wrong answer beside itself with the wrong words mended from the truth (HA-DPO, Zhao
  et al., 2023, arXiv 2311.16839; RLHF-V, Yu et al., 2024, arXiv 2312.00849).
- injected: a true answer beside itself with an object that usually comes along, a wrong attribute
  or a turned relation put in (POVID, Zhou et al., 2024, arXiv 2402.11411).

Pairs of naive choice teach other things than to see: the answer with fewer errors is often the
shorter one, or the one that says safe things twice. So the better answer names no fewer of the true
objects than the worse one, repeats itself no more, and is about as long; and of several answers
that could be mended or spoilt the one of most usual length for its picture is taken.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from statistics import fmean

from halluc.language.things import Things
from halluc.language.truths import in_words_of
from halluc.records import Finding, Truth
from metrics.finegrained import finegrained
from mitigation.precorrection.mending import Habits, mend, spoil
from mitigation.precorrection.pairs import Pair, make_pair

ABOUT = 0.05
"""By which share of the worse answer's words the better one may be shorter or longer."""

SAID = 0.03
"""A value is usual from this share of what captions say of its family."""

ROUNDS = 3
"""How often a text is mended and read anew; what is still wrong then makes no pair."""


@dataclass(frozen=True)
class Answered:
    """A caption with what was found in it.

    Attributes:
        id: unique among all.
        image, prompt: the picture and what was asked.
        text: the caption.
        truth: what is true of the picture.
        findings: the verdicts on its claims.
    """

    id: str
    image: str
    prompt: str
    text: str
    truth: Truth
    findings: Sequence[Finding]


def mine_captions(answers: Sequence[Answered], things: Things, seed: int) -> list[Pair]:
    """Pairs of all three kinds, at most one of each for a picture and prompt.

    Args:
        answers: captions; several of the same picture and prompt make on-policy pairs.
        things: the vocabulary in which claims are read.
        seed: of what is put in.
    """
    known = {each.id: in_words_of(things, each.truth) for each in answers}
    groups: dict[tuple[str, str], list[Answered]] = {}
    for each in answers:
        groups.setdefault((each.image, each.prompt), []).append(each)

    def read(texts: Mapping[str, str]) -> dict[str, list[Finding]]:
        found: dict[str, list[Finding]] = {id: [] for id in texts}
        for each in finegrained(texts, {id: known[id] for id in texts}, things).findings:
            found[each.id].append(each)
        return found

    habits = habits_of(answers, known)
    on_policy = [pair for group in groups.values() if (pair := _on_policy(group))]
    wrong, right = [], []
    for group in groups.values():
        flawed = [each for each in group if errors(each.findings)]
        sound = [each for each in group if not errors(each.findings)]
        usual = fmean(map(_words, group))
        # Answers without an error tend to be short, and those with most errors to be long.
        wrong += sorted(flawed, key=lambda each: abs(_words(each) - usual))[:1]
        right += sorted(sound, key=lambda each: abs(_words(each) - usual))[:1]
    mended = _mended(wrong, known, habits, read)
    corrected = [
        make_pair(
            f"{each.id}/corrected", each.image, each.prompt, mended[each.id], each.text, "corrected"
        )
        for each in wrong
        if each.id in mended and about_as_long(mended[each.id], each.text)
    ]
    # True texts to spoil: answers without an error, and mended ones of other pictures.
    true = {each.id: each for each in right}
    covered = {(each.image, each.prompt) for each in right}
    true |= {e.id: e for e in wrong if e.id in mended and (e.image, e.prompt) not in covered}
    texts = {id: mended.get(id, each.text) for id, each in true.items()}
    rngs = {id: random.Random(f"injected/{seed}/{id}") for id in texts}
    before = read(texts)
    spoilt = {
        id: new
        for id, text in texts.items()
        if (new := spoil(text, before[id], known[id], habits, rngs[id])) is not None
    }
    after = read(spoilt)
    injected = [
        make_pair(f"{id}/injected", true[id].image, true[id].prompt, texts[id], new, "injected")
        for id, new in spoilt.items()
        if errors(after[id]) and about_as_long(texts[id], new)
    ]
    return [*on_policy, *corrected, *injected]


def mine_answers(asked: Iterable[tuple[Answered, bool]], seed: int) -> list[Pair]:
    """Pairs of yes/no answers: wrong ones corrected, and as many right ones turned round.

    The right ones are chosen such that Yes and No are the better answer equally often.

    Args:
        asked: bare answers ("Yes", "No.") with whether they are right; other answers are left out.
        seed: of which right ones are taken.
    """
    wrong: dict[str, list[Pair]] = {"yes": [], "no": []}
    right: dict[str, list[Pair]] = {"yes": [], "no": []}
    for each, holds in asked:
        other = _turned(each.text)
        if other is None:
            continue
        chosen, rejected = (each.text, other) if holds else (other, each.text)
        kind: str = "injected" if holds else "corrected"
        pair = make_pair(f"{each.id}/{kind}", each.image, each.prompt, chosen, rejected, kind)  # type: ignore[arg-type]
        (right if holds else wrong)[chosen.strip(" .").lower()].append(pair)
    rng = random.Random(f"answers/{seed}")
    total = sum(map(len, wrong.values()))
    kept = [pair for some in wrong.values() for pair in some]
    for label, some in right.items():
        kept += rng.sample(some, min(len(some), total - len(wrong[label])))
    return kept


def errors(findings: Iterable[Finding]) -> int:
    """How many different things are stated wrongly."""
    return len(
        {
            (f.claim.kind, f.claim.subject, f.claim.value, f.claim.object)
            for f in findings
            if f.verdict == "hallucinated"
        }
    )


def about_as_long(better: str, worse: str) -> bool:
    """Whether a better answer is neither much shorter than the worse one nor much longer."""
    words = len(worse.split())
    return abs(len(better.split()) - words) <= max(ABOUT * words, 1)


def repeats(names: Sequence[str]) -> int:
    """How often an object is mentioned that was mentioned before.

    >>> repeats(["cup", "fork", "cup", "cup"])
    2
    """
    return len(names) - len(set(names))


def habits_of(answers: Iterable[Answered], truths: Mapping[str, Truth]) -> Habits:
    """What comes together in the pictures, and which attributes the captions usually state."""
    together: dict[str, Counter[str]] = {}
    said: dict[str, Counter[str]] = {}
    for names in {each.image: truths[each.id].names for each in answers}.values():
        for one, other in permutations(sorted(names), 2):
            together.setdefault(one, Counter())[other] += 1
    for each in answers:
        for finding in each.findings:
            if finding.claim.kind == "attribute":
                said.setdefault(finding.claim.family, Counter())[finding.claim.value] += 1
    usual = {
        family: {value for value, count in counts.items() if count >= SAID * counts.total()}
        for family, counts in said.items()
    }
    return Habits(together, usual)


def _on_policy(group: Sequence[Answered]) -> Pair | None:
    """The two answers that differ most in errors, where the better one is not just more careful."""
    fitting = [
        (errors(worse.findings) - errors(better.findings), better, worse)
        for better, worse in permutations(group, 2)
        if errors(worse.findings) > errors(better.findings)
        and about_as_long(better.text, worse.text)
        and _covered(better) >= _covered(worse)
        and repeats(_mentions(better)) <= repeats(_mentions(worse))
    ]
    if not fitting:
        return None
    _, better, worse = max(fitting, key=lambda each: each[0])
    return make_pair(f"{worse.id}/on-policy", worse.image, worse.prompt, better.text, worse.text)


def _words(answer: Answered) -> int:
    return len(answer.text.split())


def _covered(answer: Answered) -> int:
    return len(_named(answer, "supported"))


def _mentions(answer: Answered) -> list[str]:
    return [f.claim.subject for f in answer.findings if f.claim.kind == "object"]


def _named(answer: Answered, verdict: str) -> set[str]:
    return {
        f.claim.subject
        for f in answer.findings
        if f.claim.kind == "object" and f.verdict == verdict
    }


def _mended(
    wrong: Sequence[Answered],
    known: Mapping[str, Truth],
    habits: Habits,
    read: Callable[[Mapping[str, str]], dict[str, list[Finding]]],
) -> dict[str, str]:
    """Texts without an error, by the id of the answer they were made of."""
    mended: dict[str, str] = {}
    open_ = {each.id: (each.text, each.findings) for each in wrong}
    for _ in range(ROUNDS):
        texts = {
            id: new
            for id, (text, findings) in open_.items()
            if (new := mend(text, findings, known[id], habits)) is not None
        }
        found = read(texts)
        mended |= {id: text for id, text in texts.items() if not errors(found[id])}
        open_ = {id: (text, found[id]) for id, text in texts.items() if id not in mended}
    return mended


def _turned(text: str) -> str | None:
    """The other of Yes and No, written alike."""
    bare = text.strip(" .")
    other = {"yes": "no", "no": "yes"}.get(bare.lower())
    return (
        None
        if other is None
        else text.replace(bare, other.capitalize() if bare[0].isupper() else other)
    )
