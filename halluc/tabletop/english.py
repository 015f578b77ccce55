"""English about tabletop scenes: captions and inventories, each sentence true of the scene."""

from __future__ import annotations

import math
import random
from dataclasses import replace

from halluc.language.claims.agreement import NUMBERS
from halluc.tabletop.phrases import (
    NAMES,
    PHRASES,
    POSTURES,
    SETTINGS,
    STATES,
    USUAL,
    VALUES,
)
from halluc.tabletop.world import (
    COLORS,
    COMPANIONS,
    PATTERNS,
    POSES,
    SIZES,
    Item,
    Scene,
    relations,
)

STATED_GAP = 0.1
"""Relations along an axis are put into words only at this share of the side apart."""

STATED_NEAR = 0.27
"""Things are said to be next to each other only within this share of the side."""

_SAID_BEFORE = (("size", 0.35), ("pattern", 0.45), ("color", 0.6))


def detailed_caption(scene: Scene, rng: random.Random, companion_rate: float = 0.0) -> str:
    """Several sentences: where the objects are and all of them, from left to right, then details.

    Details follow the order of the listing: attributes that it left out, poses, and one to three
    relations. Nothing is said twice, in other words neither.

    Args:
        scene: what to describe.
        rng: chooses among the sentence forms.
        companion_rate: how often an absent companion is named as if it were there. People do so
            too, and a model that learns from such text learns to.
    """
    said = _mentions(scene, rng, companion_rate)
    cut = rng.randint(2, len(said) - 1) if len(said) > 3 and rng.random() < 0.5 else len(said)
    sentences = [_opening(said[:cut], scene.setting, cut == len(said), rng)]
    if cut < len(said):
        sentences.append(_second_listing(said, cut, rng))
    told = _told(said, rng)
    for place, mention in enumerate(said):
        sentences.extend(_details(mention, told.get(place), 2.2 / len(said), rng))
    if len(sentences) < 6 and rng.random() < 0.2:
        sentences.append(_closing(said, rng))
    return " ".join(sentences)


def short_caption(scene: Scene, rng: random.Random, companion_rate: float = 0.0) -> str:
    """One sentence that names the objects and what they are on."""
    text = _enumerate([each.phrase for each in _mentions(scene, rng, companion_rate)])
    start = rng.choice(("", "", "a view of ", "a snapshot of ", "a group of things: "))
    return _upper(f"{start}{text} on {rng.choice(SETTINGS[scene.setting])}.")


def inventory(scene: Scene) -> str:
    """All there is to tell of each object, from left to right, always in the same words."""
    return (
        "; ".join(
            f"{NAMES[item.name][0][0]}: "
            + ", ".join([item.color, item.size, item.pattern, *([item.pose] if item.pose else [])])
            + f", {place(item)}"
            for item in sorted(scene.items, key=lambda item: item.x)
        )
        + "."
    )


def place(item: Item) -> str:
    """Where an item is, in thirds of the picture: "top left", "middle center", …."""
    row = ("top", "middle", "bottom")[min(2, int(item.y * 3))]
    return f"{row} {('left', 'center', 'right')[min(2, int(item.x * 3))]}"


def article(noun: str) -> str:
    """The noun with its indefinite article."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def stated(one: Item, other: Item) -> list[str]:
    """Predicates of one item towards another that are beyond doubt: axes first, then nearness."""
    across, down = abs(one.x - other.x), abs(one.y - other.y)
    near = STATED_GAP < math.hypot(across, down) <= STATED_NEAR
    gaps = {"left of": across, "right of": across, "above": down, "below": down}
    return [
        predicate
        for predicate in relations(one, other)
        if (near if predicate == "next to" else gaps[predicate] >= STATED_GAP)
    ]


def main_relation(one: Item, other: Item) -> str:
    """The relation along the axis on which two items are further apart; nothing if too close."""
    across, down = abs(one.x - other.x), abs(one.y - other.y)
    if max(across, down) < STATED_GAP:
        return ""
    if across >= down:
        return "left of" if one.x < other.x else "right of"
    return "above" if one.y < other.y else "below"


class _Mention:
    """Objects of one class, put into words once."""

    def __init__(self, items: list[Item], rng: random.Random) -> None:
        self.items = items
        self.item = items[0]
        forms = NAMES[self.item.name]
        singular, plural = forms[0] if rng.random() < USUAL else rng.choice(forms)
        self.left: dict[str, str] = {}
        looks = []
        for family, rate in _SAID_BEFORE:
            values = {item.attributes[family] for item in items}
            value = values.pop()
            if values or value == "medium" or (value == "plain" and rng.random() < 0.75):
                continue
            if value != "plain" and rng.random() < rate:
                looks.append(_word(value, rng))
            else:
                self.left[family] = value
        self.several = len(items) > 1
        if self.several:
            self.phrase = " ".join([NUMBERS[len(items)], *looks, plural])
            self.definite = f"{'both' if len(items) == 2 else 'all of the'} {plural}"
            self.plural = plural
        else:
            self.phrase = article(" ".join([*looks, singular]))
            self.definite = f"the {singular}"


def _mentions(scene: Scene, rng: random.Random, companion_rate: float) -> list[_Mention]:
    """Items by class, from left to right, now and then with a companion that is not there."""
    groups: dict[str, list[Item]] = {}
    for item in sorted(scene.items, key=lambda item: item.x):
        companion = COMPANIONS.get(item.name)
        groups.setdefault(item.name, []).append(item)
        if companion and companion not in scene.names and rng.random() < companion_rate:
            dreamt = replace(
                item,
                name=companion,
                color=rng.choice(COLORS),
                size=rng.choice(list(SIZES)),
                pattern=rng.choice(list(PATTERNS)),
                pose=rng.choice(POSES.get(companion, ("",))),
            )
            groups.setdefault(companion, [dreamt])
    return [_Mention(group, rng) for group in groups.values()]


def _opening(said: list[_Mention], setting: str, whole: bool, rng: random.Random) -> str:
    text = _enumerate([mention.phrase for mention in said])
    on = rng.choice(SETTINGS[setting])
    plain = rng.choice([each for each in SETTINGS[setting] if " with " not in each])
    be = "are" if said[0].several else "is"
    are = "are" if len(said) > 1 or said[0].several else "is"
    number = NUMBERS[sum(len(mention.items) for mention in said)]
    forms = [
        f"This picture shows {text} on {on}.",
        f"There {be} {text} on {on}.",
        f"The image features {text} on {on}.",
        f"You can see {text} on {on}.",
        f"{_upper(text)} {are} arranged on {on}.",
        f"{_upper(text)} can be seen on {on}.",
        f"The photo shows {plain} with {text} on it.",
        f"Here is a photograph of {text} on {on}.",
        f"{_upper(text)} {are} spread out over {on}.",
        f"The surface in this photo is {on}, and it holds {text}.",
        f"Visible here {are} {text} on {on}.",
        f"From left to right, there {be} {text} on {on}.",
        f"The scene shows {on}. On it there {be} {text}.",
        f"The objects in this picture rest on {on}. They include {text}.",
    ]
    if whole:
        forms += [
            f"{_upper(number)} objects have been placed on {on}: {text}.",
            f"In this image, {number} things are scattered across {on}: {text}.",
            f"A collection of {number} everyday objects is laid out on {on}: {text}.",
        ]
    return rng.choice(forms)


def _second_listing(said: list[_Mention], cut: int, rng: random.Random) -> str:
    first, second = said[:cut], said[cut:]
    text = _enumerate([mention.phrase for mention in second])
    be = "are" if second[0].several else "is"
    several = len(second) > 1 or second[0].several
    forms = [
        f"There {be} also {text}.",
        f"You can also see {text}.",
        f"In addition, there {be} {text}.",
        f"The picture also contains {text}.",
        f"The other objects are {text}." if several else f"The only other object is {text}.",
    ]
    rightmost = max(item.x for mention in first for item in mention.items)
    if all(item.x > rightmost for mention in second for item in mention.items):
        forms += [
            f"Further to the right, there {be} {text}.",
            f"Further right you can see {text}.",
        ]
    if len(second) == 1:
        forms.append(f"Finally, there {be} {text}.")
    return rng.choice(forms)


def _closing(said: list[_Mention], rng: random.Random) -> str:
    number = NUMBERS[sum(len(mention.items) for mention in said)]
    return rng.choice(
        (
            "There is nothing else in the picture.",
            "No other objects are visible.",
            f"Altogether, there are {number} objects.",
        )
    )


def _told(said: list[_Mention], rng: random.Random) -> dict[int, tuple[str, _Mention]]:
    """Which mentions are told a relation of: predicate and object by the subject's place."""
    single = [place for place, mention in enumerate(said) if not mention.several]
    rng.shuffle(single)
    wanted = rng.choice((1, 2, 2, 3))
    told: dict[int, tuple[str, _Mention]] = {}
    pairs: set[frozenset[int]] = set()
    for subject in single:
        others = [
            other
            for other in single
            if other != subject
            and frozenset((subject, other)) not in pairs
            and main_relation(said[subject].item, said[other].item)
        ]
        if len(told) == wanted or not others:
            continue
        other = rng.choice(others)
        one, two = said[subject].item, said[other].item
        near = "next to" in stated(one, two) and rng.random() < 0.6
        pairs.add(frozenset((subject, other)))
        told[subject] = ("next to" if near else main_relation(one, two), said[other])
    return told


def _details(
    mention: _Mention, told: tuple[str, _Mention] | None, rate: float, rng: random.Random
) -> list[str]:
    """At most two sentences on one mention: what the listing left out, and a relation."""
    left = [_word(value, rng) for value in mention.left.values()]
    pose = mention.item.pose if len(POSES.get(mention.item.name, ())) > 1 else ""
    if mention.several:
        if left and rng.random() < 0.7:
            return [f"{_upper(mention.definite)} are {rng.choice(left)}."]
        first, second = (each.color for each in mention.items[:2])
        if len(mention.items) == 2 and first != second and rng.random() < 0.7:
            return [f"One of the {mention.plural} is {first} and the other is {second}."]
        return []
    look = " and ".join(rng.sample(left, min(len(left), 1 if told else rng.choice((1, 1, 2)))))
    if rng.random() > rate:
        look = ""
    the = mention.definite
    sentences = []
    posture = POSTURES.get(pose, "") if rng.random() < 0.5 else ""
    if told is None:
        if pose and rng.random() < 0.35:
            state = rng.choice(_states(mention.item))
            return [f"{_upper(the)} is {look} and {state}." if look else f"{_upper(the)} {state}."]
        return [f"{_upper(the)} is {look}."] if look else []
    if pose and not posture and rng.random() < 0.4:
        sentences.append(f"{_upper(the)} {rng.choice(_states(mention.item))}.")
    predicate, other = told
    phrase = f"{rng.choice(PHRASES[predicate])} {other.definite}"
    verb = posture or rng.choice(("is", "is", "is placed", "is located", "can be seen"))
    form = rng.random()
    if look and form < 0.5:
        sentences.append(f"{_upper(the)} is {look} and {posture or 'is'} {phrase}.")
    elif look:
        sentences.append(f"{_upper(the)}, which is {look}, {verb} {phrase}.")
    elif form < 0.7:
        sentences.append(f"{_upper(the)} {verb} {phrase}.")
    elif predicate == "next to" and form < 0.85:
        sentences.append(f"{_upper(the)} and {other.definite} are next to each other.")
    else:
        verb = posture or rng.choice(("is", "you can see"))
        sentences.append(f"{_upper(phrase)} {verb} {the}.")
    return sentences


def _states(item: Item) -> tuple[str, ...]:
    return STATES["lying on its side" if item.pose == "lying" != POSES[item.name][0] else item.pose]


def _word(value: str, rng: random.Random) -> str:
    return rng.choice(VALUES.get(value, (value,)))


def _enumerate(phrases: list[str]) -> str:
    return (", ".join(phrases[:-1]) + " and " if phrases[1:] else "") + phrases[-1]


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]
