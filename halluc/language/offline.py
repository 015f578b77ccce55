"""Words as the WordNet variant of CHAIR would have them, without NLTK and without data.

That variant tags each word with NLTK and looks its lemma up in WordNet. Only few words of a caption
end in CHAIR's vocabulary, so it is enough to know what becomes of these: their plurals, the plurals
that WordNet does not take back, and the verbs that are read as objects ("seated" as a seat). The
rules here are what the tagger and WordNet do with them as a rule, found on the captions of
https://github.com/yuezih/less-is-more; docs/metrics/chair.md says how near they come.
"""

from __future__ import annotations

import re
from functools import cache

from halluc.language.lemmas import Lemmas, Tokenizer
from halluc.language.vocabulary import coco_vocabulary

_PLURALS = {
    "child": "children",
    "goose": "geese",
    "mouse": "mice",
    "ox": "oxen",
    "person": "persons",
    "sheep": "sheep",
    "man": "men",
}
# Plurals stay as they are where WordNet does not know the word; "vases" it takes for several vasa
# and "men" for a word of its own (but "women" and "policemen" become singular).
_LEFT = """
    men vases bikers bluejays brindles coworkers firetrucks hairdryers longboards macbooks netbooks
    paddleboats pitbulls riverboats sailboards shortboards skimboards smartphones soliders stovetops
    teddybears televisons
"""
# "sports" becomes "sport", so that "sports ball" is no pair and "ball" is read alone.
_OTHERS = {"sports": "sport", "skis": "ski"}

# Words of the vocabulary that WordNet has as verbs too, as far as captions use them.
_VERBS = """
    bear bicycle bike boat book bottle bow bowl cake canoe chair clock couch crow cup doctor dog
    duck ferry fork groom horse hound kayak kid man microwave monitor mother motorcycle parrot phone
    ram sandwich seat ship sink skateboard ski snowboard table taxi tie train truck yacht
"""
_IRREGULAR_VERBS = {"born": "bear", "sank": "sink", "tying": "tie"}
# After an article, a number or an adjective the tagger sees an adjective ("the seated man") or a
# noun ("a popular skiing spot") in a verb's form; in "-ing" it sees a noun too where the phrase
# ends after it ("the fun of skiing, …"), except after words such as "is", "people" or "from".
_BEFORE_ADJECTIVE = re.compile(
    r"an?|the|this|that|any|no|each|every|his|her|its|their|my|our|your|'s|"
    r"two|three|four|five|six|several|many|various|multiple|numerous|few|both|other"
)
_BEFORE_NOUN = re.compile(
    rf"{_BEFORE_ADJECTIVE.pattern}|some|adequate|ample|enough|extra|good|indoor|main|more|open|"
    r"outdoor|popular|urban|water|wooden|\w+(al|ble|ed|ful|ive|ous|ic|esque)"
)
_AFTER_NOUN = re.compile(r"[,.]|and|options|purposes|session")
_BEFORE_VERB = re.compile(
    r"is|are|was|were|be|been|who|people|men|women|children|others|them|while|from|by|after|for|of|"
    r"provide|offers|continue|time|\w+ly"
)

# Nouns that the tagger takes for another part of speech, by the words before and after them, and
# what WordNet then makes of them: it parks a meter and pots a plant.
_NO_NOUN = {
    "geese": (
        "geese",
        r"(,|and|or|of|two|four|several|multiple|these|including|holding) .*|"
        r".* (,|appear|come|scattered|seem|standing|surrounding|visible)",
    ),
    "parking": ("park", r"(?!(a|the|his|her|its|their|few|some) ).* meters|, meter"),
    "potted": (
        "pot",
        r"(,|also|beside|colorful|contains|features|from|green|has|have|indoor|like|lush|other|small|"
        r"these) .*",
    ),
    "stove": ("stave", r"(,|steel) .*"),
    "umbrellas": ("umbrellas", r"(six|nine|13) .*|.* (appear|come|creates|seem|suggests|vary)"),
}


def offline_words(text: str) -> Lemmas:
    """The words of a text, those that CHAIR's vocabulary knows as WordNet's lemmas.

    >>> offline_words("Two women's knives, and a seated dog.").forms
    ['two', 'woman', "'s", 'knife', ',', 'and', 'a', 'seated', 'dog', '.']
    >>> offline_words("The men are seated.").forms
    ['the', 'men', 'are', 'seat', '.']
    """
    words, spans = _tokenizer().tokens(text)
    singulars, verbs = _singulars(), _verbs()
    forms = words.copy()
    for place in spans:
        word = words[place]
        if word in singulars:
            forms[place] = singulars[word]
        if word in verbs or word in _NO_NOUN:
            before = words[place - 1] if place else ""
            after = words[place + 1] if place + 1 < len(words) else ""
            if word in verbs:
                if _is_verb(word, before, after):
                    forms[place] = verbs[word]
            elif re.fullmatch(_NO_NOUN[word][1], f"{before} {after}"):
                forms[place] = _NO_NOUN[word][0]
    return Lemmas(forms, spans)


def _is_verb(word: str, before: str, after: str) -> bool:
    if not word.endswith("ing"):
        return not _BEFORE_ADJECTIVE.fullmatch(before)
    if _AFTER_NOUN.fullmatch(after) and not _BEFORE_VERB.fullmatch(before):
        return False
    return after == "down" or not _BEFORE_NOUN.fullmatch(before)


@cache
def _singulars() -> dict[str, str]:
    words = coco_vocabulary().words
    left = _LEFT.split()
    # In reverse, so that "knives" is of "knife" and not of the list's "knive".
    ordered = sorted(words, reverse=True)
    plurals = {plural: word for word in ordered for plural in _plurals(word)}
    # Other plurals that are entries by themselves ("people") stay as they are.
    return {
        plural: word
        for plural, word in plurals.items()
        if plural not in left and (plural not in words or plural in _PLURALS.values())
    } | _OTHERS


def _plurals(word: str) -> list[str]:
    for ending, plural in _PLURALS.items():
        if word.endswith(ending):
            return [word.removesuffix(ending) + plural]
    if re.search(r"(s|x|z|ch|sh)$", word):
        return [word + "es"]
    if re.search(r"[^aeiou]y$", word):
        return [word[:-1] + "ies"]
    if re.search(r"(kni|cal)fe?$", word):
        return [re.sub(r"fe?$", "ves", word)]
    return [word + "s", word + "es"] if word.endswith("o") else [word + "s"]


@cache
def _verbs() -> dict[str, str]:
    forms = {form: verb for verb in _VERBS.split() for form in _verb_forms(verb)}
    return forms | _IRREGULAR_VERBS


def _verb_forms(verb: str) -> list[str]:
    if verb.endswith("e"):
        return [verb + "d", verb[:-1] + "ing"]
    if verb.endswith("y"):
        return [verb[:-1] + "ied", verb + "ing"]
    stem = verb + verb[-1] if re.fullmatch(r"[^aeiou]+[aeiou][bdgmnp]", verb) else verb
    return [stem + "ed", stem + "ing"]


@cache
def _tokenizer() -> Tokenizer:
    words = coco_vocabulary().words | _singulars().keys() | _verbs().keys() | _NO_NOUN.keys()
    return Tokenizer(words.__contains__)
