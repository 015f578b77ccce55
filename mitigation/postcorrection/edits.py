"""Taking objects out of an English caption, and putting words in the place of others.

Sentence by sentence, for objects that are not in the picture:

- in a list ("a cup, a fork and a knife") the others stay, with commas and "and" as they belong;
- behind a preposition ("sits on a bench") the preposition goes along, and a last clause that tells
  of nothing else (", and a bench is near it") goes as a whole;
- else the sentence goes. Objects that are told of nowhere else are kept: "There is a dog."

All other characters stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from halluc.language.claims.phrases import find_mentions
from halluc.language.pipeline.tree import read_words
from halluc.records import Claim
from mitigation.postcorrection.cuts import (
    Editor,
    Phrase,
    article_of,
    cut_clause,
    cut_tail,
    lists,
    replacement,
    shorten,
)
from mitigation.postcorrection.revisions import Edit

if TYPE_CHECKING:
    from spacy.tokens import Doc

    from halluc.language.claims.things import Things

_SENTENCE = re.compile(r"\S.*?(?:[.!?]+[\"')\]”’]*(?=\s|$)|\n|$)", re.DOTALL)
_ALSO = re.compile(r"\balso,?\s+", re.IGNORECASE)


def revise_text(
    doc: Doc,
    things: Things,
    claims: Sequence[Claim],
    absent: frozenset[str],
    instead: Mapping[tuple[int, int], tuple[str, str]],
) -> tuple[Edit, ...]:
    """The edits that take objects out of a caption and replace words.

    Args:
        doc: the parsed caption.
        things: the vocabulary.
        claims: what the caption states.
        absent: classes that are not in the picture.
        instead: span of a word → what to say in its place, and why.

    Returns:
        Edits in order, that do not overlap; none also where nothing would be left.
    """
    text = doc.text
    phrases = phrases_of(doc, things, claims, absent)
    fine = [replacement(text, span, *new) for span, new in sorted(instead.items())]
    editor = Editor(text, phrases, fine)
    sentences = [match.span() for match in _SENTENCE.finditer(text)]
    dropped = [
        place
        for place, (start, end) in enumerate(sentences)
        if _revise_sentence(editor, start, end, claims, absent)
    ]
    if len(dropped) == len(sentences):
        _keep_some(editor, sentences, dropped)
    if len(dropped) == len(sentences):
        return ()
    _drop(editor, sentences, dropped, absent)
    spans = [(each.start, each.end) for each in editor.edits]
    loose = [
        each
        for each in fine
        if not any(start < each.end and each.start < end for start, end in spans)
    ]
    return tuple(sorted([*editor.edits, *loose], key=lambda each: (each.start, each.end)))


def phrases_of(
    doc: Doc, things: Things, claims: Sequence[Claim], absent: frozenset[str]
) -> list[Phrase]:
    """The mentions of objects in a caption; those that assert an absent one have to go."""
    words = read_words(doc)
    asserted = {
        each.start for each in claims if each.kind == "object" and each.stance == "asserted"
    }
    return [
        Phrase(
            each.thing,
            words[each.begin].start,
            words[each.last].end,
            each.plural,
            each.thing in absent and words[each.first].start in asserted,
        )
        for each in find_mentions(words, things)
    ]


def _revise_sentence(
    editor: Editor, start: int, end: int, claims: Sequence[Claim], absent: frozenset[str]
) -> bool:
    """Edit a sentence; True where it has to go as a whole."""
    phrases = [each for each in editor.phrases if start <= each.start and each.end <= end]
    if not any(each.gone for each in phrases):
        return _only_about(absent, [c for c in claims if start <= c.start and c.end <= end])
    before = len(editor.edits)
    for some in lists(editor.text, phrases):
        if not any(each.gone for each in some):
            continue
        kept = [each for each in some if not each.gone]
        if kept:
            shorten(editor, start, some, kept)
        elif not (cut_tail(editor, end, phrases, some) or cut_clause(editor, start, end, some)):
            del editor.edits[before:]
            return True
    return False


def _only_about(absent: frozenset[str], claims: Sequence[Claim]) -> bool:
    """Whether a sentence speaks of absent objects alone, by "it" or "they"."""
    return bool(claims) and all({each.subject, each.object} & absent for each in claims)


def _keep_some(editor: Editor, sentences: Sequence[tuple[int, int]], dropped: list[int]) -> None:
    """Where no sentence is left, let the first one with a true object name just that."""
    for place in dropped:
        start, end = sentences[place]
        if kept := [p for p in editor.phrases if start <= p.start < end and not p.gone]:
            _restate(editor, start, end, kept)
            dropped.remove(place)
            return


def _drop(
    editor: Editor,
    sentences: Sequence[tuple[int, int]],
    dropped: Sequence[int],
    absent: frozenset[str],
) -> None:
    """Take sentences out, but name what is told of nowhere else."""
    text = editor.text
    gone = set(dropped)
    told = {
        each.thing
        for each in editor.phrases
        for place, (start, end) in enumerate(sentences)
        if start <= each.start < end and place not in gone and not each.gone
    }
    begun = False
    for place, (start, end) in enumerate(sentences):
        if place not in gone:
            if not begun and place and (also := _ALSO.search(text, start, end)):
                spans = [(each.start, each.end) for each in editor.edits]
                if not any(a < also.end() and also.start() < b for a, b in spans):
                    editor.put(also.start(), also.end(), "", sorted(absent))
            begun = True
            continue
        named = [each for each in editor.phrases if start <= each.start < end]
        new = {e.thing: e for e in reversed(named) if not e.gone and e.thing not in told}
        if new:
            _restate(editor, start, end, sorted(new.values(), key=lambda each: each.start))
            told |= new.keys()
            begun = True
            continue
        why = [each.thing for each in named if each.gone] or sorted(absent)
        if begun:  # with the space before it, else with that after it
            before = sentences[place - 1][1]
            editor.put(before, end, "", why)
        else:
            after = sentences[place + 1][0] if place + 1 < len(sentences) else end
            editor.put(start, after, "", why)


def _restate(editor: Editor, start: int, end: int, kept: Sequence[Phrase]) -> None:
    said = []
    for each in kept:
        phrase = editor.patched(each.start, each.end)
        phrase = phrase[0].lower() + phrase[1:]
        noun = re.sub(r"^(the|its|his|her|their|this)\s+", "", phrase)
        said.append(phrase if noun == phrase or each.plural else f"{article_of(noun)} {noun}")
    be = "are" if kept[0].plural else "is"
    listed = " and ".join(filter(None, [", ".join(said[:-1]), said[-1]]))
    gone = [each.thing for each in editor.phrases if start <= each.start < end and each.gone]
    editor.put(start, end, f"There {be} {listed}.", gone)
