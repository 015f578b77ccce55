"""LRV-Instruction (Liu et al., 2023, arXiv 2306.14565): instructions that may be about nothing.

Models that only ever saw questions with an answer go along with whatever a question takes for
granted. So they are tuned on as many negative instructions as positive ones. Of the paper's two
negative kinds that are about the picture,

- *nonexistent* asks about an object that is not in it,
- *manipulated* about one that is, with an attribute or a relation that it does not have,

each as a question or a demand, and the answer declines and says what is there. There the texts come
from GPT-4; here they are put together from what is true of a picture, for any data set that tells.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import permutations

from halluc.datasets.pope import article
from halluc.language.claims.verdicts import values_of
from halluc.records import Sample, TrueObject, Truth
from mitigation.precorrection.correcting import OPPOSITE, SAID
from mitigation.precorrection.sft import Example

KINDS = ("positive", "nonexistent", "manipulated")
DESCRIBE = "Describe this image in detail."
MANY = 8
"""So many objects a description names, at most."""

PLACES = frozenset(SAID) | {
    "on",
    "in",
    "under",
    "behind",
    "in front of",
    "next to",
    "beside",
    "near",
}
"""Relations that are said as they are named; others ("has") need sentences of their own."""

UNSAID = {"medium", "plain"}
"""Attributes that nobody mentions without being asked."""


@dataclass
class _World:
    """What there is in all pictures: objects by frequency, and values by attribute family."""

    objects: Counter[str] = field(default_factory=Counter)
    together: dict[str, Counter[str]] = field(default_factory=dict)
    values: dict[str, set[str]] = field(default_factory=dict)

    def add(self, truth: Truth) -> None:
        names = sorted(truth.names)
        self.objects.update(names)
        for one, other in permutations(names, 2):
            self.together.setdefault(one, Counter())[other] += 1
        for each in truth.objects:
            for family in each.attributes:
                self.values.setdefault(family, set()).update(values_of(each, family))


def instructions(samples: Sequence[Sample], seed: int = 0) -> list[Example]:
    """Instructions on pictures: of each a description, a question, and one of each negative kind.

    What a truth cannot tell is left out: absent objects where it lists only some of those in the
    picture, wrong attributes and relations where it has none.

    Args:
        samples: pictures with what is true of them; one without is left out.
        seed: with a sample's id it fixes the sample's instructions.
    """
    world = _World()
    known = [(each, each.truth) for each in samples if each.truth is not None and each.image]
    for _, truth in known:
        world.add(truth)
    examples = []
    for sample, truth in known:
        rng = random.Random(f"lrv/{seed}/{sample.id}")
        told = (
            ("positive", _description(truth, rng)),
            ("positive", _question(truth, rng)),
            ("nonexistent", _nonexistent(truth, world, rng)),
            ("manipulated", _manipulated(truth, world, rng)),
        )
        for number, (kind, turn) in enumerate(told):
            if turn is not None:
                examples.append(
                    Example(
                        id=f"{sample.id}/{number}", image=str(sample.image),
                        prompt=turn[0], answer=turn[1], kind=kind,
                    )
                )  # fmt: skip
    return examples


Turn = tuple[str, str]
"""An instruction and its answer."""


def _description(truth: Truth, rng: random.Random) -> Turn | None:
    """All objects with some attributes, from left to right, and where some of them are."""
    # In an order that can be seen; one by chance cannot be learned.
    seen = sorted(truth.objects, key=lambda each: each.box.x if each.box else 0)
    named = list(dict.fromkeys(each.name for each in seen))
    if not named:
        return None
    single = {each.name: each for each in _singles(truth)}
    phrases = []
    for name in named[:MANY]:
        if name in single:
            phrases.append(_a(f"{_attribute(single[name], rng)}{name}"))
        else:
            phrases.append(f"more than one {name}")
    sentences = [f"The image shows {_list(phrases)}."]
    facts = _facts(truth)
    for one, predicate, other in rng.sample(facts, min(len(facts), 2)):
        sentences.append(f"The {one} is {_said(predicate)} the {other}.")
    return DESCRIBE, " ".join(sentences)


def _question(truth: Truth, rng: random.Random) -> Turn | None:
    """Something that is there, asked for or told to be described."""
    turns: list[Turn] = []
    if truth.objects:
        name = rng.choice(sorted(truth.names))
        asked = rng.choice((f"Is there {_a(name)} in the image?", f"Can you see {_a(name)}?"))
        turns.append((asked, f"Yes, there is {_a(name)} in the image."))
    looking = _seen(truth)
    if looking:
        each, family = rng.choice(looking)
        right = values_of(each, family)[0]
        turns.append((f"Is the {each.name} {right}?", f"Yes, the {each.name} is {right}."))
        asked = f"What is the {family} of the {each.name}?"
        turns.append((asked, f"The {each.name} is {right}."))
    if facts := _facts(truth):
        one, predicate, other = rng.choice(facts)
        place = f"{_said(predicate)} the {other}"
        turns.append((f"Where is the {one}?", f"The {one} is {place}."))
        turns.append((f"Is the {one} {place}?", f"Yes, the {one} is {place}."))
    return rng.choice(turns) if turns else None


def _nonexistent(truth: Truth, world: _World, rng: random.Random) -> Turn | None:
    """An object that is not there, every other time one that usually comes with what is."""
    if not (truth.complete or truth.exhaustive):
        return None
    absent = sorted(set(world.objects) - truth.names)
    if not absent:
        return None
    expected = sum((world.together.get(name, Counter()) for name in truth.names), Counter[str]())
    likely = [name for name in absent if expected[name]]
    if likely and rng.random() < 0.5:
        name = rng.choices(likely, [expected[each] for each in likely])[0]
    else:
        name = rng.choice(absent)
    near = rng.choice(sorted(truth.names)) if truth.names else None
    values = world.values.get("color")
    asked = [
        f"Is there {_a(name)} in the image?",
        f"Can you see {_a(name)}?",
        f"Where is the {name}?",
        f"Describe the {name} in the image.",
    ]
    if values:
        asked += [
            f"What is the color of the {name}?",
            f"Describe the {rng.choice(sorted(values))} {name}.",
        ]
    if near:
        asked.append(f"What is the {name} beside the {near} like?")
    question = rng.choice(asked)
    no = "No, there" if question.startswith(("Is", "Can")) else "There"
    return question, f"{no} is no {name} in the image."


def _manipulated(truth: Truth, world: _World, rng: random.Random) -> Turn | None:
    """An object that is there, with an attribute or a relation that it does not have."""
    turns: list[Turn] = []
    looking = _seen(truth)
    if looking:
        each, family = rng.choice(looking)
        right = values_of(each, family)
        wrong = sorted(world.values[family].difference(right))
        if wrong:
            value = rng.choice(wrong)
            declined = f"The {each.name} is not {value}. It is {right[0]}."
            turns += [
                (f"Is the {each.name} {value}?", f"No, the {each.name} is {right[0]}."),
                (f"Describe the {value} {each.name}.", declined),
                (f"Where is the {value} {each.name}?", declined),
            ]
    facts = [fact for fact in _facts(truth) if fact[1] in OPPOSITE]
    if facts:
        one, predicate, other = rng.choice(facts)
        place = f"{_said(OPPOSITE[predicate])} the {other}"
        correction = f"the {one} is {_said(predicate)} the {other}."
        turns += [
            (f"Is the {one} {place}?", f"No, {correction}"),
            (f"Describe the {one} {place}.", f"T{correction[1:]}"),
        ]
    return rng.choice(turns) if turns else None


def _singles(truth: Truth) -> list[TrueObject]:
    """Objects that are alone of their class, so that "the cup" is one of them."""
    count = Counter(each.name for each in truth.objects)
    return [each for each in truth.objects if count[each.name] == 1]


def _facts(truth: Truth) -> list[tuple[str, str, str]]:
    """Relations of single objects; of boxes, if none are told, those that stand side by side."""
    single = {each.name for each in _singles(truth)}
    told = [
        (truth.objects[each.subject].name, each.predicate, truth.objects[each.object].name)
        for each in truth.relations
    ]
    if not truth.relations:
        told = [
            (one.name, "left of", other.name)
            for one, other in permutations(truth.objects, 2)
            if one.box and other.box and one.box.x + one.box.width <= other.box.x
        ]
        told += [(other, "right of", one) for one, _, other in told]
    return [fact for fact in told if fact[0] in single and fact[2] in single and fact[1] in PLACES]


def _seen(truth: Truth) -> list[tuple[TrueObject, str]]:
    """Single objects with the families in which their attributes are known."""
    return [
        (each, family)
        for each in _singles(truth)
        for family in each.attributes
        if values_of(each, family)
    ]


def _attribute(each: TrueObject, rng: random.Random) -> str:
    """An attribute of an object, before its noun; every so often none."""
    known = [value for name in each.attributes for value in values_of(each, name)[:1]]
    look = rng.choice([*(value for value in known if value not in UNSAID), ""])
    return f"{look} " if look else ""


def _said(predicate: str) -> str:
    return SAID.get(predicate, predicate)


def _a(noun: str) -> str:
    noun = f"pair of {noun}" if noun == "scissors" else noun
    return f"{article(noun)} {noun}"


def _list(phrases: Iterable[str]) -> str:
    *before, last = phrases
    return f"{', '.join(before)} and {last}" if before else last
