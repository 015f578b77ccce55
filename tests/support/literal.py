"""What captions of `halluc.tabletop.english` state, read letter by letter.

The sentence forms of the embedded world are few, so patterns can read them exactly; `read_claims`
of `halluc.language.claims.reader`, which reads any English, is compared with it.
"""

from __future__ import annotations

import re
from itertools import pairwise

from halluc.language.claims.agreement import NUMBERS
from halluc.records import Claim
from halluc.tabletop.english import NAMES, PHRASES
from halluc.tabletop.world import COLORS, PATTERNS, SIZES


def _any_of(words: list[str]) -> str:
    """An alternation that prefers longer words."""
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


_LOOKS = (
    dict.fromkeys(SIZES, "size")
    | dict.fromkeys(PATTERNS, "pattern")
    | dict.fromkeys(COLORS, "color")
)
_NOUNS = {
    re.sub("pairs? of ", "", word): name
    for name, forms in NAMES.items()
    for form in forms
    for word in form
}
_PREDICATES = {phrase: name for name, phrases in PHRASES.items() for phrase in phrases}

_LOOK = rf"(?:{_any_of(list(_LOOKS))})"
_PHRASE = rf"(?:{_any_of(list(_PREDICATES))})"

_NOUN_PHRASE = re.compile(
    rf"\b(?:(?P<number>{_any_of(list(NUMBERS[2:]))})\s+)?"
    rf"(?P<looks>(?:{_LOOK}\s+)*)"
    rf"(?P<pair>pairs? of )?(?P<noun>{_any_of(list(_NOUNS))})\b"
    rf"(?:\s+(?:is|are|looks|look)\s+(?P<told>{_LOOK}(?:(?:,|\s+and)\s+{_LOOK})*)\b)?",
    re.IGNORECASE,
)
# "A is left of B": the predicate stands between two noun phrases and holds of the first.
_BETWEEN = re.compile(
    rf"\s+(?:(?:is|are|sits?|lies?|stands?|can be seen|is placed)\s+)?(?P<phrase>{_PHRASE})\s+"
    rf"(?:(?:the|a|an)\s+)?",
    re.IGNORECASE,
)
# "Left of B is A": the predicate stands before both and holds of the second.
_BEFORE = re.compile(rf"\b(?P<phrase>{_PHRASE})\s+(?:(?:the|a|an)\s+)?$", re.IGNORECASE)
_INVERTED = re.compile(
    r"\s+(?:is|are|sits?|there is|there are|you can see)\s+(?:(?:the|a|an)\s+)?", re.IGNORECASE
)


def literal_claims(text: str) -> list[Claim]:
    """Object, attribute and relation claims of a caption, in the order of their words."""
    claims: list[Claim] = []
    for match in re.finditer(r"[^.!?]+", text):
        claims += _read_sentence(match.group(), match.start())
    return sorted(claims, key=lambda claim: (claim.start, claim.end))


def _read_sentence(sentence: str, offset: int) -> list[Claim]:
    claims: list[Claim] = []
    phrases = list(_NOUN_PHRASE.finditer(sentence))
    for phrase in phrases:
        claims += _read_phrase(phrase, offset)
    for one, other in pairwise(phrases):
        gap = sentence[one.end() : other.start()]
        if between := _BETWEEN.fullmatch(gap):
            start, end = (one.end() + each for each in between.span("phrase"))
            said, subject, target = between, one, other
        elif _INVERTED.fullmatch(gap) and (before := _BEFORE.search(sentence[: one.start()])):
            start, end = before.span("phrase")
            said, subject, target = before, other, one
        else:
            continue
        claims.append(
            Claim(
                kind="relation",
                start=offset + start,
                end=offset + end,
                subject=_NOUNS[subject["noun"].lower()],
                value=_PREDICATES[said["phrase"].lower()],
                object=_NOUNS[target["noun"].lower()],
            )
        )
    return claims


def _read_phrase(phrase: re.Match[str], offset: int) -> list[Claim]:
    """The object of a noun phrase, its number and its looks."""
    name = _NOUNS[phrase["noun"].lower()]

    def claim(start: int, end: int, value: str = "", family: str = "") -> Claim:
        return Claim(
            kind="attribute" if family else "object",
            start=offset + start,
            end=offset + end,
            subject=name,
            value=value,
            family=family,
        )

    claims = [claim(*phrase.span("noun"))]
    if phrase["number"]:
        claims.append(claim(*phrase.span("number"), phrase["number"].lower(), "count"))
    for group in ("looks", "told"):
        for look in re.finditer(_LOOK, phrase[group] or "", re.IGNORECASE):
            start = phrase.start(group) + look.start()
            word = look.group().lower()
            claims.append(claim(start, start + len(word), word, _LOOKS[word]))
    return claims
