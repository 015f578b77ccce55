"""Words as the WordNet variant of CHAIR would have them, without NLTK and without data.

That variant tags each word with NLTK and looks its lemma up in WordNet. Only few words of a caption
end in CHAIR's vocabulary, so it is enough to know what becomes of these: their plurals, the plurals
that WordNet does not take back, and the verbs that are read as objects ("seated" as a seat). The
embedded pipeline says whether such a word is a verb where it stands. Beside it are the habits in
which NLTK's tagger is known to differ, found on the captions of
https://github.com/yuezih/less-is-more; docs/metrics/chair.md says how near all this comes.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from halluc.language.pipeline.parser import load_tagger, sayable
from halluc.language.words.lemmas import Lemmas, Span, Tokenizer
from halluc.language.words.plurals import regular_plurals
from halluc.language.words.vocabulary import coco_vocabulary

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
# To NLTK's tagger participles after these are adjectives ("the seated man"), …
_BEFORE_ADJECTIVE = re.compile(
    r"an?|the|this|that|any|no|each|every|his|her|its|their|my|our|your|"
    r"two|three|four|five|six|several|many|various|multiple|numerous|few|other"
)
# … and words in "-ing" after these verbs ("a spot for boating"), but not before "," or "and".
_BEFORE_VERB = re.compile(r"after|by|enjoy|for|from|in|of|while|with")
# The embedded tagger sees four words to either side; so many characters hold them.
_SEEN = 40

# Nouns that NLTK's tagger takes for another part of speech, by the words before and after them, and
# what WordNet then makes of them: it parks a meter, pots a plant and seats where there is seating.
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
    "seating": (
        "seat",
        rf"(?!({_BEFORE_ADJECTIVE.pattern}|some|adequate|ample|enough|extra|good|indoor|main|more|"
        r"open|\w+(al|ble|ed|ful|ive|ous|ic|esque)) ).* (?!([,.]|and|options)$).*|"
        r"(for|of|provide|offers) .*",
    ),
    "stove": ("stave", r"(,|steel) .*"),
    "umbrellas": (
        "umbrellas",
        r"(four|six|nine|13|using) .*|and ,|of (hanging|indicates)|"
        r".* (appear|come|creates|providing|seem|suggests|vary)",
    ),
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
            if word in _NO_NOUN:
                if re.fullmatch(_NO_NOUN[word][1], f"{before} {after}"):
                    forms[place] = _NO_NOUN[word][0]
            elif _is_verb(word, before, after, text, spans[place]):
                forms[place] = verbs[word]
    return Lemmas(forms, spans)


def _is_verb(word: str, before: str, after: str, text: str, span: Span) -> bool:
    """Whether NLTK's tagger takes a word for a verb, as far as the embedded one can tell."""
    if word.endswith("ing"):
        if _BEFORE_VERB.fullmatch(before) and after not in {",", "and"}:
            return True
        if f"{before} {word} {after}" == "time skateboarding and":
            return False
    elif _BEFORE_ADJECTIVE.fullmatch(before):
        return False
    start, end = span
    return tagged_verb(text[max(0, start - _SEEN) : start], text[start : end + _SEEN], end - start)


@lru_cache(maxsize=10_000)
def tagged_verb(before: str, text: str, length: int) -> bool:
    """Whether the first characters of a text are a verb after what is before them."""
    tagger = load_tagger()
    with tagger.memory_zone():  # it keeps no word of the text
        doc = tagger(sayable(before + text))
        span = doc.char_span(len(before), len(before) + length, alignment_mode="expand")
        return any(token.tag_.startswith("VB") for token in span)


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
    return regular_plurals(word)


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
