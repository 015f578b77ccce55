"""Words for attributes by family, and predicates of relations with their inverses."""

from __future__ import annotations

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
            vintage stuffed seated sit stand lie lay sleep walk run fly kneel crouch jump smile""",
    }.items()
}
"""Attribute family to its words; verbs of posture as lemmas."""

_POSTURES = {
    form: lemma
    for lemma, forms in {
        "sit": "sitting", "stand": "standing", "lie": "lying", "lay": "laying", "sleep": "sleeping",
        "walk": "walking", "run": "running", "fly": "flying", "kneel": "kneeling",
        "crouch": "crouching", "jump": "jumping", "smile": "smiling",
    }.items()
    for form in forms.split()
}  # fmt: skip

_PHRASES = {
    phrase: predicate
    for predicate, phrases in {
        "left of": "to the left of, on the left of, on the left side of, at the left of",
        "right of": "to the right of, on the right of, on the right side of, at the right of",
        "below": "under, beneath, underneath",
        "on": "on top of, atop, upon",
        "in": "inside, inside of, within",
        "next to": "beside, by",
        "near": "close to",
        "in front of": "in the front of",
        "behind": "in back of, at the back of",
    }.items()
    for phrase in phrases.split(", ")
}
_PAIRS = (("left of", "right of"), ("above", "below"), ("in front of", "behind"))

INVERSES: dict[str, str] = {one: other for pair in _PAIRS for one, other in (pair, reversed(pair))}
"""Predicate to the one that says the same with subject and object exchanged."""

SYMMETRIC = frozenset({"next to", "near"})
"""Predicates that say the same with subject and object exchanged."""


def attribute_of(word: str) -> tuple[str, str] | None:
    """Family and value that a word names; None for other words.

    >>> attribute_of("red"), attribute_of("sitting"), attribute_of("nice")
    (('color', 'red'), ('state', 'sit'), None)
    """
    value = _POSTURES.get(word, word)
    return next(((family, value) for family, words in FAMILIES.items() if value in words), None)


def predicate_of(phrase: str) -> str:
    """The canonical predicate of a phrase, itself if it is none of the known ones.

    >>> predicate_of("sitting on top of"), predicate_of("to the left of")
    ('on', 'left of')
    """
    words = phrase.split()
    while len(words) > 1 and (words[0] in ("is", "are") or words[0] in _POSTURES):
        del words[0]
    rest = " ".join(words)
    return _PHRASES.get(rest, rest)
