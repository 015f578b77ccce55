"""Names that may mean no such thing: pictures of things, printed words, other senses, parts.

"A toy car", "a sign that reads 'Dog Club'" and "an adult and a baby elephant" name no car, dog or
person that is in the scene, or one that a truth may list or not. What is printed names nothing;
the others are unsure readings.
"""

from __future__ import annotations

from halluc.language.claims.phrases import Mention
from halluc.language.claims.things import ANIMALS
from halluc.language.pipeline.tree import NOUNS, VERBS, Word, clause_end, in_sentence, subtree

_ALWAYS = frozenset(
    """painting drawing sketch mural poster statue statues sculpture sculptures figurine figurines
    figure figures doll dolls replica model toy toys cartoon illustration silhouette logo emblem
    sticker graffiti print costume mask ornament carving engraving depiction portrait caricature
    paintings drawings posters magnet mosaic tattoo tapestry icon symbol reflection
    shadow""".split()
)
_PICTURES = frozenset("picture pictures photo photos photograph photographs image images".split())
_TAKING = frozenset("take snap capture shoot get".split())
_FRAMES = frozenset("image picture photo photograph scene this it".split())
_TOYS = frozenset("toy plush stuffed miniature inflatable cartoon plastic-toy fake".split())
_PRINTED = frozenset(
    "printed drawn embroidered etched carved engraved depicted pictured stitched stamped".split()
)
_SHOWING = frozenset("show depict display feature picture portray advertise".split())
_SHOWN_ON = _ALWAYS | frozenset("sign shirt screen billboard banner magazine label box".split())
_SURFACES = frozenset("cover label logo screen page wrapper packaging sleeve".split())
_QUOTES = {'"': '"', "“": "”", "``": "''", "„": "”", "«": "»", "‘": "'"}
_READING = frozenset("read say label write word text title call name sign spell print".split())
_LONGEST_PRINT = 8
# Words of the vocabulary that mostly mean something else: a booklet, a jar, a ribbon, a vehicle.
_OTHER_SENSE = frozenset(
    "notebook container containers bow bows camper campers sailboard sailboards vessel".split()
)
_YOUNG_AND_OLD = frozenset(
    "adult adults baby babies mother mothers father fathers male males female females".split()
)
_YOUNG = frozenset("calf calves cub cubs foal foals kid kids lamb lambs colt pup pups".split())
_BEDS = frozenset("flower flat garden river raised rock stream plant planting".split())
_DECORATED = frozenset("decorate adorn embellish paint cover print".split())
_DECORATIVE = frozenset(
    ["vase", "bowl", "cup", "bottle", "book", "clock", "potted plant", "wine glass", "carrot"]
)
_SEATED_IN = frozenset("car bus train motorcycle bicycle boat airplane truck toilet".split())
# After "'s": what belongs to a driver or to ladies in general.
_KINDS_OF = frozenset(
    """seat seats window windows side door doors room restroom bathroom bedroom compartment cabin
    clothing section area department license shoe shoes playground menu toy toys""".split()
)
_BRANDS = frozenset({"frisbee", "teddy", "tv", "suv", "jeep"})


def printed(words: list[Word]) -> set[int]:
    """Places of the words between quotation marks, where they are few."""
    found: set[int] = set()
    place = 0
    while place < len(words):
        close = _opens(words, place)
        end = _closing(words, place, close) if close else 0
        if end:
            found |= set(range(place, end))
            place = end
        place += 1
    return found


def _opens(words: list[Word], place: int) -> str | None:
    """The mark that would end what a mark begins; None where none begins."""
    text = words[place].text
    if text == "'":
        before = words[place - 1].lemma if place else ""
        return "'" if before in _READING else None
    return _QUOTES.get(text)


def _closing(words: list[Word], place: int, close: str) -> int:
    """The place of the quotation mark that ends a few words; 0 if there is none near."""
    for each in range(place + 1, min(place + 2 + _LONGEST_PRINT, len(words))):
        if words[each].text == close or (close == '"' and words[each].text in ("”", "''")):
            whole = words[each - 1].text in (".", "!") and place == 0
            return 0 if whole else each
    return 0


def doubtful(words: list[Word], mentions: list[Mention]) -> set[int]:
    """Places of words whose thing may not be in the scene."""
    found: set[int] = set()
    for place, word in enumerate(words):
        if word.text in _ALWAYS or (word.text in _PICTURES and not _is_the_picture(words, place)):
            found |= _depicted(words, place)
        elif word.text in _PRINTED and word.tag in VERBS:
            found |= _before_printed(words, place)
        elif word.text in _TOYS:
            found |= set(range(place, min(place + 4, len(words))))
        elif word.lemma in _SHOWING and word.tag in VERBS:
            found |= _on_show(words, place)
        elif word.text in _SURFACES:
            found |= _on_surface(words, place)
        elif word.text in _SHOWN_ON and words[min(place + 1, len(words) - 1)].text == "with":
            found |= _depicted(words, place)
    kinds: dict[int, set[str]] = {}
    for each in mentions:
        if each.thing in ANIMALS:
            kinds.setdefault(words[each.head].sentence, set()).add(each.thing)
    things = {each.thing for each in mentions}
    cats = "cat" in things and not things & {"laptop", "keyboard", "tv"}
    ridden = bool(things & _SEATED_IN)
    for each in mentions:
        word = words[each.last]
        if (
            word.text in _OTHER_SENSE
            or (each.thing == "orange" and _is_followed_by_of(words, each))
            or (word.text in _YOUNG_AND_OLD and word.sentence in kinds)
            or (word.text in _YOUNG and len(kinds.get(word.sentence, ())) > 1)
            or (each.thing == "bed" and _is_other_bed(words, each))
            or (each.thing not in _DECORATIVE and _is_decoration(words, each))
            or (word.text in ("seat", "seats") and ridden)
            or (word.text in ("mouse", "mice") and cats and _is_prey(words, each))
            or _is_proper(words, each)
            or _is_generic_owner(words, each)
        ):
            found.add(each.head)
    return found


def _is_the_picture(words: list[Word], place: int) -> bool:
    """Whether "photo" means the whole picture ("this is *a photo of* …"), or one being taken."""
    word = words[place]
    start = place
    while in_sentence(words, start - 1, word.sentence) and words[start - 1].tag in (
        *NOUNS, "JJ", "DT", "CC", "HYPH", "PRP$", "VBN", ":", ","
    ):  # fmt: skip
        start -= 1
    before = words[start - 1] if in_sentence(words, start - 1, word.sentence) else None
    if before is None or (before.text == "in" and start - 1 == place - 2):
        return True
    if before.lemma in _TAKING or before.lemma == "pose" or before.text == "for":
        return True
    earlier = words[start - 2].text if in_sentence(words, start - 2, word.sentence) else ""
    return before.lemma == "be" and earlier in _FRAMES


def _depicted(words: list[Word], place: int) -> set[int]:
    """What a picture is of, and the noun that it is joined to ("a *dog* statue")."""
    if in_sentence(words, place + 1, words[place].sentence) and words[place + 1].text in (
        "of",
        "with",
    ):
        of = place + 1
        under = subtree(words, place) | subtree(words, words[of].head)
        end = of + 1
        while (
            end < clause_end(words, place)
            and words[end].tag != ","
            and (end in under or words[end].tag not in ("VBZ", "VBP", "MD", "IN"))
        ):
            end += 1
        return set(range(of + 1, end))
    word = words[place]
    found = {place - 1} if in_sentence(words, place - 1, word.sentence) else set()
    if place < word.head <= place + 3 and words[word.head].tag in NOUNS:
        found.add(word.head)  # "toy mouse"
    return found  # "dog statue"


def _before_printed(words: list[Word], place: int) -> set[int]:
    """What is printed on something: "a shirt with *a dog* printed on it"."""
    found: set[int] = set()
    for each in range(place - 1, max(place - 5, -1), -1):
        if words[each].tag not in NOUNS | {"DT", "JJ", "CD", "CC"}:
            break
        found.add(each)
    return found


def _on_surface(words: list[Word], place: int) -> set[int]:
    """What is on a cover or screen: "a book with *a dog* on its cover"."""
    on = place - 2
    if on > 0 and words[on].text == "on":
        return {each for each in range(max(0, on - 2), on) if words[each].tag in NOUNS}
    return set()


def _on_show(words: list[Word], place: int) -> set[int]:
    """What a poster or screen shows."""
    for each in range(place - 1, max(place - 6, -1), -1):
        if words[each].sentence != words[place].sentence:
            break
        if words[each].text in _SHOWN_ON:
            return set(range(place + 1, clause_end(words, place)))
    return set()


def _is_other_bed(words: list[Word], each: Mention) -> bool:
    """Whether it is one of flowers or of a truck."""
    before = words[each.first - 1].text if each.first else ""
    return before in _BEDS or _is_followed_by_of(words, each)


def _is_followed_by_of(words: list[Word], each: Mention) -> bool:
    return each.last + 1 < len(words) and words[each.last + 1].text == "of"


def _is_decoration(words: list[Word], each: Mention) -> bool:
    """Whether something is decorated with it."""
    place = each.begin - 1
    return place > 0 and words[place].text == "with" and words[place - 1].lemma in _DECORATED


def _is_prey(words: list[Word], mouse: Mention) -> bool:
    """Whether a mouse in a text with cats may be a toy or an animal."""
    return mouse.first == 0 or words[mouse.first - 1].text != "computer"


def _is_proper(words: list[Word], each: Mention) -> bool:
    """Whether a name is a part of a name: "Thomas the *Train*"."""
    word = words[each.last]
    if not word.title or each.first == 0 or word.text in _BRANDS:
        return False
    before = words[each.first - 1]
    if before.text == "the" and each.first > 1:
        return words[each.first - 2].title and words[each.first - 2].text[0].isalpha()
    first = each.first - 1 == 0 or words[each.first - 2].sentence != before.sentence
    return before.sentence == word.sentence and before.title and not first


def _is_generic_owner(words: list[Word], each: Mention) -> bool:
    """Whether something only belongs to such persons: "the *driver*'s seat"."""
    last = each.last
    return (
        each.thing == "person"
        and last + 2 < len(words)
        and words[last + 1].tag == "POS"
        and any(
            words[place].text in _KINDS_OF for place in range(last + 2, min(last + 4, len(words)))
        )
    )
