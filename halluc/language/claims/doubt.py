"""How sure a reading is: which word is said of which thing, and what may be a slip.

A claim's reading has a name by what stands between its words. How often such readings are right was
counted on claims marked by hand (`python benchmarks/claims_gold.py --readings`, the tuned halves).
"""

from __future__ import annotations

from collections.abc import Container
from typing import Literal

from halluc.language.claims.antecedents import HOLDERS
from halluc.language.claims.phrases import Mention
from halluc.language.claims.places import phrase_at
from halluc.language.claims.referents import Referents
from halluc.language.pipeline.tree import NOUNS, VERBS, Word, clause_end, clause_start
from halluc.records import Kind

Reading = Literal["phrase", "form", "some", "near", "far", "back", "clause", "vague", "sense"]

SURE: dict[tuple[Kind, Reading], float] = {
    ("object", "near"): 0.99,
    ("object", "sense"): 0.2,
    ("attribute", "phrase"): 0.99,
    ("attribute", "near"): 0.98,
    ("attribute", "form"): 0.97,
    ("attribute", "some"): 0.96,
    ("attribute", "back"): 0.94,
    ("attribute", "far"): 0.93,
    ("attribute", "clause"): 0.7,
    ("attribute", "vague"): 0.4,
    ("relation", "near"): 0.92,
    ("relation", "back"): 0.89,
    ("relation", "far"): 0.86,
    ("relation", "clause"): 0.78,
}
"""The share of readings that are right, by kind of claim and name of the reading.

- phrase: an attribute in the noun phrase of its thing; form: in its label, or by "respectively"
- some: "one", "the other" and the like stand for the thing
- near: nothing that is named stands between; far: another thing does
- back: a pronoun stands for the thing; clause: another clause begins between
- vague: a number that may not tell how many there are; sense: a word that may mean something else
"""


def reading_of(words: list[Word], named: Container[int], of: Mention, place: int) -> Reading:
    """The name of a reading by which a word outside of a noun phrase is about a thing.

    Args:
        words: of the text.
        named: places of the words that name things.
        of: the thing.
        place: of the word.
    """
    if words[of.head].sentence != words[place].sentence:
        return "back"
    first, last = min(of.head, place), max(of.head, place)
    if clause_end(words, first) <= last:
        own = words[clause_start(words, place) : place]
        pronoun = any(each.tag in ("PRP", "PRP$") for each in own)
        noun = any(each.tag in NOUNS and each.lemma not in ("color", "colour") for each in own)
        return "back" if pronoun and not noun else "clause"
    name = range(of.first, of.head + 1)
    far = any(each in named and each not in name for each in range(first + 1, last))
    return "far" if far else "near"


def reading_of_place(
    words: list[Word], referents: Referents, first: int, head: int, subjects: list[Mention]
) -> Reading | None:
    """The name of a reading of a phrase of place that does not follow from what stands between.

    Args:
        words: of the text.
        referents: what its words stand for.
        first: place of the phrase's first word.
        head: of the noun or pronoun that the place is of.
        subjects: the things that it says the place of.
    """
    if _skips(words, referents, first, subjects) or _is_torn(words, referents, first, head):
        return "clause"
    own_side = words[head].tag == "PRP$"
    if own_side and not referents.is_plain(head):
        return "clause"
    if own_side or (words[head].tag == "PRP" and referents.is_plain(head)):
        start = clause_start(words, first)
        if all(start <= each.head < first for each in subjects):
            return "back"
    return None


def _skips(words: list[Word], referents: Referents, first: int, subjects: list[Mention]) -> bool:
    """Whether the nearer of two things could be meant: "a cup on *the table* in front of …"."""
    before = words[first - 1]
    if before.lemma in HOLDERS and before.tag in NOUNS and first - 1 not in referents.named:
        return True  # "a cup on *the tray* in front of …"
    near = referents.named.get(first - 1)
    if near is None or near.head != first - 1 or near.begin < 1 or near in subjects:
        return False
    return words[near.begin - 1].tag in ("IN", "TO") and any(
        each.head < near.begin and not any(word.tag in VERBS for word in words[each.head : first])
        for each in subjects
    )


def _is_torn(words: list[Word], referents: Referents, first: int, head: int) -> bool:
    """Whether "it" has two to stand for: "under the table is a cup, and in front of *it* …"."""
    start = first
    if words[head].text != "it" or words[first - 1].text != "and":
        return False
    while start > 0 and words[start - 1].sentence == words[first].sentence:
        start -= 1
    return (
        bool(phrase_at(words, start)[0])
        and len({each.head for place, each in referents.named.items() if start < place < first}) > 1
    )
