"""What captions of `halluc.tabletop.english` state, read letter by letter.

The sentence forms of the embedded world are few, so patterns can read them exactly; `read_claims`
of `halluc.language.claims.reader`, which reads any English, is compared with it.
"""

from __future__ import annotations

import re
from itertools import pairwise

from halluc.language.claims.agreement import NUMBERS
from halluc.records import Claim
from halluc.tabletop.phrases import NAMES, PHRASES, POSTURES, STATES, VALUES
from halluc.tabletop.world import COLORS, PATTERNS, SIZES


def _any_of(words: list[str]) -> str:
    """An alternation that prefers longer words."""
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


_LOOKS = {
    word: family
    for family, values in (("size", SIZES), ("pattern", PATTERNS), ("color", COLORS))
    for value in values
    for word in VALUES.get(value, (value,))
}
# The word that the claim is on: "laptop computer" is one name, "alarm clock" is a clock.
_NOUNS = {
    re.sub("pairs? of |computer (?=mouse|mice)|alarm ", "", word): name
    for name, forms in NAMES.items()
    for form in forms
    for word in form
}
_PREDICATES = {phrase: name for name, phrases in PHRASES.items() for phrase in phrases}
_STATES = {
    word: value
    for pose, value in (
        ("standing", "stand"), ("lying", "lie"), ("lying on its side", "lie"), ("leaning", "lean"),
        ("sitting", "sit"),
    )
    for form in STATES[pose]
    for word in [re.sub(r"^is | .*", "", form)]
}  # fmt: skip

_LOOK = rf"(?:{_any_of(list(_LOOKS))})"
_PHRASE = rf"(?:{_any_of(list(_PREDICATES))})"
_STATE = rf"(?:{_any_of(list(_STATES))})"
_POSTURE = rf"(?:{_any_of(list(POSTURES.values()))})"

_NOUN_PHRASE = re.compile(
    rf"\b(?:(?P<number>{_any_of(list(NUMBERS[2:]))})\s+)?"
    rf"(?P<looks>(?:{_LOOK}\s+)*)"
    rf"(?:pairs? of |computer (?=mouse|mice)|alarm )?(?P<noun>{_any_of(list(_NOUNS))})\b"
    rf"(?:(?:,\s+which)?\s+(?:is|are)\s+(?P<told>{_LOOK}(?:\s+and\s+{_LOOK})*)\b)?"
    rf"(?:(?:\s+and)?(?:\s+is)?\s+(?P<state>{_STATE})(?!\s+(?:{_PHRASE}|the|an?)\b))?",
    re.IGNORECASE,
)
_ONE_AND_OTHER = re.compile(
    rf"One of the (?:pairs of |computer |alarm )?(?P<noun>{_any_of(list(_NOUNS))}) "
    rf"is (?P<one>{_LOOK}) and the other is (?P<other>{_LOOK})",
    re.IGNORECASE,
)
# "A is left of B": the predicate stands between two noun phrases and holds of the first.
_BETWEEN = re.compile(
    rf"(?:,|\s+and)?\s+(?:(?:is|{_POSTURE}|can be seen|is placed|is located)\s+)?"
    rf"(?P<phrase>{_PHRASE})\s+(?:the\s+)?",
    re.IGNORECASE,
)
# "Left of B is A": the predicate stands before both and holds of the second.
_BEFORE = re.compile(rf"^\s*(?P<phrase>{_PHRASE})\s+the\s+(?:pair of )?$", re.IGNORECASE)
_INVERTED = re.compile(rf"\s+(?:is|{_POSTURE}|you can see)\s+the\s+", re.IGNORECASE)
_EACH_OTHER = re.compile(r"\s+are (?P<phrase>next to) each other", re.IGNORECASE)


def literal_claims(text: str) -> list[Claim]:
    """Object, attribute and relation claims of a caption, in the order of their words."""
    claims: list[Claim] = []
    for match in re.finditer(r"[^.!?]+", text):
        claims += _read_sentence(match.group(), match.start())
    return sorted(claims, key=lambda claim: (claim.start, claim.end))


def _read_sentence(sentence: str, offset: int) -> list[Claim]:
    if both := _ONE_AND_OTHER.search(sentence):
        name = _NOUNS[both["noun"].lower()]
        looks = (_look(name, both, group, offset) for group in ("one", "other"))
        return [_claim(name, both, "noun", offset), *looks]
    claims: list[Claim] = []
    phrases = list(_NOUN_PHRASE.finditer(sentence))
    for phrase in phrases:
        claims += _read_phrase(phrase, offset)
    for one, other in pairwise(phrases):
        gap = sentence[one.end() : other.start()]
        subject, target = one, other
        if said := _BETWEEN.fullmatch(gap):
            start = one.end()
        elif _INVERTED.fullmatch(gap) and (said := _BEFORE.search(sentence[: one.start()])):
            subject, target, start = other, one, 0
        elif gap == " and the " and (said := _EACH_OTHER.match(sentence[other.end() :])):
            start = other.end()
        else:
            continue
        first, last = said.span("phrase")
        claims.append(
            Claim(
                kind="relation",
                start=offset + start + first,
                end=offset + start + last,
                subject=_NOUNS[subject["noun"].lower()],
                value=_PREDICATES[said["phrase"].lower()],
                object=_NOUNS[target["noun"].lower()],
            )
        )
    return claims


def _read_phrase(phrase: re.Match[str], offset: int) -> list[Claim]:
    """The object of a noun phrase, its number, its looks and its state."""
    name = _NOUNS[phrase["noun"].lower()]
    claims = [_claim(name, phrase, "noun", offset)]
    if phrase["number"]:
        number = phrase["number"].lower()
        claims.append(_claim(name, phrase, "number", offset, number, "count"))
    if phrase["state"]:
        state = _STATES[phrase["state"].lower()]
        claims.append(_claim(name, phrase, "state", offset, state, "state"))
    for group in ("looks", "told"):
        for look in re.finditer(_LOOK, phrase[group] or "", re.IGNORECASE):
            claims.append(_look(name, look, 0, offset + phrase.start(group)))
    return claims


def _look(name: str, match: re.Match[str], group: str | int, offset: int) -> Claim:
    word = match[group].lower()
    return _claim(name, match, group, offset, word, _LOOKS[word])


def _claim(  # noqa: PLR0917 (of what, where, and what it says)
    name: str,
    match: re.Match[str],
    group: str | int,
    offset: int,
    value: str = "",
    family: str = "",
) -> Claim:
    start, end = match.span(group)
    return Claim(
        kind="attribute" if family else "object",
        start=offset + start,
        end=offset + end,
        subject=name,
        value=value,
        family=family,
    )
