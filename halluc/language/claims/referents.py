"""Which things a word of a text stands for: a name, a pronoun, a group of things, a subject."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import replace

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
    conjuncts,
)

# "A group of people" are people, "a slice of pizza" is pizza.
_GROUPS = frozenset(
    """group groups couple couples pair pairs bunch bunches number variety lot lots set sets row
    rows line lines herd herds flock flocks crowd crowds collection stack stacks pile piles
    assortment array series majority few dozen dozens hundreds team pack rest half type types
    kind kinds slice slices piece pieces""".split()
)
_PRONOUNS = {
    "it": "thing", "its": "thing", "they": "several", "them": "several",
    "he": "man", "him": "man", "his": "man", "she": "woman", "her": "woman",
}  # fmt: skip
# Words that stand alone for some of the things named before.
_SOME = frozenset(
    """one another other others some both each all several many few most two three four five six
    any none neither either third second first rest half""".split()
)
# Of these the ones that stand for all, and groups that are all of their things.
_ALL = frozenset("both all each neither none any".split())
_PARTS = frozenset({"few", "majority", "rest", "half", "number"})
_RELATIVE = frozenset({"which", "that", "who", "whom"})
_WOMEN = frozenset("woman girl lady bride sister mother female women girls ladies".split())
_MEN = frozenset(
    "man boy guy gentleman brother father groom male men boys guys policeman cowboy".split()
)
# Nouns for the picture and places in it: "it" is none of them where something else fits.
FRAME = frozenset(
    """image picture photo photograph scene view background foreground side left right front back
    top bottom middle center distance area part corner edge addition presence way time atmosphere
    air you we i viewer one""".split()
)
_INSIDE = frozenset({"IN", "RB", "DT", "NN", "JJ", "TO", "RP"})  # "on top *of* it"
_ALIVE = frozenset("wear ride eat drink kneel smile crouch sleep talk chat".split())
_HOLDING = frozenset("have hold carry".split())
_JOINS = frozenset({"and", ","})
_NOT_SELF = frozenset({"it", "them"})
_SHOWING = frozenset(
    "feature show depict capture display see have be include contain present".split()
)
_NO_HEADS = frozenset(
    {"det", "nummod", "amod", "nmod", "compound", "cc", "cc:preconj", "advmod", "nmod:poss"}
)
_AS_HEAD = ("advcl", "xcomp", "conj", "ccomp", "parataxis", "dep", "aux", "cop", "appos", "obl")
_MODIFYING = ("acl", "acl:relcl", "amod", "nmod", "compound", "appos")


class Referents:
    """The things that the words of one text stand for.

    Args:
        words: the text's words.
        mentions: the names of things in it.
        doubted: places of words that are denied or only supposed; pronouns rather stand for others.
    """

    SOME = _SOME

    def __init__(
        self, words: list[Word], mentions: list[Mention], doubted: Set[int] = frozenset()
    ) -> None:
        self.words = words
        self.mentions = mentions
        self.named = {
            place: each for each in mentions for place in range(each.first, each.head + 1)
        }
        self._doubted = doubted
        self._found: dict[int, list[Mention]] = {}

    def things(self, place: int) -> list[Mention]:
        """What a word stands for; nothing where it is no thing or not plain."""
        if place not in self._found:
            self._found[place] = []  # for a word that would lead back to itself
            self._found[place] = self._things(place)
        return self._found[place]

    def alike(self, place: int, other: int) -> bool:
        """Whether another noun can be joined to one: it is of its kind or bare.

        "Over her shoulder and a phone in her hand" is not over a phone.
        """
        if self.words[other].text in _SOME:
            return False
        one, two = self.things(place), self.things(other)
        if one and two and (one[0].thing in ANIMATE) == (two[0].thing in ANIMATE):
            return True
        return not self._described_after(other, len(self.words))

    def together(self, place: int, before: int | None = None) -> list[Mention]:
        """What a word and those joined to it stand for ("a *fork* and a knife").

        Args:
            place: the word's place.
            before: leave out what is joined at or after this place.
        """
        if self.words[place].tag == "PRP":
            return self.things(place)
        found: list[Mention] = []
        for each in conjuncts(self.words, place):
            # A clause of its own may be joined by mistake.
            if each == place or (
                (before is None or each < before)
                and not self._apart(place, each)
                and "but" not in [self.words[one].text for one in below(self.words, each, "cc")]
                and not below(self.words, each, *SUBJECTS)
                and self.alike(place, each)
            ):
                found += [one for one in self.things(each) if one not in found]
        return found

    def _apart(self, place: int, each: int) -> bool:
        """Whether a phrase of place parts a noun from another: "a boat and *next to it* a cup"."""
        joins = below(self.words, each, "cc")
        if each < place or not joins or each not in self.named:
            return False
        between = self.words[joins[0] + 1 : self.named[each].begin]
        return any(word.tag in ("IN", "TO") for word in between) or any(
            one in self.named and self.words[one].relation in SUBJECTS
            for one in range(place + 1, joins[0])  # "on the table, *a cup* and a fork are …"
        )

    def subjects(self, place: int, above: bool = False) -> list[Mention]:
        """What does or is what a verb, participle or adjective says.

        Args:
            place: the verb's place.
            above: something below the verb asks, which may be about what the verb shows.
        """
        if found := self._just_before(place):
            return found
        found = self._subjects(place, above, set())
        return found if found or self.words[place].tag != "VBG" else self._alive_before(place)

    def _just_before(self, place: int) -> list[Mention]:
        """What stands right before a participle: "a *man* sitting", "*some* sitting"."""
        before = place - 1
        while before > 0 and self.words[before].tag == "RB":
            before -= 1
        if before in self.named:
            if wearer := self._wearer(self.named[before], place):
                return [wearer]
            if self.is_with(self.named[before]):
                return self.modified(before, place)
        if before < 0 or not self.words[place].text.endswith(("ing", "ed", "en", "own")):
            return []
        if self.words[before].text in _SOME and self.words[before].tag != "IN":
            return self.some(before)
        return []

    def _wearer(self, worn: Mention, place: int) -> Mention | None:
        """Who wears what stands before a participle: "a *man* in a red tie running"."""
        if worn.thing != "tie" or self.words[place].tag != "VBG":
            return None
        for before in range(worn.begin - 1, -1, -1):
            word = self.words[before]
            if word.sentence != self.words[worn.head].sentence or word.tag in FINITE:
                return None
            if before in self.named and self.named[before].thing in ANIMATE:
                return self.named[before]
        return None

    def is_with(self, mention: Mention) -> bool:
        """Whether "with" stands before a noun phrase."""
        return mention.begin > 0 and self.words[mention.begin - 1].text == "with"

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

    def _alive_before(self, place: int) -> list[Mention]:
        """The last person before a participle, where a picture shows something else."""
        for each in ancestors(self.words, place):
            if self.words[each].lemma in _SHOWING and all(
                self.words[one].lemma in FRAME for one in below(self.words, each, *SUBJECTS)
            ):
                before = [
                    one
                    for one in self.mentions
                    if each < one.first < place
                    and one.thing == "person"
                    and self.words[one.head + 1].tag != "POS"
                ]
                return before[-1:]
        return []

    def _subjects(  # noqa: PLR0911 (one reading after the other)
        self, place: int, above: bool, seen: set[int]
    ) -> list[Mention]:
        if place in seen:
            return []
        seen.add(place)
        word = self.words[place]
        own = below(self.words, place, *SUBJECTS)
        if own:
            subject = own[-1]
            if above and self.words[subject].lemma in FRAME and word.lemma in _SHOWING:
                return self._shown(place)
            return self.together(subject, place if subject < place else None)
        if word.lemma in _SHOWING and above and (shown := self._shown(place)):
            return shown
        if word.head == place:  # "on the table sits a vase" may be parsed so
            return self._shown(place)
        if word.relation in _MODIFYING or (word.head in self.named and word.relation != "obl"):
            return self.modified(word.head, place)
        if word.relation in _AS_HEAD:
            return self._subjects(word.head, True, seen)
        return []

    def _shown(self, place: int) -> list[Mention]:
        return [each for one in below(self.words, place, "obj") for each in self.together(one)]

    def modified(self, place: int, before: int) -> list[Mention]:
        """What something after a noun says more of: also of those joined to it.

        "A fork and a knife next to a plate" is about both, "a dog and a man with a hat" is not.

        Args:
            place: the noun's place.
            before: where that begins.
        """
        joined = self._joined(place, before) if place < before else [place]
        last = self.things(joined[-1])
        if not last:
            return self._around(place, before)
        found = [each for one in joined for each in self.things(one)]
        alive = last[0].thing in ANIMATE
        person = last[0].thing == "person" and any(each.thing != "person" for each in found)
        return last if person or any((each.thing in ANIMATE) != alive for each in found) else found

    def _joined(self, place: int, before: int) -> list[int]:
        """A noun and those joined to it, all before a place and bare, in order."""
        first = place
        while self.words[first].relation == "conj":
            first = self.words[first].head
        group = [each for each in conjuncts(self.words, first) if each < before]
        last = (
            max(place, group[-1]) if group and not self._described_after(place, before) else place
        )
        return [
            each
            for each in group
            if each == last or (each < last and not self._described_after(each, before))
        ] or [place]

    def _around(self, place: int, before: int) -> list[Mention]:
        """Not what the nearest noun says: "a *man* in the field holding a ball"."""
        if self.words[before].tag not in ("VBG", "VBN"):
            return []
        while (word := self.words[place]).relation in ("nmod", "obl") and word.tag in NOUNS:
            own = below(self.words, place, *SUBJECTS)
            place = own[-1] if own else word.head
            if above := self.things(place):
                alive = self.words[before].tag == "VBN" or above[0].thing in ANIMATE
                return above if alive else []
        if word.tag in VERBS and self.words[before - 1].text == ",":
            return self._subjects(place, True, set())
        return []

    def _described_after(self, place: int, before: int) -> bool:
        """Whether more is said of a noun behind it, before a place."""
        return any(
            place < each < before and self.words[each].relation in ("nmod", "acl", "acl:relcl")
            for each in self.words[place].below
        )

    def _things(self, place: int) -> list[Mention]:
        word = self.words[place]
        if place in self.named:
            return [self.named[place]]
        if word.text in _PRONOUNS and word.tag in ("PRP", "PRP$"):
            return self._antecedent(place, _PRONOUNS[word.text])
        if word.text in _RELATIVE and word.tag in ("WDT", "WP", "IN", "DT"):
            return self._relative(place)
        if word.text in _GROUPS or (word.text in _SOME and word.relation not in _NO_HEADS):
            return self.some(place)
        return []

    def some(self, place: int) -> list[Mention]:
        """What "a group of …" or "some" stands for."""
        text = self.words[place].text
        found: list[Mention] = []
        for each in below(self.words, place, "nmod", "obl"):
            if "of" in [self.words[one].text for one in below(self.words, each, "case")]:
                found = self.together(each)
                break
        if not found:
            found = self._antecedent(place, "some") if text in _SOME else []
        if text in _PARTS or text in _SOME - _ALL:
            return [replace(each, some=True) for each in found]
        return found

    def alike_one(self, place: int) -> list[Mention]:
        """What "one" stands for after an adjective: another of the last thing ("a red one")."""
        return [replace(each, some=True) for each in self._antecedent(place, "alike")]

    def _relative(self, place: int) -> list[Mention]:
        if self._of_another(place):
            return []
        for each in ancestors(self.words, place):
            word = self.words[each]
            relative = word.relation == "acl:relcl" and word.head < place
            if relative and (found := self.modified(word.head, place)):
                return found
        before = place - 1 - (place > 1 and self.words[place - 1].text == ",")
        near = self.named.get(before)
        who = self.words[place].text in ("who", "whom")
        return [near] if near and (near.thing in ANIMATE or not who) else []

    def _of_another(self, place: int) -> bool:
        """Whether "which" stands behind a noun that is no thing: "near a trailer, *which* …"."""
        before = place - 2
        if self.words[place].text != "which" or before < 1 or self.words[place - 1].text != ",":
            return False
        noun = self.words[before]
        of = [self.words[each].text for each in below(self.words, before, "case")]
        return noun.tag == "NN" and before not in self.named and "of" not in of

    def _antecedent(self, place: int, kind: str) -> list[Mention]:
        """The nearest earlier thing that a pronoun fits; of what only the living do, a living."""
        if self._does_as_alive(place, kind) and (found := self._nearest(place, kind, alive=True)):
            return found
        return self._nearest(place, kind)

    def _does_as_alive(self, place: int, kind: str) -> bool:
        """Whether only persons and animals do what a pronoun's verb says ("*they* wear hats")."""
        top = place
        if self.words[top].relation == "nmod" and self.words[self.words[top].head].text in _SOME:
            top = self.words[top].head  # "two of *them* wear hats"
        word = self.words[top]
        if word.relation not in SUBJECTS:
            return False
        verb = self.words[word.head].lemma
        return verb in _ALIVE or (kind in ("several", "some") and verb in _HOLDING)

    def _nearest(self, place: int, kind: str, alive: bool = False) -> list[Mention]:
        """The nearest earlier thing that a pronoun fits, rather a subject than another."""
        sentence = self.words[place].sentence
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
                if main and (is_subject or number < sentence or nearest not in self.named):
                    nearest = main[-1]
                if kind in ("several", "some"):
                    return self.together(nearest)
                return self.things(nearest)
        return []

    def _beside(self, place: int) -> set[int]:
        """Nouns that a pronoun cannot stand for: "a bird on *it*", "the bird is near *it*"."""
        if self.words[place].relation not in ("nmod", "obl", "obj"):
            return set()
        # The noun right before the preposition, whatever the parser says.
        before = place - 1
        while before > 0 and before not in self.named and self.words[before].tag in _INSIDE:
            before -= 1
        if self.words[before].text in _JOINS and before < place - 1:
            return set()  # "there is a boat and next to *it* a cup"
        if before in self.named:
            beside = {each.head for each in self._beside_with(self.named[before])}
            top = self.named[before].head
            while self.words[top].relation == "conj":
                top = self.words[top].head
            return beside | set(conjuncts(self.words, top))
        found: set[int] = set()
        for each in ancestors(self.words, place):
            found.add(each)
            own = below(self.words, each, *SUBJECTS)
            if own or self.words[each].tag in VERBS:
                # "The bird is near it", "a bird flying near it"; but "she has it with her".
                if self.words[place].text in _NOT_SELF or not below(self.words, each, "obj"):
                    found |= {*own, self.words[each].head}
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
        if word.relation in ("nmod", "obl") and self.words[word.head].text in _GROUPS:
            word = self.words[word.head]
        if word.relation in SUBJECTS:
            return word.lemma not in FRAME
        return (
            word.relation == "obj"
            and self.words[word.head].lemma in _SHOWING
            and all(
                self.words[each].lemma in FRAME for each in below(self.words, word.head, *SUBJECTS)
            )
        )

    def _fits(self, place: int, kind: str, pronoun: int) -> bool:
        """Whether a pronoun may stand for a noun, by number and kind."""
        word = self.words[place]
        mention = self.named.get(place)
        if mention and self.words[max(mention.begin - 1, 0)].text in ("not", "no", "without"):
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
