"""Which things a word of a text stands for: a name, a pronoun, a group of things, a subject."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace

from halluc.language.claims.antecedents import FRAME, GROUPS, SHOWING, SOME, Antecedents
from halluc.language.claims.lexicon import POSTURES
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

_PRONOUNS = {
    "it": "thing", "its": "thing", "they": "several", "them": "several",
    "he": "man", "him": "man", "his": "man", "she": "woman", "her": "woman",
}  # fmt: skip
# Of these the ones that stand for all, and groups that are all of their things.
_ALL = frozenset("both all each neither none any".split())
_OTHERS = frozenset({"other", "others", "another"})
_FIRST = frozenset({"one", "some"})
_PARTS = frozenset({"few", "majority", "rest", "half", "number"})
_RELATIVE = frozenset({"which", "that", "who", "whom"})
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

    SOME = SOME

    def __init__(
        self, words: list[Word], mentions: list[Mention], doubted: Set[int] = frozenset()
    ) -> None:
        self.words = words
        self.mentions = mentions
        self.named = {
            place: each for each in mentions for place in range(each.first, each.head + 1)
        }
        self._antecedents = Antecedents(words, self.named, doubted)
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
        if self.words[other].text in SOME:
            return False
        one, two = self.things(place), self.things(other)
        after = self.words[other + 1 : other + 2]
        if not one and after and after[0].tag in ("VBN", "VBG"):
            return False  # "closer to the dock and a bird perched on it"
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
                and not self._parted(each)
                and not below(self.words, each, *SUBJECTS)
                and self.alike(place, each)
            ):
                found += [one for one in self.things(each) if one not in found]
        return found

    def _parted(self, place: int) -> bool:
        """Whether "but" stands before a word, and no denial after it ("but no fork")."""
        return any(
            self.words[each].text == "but" and self.words[each + 1].text not in ("no", "not")
            for each in below(self.words, place, "cc")
        )

    def joined_things(self, place: int) -> list[Mention]:
        """The things in a list, also where more is said of them or the first is none."""
        return [
            one
            for each in conjuncts(self.words, place)
            if not self._apart(place, each) and not below(self.words, each, *SUBJECTS)
            for one in self.things(each)
        ]

    def is_plain(self, place: int) -> bool:
        """Whether a pronoun has only one noun in its sentence that it can stand for."""
        kind = _PRONOUNS.get(self.words[place].text)
        return kind is not None and self._antecedents.only(place, kind)

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
        if self.words[place].tag != "VBG":
            return found
        near = self.named.get(place - 1)
        if near and near.thing in ANIMATE and not any(each.thing in ANIMATE for each in found):
            return self.modified(near.head, place)  # "a train passing *people* waiting"
        return found or self._alive_before(place)

    def _just_before(self, place: int) -> list[Mention]:
        """What stands right before a participle: "a *man* sitting", "*some* sitting"."""
        before = place - 1
        while before > 0 and self.words[before].tag == "RB":
            before -= 1
        if before in self.named:
            if wearer := self._wearer(self.named[before], place):
                return [wearer]
            if self.is_with(self.named[before]) and self.words[place].tag not in FINITE:
                return self.modified(before, place)
            if before == place - 1 and self._is_own(self.named[before], place):
                return self.modified(before, place)
        if before < 0 or not self.words[place].text.endswith(("ing", "ed", "en", "own")):
            return []
        if self.words[before].text in SOME and self.words[before].tag != "IN":
            return self.some(before)
        return []

    def _is_own(self, before: Mention, place: int) -> bool:
        """Whether a participle is its noun's, whatever the parser says.

        So with "a dog *sitting*", and after "and": "… and a bird *perched* on it".
        """
        word = self.words[place]
        if word.tag == "VBG":
            return word.text in POSTURES and before.thing in ANIMATE
        joins = self.words[before.begin - 1].text if before.begin else ""
        return word.tag == "VBN" and joins == "and" and word.relation in _AS_HEAD

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

    def _alive_before(self, place: int) -> list[Mention]:
        """The last person before a participle, where a picture shows something else."""
        for each in ancestors(self.words, place):
            if self.words[each].lemma in SHOWING and all(
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
            if above and self.words[subject].lemma in FRAME and word.lemma in SHOWING:
                return self._shown(place)
            return self.together(subject, place if subject < place else None)
        if word.lemma in SHOWING and above and (shown := self._shown(place)):
            return shown
        if word.head == place:  # "on the table sits a vase" may be parsed so
            return self._shown(place)
        if word.relation in _MODIFYING or (word.head in self.named and word.relation != "obl"):
            return self.modified(word.head, place) or self._acting(place)
        if word.relation in _AS_HEAD:
            return self._subjects(word.head, True, seen)
        return []

    def _acting(self, place: int) -> list[Mention]:
        """Who is in an act: "*he* is in the process of cutting a cake"."""
        word = self.words[place]
        marks = [self.words[each].text for each in below(self.words, place, "mark", "case")]
        if word.tag != "VBG" or "of" not in marks or word.head in self.named:
            return []
        for each in (word.head, *ancestors(self.words, word.head)):
            if own := below(self.words, each, *SUBJECTS):
                return [one for one in self.together(own[-1], place) if one.thing in ANIMATE]
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
        if with_it := self._with(place, before):
            return with_it
        while (word := self.words[place]).relation in ("nmod", "obl") and word.tag in NOUNS:
            own = below(self.words, place, *SUBJECTS)
            place = own[-1] if own else word.head
            if above := self.things(place):
                alive = self.words[before].tag == "VBN" or above[0].thing in ANIMATE
                return above if alive else []
        if word.tag in VERBS and self.words[before - 1].text == ",":
            return self._subjects(place, True, set())
        return []

    def _with(self, place: int, before: int) -> list[Mention]:
        """What a place is shown with: "a room with *a table* in it, surrounded by chairs"."""
        after = self.words[before + 1].text if before + 1 < len(self.words) else ""
        if self.words[before - 1].text != "," or after not in ("by", "with"):
            return []
        shown = [
            each
            for each in below(self.words, place, "nmod")
            if each < before
            and each in self.named
            and self.words[max(0, self.named[each].begin - 1)].text == "with"
        ]
        return self.things(shown[0]) if len(shown) == 1 else []

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
        if word.text in GROUPS or (word.text in SOME and word.relation not in _NO_HEADS):
            return self.some(place)
        return []

    def some(self, place: int) -> list[Mention]:
        """What "a group of …" or "some" stands for."""
        text = self.words[place].text
        found: list[Mention] = []
        if text in _OTHERS and (one := self._first_of_them(place)) is not None:
            return self.some(one)
        for each in below(self.words, place, "nmod", "obl"):
            if "of" in [self.words[one].text for one in below(self.words, each, "case")]:
                found = self.together(each)
                break
        if not found:
            found = self._antecedent(place, "some") if text in SOME else []
        if text in _PARTS or text in SOME - _ALL:
            return [replace(each, some=True) for each in found]
        return found

    def _first_of_them(self, place: int) -> int | None:
        """The "one" or "some" that "the other" or "others" of its sentence goes with."""
        for each in range(place - 2, 0, -1):
            word = self.words[each]
            if word.sentence != self.words[place].sentence:
                return None
            after = self.words[each + 1]
            if word.text in _FIRST and after.tag in VERBS | {"MD", "IN", "RB", ","}:
                return each if after.text != "of" else None
        return None

    def alike_one(self, place: int) -> list[Mention]:
        """What "one" stands for after an adjective: another of the last thing ("a red one")."""
        return [replace(each, some=True) for each in self._antecedent(place, "alike")]

    def _antecedent(self, place: int, kind: str) -> list[Mention]:
        """The things that a pronoun stands for."""
        noun = self._antecedents.find(place, kind)
        if noun is None:
            return []
        return self.together(noun) if kind in ("several", "some") else self.things(noun)

    def _relative(self, place: int) -> list[Mention]:
        for each in ancestors(self.words, place):
            word = self.words[each]
            relative = word.relation == "acl:relcl" and word.head < place
            if relative and (found := self.modified(word.head, place)):
                after = self.words[place + 1].tag if place + 1 < len(self.words) else ""
                # "Two horses near a trailer, which is red": of no horse.
                return [] if after == "VBZ" and all(one.plural for one in found) else found
        before = place - 1 - (place > 1 and self.words[place - 1].text == ",")
        near = self.named.get(before)
        who = self.words[place].text in ("who", "whom")
        return [near] if near and (near.thing in ANIMATE or not who) else []
