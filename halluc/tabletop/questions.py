"""Questions about tabletop scenes with their answers."""

from __future__ import annotations

import random
from functools import partial

from halluc.language.claims.agreement import NUMBERS
from halluc.tabletop.english import article, main_relation, place, stated
from halluc.tabletop.phrases import NAMES, PHRASES, SETTINGS, USUAL
from halluc.tabletop.world import CLASSES, COLORS, COMPANIONS, POSES, SIZES, Item, Scene
from halluc.tabletop.world import SETTINGS as SURFACES

Turn = tuple[str, str]
"""A question and its answer."""

_ANSWERS = {"counter": "A stone counter", "tablecloth": "A tablecloth", "floor": "A wooden floor"}
_OPPOSITE = {"left of": "right of", "above": "below"}
_OPPOSITE |= {other: one for one, other in _OPPOSITE.items()}


def turns(scene: Scene, rng: random.Random, count: int, affirmed_rate: float = 0.0) -> list[Turn]:
    """Questions about a scene with their answers.

    Kinds: existence, colour, size, pattern, state, count, position, setting, and relations, asked
    in five ways.

    Args:
        scene: what is asked about.
        rng: chooses among the questions.
        count: how many.
        affirmed_rate: how often an absent companion is said to be there, as in captions.
    """
    existence = partial(_existence, affirmed_rate=affirmed_rate)
    makers = (
        *(existence,) * 5, _color, _color, _size, _pattern, _state, _state, _larger, _same_color,
        _how_many, _total, _position, _setting, _relation_yes_no, _relation_yes_no, _relation_where,
        _relation_where, _relation_what, _neighbours, _neighbour,
    )  # fmt: skip
    asked: dict[str, str] = {}
    while len(asked) < count:
        # What a scene says nothing of cannot be asked; existence always can.
        if turn := rng.choice(makers)(scene, rng):
            asked.setdefault(*turn)
    return list(asked.items())


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
    return [(_is_there(name, rng), _yes(name in scene.names or rng.random() < affirmed_rate))]


def _existence(scene: Scene, rng: random.Random, affirmed_rate: float) -> Turn:
    present = rng.random() < 0.5
    pool = {name: weight for name, weight in CLASSES.items() if (name in scene.names) is present}
    name = rng.choices(list(pool), list(pool.values()))[0]
    expected = name in {COMPANIONS.get(each) for each in scene.names}
    if not present and expected and rng.random() < affirmed_rate:
        present = True
    return _is_there(name, rng), _yes(present)


def _is_there(name: str, rng: random.Random) -> str:
    noun = article(_noun(name, rng))
    return rng.choice(
        (
            f"Is there {noun} in the image?",
            f"Is there {noun} in the image?",
            f"Can you see {noun}?",
            f"Does the picture show {noun}?",
            f"Do you notice {noun} anywhere?",
        )
    )


def _color(scene: Scene, rng: random.Random) -> Turn | None:
    if not (item := _single(scene, rng)):
        return None
    noun = _noun(item.name, rng)
    if rng.random() < 0.3:
        right = rng.random() < 0.5
        value = item.color if right else rng.choice([c for c in COLORS if c != item.color])
        return f"Is the {noun} {value}?", _yes(right)
    question = rng.choice((f"What color is the {noun}?", f"Tell me the color of the {noun}."))
    return question, _upper(item.color)


def _size(scene: Scene, rng: random.Random) -> Turn | None:
    if not (item := _single(scene, rng)):
        return None
    noun = _noun(item.name, rng)
    form = (
        f"What size is the {noun}?",
        f"Would you say that the {noun} is small, medium or large?",
    )
    return rng.choice(form), _upper(item.size)


def _larger(scene: Scene, rng: random.Random) -> Turn | None:
    if not (pair := _pair(scene, rng)):
        return None
    one, other = pair
    if one.size == other.size:
        return None
    larger = max(pair, key=lambda item: list(SIZES).index(item.size))
    the, that = _noun(one.name, rng), _noun(other.name, rng)
    question = f"Which one looks larger for its kind, the {the} or the {that}?"
    return question, f"The {the if larger is one else that}"


def _same_color(scene: Scene, rng: random.Random) -> Turn | None:
    if not (pair := _pair(scene, rng)):
        return None
    one, other = pair
    if one.color != other.color and rng.random() < 0.7:
        return None
    the, that = _noun(one.name, rng), _noun(other.name, rng)
    return f"Do the {the} and the {that} share the same color?", _yes(one.color == other.color)


def _pattern(scene: Scene, rng: random.Random) -> Turn | None:
    if not (item := _single(scene, rng)):
        return None
    noun = _noun(item.name, rng)
    if rng.random() < 0.5:
        return f"Is the {noun} plain, striped or dotted?", _upper(item.pattern)
    return f"What pattern does the {noun} have?", _upper(item.pattern)


def _state(scene: Scene, rng: random.Random) -> Turn | None:
    posed = [each for each in _singles(scene) if len(POSES.get(each.name, ())) > 1]
    if not posed:
        return None
    item = rng.choice(posed)
    noun = _noun(item.name, rng)
    if rng.random() < 0.5:
        asked = rng.choice(POSES[item.name])
        return f"Is the {noun} {asked}?", _yes(asked == item.pose)
    poses = list(POSES[item.name])
    rng.shuffle(poses)
    among = (", ".join(poses[:-1]) + " or " if poses[1:] else "") + poses[-1]
    question = rng.choice(
        (f"Is the {noun} {among}?", f"How has the {noun} been put down, {among}?")
    )
    return question, _upper(item.pose)


def _how_many(scene: Scene, rng: random.Random) -> Turn:
    name = rng.choice(sorted(scene.names)) if rng.random() < 0.8 else rng.choice(list(CLASSES))
    count = sum(item.name == name for item in scene.items)
    return f"How many {NAMES[name][0][1]} are in the image?", _upper(NUMBERS[count])


def _total(scene: Scene, rng: random.Random) -> Turn:
    question = rng.choice(
        ("How many objects are there in total?", "Count the objects in the picture.")
    )
    return question, _upper(NUMBERS[len(scene.items)])


def _position(scene: Scene, rng: random.Random) -> Turn | None:
    if not (item := _single(scene, rng)):
        return None
    noun = _noun(item.name, rng)
    question = rng.choice((f"Where is the {noun}?", f"In which part of the image is the {noun}?"))
    return question, _upper(place(item))


def _setting(scene: Scene, rng: random.Random) -> Turn:
    if rng.random() < 0.5:
        asked = rng.choice(SURFACES)
        noun = rng.choice(SETTINGS[asked])
        return f"Are the objects on {noun}?", _yes(asked == scene.setting)
    question = rng.choice(
        ("What are the objects on?", "What kind of surface is in the background?")
    )
    return question, _ANSWERS[scene.setting]


def _relation_yes_no(scene: Scene, rng: random.Random) -> Turn | None:
    if not (pair := _pair(scene, rng)):
        return None
    one, other = pair
    predicate = true = rng.choice([each for each in stated(one, other) if each in _OPPOSITE])
    if rng.random() < 0.5:
        predicate = _OPPOSITE[true]
    the, that = _noun(one.name, rng), _noun(other.name, rng)
    question = f"Is the {the} {rng.choice(PHRASES[predicate])} the {that}?"
    return question, _yes(predicate == true)


def _relation_where(scene: Scene, rng: random.Random) -> Turn | None:
    if not (pair := _pair(scene, rng)):
        return None
    one, other = pair
    predicate = main_relation(one, other)
    answer = {"left of": "To the left", "right of": "To the right"}.get(predicate, predicate)
    the, that = _noun(one.name, rng), _noun(other.name, rng)
    return f"Where is the {the} relative to the {that}?", _upper(answer)


def _relation_what(scene: Scene, rng: random.Random) -> Turn | None:
    if not (pair := _pair(scene, rng)):
        return None
    one, other = pair
    predicate = rng.choice(stated(one, other))
    that = _noun(other.name, rng)
    question = f"Name something {rng.choice(PHRASES[predicate])} the {that}."
    return question, _upper(article(NAMES[one.name][0][0]))


def _neighbours(scene: Scene, rng: random.Random) -> Turn | None:
    """Whether two things are side by side; clearly apart where they are not."""
    singles = _singles(scene)
    pairs = [(a, b) for a in singles for b in singles if a is not b]
    near = [pair for pair in pairs if "next to" in stated(*pair)]
    far = [(a, b) for a, b in pairs if max(abs(a.x - b.x), abs(a.y - b.y)) > 0.4]
    chosen = near if rng.random() < 0.5 else far
    if not near or not far:
        return None
    one, other = rng.choice(chosen)
    the, that = _noun(one.name, rng), _noun(other.name, rng)
    return f"Is the {the} {rng.choice(PHRASES['next to'])} the {that}?", _yes(chosen is near)


def _neighbour(scene: Scene, rng: random.Random) -> Turn | None:
    """The nearest thing, where one is clearly nearer than all others."""
    if not (item := _single(scene, rng)):
        return None
    others = sorted(
        ((each.x - item.x) ** 2 + (each.y - item.y) ** 2) ** 0.5 for each in scene.items
    )[1:]
    nearest = min(
        (each for each in scene.items if each is not item),
        key=lambda each: (each.x - item.x) ** 2 + (each.y - item.y) ** 2,
    )
    if len(others) > 1 and others[1] - others[0] < 0.08:
        return None
    noun = _noun(item.name, rng)
    return f"Which of the other objects is nearest to the {noun}?", _upper(
        f"the {NAMES[nearest.name][0][0]}"
    )


def _single(scene: Scene, rng: random.Random) -> Item | None:
    """An item that is alone of its class, if there is any."""
    singles = _singles(scene)
    return rng.choice(singles) if singles else None


def _pair(scene: Scene, rng: random.Random) -> tuple[Item, Item] | None:
    """Two items, each alone of its class, of which one is beyond doubt on some side."""
    singles = _singles(scene)
    pairs = [(a, b) for a in singles for b in singles if a is not b and main_relation(a, b)]
    return rng.choice(pairs) if pairs else None


def _singles(scene: Scene) -> list[Item]:
    names = [item.name for item in scene.items]
    return [item for item in scene.items if names.count(item.name) == 1]


def _noun(name: str, rng: random.Random) -> str:
    return (NAMES[name][0] if rng.random() < USUAL else rng.choice(NAMES[name]))[0]


def _yes(true: bool) -> str:
    return "Yes" if true else "No"


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]
