"""Which things a word of a text stands for: a name, a pronoun, a group of things, a subject."""

from __future__ import annotations

from collections.abc import Iterator

from halluc.language.phrases import Mention
from halluc.language.things import ANIMATE
from halluc.language.words import NOUNS, SUBJECTS, Word, ancestors, below, conjuncts

# "A group of people" are people, "a slice of pizza" is pizza.
_GROUPS = frozenset(
    """group groups couple couples pair pairs bunch bunches number variety lot lots set sets row rows
    line lines herd herds flock flocks crowd crowds collection stack stacks pile piles assortment
    array series majority few dozen dozens hundreds team pack rest half type types kind kinds
    slice slices piece pieces""".split()
)
_PRONOUNS = {
    "it": "thing", "itself": "thing",
    "they": "several", "them": "several", "themselves": "several",
    "he": "man", "him": "man", "himself": "man",
    "she": "woman", "her": "woman", "herself": "woman",
}  # fmt: skip
# Words that stand alone for some of the things named before.
_SOME = frozenset(
    """one another other others some both each all several many few most two three four five six
    any none neither either third second""".split()
)
_RELATIVE = frozenset({"which", "that", "who", "whom"})
_WOMEN = frozenset("woman girl lady bride sister mother female women girls ladies".split())
_MEN = frozenset(
    "man boy guy gentleman brother father groom male men boys guys policeman cowboy".split()
)
# Nouns for the picture and places in it: "it" is none of them where something else fits.
FRAME = frozenset(
    """image picture photo photograph scene view background foreground side left right front back top
    bottom middle center distance area part corner edge addition presence way time atmosphere air
    you we i viewer one""".split()
)
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
    """

    def __init__(self, words: list[Word], mentions: list[Mention]) -> None:
        self.words = words
        self.mentions = mentions
        self.named = {
            place: each for each in mentions for place in range(each.first, each.last + 1)
        }
        self._found: dict[int, list[Mention]] = {}

    def things(self, place: int) -> list[Mention]:
        """What a word stands for; nothing where it is no thing or not plain."""
        if place not in self._found:
            self._found[place] = []  # for a word that would lead back to itself
            self._found[place] = self._things(place)
        return self._found[place]

    def together(self, place: int) -> list[Mention]:
        """What a word and those joined to it stand for ("a *fork* and a knife")."""
        found: list[Mention] = []
        for each in conjuncts(self.words, place):
            # A clause of its own may be joined by mistake.
            if each == place or not below(self.words, each, *SUBJECTS):
                found += [one for one in self.things(each) if one not in found]
        return found

    def subjects(self, place: int, above: bool = False) -> list[Mention]:
        """What does or is what a verb, participle or adjective says.

        Args:
            place: the verb's place.
            above: something below the verb asks, which may be about what the verb shows.
        """
        return self._subjects(place, above, set())

    def _subjects(self, place: int, above: bool, seen: set[int]) -> list[Mention]:
        if place in seen:
            return []
        seen.add(place)
        word = self.words[place]
        own = below(self.words, place, *SUBJECTS)
        if own:
            subject = own[-1]
            if above and self.words[subject].lemma in FRAME and word.lemma in _SHOWING:
                return self._shown(place)
            return self.together(subject)
        if word.lemma in _SHOWING and above and (shown := self._shown(place)):
            return shown
        if word.head == place:  # "on the table sits a vase" may be parsed so
            return self._shown(place)
        if word.relation in _MODIFYING:
            return self.modified(word.head)
        if word.head in self.named and word.relation != "obl":
            return self.modified(word.head)
        if word.relation in _AS_HEAD:
            return self._subjects(word.head, True, seen)
        return []

    def _shown(self, place: int) -> list[Mention]:
        return [each for one in below(self.words, place, "obj") for each in self.together(one)]

    def modified(self, place: int) -> list[Mention]:
        """What something after a noun says more of: also of those joined to it before it.

        "A fork and a knife next to a plate" is about both, "a dog and a man with a hat" is not.
        """
        found = self.things(place)
        word = self.words[place]
        if word.relation != "conj" or not found:
            return found
        alive = found[0].thing in ANIMATE
        joined = [
            each
            for other in conjuncts(self.words, word.head)
            if other < place and not self._described_after(other)
            for each in self.things(other)
        ]
        same = all((each.thing in ANIMATE) == alive for each in joined)
        person = found[0].thing == "person" and any(each.thing != "person" for each in joined)
        return found if not same or person else [*joined, *found]

    def _described_after(self, place: int) -> bool:
        return any(
            each > place and self.words[each].relation in ("nmod", "acl", "acl:relcl")
            for each in self.words[place].below
        )

    def _things(self, place: int) -> list[Mention]:
        word = self.words[place]
        if place in self.named:
            return [self.named[place]]
        if word.text in _PRONOUNS and word.tag == "PRP":
            return self._antecedent(place, _PRONOUNS[word.text])
        if word.text in _RELATIVE and word.tag in ("WDT", "WP", "IN", "DT"):
            return self._relative(place)
        if word.text in _GROUPS or (word.text in _SOME and word.relation not in _NO_HEADS):
            for each in below(self.words, place, "nmod", "obl"):
                if "of" in [self.words[one].text for one in below(self.words, each, "case")]:
                    return self.together(each)
            if word.text in _SOME:
                return self._antecedent(place, "some")
        return []

    def _relative(self, place: int) -> list[Mention]:
        for each in ancestors(self.words, place):
            word = self.words[each]
            if word.relation == "acl:relcl" and word.head < place:
                return self.modified(word.head)
        return []

    def _antecedent(self, place: int, kind: str) -> list[Mention]:
        """The nearest earlier thing that a pronoun fits, rather a subject than another."""
        sentence = self.words[place].sentence
        for number in range(sentence, max(sentence - 4, -1), -1):
            fitting = [each for each in self._nouns(number, place) if self._fits(each, kind, place)]
            if fitting:
                main = [each for each in fitting if self._is_main(each)]
                is_subject = self.words[place].relation in SUBJECTS
                chosen = (main if main and (is_subject or number < sentence) else fitting)[-1]
                if kind == "several" or kind == "some":
                    return self.together(chosen)
                return self.things(chosen)
        return []

    def _nouns(self, sentence: int, before: int) -> Iterator[int]:
        """Heads of the noun phrases of a sentence that stand before a place."""
        place = before - 1
        while place >= 0 and self.words[place].sentence > sentence:
            place -= 1
        found = []
        while place >= 0 and self.words[place].sentence == sentence:
            word = self.words[place]
            if place in self.named:
                found.append(self.named[place].last)
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
        plural = mention.plural if mention else word.tag in ("NNS", "NNPS")
        several = plural or len(conjuncts(self.words, place)) > 1
        person = mention is not None and mention.thing == "person"
        if kind == "several":
            return several and (mention is not None or word.lemma not in FRAME)
        if kind == "some":
            return mention is not None and (several or self.words[pronoun].text != "one")
        if kind == "thing":
            return not plural and not person and word.lemma not in FRAME
        other = _WOMEN if kind == "man" else _MEN
        return person and not plural and word.text not in other
