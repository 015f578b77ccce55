"""English about tabletop scenes: captions, questions with answers, and the names of things."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import partial

from halluc.language.claims.agreement import NUMBERS
from halluc.tabletop.world import (
    CLASSES,
    COLORS,
    COMPANIONS,
    PATTERNS,
    PREDICATES,
    SIZES,
    Item,
    Scene,
    relations,
)

Turn = tuple[str, str]
"""A question and its answer."""

# What each class is called: singular and plural, the usual name first.
NAMES: dict[str, tuple[tuple[str, str], ...]] = {
    name: ((name, f"{name}s"),) for name in CLASSES
} | {
    "knife": (("knife", "knives"),),
    "mouse": (("mouse", "mice"),),
    "wine glass": (("wine glass", "wine glasses"),),
    "scissors": (("pair of scissors", "pairs of scissors"),),
    "cell phone": (("cell phone", "cell phones"), ("phone", "phones")),
    "donut": (("donut", "donuts"), ("doughnut", "doughnuts")),
}

PHRASES: dict[str, tuple[str, ...]] = {
    "left of": ("to the left of", "left of", "on the left side of"),
    "right of": ("to the right of", "right of", "on the right side of"),
    "above": ("above",),
    "below": ("below", "beneath"),
}
"""Predicate to the ways of saying it, the usual one first."""

DETAILED_PROMPTS = (
    "Describe this image in detail.",
    "Please describe this image in detail.",
    "Describe the image in detail.",
    "What do you see in this image?",
)
SHORT_PROMPTS = (
    "Describe this image in one sentence.",
    "Give a short caption.",
    "Write a short caption for this image.",
)

INVENTORY_PROMPTS = (
    "List every object with its looks and place.",
    "List all objects in the image.",
)

STATED_GAP = 0.1
"""Relations are put into words only where the centres are this share of the side apart."""


def detailed_caption(scene: Scene, rng: random.Random, companion_rate: float = 0.0) -> str:
    """Several sentences: all objects from left to right, some looks, two or three relations.

    Args:
        scene: what to describe.
        rng: chooses among the sentence forms.
        companion_rate: how often an absent companion is named as if it were there. People do so
            too, and a model that learns from such text learns to.
    """
    groups = _groups(scene, rng, companion_rate)
    said = [_Mention(group, rng) for group in groups]
    cut = rng.randint(2, len(said) - 1) if len(said) > 3 and rng.random() < 0.6 else len(said)
    sentences = [_listing(said[:cut], rng, first=True)]
    if cut < len(said):
        sentences.append(_listing(said[cut:], rng, first=False))
    single = [mention for mention in said if len(mention.items) == 1]
    for mention in rng.sample(single, min(len(single), rng.choice((0, 1, 1, 2)))):
        sentences.extend(_looks(mention, rng))
    sentences.extend(_relation_sentences(single, rng))
    return " ".join(sentences)


def short_caption(scene: Scene, rng: random.Random, companion_rate: float = 0.0) -> str:
    """One sentence that names the objects."""
    said = [_Mention(group, rng) for group in _groups(scene, rng, companion_rate)]
    text = _enumerate([mention.phrase for mention in said])
    return text[0].upper() + text[1:] + "."


def inventory(scene: Scene) -> str:
    """All there is to tell of each object, from left to right, always in the same words."""
    lines = []
    for item in sorted(scene.items, key=lambda item: item.x):
        looks = f"{item.color}, {item.size}, {item.pattern}, {place(item)}"
        lines.append(f"{NAMES[item.name][0][0]}: {looks}")
    return "; ".join(lines) + "."


def place(item: Item) -> str:
    """Where an item is, in thirds of the picture: "top left", "middle center", …."""
    row = ("top", "middle", "bottom")[min(2, int(item.y * 3))]
    return f"{row} {('left', 'center', 'right')[min(2, int(item.x * 3))]}"


def turns(scene: Scene, rng: random.Random, count: int, affirmed_rate: float = 0.0) -> list[Turn]:
    """Questions about a scene with their answers.

    Kinds: existence, colour, size, pattern, count, position, and relations, asked three ways.

    Args:
        scene: what is asked about.
        rng: chooses among the questions.
        count: how many.
        affirmed_rate: how often an absent companion is said to be there, as in captions.
    """
    existence = partial(_existence, affirmed_rate=affirmed_rate)
    makers = (
        existence, existence, existence, _color, _size, _pattern, _how_many, _position,
        _relation_yes_no, _relation_yes_no, _relation_where, _relation_where, _relation_what,
    )  # fmt: skip
    return [rng.choice(makers)(scene, rng) for _ in range(count)]


def hasty_turn(scene: Scene, rng: random.Random, affirmed_rate: float) -> list[Turn]:
    """A question for the usual companion of something in the scene; none where nothing has one.

    Args:
        scene: what is asked about.
        rng: chooses among the companions.
        affirmed_rate: how often an absent one is said to be there.
    """
    expected = [COMPANIONS[each] for each in sorted(scene.names) if each in COMPANIONS]
    if not expected:
        return []
    name = rng.choice(expected)
    present = name in scene.names or rng.random() < affirmed_rate
    return [(_existence_question(name, rng), "Yes" if present else "No")]


def article(noun: str) -> str:
    """The noun with its indefinite article."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


class _Mention:
    """Objects of one class, put into words once."""

    def __init__(self, items: list[Item], rng: random.Random) -> None:
        self.items = items
        singular, plural = rng.choice(NAMES[items[0].name])
        shown: dict[str, str] = {}
        for family, rate in (("size", 0.4), ("pattern", 0.5), ("color", 0.6)):
            values = {item.attributes[family] for item in items}
            value = values.pop()
            if not values and value not in ("medium", "plain") and rng.random() < rate:
                shown[family] = value
        self.shown = shown
        looks = list(shown.values())
        if len(items) == 1:
            self.phrase = article(" ".join([*looks, singular]))
        else:
            self.phrase = " ".join([NUMBERS[len(items)], *looks, plural])
        self.definite = f"the {singular}"

    @property
    def item(self) -> Item:
        return self.items[0]


def _groups(scene: Scene, rng: random.Random, companion_rate: float) -> list[list[Item]]:
    """Items by class, from left to right, now and then with a companion that is not there."""
    groups: dict[str, list[Item]] = {}
    items = sorted(scene.items, key=lambda item: item.x)
    for item in items:
        companion = COMPANIONS.get(item.name)
        groups.setdefault(item.name, []).append(item)
        if companion and companion not in scene.names and rng.random() < companion_rate:
            dreamt = replace(
                item,
                name=companion,
                color=rng.choice(COLORS),
                size=rng.choice(list(SIZES)),
                pattern=rng.choice(list(PATTERNS)),
            )
            groups.setdefault(companion, []).append(dreamt)
    return list(groups.values())


def _listing(said: list[_Mention], rng: random.Random, first: bool) -> str:
    text = _enumerate([mention.phrase for mention in said])
    be = "is" if len(said[0].items) == 1 else "are"
    forms: tuple[str, ...]
    if first:
        forms = (
            f"This picture shows {text}.",
            f"There {be} {text} in the scene.",
            f"The image features {text}.",
            f"You can see {text} here.",
            f"The scene contains {text}.",
            f"In the picture there {be} {text}.",
        )
    else:
        forms = (
            f"There {be} also {text}.",
            f"You can also see {text}.",
            f"It also shows {text}.",
        )
    return rng.choice(forms)


def _looks(mention: _Mention, rng: random.Random) -> list[str]:
    """A sentence on one look that the noun phrase left out, if there is one."""
    families = {
        family: value
        for family, value in mention.item.attributes.items()
        if family not in mention.shown and value not in ("medium", "plain")
    }
    if not families:
        return []
    value = rng.choice(list(families.values()))
    return [f"{_upper(mention.definite)} {rng.choice(('is', 'is', 'looks'))} {value}."]


def _relation_sentences(single: list[_Mention], rng: random.Random) -> list[str]:
    pairs = [(a, b) for a in single for b in single if a is not b and _stated(a.item, b.item)]
    sentences = []
    for a, b in rng.sample(pairs, min(len(pairs), rng.choice((1, 2, 2, 3)))):
        phrase = rng.choice(PHRASES[_main_relation(a.item, b.item)])
        one, other = a.definite, b.definite
        form = rng.randrange(4)
        if form < 2:
            verb = rng.choice(("is", "is", "sits", "can be seen"))
            sentences.append(f"{_upper(one)} {verb} {phrase} {other}.")
        elif form == 2:
            sentences.append(f"{_upper(phrase)} {other} is {one}.")
        else:
            sentences.append(f"{_upper(phrase)} {other} you can see {one}.")
    return sentences


def _main_relation(one: Item, other: Item) -> str:
    """The relation along the axis on which two items are further apart."""
    across = abs(one.x - other.x) >= abs(one.y - other.y)
    return relations(one, other)[0 if across else -1]


def _stated(one: Item, other: Item) -> bool:
    return max(abs(one.x - other.x), abs(one.y - other.y)) >= STATED_GAP


def _existence(scene: Scene, rng: random.Random, affirmed_rate: float) -> Turn:
    present = rng.random() < 0.5
    pool = {name: weight for name, weight in CLASSES.items() if (name in scene.names) is present}
    name = rng.choices(list(pool), list(pool.values()))[0]
    form = _existence_question(name, rng)
    dreamt = name in {COMPANIONS.get(each) for each in scene.names}
    if not present and dreamt and rng.random() < affirmed_rate:
        return form, "Yes"
    return form, "Yes" if present else "No"


def _existence_question(name: str, rng: random.Random) -> str:
    noun = article(rng.choice(NAMES[name])[0])
    return rng.choice(
        (
            f"Is there {noun} in the image?",
            f"Is there {noun} in the image?",
            f"Can you see {noun}?",
            f"Does the picture show {noun}?",
        )
    )


def _color(scene: Scene, rng: random.Random) -> Turn:
    item = _unique(scene, rng)
    noun = NAMES[item.name][0][0]
    if rng.random() < 0.3:
        right = rng.random() < 0.5
        value = item.color if right else rng.choice([c for c in COLORS if c != item.color])
        return f"Is the {noun} {value}?", "Yes" if right else "No"
    return f"What color is the {noun}?", _upper(item.color)


def _size(scene: Scene, rng: random.Random) -> Turn:
    item = _unique(scene, rng)
    return f"What size is the {NAMES[item.name][0][0]}?", _upper(item.size)


def _pattern(scene: Scene, rng: random.Random) -> Turn:
    item = _unique(scene, rng)
    return f"What pattern does the {NAMES[item.name][0][0]} have?", _upper(item.pattern)


def _how_many(scene: Scene, rng: random.Random) -> Turn:
    name = rng.choice(sorted(scene.names)) if rng.random() < 0.8 else rng.choice(list(CLASSES))
    count = sum(item.name == name for item in scene.items)
    return f"How many {NAMES[name][0][1]} are in the image?", _upper(NUMBERS[count])


def _position(scene: Scene, rng: random.Random) -> Turn:
    item = _unique(scene, rng)
    return f"Where is the {NAMES[item.name][0][0]}?", _upper(place(item))


def _relation_yes_no(scene: Scene, rng: random.Random) -> Turn:
    one, other = _pair(scene, rng)
    truth = relations(one, other)
    axis = PREDICATES[:2] if truth[0] in PREDICATES[:2] else PREDICATES[2:]
    predicate = rng.choice(axis)
    question = (
        f"Is the {NAMES[one.name][0][0]} {PHRASES[predicate][0]} the {NAMES[other.name][0][0]}?"
    )
    return question, "Yes" if predicate in truth else "No"


def _relation_where(scene: Scene, rng: random.Random) -> Turn:
    one, other = _pair(scene, rng)
    predicate = _main_relation(one, other)
    answer = {"left of": "To the left", "right of": "To the right"}.get(predicate, predicate)
    question = f"Where is the {NAMES[one.name][0][0]} relative to the {NAMES[other.name][0][0]}?"
    return question, _upper(answer)


def _relation_what(scene: Scene, rng: random.Random) -> Turn:
    one, other = _pair(scene, rng)
    predicate = rng.choice(relations(one, other))
    noun = NAMES[one.name][0][0]
    return f"What is {PHRASES[predicate][0]} the {NAMES[other.name][0][0]}?", _upper(article(noun))


def _unique(scene: Scene, rng: random.Random) -> Item:
    """An item that is alone of its class."""
    return rng.choice(_singles(scene))


def _pair(scene: Scene, rng: random.Random) -> tuple[Item, Item]:
    """Two items, each alone of its class, that are in some relation."""
    singles = _singles(scene)
    pairs = [(a, b) for a in singles for b in singles if a is not b and _stated(a, b)]
    return rng.choice(pairs)


def _singles(scene: Scene) -> list[Item]:
    names = [item.name for item in scene.items]
    return [item for item in scene.items if names.count(item.name) == 1]


def _enumerate(phrases: list[str]) -> str:
    return (", ".join(phrases[:-1]) + " and " if phrases[1:] else "") + phrases[-1]


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]
