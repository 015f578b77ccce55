"""Made-up captions with their trees, which the parser is trained on beside the treebank.

A treebank of the web knows few dogs that sit on benches next to cars, or pictures that feature
something. These sentences are drawn from a small grammar, ``captions.txt``, whose trees follow the
treebank's habits: "next" is an adverb that "to the car" hangs on, "in front of the car" hangs on
"front". A phrase of place after a verb or participle says where that happens. What they say makes
no sense on purpose, so that words tell nothing and places in the sentence all.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from halluc.language.pipeline.training.treebank import Sentence, Word

_PARTS = {"CC": "CCONJ", "CD": "NUM", "DT": "DET", "IN": "ADP", "JJ": "ADJ", "NN": "NOUN"}
_PARTS |= {"NNS": "NOUN", "PRP": "PRON", "PRP$": "PRON", "RB": "ADV", "TO": "PART", ",": "PUNCT"}
_PARTS |= {".": "PUNCT", "VB": "VERB", "VBG": "VERB", "VBN": "VERB", "VBP": "VERB", "VBZ": "VERB"}
_MODIFIERS = {"hot": ("JJ", "ADJ", "amod", "hot"), "potted": ("VBN", "VERB", "amod", "pot")}
_PARTS |= {"-LRB-": "PUNCT", "-RRB-": "PUNCT", ":": "PUNCT", "MD": "AUX"}
_CLITICS = frozenset({"n't", "n’t", "'s", "’s"})
_OFTEN = 0.2  # how often an optional part is there
_YIELDING = {"acl", "det", "nmod", "obl"}  # relations that give way to the head's own


class _Part(NamedTuple):
    """A part of an alternative: of the head, `head` is true."""

    relation: str
    of: str
    head: bool
    optional: bool


class _Symbol(NamedTuple):
    """Alternatives of a symbol with their weights."""

    weights: list[float]
    parts: list[list[_Part]]


@dataclass(slots=True)
class _Node:
    """A word with its dependents on both sides; its relation is to its own head."""

    word: Word
    before: list[_Node] = field(default_factory=list)
    after: list[_Node] = field(default_factory=list)


def caption_sentence(chance: random.Random) -> Sentence:
    """A made-up sentence of a caption, with its tree."""
    root = _draw("SENTENCE", chance)
    root.word.relation = "ROOT"
    words: list[Word] = []
    _lay(root, words)
    for word, after in pairwise(words):
        joined = after.part == "PUNCT" and after.tag != "-LRB-"
        word.space = not (joined or word.tag == "-LRB-" or after.text in _CLITICS)
        if word.text == "a" and after.text[0] in "aeiou":
            word.text = "an"
    if chance.random() < 0.9:
        words[0].text = words[0].text.capitalize()
    return Sentence(words, None)


def _draw(symbol: str, chance: random.Random) -> _Node:
    """A tree that a symbol or word stands for; its root has a relation if it insists on one."""
    if "/" in symbol:
        return _leaf(symbol)
    weights, alternatives = _grammar()[symbol]
    parts = chance.choices(alternatives, weights)[0]
    parts = [each for each in parts if not each.optional or chance.random() < _OFTEN]
    nodes = [_draw(each.of, chance) for each in parts]
    middle = next(place for place, each in enumerate(parts) if each.head)
    for part, node in zip(parts, nodes, strict=True):
        if part.relation and not (node.word.relation and part.relation in _YIELDING):
            node.word.relation = part.relation
    head = nodes[middle]
    head.before[:0] = nodes[:middle]
    head.after += nodes[middle + 1 :]
    return head


def _leaf(symbol: str) -> _Node:
    """A word, and the words before it that make a name with it."""
    text, tag, part, lemma = [*symbol.split("/"), "", ""][:4]
    *modifiers, name = text.split("_")
    node = _Node(_word(name, tag, part or _PARTS[tag], "", lemma.rpartition("_")[2] or name))
    for each in modifiers:
        tagged = _MODIFIERS.get(each, ("NN", "NOUN", "compound", each))
        node.before.append(_Node(_word(each, *tagged)))
    return node


def _word(text: str, tag: str, part: str, relation: str, lemma: str) -> Word:
    return Word(text=text, lemma=lemma, part=part, tag=tag, head=0, relation=relation)


def _lay(node: _Node, words: list[Word]) -> int:
    """Append the words of a tree in order; the position of its head."""
    heads = [_lay(each, words) for each in node.before]
    place = len(words)
    words.append(node.word)
    heads += [_lay(each, words) for each in node.after]
    for each in heads:
        words[each].head = place
    node.word.head = place
    return place


@cache
def _grammar() -> dict[str, _Symbol]:
    """Symbols by name."""
    grammar: dict[str, _Symbol] = {}
    name = ""
    for line in Path(__file__).with_name("captions.txt").read_text("utf-8").splitlines():
        if line.startswith(" "):
            for symbol, weight, parts in _alternatives(name, line.split()):
                weights, alternatives = grammar.setdefault(symbol, _Symbol([], []))
                weights.append(weight)
                alternatives.append(parts)
        elif not line.startswith("#"):
            name = line.strip()
    return grammar


def _alternatives(name: str, fields: list[str]) -> Iterator[tuple[str, float, list[_Part]]]:
    """What a line says: symbols, each with the weight and parts of an alternative."""
    first, *rest = fields
    if first == "nouns:":
        for each in rest:
            noun, _, plural = each.partition("/")
            yield name + "1", 1, [_Part("", f"{noun}/NN", True, False)]
            many = plural or _plural(noun)
            yield name + "N", 1, [_Part("", f"{many}/NNS/NOUN/{noun}", True, False)]
    elif first == "verbs:":
        for each in rest:
            base, *forms = each.split("/")
            ends = {"N": (base, "VBP"), "1": (forms[0], "VBZ"), "ING": (forms[1], "VBG")}
            for end, (form, tag) in {**ends, "VB": (base, "VB")}.items():
                yield name + end, 1, [_Part("", f"{form}/{tag}/VERB/{base}", True, False)]
    elif first.endswith(":"):
        tag, _, part = first[:-1].partition("/")
        for each in rest:
            word, _, lemma = each.partition("/")
            yield name, 1, [_Part("", f"{word}/{tag}/{part}/{lemma}", True, False)]
    else:
        for number in ("1", "N") if "#" in " ".join([name, *rest]) else ("",):
            parts = [_part(each.replace("#", number)) for each in rest]
            yield name.replace("#", number), float(first), parts


def _part(text: str) -> _Part:
    found = re.fullmatch(r"(\*?)(?:([a-z:]+)(\??)=)?(\S+)", text)
    assert found  # the grammar is ours  # noqa: S101
    star, relation, optional, of = found.groups()
    return _Part(relation or "", of, bool(star), bool(optional))


def _plural(noun: str) -> str:
    if noun.endswith(("s", "x", "ch", "sh")):
        return noun + "es"
    return noun[:-1] + "ies" if re.search(r"[^aeiou]y$", noun) else noun + "s"
