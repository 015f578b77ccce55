"""The vocabulary of CHAIR: which words name which of COCO's 80 classes.

Source: Rohrbach et al. 2018, "Object Hallucination in Image Captioning" (arXiv:1809.02156), and the
word lists published with it at https://github.com/LisaAnne/Hallucination.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from halluc.language.words.plurals import singulars

# Two words that name one thing. "home plate" and "train track" name no class: they keep "plate" and
# "train" from being read alone. "stove top oven" has three words, so pairs never reach it.
_PAIRS = """
    motor bike, motor cycle, air plane, traffic light, street light, traffic signal, stop light,
    fire hydrant, stop sign, parking meter, suit case, sports ball, baseball bat, baseball glove,
    tennis racket, wine glass, hot dog, cell phone, mobile phone, teddy bear, hair drier,
    potted plant, bow tie, laptop computer, stove top oven, home plate, train track
"""
# A baby bird is no person, and a passenger jet carries none.
_YOUNG = "bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe, animal, cub"
_PASSENGER = "jet, train"
_OVERRIDES = {"bow tie": "tie", "toilet seat": "toilet", "wine glas": "wine glass"}


# What data sets and people call COCO's classes beside the words of the list.
_OTHER_NAMES = {
    "mug": "cup", "teacup": "cup", "coffee cup": "cup", "aeroplane": "airplane",
    "pottedplant": "potted plant", "diningtable": "dining table",
    "tvmonitor": "tv", "television set": "tv", "racquet": "tennis racket",
    "tennis racquet": "tennis racket", "remote control": "remote", "motor cycle": "motorcycle",
    "hair dryer": "hair drier", "tennis ball": "sports ball",
    "baseball mitt": "baseball glove", "wineglass": "wine glass", "hotdog": "hot dog",
}  # fmt: skip


@dataclass(frozen=True)
class Vocabulary:
    """Words of captions and the classes they name.

    Attributes:
        nodes: word (singular, lower case; some of two words) to the class it names.
        pairs: two singular words in a row to the word that they are read as.
        words: the words of nodes and pairs, each alone.
    """

    nodes: Mapping[str, str]
    pairs: Mapping[str, str]
    words: frozenset[str]

    @property
    def classes(self) -> list[str]:
        """The classes, in the order of the list."""
        return list(dict.fromkeys(self.nodes.values()))


@cache
def coco_vocabulary() -> Vocabulary:
    """CHAIR's published vocabulary of COCO's 80 classes.

    >>> words = coco_vocabulary()
    >>> len(words.classes), words.nodes["sofa"], words.pairs["baby giraffe"]
    (80, 'couch', 'giraffe')
    """
    text = files("halluc.language.words").joinpath("coco_synonyms.txt").read_text(encoding="utf-8")
    rows = [row.split(", ") for row in text.splitlines() if not row.startswith("#")]
    nodes = {word: row[0] for row in rows for word in row}

    pairs = {" ".join(pair.split()): " ".join(pair.split()) for pair in _PAIRS.split(",")}
    for animal in _YOUNG.split(", "):
        pairs[f"baby {animal}"] = pairs[f"adult {animal}"] = animal
    for vehicle in _PASSENGER.split(", "):
        pairs[f"passenger {vehicle}"] = vehicle
    pairs |= _OVERRIDES
    words = frozenset(word for entry in (*nodes, *pairs) for word in entry.split())
    return Vocabulary(nodes, pairs, words)


@lru_cache(maxsize=10_000)
def coco_class(name: str) -> str | None:
    """The class that a name in a truth means, None for other things.

    Capitals, plurals, and "_" or "-" for a space do not matter.

    >>> [coco_class(name) for name in ("Dogs", "Motorbike", "mug", "wine_glass", "tree")]
    ['dog', 'motorcycle', 'cup', 'wine glass', None]
    """
    nodes = coco_vocabulary().nodes
    if name in nodes:
        return nodes[name]
    plain = " ".join(re.split(r"[\s_-]+", name.strip().lower()))
    for each in (plain, *singulars(plain)):
        if (found := nodes.get(each) or _OTHER_NAMES.get(each)) is not None:
            return found
    return None
