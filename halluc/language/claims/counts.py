"""Which numbers in a text tell how many of a thing there are.

"There are three dogs" does. "At least two dogs" leaves it open, and where a text counts a thing
more than once ("two dogs lie on the grass and one dog …"), each number may be of a part: only one
that is said of all ("there are", "in total") and is the largest tells how many there are.
"""

from __future__ import annotations

from collections.abc import Iterable

from halluc.language.claims.agreement import amount
from halluc.language.claims.phrases import Mention
from halluc.language.pipeline.tree import Word, clause_end, clause_start

# Before a number: it is a bound or a guess; or it counts some of them.
_OPEN = frozenset(
    """least most than about around nearly almost roughly approximately over under maximum minimum
    over close exceeding some or""".split()
)
_OF_SOME = frozenset("another other more additional remaining further".split())
_TOTAL = frozenset("total altogether all overall".split())
_NUMBER_PRONOUNS = frozenset("one two three four five another others other third rest".split())
_SHOWING = frozenset(
    "feature show depict capture display see count find spot have contain include hold".split()
)


def of_a_part(words: list[Word], counted: Iterable[tuple[int, str, Mention]]) -> set[int]:
    """Places of the numbers that do not tell how many there are.

    Args:
        words: of the text.
        counted: place, word and thing of each number in a noun phrase.
    """
    found: set[int] = set()
    by_thing: dict[str, list[tuple[int, str, Mention]]] = {}
    for place, value, mention in counted:
        if _is_open(words, place) or _counts_some(words, place, mention):
            found.add(place)
        by_thing.setdefault(mention.thing, []).append((place, value, mention))
    for some in by_thing.values():
        largest = max((number.low for _, value, _ in some if (number := amount(value))), default=0)
        for place, value, mention in some:
            number = amount(value)
            several = len(some) > 1 or _counted_again(words, mention)
            if several and not (
                number and number.low >= largest and _of_all(words, place, mention)
            ):
                found.add(place)
    return found


def _is_open(words: list[Word], place: int) -> bool:
    before = words[place - 1].text if place else ""
    if before == "to" and place > 1 and words[place - 2].text in ("up", "close", "down"):
        return True
    return before in _OPEN or (before == "of" and place > 1 and words[place - 2].text == "one")


def _counts_some(words: list[Word], place: int, mention: Mention) -> bool:
    """Whether "another two", "two more" or "the other two" count some of several."""
    near = range(max(0, place - 2), mention.first)
    return any(words[each].text in _OF_SOME for each in near)


def _counted_again(words: list[Word], mention: Mention) -> bool:
    """Whether a number stands alone for such things later in the sentence: "… and *one* is …"."""
    for place in range(mention.head + 1, len(words)):
        word = words[place]
        if word.sentence != words[mention.head].sentence:
            return False
        alone = word.relation not in ("nummod", "det", "amod", "compound", "advmod")
        if word.text in _NUMBER_PRONOUNS and alone:
            return True
    return False


def _of_all(words: list[Word], place: int, mention: Mention) -> bool:
    """Whether a number is said of all: "there are three", "three in total"."""
    start, end = clause_start(words, place), clause_end(words, mention.head)
    clause = words[start:end]
    if any(each.text in _TOTAL for each in clause):
        return True
    before = words[start:place]
    there = any(each.text == "there" for each in before)
    shown = any(each.lemma in _SHOWING or each.lemma == "be" for each in before)
    return there or (
        shown and not any(each.tag in ("NNS", "PRP") and each.text != "you" for each in before)
    )
