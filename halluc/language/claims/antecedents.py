"""Which earlier noun a pronoun stands for, and what "one" and "others" count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set

from halluc.language.claims.lexicon import OWN_SIDES
from halluc.language.claims.phrases import Mention
from halluc.language.claims.things import ANIMATE
from halluc.language.pipeline.tree import (
    FINITE,
    NOUNS,
    SUBJECTS,
    VERBS,
    Word,
    ancestors,
    below,
    clause_start,
    conjuncts,
)

_WOMEN = frozenset("woman girl lady bride sister mother female women girls ladies".split())
_MEN = frozenset(
    "man boy guy gentleman brother father groom male men boys guys policeman cowboy".split()
)
_INSIDE = frozenset({"IN", "RB", "DT", "NN", "JJ", "TO", "RP"})  # "on top *of* it"
_ALIVE = frozenset("wear ride eat drink kneel smile crouch sleep talk chat".split())
_HOLDING = frozenset("have hold carry".split())
_NOT = frozenset({"not", "no", "without"})
_EVERY = frozenset({"every", "each", "any"})
_JOINS = frozenset({"and", ","})
_NOT_SELF = frozenset({"it", "them"})
# Nouns that are no things of the vocabulary, and hold or carry others.
HOLDERS = frozenset(
    "plate tray basket box bag shelf counter desk stand cart pan pot pole wall board rug".split()
)
# Nouns for the picture and places in it: "it" is none of them where something else fits.
FRAME = frozenset(
    """image picture photo photograph scene view background foreground side left right front back
    top bottom middle center distance area part corner edge addition presence way time atmosphere
    air you we i viewer one""".split()
)
# "A group of people" are people, "a slice of pizza" is pizza.
GROUPS = frozenset(
    """group groups couple couples pair pairs bunch bunches number variety lot lots set sets row
    rows line lines herd herds flock flocks crowd crowds collection stack stacks pile piles
    assortment array series majority few dozen dozens hundreds team pack rest half type types
    kind kinds slice slices piece pieces""".split()
)
SHOWING = frozenset(
    "feature show depict capture display see have be include contain present".split()
)
# Words that stand alone for some of the things named before.
SOME = frozenset(
    """one another other others some both each all several many few most two three four five six
    any none neither either third second first rest half""".split()
)


class Antecedents:
    """The nouns that the pronouns of one text stand for.

    Args:
        words: the text's words.
        named: the name of a thing that is at a place.
        doubted: places of words that are denied or only supposed; pronouns rather stand for others.
    """

    def __init__(self, words: list[Word], named: Mapping[int, Mention], doubted: Set[int]) -> None:
        self.words = words
        self.named = named
        self._doubted = doubted

    def find(self, place: int, kind: str) -> int | None:
        """The place of the nearest earlier noun that a pronoun fits; None if there is none.

        Of what only the living do, it is a living thing where one was named.

        Args:
            place: of the pronoun.
            kind: "thing" (it), "several" (they), "man", "woman", "some" (one of them, others) or
                "alike" (a red one).
        """
        if self._does_as_alive(place, kind):
            found = self._nearest(place, kind, alive=True)
            if found is not None:
                return found
        return self._nearest(place, kind)

    def only(self, place: int, kind: str) -> bool:
        """Whether just one earlier noun of its sentence fits a pronoun."""
        start = clause_start(self.words, place)
        near = {each for each in self._beside(place) if each >= start}
        nouns = self._nouns(self.words[place].sentence, place)
        return sum(each not in near and self._fits(each, kind, place) for each in nouns) == 1

    def _does_as_alive(self, place: int, kind: str) -> bool:
        """Whether only persons and animals do what a pronoun's verb says ("*they* wear hats")."""
        top = place
        if self.words[top].relation == "nmod" and self.words[self.words[top].head].text in SOME:
            top = self.words[top].head  # "two of *them* wear hats"
        word = self.words[top]
        if word.relation not in SUBJECTS:
            return False
        verb = self.words[word.head].lemma
        return verb in _ALIVE or (kind in ("several", "some") and verb in _HOLDING)

    def _nearest(self, place: int, kind: str, alive: bool = False) -> int | None:
        """The nearest earlier thing that a pronoun fits, rather a subject than another."""
        sentence = self.words[place].sentence
        if kind == "thing" and self._holder(place) is not None:
            return self._holder(place)
        near = set() if kind == "alike" else self._beside(place)
        for number in range(sentence, max(sentence - 4, -1), -1):
            fitting = [
                each
                for each in self._nouns(number, place)
                if self._fits(each, kind, place)
                and each not in near
                and (not alive or (each in self.named and self.named[each].thing in ANIMATE))
            ]
            fitting = [each for each in fitting if each not in self._doubted] or fitting
            if fitting:
                main = [each for each in fitting if self._is_main(each)]
                is_subject = self.words[place].relation in SUBJECTS
                named = [each for each in fitting if each in self.named]
                nearest = (named or fitting)[-1]
                if main and (
                    is_subject
                    or self._has_side(place)
                    or number < sentence
                    or nearest not in self.named
                ):
                    nearest = main[-1]
                return nearest
        return None

    def _holder(self, place: int) -> int | None:
        """What holds something: of "a *plate* with a sandwich on it", "it" is the plate."""
        thing = self._inside(place)
        if thing not in self.named:
            return None
        before = self.named[thing].begin - 1
        if before < 1 or self.words[before].text != "with":
            return None
        holder = self.words[before - 1]
        return before - 1 if holder.lemma in HOLDERS and holder.tag in NOUNS else None

    def _has_side(self, place: int) -> bool:
        """Whether a side of a thing is named: "to *its* left"."""
        return place + 1 < len(self.words) and self.words[place + 1].text in OWN_SIDES

    def _inside(self, place: int) -> int:
        """The word before a phrase of place: "a *bird* perched on top of it"."""
        before = place - 1
        while before > 0 and before not in self.named and self.words[before].tag in _INSIDE:
            before -= 1
        participle = self.words[before].tag in ("VBN", "VBG") and before - 1 in self.named
        return before - 1 if participle and before < place - 1 else before

    def _beside(self, place: int) -> set[int]:
        """Nouns that a pronoun cannot stand for: "a bird on *it*", "the bird is near *it*"."""
        object = self.words[place].relation in ("nmod", "obl", "obj")
        if not object and not self._has_side(place):
            return set()
        # The noun right before the preposition, whatever the parser says.
        before = self._inside(place)
        if self.words[before].text in _JOINS and before < place - 1:
            return set()  # "there is a boat and next to *it* a cup"
        if before in self.named:
            beside = {each.head for each in self._beside_with(self.named[before])}
            top = self.named[before].head
            while self.words[top].relation == "conj":
                top = self.words[top].head
            joined = conjuncts(self.words, top)
            if len(joined) == 2 and before == joined[1] and self.words[place].text == "it":
                return beside | {before}  # "a bench and a bicycle next to *it*"
            return beside | set(joined)
        found: set[int] = set()
        for each in ancestors(self.words, place):
            found.add(each)
            own = below(self.words, each, *SUBJECTS)
            if own or self.words[each].tag in VERBS:
                # "The bird is near it", "a bird flying near it"; but "she has it with her".
                mine = self.words[place].relation == "obj"
                if (
                    mine
                    or self.words[place].text in _NOT_SELF
                    or not below(self.words, each, "obj")
                ):
                    found |= {*own}
                    if not own or self.words[each].relation != "conj":
                        found.add(self.words[each].head)
                break
        return found

    def _nouns(self, sentence: int, before: int) -> Iterator[int]:
        """Heads of the noun phrases of a sentence that stand before a place."""
        place = before - 1
        while place >= 0 and self.words[place].sentence > sentence:
            place -= 1
        found = []
        while place >= 0 and self.words[place].sentence == sentence:
            word = self.words[place]
            if place in self.named:
                found.append(self.named[place].head)
                place = self.named[place].first
            elif word.tag in NOUNS and word.relation not in ("compound", "nmod:poss"):
                found.append(place)
            place -= 1
        return reversed(found)

    def _is_main(self, place: int) -> bool:
        """Whether a noun is what its clause is about: a subject, or what a picture shows."""
        word = self.words[place]
        while word.relation == "conj" and self.words[word.head].tag in NOUNS:
            word = self.words[word.head]
        if word.relation in ("nmod", "obl") and self.words[word.head].text in GROUPS:
            word = self.words[word.head]
        if word.relation in SUBJECTS:
            return word.lemma not in FRAME
        return (
            word.relation == "obj"
            and self.words[word.head].lemma in SHOWING
            and all(
                self.words[each].lemma in FRAME for each in below(self.words, word.head, *SUBJECTS)
            )
        )

    def _fits(self, place: int, kind: str, pronoun: int) -> bool:
        """Whether a pronoun may stand for a noun, by number and kind."""
        word = self.words[place]
        mention = self.named.get(place)
        denied = mention and self.words[max(mention.begin - 1, 0)].text in _NOT
        if denied or any(self.words[each].text in _EVERY for each in word.below):
            return False
        plural = mention.plural if mention else word.tag in ("NNS", "NNPS")
        several = plural or len(conjuncts(self.words, place)) > 1
        person = mention is not None and mention.thing == "person"
        if kind == "several":
            alone = person and word.text not in _WOMEN | _MEN  # "the skier … beneath them"
            return alone or (several and (mention is not None or word.lemma not in FRAME))
        if kind == "some":
            return mention is not None and (several or self.words[pronoun].text != "one")
        if kind == "alike":
            return mention is not None
        if kind == "thing":
            return not plural and not person and word.lemma not in FRAME
        other = _WOMEN if kind == "man" else _MEN
        return person and not plural and word.text not in other

    def _beside_with(self, last: Mention) -> list[Mention]:
        """A thing, and those before it in the same list after "with"."""
        found = [last]
        for place in range(last.begin - 1, -1, -1):
            word = self.words[place]
            if word.sentence != self.words[last.head].sentence:
                break
            if word.text == "with" or word.lemma == "have":
                return found
            if word.tag in FINITE:
                break
            if place in self.named and self.named[place] not in found:
                found.append(self.named[place])
        return [last]
