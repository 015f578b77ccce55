"""Words for attributes by family, and predicates of relations with their inverses."""

from __future__ import annotations

import re
from functools import cache

FAMILIES: dict[str, frozenset[str]] = {
    family: frozenset(words.split())
    for family, words in {
        "color": """black white gray grey red green blue yellow orange purple pink brown beige tan
            gold golden silver blond blonde maroon turquoise teal navy cream""",
        "size": """big large huge giant massive enormous tall long wide small little tiny miniature
            short narrow thin thick medium medium-sized""",
        "count": """one two three four five six seven eight nine ten eleven twelve single couple
            several many multiple numerous few""",
        "material": """wooden wood metal metallic plastic glass brick stone concrete leather ceramic
            porcelain paper cardboard steel marble rubber""",
        "pattern": "striped spotted dotted plaid checkered floral plain",
        "state": """open closed empty full parked broken dirty clean wet dry lit old young new
            vintage stuffed seated sit stand lie lay lean sleep walk run fly kneel crouch jump
            smile""",
    }.items()
}
"""Attribute family to its words; verbs of posture as lemmas."""

POSTURES: dict[str, str] = {
    form: forms.split()[0]
    for forms in (
        "sit sits sat sitting", "stand stands stood standing", "lie lies lain lying",
        "lay lays laid laying", "lean leans leaned leant leaning",
        "sleep sleeps slept sleeping", "walk walks walked walking",
        "run runs ran running", "fly flies flew flown flying",
        "kneel kneels knelt kneeling kneeled",
        "crouch crouches crouched crouching", "jump jumps jumped jumping",
        "smile smiles smiled smiling", "seated",
    )
    for form in forms.split()
}  # fmt: skip
"""Forms of verbs of posture to the value that they state."""

_ATTRIBUTES = {word: (family, word) for family, words in FAMILIES.items() for word in words}
_ATTRIBUTES |= {form: ("state", value) for form, value in POSTURES.items()}

# Places at a thing: "on the left side of", "near the edge of", "at the far end of".
_SIDES = """
    left right front back top bottom side sides middle center centre edge edges end ends corner
    corners head foot base rear inside outside
"""
_WHICH = "the each either both one opposite other far left right top bottom front back outer inner"

_PHRASES = {
    phrase: predicate
    for predicate, phrases in {
        "left of": "left of, to the left of, on the left of, on the left side of, "
        "to the left side of, at the left of, at the left side of, on the left-hand side of",
        "right of": "right of, to the right of, on the right of, on the right side of, "
        "to the right side of, at the right of, at the right side of, on the right-hand side of",
        "above": "above, over, high above, hanging over",
        "below": "below, under, beneath, underneath, down below",
        "on": "on, on top of, atop, upon, onto, on the top of, at the top of, on the surface of",
        "in": "in, inside, inside of, within, into, in the inside of",
        "next to": "next to, right next to, beside, by, alongside, adjacent to, at the side of, "
        "by the side of, to the side of, on the side of",
        "near": "near, close to, closer to, near to, nearer to, nearby, "
        "in close proximity to, in the vicinity of",
        "in front of": "in front of, in the front of, at the front of, ahead of",
        "behind": "behind, in back of, in the back of, at the back of, at the rear of",
        "around": "around, all around, surrounding",
        "between": "between, in between",
        "among": "among, amongst, amid, amidst, in the midst of",
        "in the middle of": "in the middle of, in the center of, in the centre of, "
        "at the center of, in the middle part of",
        "outside": "outside, outside of",
        "across from": "across from, opposite, opposite to, opposite of",
        "off": "off, off of",
        "toward": "toward, towards",
        "surrounded by": "surrounded by",
        "filled with": "filled with, full of",
        "covered with": "covered with, covered in, covered by",
        "topped with": "topped with, topped by",
        "attached to": "attached to, connected to, hooked to, tied to",
        "at": "at",
        "with": "with, without, accompanied by",
        "along": "along",
        "through": "through",
        "across": "across",
        "against": "against",
        "past": "past",
        "throughout": "throughout",
        "beyond": "beyond",
        "up": "up",
        "down": "down",
        "out of": "out of",
    }.items()
    for phrase in phrases.split(", ")
}
_SIDE = re.compile(
    rf"(on|at|in|to|near|by|towards?|along|close to) "
    rf"(?:(?:{'|'.join(_WHICH.split())}) ){{0,3}}(?:{'|'.join(_SIDES.split())}) of"
)
OWN_SIDES = {"left": "left of", "right": "right of", "side": "next to"}
"""Sides that a thing itself has ("to its left") to what is said of what is there."""

LONGEST_PHRASE = 8
"""Words that a phrase of place has at most."""

FIRST_WORDS = frozenset(phrase.split()[0] for phrase in _PHRASES)
"""With which a phrase of place begins."""

# Verbs that captions use between two things, with the past forms that are irregular.
_VERBS = """
    balance bite:bit:bitten block board brush carry catch:caught chase contain cook cover cross
    cut:cut drink:drank:drunk drive:drove:driven eat:ate:eaten enjoy face feed:fed fill
    fly:flew:flown follow give:gave:given grab hang:hung have:had hit:hit hold:held hug kick kiss
    lead:led lick lift load make:made milk open pass pet play prepare pull push reach
    read:read ride:rode:ridden sell:sold serve share sniff straddle support surround swing:swung
    take:took:taken throw:threw:thrown tie touch tow use walk wash watch wear:wore:worn
"""
_DOUBLED = frozenset("cut grab hit hug pet".split())

_OPPOSITES = (
    ("left of", "right of"), ("above", "below"), ("in front of", "behind"), ("contain", "in"),
    ("hold", "held by"), ("wear", "worn by"), ("ride", "ridden by"), ("carry", "carried by"),
    ("eat", "eaten by"), ("pull", "pulled by"), ("push", "pushed by"), ("use", "used by"),
    ("surround", "surrounded by"), ("drive", "driven by"),
)  # fmt: skip

INVERSES: dict[str, str] = {
    one: other for pair in _OPPOSITES for one, other in (pair, reversed(pair))
}
"""Predicate to the one that says the same with subject and object exchanged."""


@cache
def inverse_of(predicate: str) -> str | None:
    """The predicate that says the same with subject and object exchanged; None if there is none.

    >>> inverse_of("next to"), inverse_of("behind"), inverse_of("fed by"), inverse_of("at")
    ('next to', 'in front of', 'feed', None)
    """
    if predicate in SYMMETRIC:
        return predicate
    if known := INVERSES.get(predicate):
        return known
    verb, _, by = predicate.partition(" ")
    if by == "by":
        return _verbs().get(verb)
    return next((f"{form} by" for form, of in list(_verbs().items())[::-1] if of == verb), None)


SYMMETRIC = frozenset({"next to", "near", "across from"})
"""Predicates that say the same with subject and object exchanged."""


def attribute_of(word: str) -> tuple[str, str] | None:
    """Family and value that a word names; None for other words.

    >>> attribute_of("red"), attribute_of("sitting"), attribute_of("nice")
    (('color', 'red'), ('state', 'sit'), None)
    """
    return _ATTRIBUTES.get(word)


def posture_like(word: str, value: str) -> str | None:
    """The form of a verb of posture that fits where another one stands; None for other words.

    >>> posture_like("lying", "stand"), posture_like("stands", "lie"), posture_like("red", "lie")
    ('standing', 'lies', None)
    """
    forms = [form for form, of in POSTURES.items() if of == value]
    if word not in POSTURES or value not in FAMILIES["state"] or not forms:
        return None
    ending = "ing" if word.endswith("ing") else "s" if word.endswith("s") else ""
    return next((form for form in forms if form.endswith(ending) and form != word), None)


def place_of(phrase: str) -> str | None:
    """The canonical predicate of a preposition or a phrase of place; None for other words.

    >>> place_of("on top of"), place_of("near the right side of"), place_of("on fire")
    ('on', 'near', None)
    """
    if phrase in _PHRASES:
        return _PHRASES[phrase]
    side = _SIDE.fullmatch(phrase)
    return _PHRASES.get(side[1], "next to") if side else None


def predicate_of(phrase: str) -> str | None:
    """The canonical predicate of what a data set writes between two things; None if unknown.

    >>> predicate_of("sitting on top of"), predicate_of("to the left of"), predicate_of("wears")
    ('on', 'left of', 'wear')
    >>> predicate_of("is held by"), predicate_of("of")
    ('held by', None)
    """
    words = phrase.lower().split()
    while words and words[0] in ("is", "are", "be", "being"):
        del words[0]
    rest = " ".join(words)
    known = place_of(rest) or _verbs().get(rest) or (rest if rest in INVERSES else None)
    if known or len(words) < 2:
        return known
    # "Sitting on", "parked next to": the verb tells how, not where.
    return place_of(" ".join(words[1:]))


@cache
def _verbs() -> dict[str, str]:
    """Forms of verbs to their lemmas."""
    forms = {"has": "have"}
    for verb, *irregular in (each.split(":") for each in _VERBS.split()):
        stem = verb.removesuffix("e") if verb != "tie" else "ty"
        stem += verb[-1] if verb in _DOUBLED else ""
        third = re.sub(r"(?<=[^aeou])ys$", "ies", verb + "s")
        third = re.sub(r"(?<=s|x|z)s$|(?<=ch|sh)s$", "es", third)
        regular = re.sub(r"(?<=[^aeou])y$", "i", stem if verb != "tie" else "ti") + "ed"
        past = irregular or [regular]
        forms |= dict.fromkeys([verb, third, stem + "ing", *past], verb)
    return forms
