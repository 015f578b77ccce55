"""Edits of a caption, a few words at a time: what is wrong is corrected, what is right made wrong.

The words to change come from findings, what to put there from the truth of the picture. An edit is
a proposal: whoever asks for it reads the text again and sees whether it has become true, or false.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from halluc.language.claims.lexicon import POSTURES, posture_like
from halluc.language.claims.verdicts import values_of
from halluc.records import Finding, Truth

Edit = tuple[int, int, str]
"""Start, end, and what stands there instead."""

_DETERMINER = re.compile(r"\b(an?|the|one|two|three|four|five|six)\s+((?:[\w'-]+\s+){0,4})$", re.I)
_BREAKS = frozenset("and or with is are see has".split())
_PAIRS = frozenset({"scissors"})
_HOW = re.compile(r" (?:upright|flat|on (?:its|their) sides?|to one side)\b")
_DIRECTION = re.compile(
    r"(?:(?:to|on) the )?(?:left|right)(?: side)? of|above|below|beneath|underneath", re.I
)
SAID = {
    "left of": "to the left of",
    "right of": "to the right of",
    "above": "above",
    "below": "below",
}
OPPOSITE = {"left of": "right of", "right of": "left of", "above": "below", "below": "above"}


@dataclass(frozen=True)
class Habits:
    """What is usual in the captions and pictures that pairs are made of.

    Attributes:
        together: object to other objects with the number of pictures that show both.
        said: attribute family to the values that captions usually state.
        words: of a caption, in the mean.
    """

    together: Mapping[str, Mapping[str, int]]
    said: Mapping[str, Collection[str]]
    words: float = 0


def mend(text: str, findings: Sequence[Finding], truth: Truth, habits: Habits) -> str | None:
    """The text with its wrong words changed to what is true; None where that is beyond a few words.

    An absent object becomes one that is there and that the text leaves out; where there is none,
    it is cut out of its list, and sentences on it are dropped. Wrong attributes and relations
    become right ones; an attribute that captions hardly ever state ("plain") is left out instead.
    What is stated of a changed object may need a second call.
    """
    wrong = [each for each in findings if each.verdict == "hallucinated"]
    if any(each.claim.stance != "asserted" for each in wrong):
        return None
    named = {f.claim.subject for f in findings if f.claim.kind == "object"}
    left_out = [n for n in dict.fromkeys(o.name for o in truth.objects) if n not in named]
    instead: dict[str, str | None] = {}
    edits: list[Edit | None] = []
    for each in wrong:
        claim = each.claim
        if claim.kind == "object":
            if claim.subject not in instead:
                instead[claim.subject] = left_out.pop(0) if left_out else None
            edits.append(_other_object(text, claim.start, claim.end, instead[claim.subject]))
        elif claim.kind == "attribute":
            edits.append(_right_attribute(text, each, truth, habits))
        else:
            edits.append(_right_relation(text, each, truth))
    return _applied(text, edits)


def spoil(  # noqa: PLR0917 - what is spoilt, by what, and how
    text: str,
    findings: Sequence[Finding],
    truth: Truth,
    habits: Habits,
    rng: random.Random,
    ways: Sequence[str] = ("object", "object", "attribute", "relation"),
) -> str | None:
    """The text with one thing made wrong: an object, an attribute or a relation; None if it cannot.

    The object put in usually comes with one that is there (POVID; HalluciDoctor, Yu et al., 2024,
    arXiv 2311.13614): in addition, or in place of a true one, so that length tells nothing; and of
    one that the text names once, so that repetition tells nothing.
    """
    held = [f for f in findings if f.verdict == "supported" and f.claim.stance == "asserted"]
    named = Counter(f.claim.subject for f in findings if f.claim.kind == "object")
    for kind in rng.sample(ways, len(ways)):
        some = [
            f
            for f in held
            if f.claim.kind == kind
            and f.claim.family != "count"
            and (kind != "object" or named[f.claim.subject] == 1)
        ]
        rng.shuffle(some)
        for each in some[:4]:
            if kind == "object":
                edit = _absent_object(text, each, truth, habits, rng)
            elif kind == "attribute":
                edit = _wrong_attribute(text, each, truth, habits, rng)
            else:
                edit = _phrase(text, each, OPPOSITE.get(each.claim.value))
            if edit and (spoilt := _applied(text, [edit])):
                return spoilt
    return None


def _applied(text: str, edits: Iterable[Edit | None]) -> str | None:
    """The text after edits, None if one of them is impossible or they meet."""
    done = sorted(
        set(edits), key=lambda edit: edit or (0, 0, "")
    )  # two claims may ask for the same
    last, pieces = 0, []
    for edit in done:
        if edit is None:
            return None
        start, end, new = edit
        if start < last:
            if end <= last and not new:  # within a sentence that is dropped
                continue
            return None
        pieces += [text[last:start], new]
        last = end
    changed = re.sub(r"\s{2,}", " ", "".join([*pieces, text[last:]])).strip()
    changed = re.sub(
        r"\b(a)n? (?=([a-z]))",
        lambda m: f"{m[1]}n " if m[2] in "aeiou" else f"{m[1]} ",
        changed,
        flags=re.I,
    )
    return changed if changed and changed != text else None


def _noun_phrase(text: str, start: int) -> tuple[int, str, str] | None:
    """Where the phrase of a noun begins, its determiner, and the words between."""
    found = _DETERMINER.search(text[:start])
    if not found or _BREAKS & set(found[2].lower().split()):
        # The pattern takes the first determiner that fits; a nearer one may follow.
        found = found and _DETERMINER.search(text[:start], found.start() + 1)
    if not found or _BREAKS & set(found[2].lower().split()):
        return None
    return found.start(), found[1], found[2]


def _other_object(text: str, start: int, end: int, name: str | None) -> Edit | None:
    phrase = _noun_phrase(text, start)
    if phrase is None:
        return None
    begin, determiner, modifiers = phrase
    if name is None:
        if determiner.lower() == "the":
            return _sentence(text, start)
        return _cut_from_list(text, begin, end)
    if determiner.lower() not in ("a", "an", "the", "one"):
        return None
    modifiers = modifiers.replace("pair of ", "")
    return begin, end, f"{determiner} {modifiers}{_noun(name)}"


def _noun(name: str) -> str:
    return f"pair of {name}" if name in _PAIRS else name


def _sentence(text: str, place: int) -> Edit | None:
    """The edit that drops the sentence of a place; the first sentence is never dropped."""
    start = text.rfind(". ", 0, place)
    end = text.find(".", place)
    return None if start < 0 or end < 0 else (start + 1, end + 1, "")


def _cut_from_list(text: str, start: int, end: int) -> Edit | None:
    """The edit that takes a phrase out of "a, b and c"."""
    before, after = text[:start], text[end:]
    if after.startswith(", "):
        return (start, end + 2, "") if not re.search(r"\b(is|are) $", before) else None
    if before.endswith(", "):
        return start - 2, end, ""
    if before.endswith(" and "):
        comma = before.rfind(", ", max(before.rfind(". "), 0))
        if comma < 0:
            return start - 5, end, ""
        return comma, end, " and " + before[comma + 2 : -5]
    return None


def _right_attribute(text: str, finding: Finding, truth: Truth, habits: Habits) -> Edit | None:
    claim = finding.claim
    if claim.family == "count":
        return None
    named = [each for each in truth.objects if each.name == claim.subject]
    value = next((v for each in named for v in values_of(each, claim.family)), None)
    if value is None:
        return None
    if value in habits.said.get(claim.family, ()):
        return _other_value(text, finding, value)
    if claim.subject_span and claim.end <= claim.subject_span[0]:
        return claim.start, claim.end, ""
    return _sentence(text, claim.start)


def _right_relation(text: str, finding: Finding, truth: Truth) -> Edit | None:
    claim = finding.claim
    holding = [
        each.predicate
        for each in truth.relations
        if truth.objects[each.subject].name == claim.subject
        and truth.objects[each.object].name == claim.object
        and each.predicate in SAID
    ]
    if not holding:
        return _sentence(text, claim.start)
    opposite = OPPOSITE.get(claim.value, "")
    return _phrase(text, finding, opposite if opposite in holding else holding[0])


def _phrase(text: str, finding: Finding, predicate: str | None) -> Edit | None:
    """The edit that puts a direction in place of the one that a relation states."""
    place = direction_at(text, finding.claim.start)
    if predicate is None or place is None:
        return None
    start, end = place
    said = SAID[predicate]
    return start, end, said.capitalize() if text[start].isupper() else said


def direction_at(text: str, place: int) -> tuple[int, int] | None:
    """The words that say a direction around a place of a text.

    >>> direction_at("It is to the left of a cup.", 13)
    (6, 20)
    """
    for found in _DIRECTION.finditer(text):
        if found.start() <= place < found.end():
            return found.span()
    return None


def _absent_object(
    text: str, finding: Finding, truth: Truth, habits: Habits, rng: random.Random
) -> Edit | None:
    claim = finding.claim
    counts = {
        name: count
        for name, count in habits.together.get(claim.subject, {}).items()
        if name not in truth.names
    }
    phrase = _noun_phrase(text, claim.start)
    if not counts or phrase is None or phrase[1].lower() not in ("a", "an", "one"):
        return None
    name = rng.choices(list(counts), list(counts.values()))[0]
    begin, determiner, modifiers = phrase
    if rng.random() < 0.8:
        return begin, claim.end, f"{determiner} {modifiers.replace('pair of ', '')}{_noun(name)}"
    if text[claim.end :].startswith((", ", " and ")) or text[:begin].endswith(", "):
        added = f"{determiner} {_noun(name)}, "
        return begin, begin + 1, added + text[begin].lower()
    return None


def _wrong_attribute(
    text: str, finding: Finding, truth: Truth, habits: Habits, rng: random.Random
) -> Edit | None:
    claim = finding.claim
    right = {
        value
        for each in truth.objects
        if each.name == claim.subject
        for value in values_of(each, claim.family)
    }
    values = sorted(set(habits.said.get(claim.family, ())) - right - {claim.value})
    return _other_value(text, finding, rng.choice(values)) if values else None


def _other_value(text: str, finding: Finding, value: str) -> Edit | None:
    """The edit that puts another value in place of an attribute; verbs keep their form."""
    start, end = finding.claim.start, finding.claim.end
    verbs = text[start:end].lower() in POSTURES, value in POSTURES
    if not any(verbs):
        return start, end, value
    new = posture_like(text[start:end].lower(), value) if all(verbs) else None
    how = _HOW.match(text, end)
    return (start, how.end() if how else end, new) if new else None
