"""How sure a reading is: which word is said of which thing, and what may be a slip.

A claim's reading has a name by what stands between its words. How often such readings are right was
counted on claims marked by hand (`python benchmarks/claims_gold.py --readings`, the tuned halves).
"""

from __future__ import annotations

from collections.abc import Container
from typing import Literal

from halluc.language.claims.phrases import Mention
from halluc.language.pipeline.tree import NOUNS, Word, clause_end, clause_start
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
