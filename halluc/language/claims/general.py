"""What a text says of all such things, not of the picture: "forks are used to eat"."""

from __future__ import annotations

from halluc.language.pipeline.tree import ADJECTIVES, NOUNS, Word, clause_end, clause_start

_GENERAL = frozenset(
    "often usually typically generally commonly normally always frequently traditionally rarely"
    " seldom ordinarily".split()
)
_HOMES = frozenset(
    "homes households houses families people countries cities kitchens places".split()
)
_USUAL = frozenset({"common", "usual", "typical", "normal"})
_LIKING = frozenset("love like prefer hate tend need require".split())
# What a plural does to things in general, where nothing in the clause is a certain one.
_DOING = frozenset(
    """use eat drink buy own keep grow raise breed chase consume rely depend weigh cost produce
    provide contain help protect""".split()
)
_KNOWN_FOR = frozenset("use know make consider mean design".split())
_KINDS = frozenset(
    "something kind type sort animal mammal vehicle tool object item device utensil food fruit"
    " vegetable machine piece pet".split()
)
_KNOWN_AS = frozenset("popular common useful essential important famous rare expensive".split())
GENERAL_CUES = (
    _GENERAL
    | _USUAL
    | _LIKING
    | _DOING
    | _KNOWN_FOR
    | _KINDS
    | frozenset("in every each many most live are come".split())
)
"""Words and lemmas without which nothing general is said."""


def general(words: list[Word], place: int) -> set[int]:
    """What is said of all such things: "*cats* usually *sleep*", "*forks are used to eat*"."""
    word = words[place]
    after = words[place + 1].text if place + 1 < len(words) else ""
    start = clause_start(words, place)
    general = (
        (word.text in _GENERAL and word.tag == "RB")
        or (word.text == "in" and after == "general")
        or (word.text in ("every", "each") and after in ("day", "household", "home", "family"))
        or (word.text in ("many", "most") and after in _HOMES and place == start + 1)
        or (word.tag == "VBP" and word.lemma in _LIKING and _bare_plural(words, start, place))
        or (word.tag == "VBP" and word.lemma in _DOING and _of_no_certain(words, start, place))
        or (word.text == "are" and _are_such(words, start, place))
        or (word.text == "come" and after == "in" and _bare_plural(words, start, place))
        or (word.lemma == "live" and word.tag == "VBP" and _plural_at(words, start))
        or (word.text in _USUAL and after == "to")
        or (
            word.tag == "VBN"
            and word.lemma in _KNOWN_FOR
            and after in ("to", "for", "as", "of", "by")
            and _plural_at(words, start + (words[start].text == "most"))
        )
    )
    if general:
        end = clause_end(words, place)
        if after == "general":  # "In general, a cat …"
            end = clause_end(words, min(place + 2, len(words) - 1))
        return set(range(start, end))
    if word.lemma in _KINDS and words[start].text in ("a", "an") and _is_kind(words, start, place):
        return set(range(start, clause_end(words, place)))
    return set()


def _bare_plural(words: list[Word], start: int, place: int) -> bool:
    """Whether a clause begins with a plural alone, right before a verb: "dogs *love* …"."""
    return _plural_at(words, start) and all(
        each.tag in ADJECTIVES or each.tag == "NNS" for each in words[start:place]
    )


def _of_no_certain(words: list[Word], start: int, place: int) -> bool:
    """Whether a clause is about plurals alone: "people *use* bananas for many things"."""
    start += words[start].text in ("many", "most", "some")
    clause = words[start : clause_end(words, place)]
    return _bare_plural(words, start, place) and not any(
        each.tag in ("DT", "PRP$", "PRP", "CD", "VBG") for each in clause
    )


def _are_such(words: list[Word], start: int, place: int) -> bool:
    """Whether a clause says what all such things are: "cats and dogs *are* popular animals"."""
    joins = ("and", "or", ",", "most")
    subject = [each.tag for each in words[start:place] if each.text not in joins]
    after = words[place + 1 : place + 4]
    return (
        bool(subject)
        and set(subject) <= {"NNS", "NN", "JJ"}
        and subject[-1] == "NNS"
        and any(each.lemma in _KINDS or each.text in _KNOWN_AS for each in after)
    )


def _plural_at(words: list[Word], place: int) -> bool:
    """Whether a plural without article or number begins there."""
    while place < len(words) and words[place].tag in ADJECTIVES:
        place += 1
    return place < len(words) and words[place].tag == "NNS"


def _is_kind(words: list[Word], start: int, place: int) -> bool:
    """Whether a clause says what a thing is: "a cup is something …"."""
    between = words[start + 1 : place]
    return any(each.text == "is" for each in between) and all(
        each.tag in NOUNS | ADJECTIVES | {"DT", "VBZ", "RB"} for each in between
    )
