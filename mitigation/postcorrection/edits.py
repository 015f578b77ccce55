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
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from halluc.language.lexicon import place_of
from halluc.language.phrases import find_mentions
from halluc.language.words import BE, read_words
from halluc.records import Claim
from mitigation.postcorrection.revisions import Edit

if TYPE_CHECKING:
    from spacy.tokens import Doc

    from halluc.language.things import Things

_SENTENCE = re.compile(r"\S.*?(?:[.!?]+[\"')\]”’]*(?=\s|$)|\n|$)", re.DOTALL)
_BETWEEN = re.compile(r"\s*(?:,\s*and|,|and|as well as|,\s*as well as|or)\s+")
_LEADS = frozenset(
    "with including featuring alongside holding carrying wearing using along containing having"
    " and".split()
)
# What cannot end a sentence: "The cup is", "A cup is placed", "There you can see".
_OPEN = re.compile(
    r"\b(?:is|are|was|were|be|being|been|you|see|there|here)(?:\s+\w+ed)?\W*$", re.IGNORECASE
)
_THERE = re.compile(r"\b(there\s+)(is|are)(\s+(?:also\s+)?)$", re.IGNORECASE)
_VERB = re.compile(r"(\s+(?:all\s+)?)(are|were|have|appear|sit|stand|lie)\b")
_CLAUSE = re.compile(r",\s*(?:and|while|but)\s+$")
_PREDICATE = re.compile(r"\s+(?:is|are|was|were|can|could|has|have)\b")
_STOP = re.compile(r"[.!?]+[\"')\]”’]*$")
_ALSO = re.compile(r"\balso,?\s+", re.IGNORECASE)
_SINGULAR = {"are": "is", "were": "was", "have": "has"}


@dataclass
class _Phrase:
    """A mention of an object with the words that belong to it."""

    thing: str
    start: int
    end: int
    plural: bool
    gone: bool


@dataclass
class _Editor:
    text: str
    phrases: list[_Phrase]
    fine: list[Edit]
    edits: list[Edit] = field(default_factory=list)

    def patched(self, start: int, end: int) -> str:
        """A stretch of the text with the words that are replaced in it."""
        inside = [each for each in self.fine if start <= each.start and each.end <= end]
        pieces, done = [], start
        for each in inside:
            pieces += [self.text[done : each.start], each.after]
            done = each.end
        return "".join([*pieces, self.text[done:end]])

    def put(self, start: int, end: int, after: str, why: Sequence[str] = ()) -> None:
        self.edits.append(
            Edit(
                start=start,
                end=end,
                before=self.text[start:end],
                after=after,
                why=tuple(dict.fromkeys(why)),
            )
        )


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
    words = read_words(doc)
    text = doc.text
    asserted = {
        each.start for each in claims if each.kind == "object" and each.stance == "asserted"
    }
    phrases = [
        _Phrase(
            each.thing,
            words[each.begin].start,
            words[each.last].end,
            each.plural,
            each.thing in absent and words[each.first].start in asserted,
        )
        for each in find_mentions(words, things)
    ]
    fine = [_replacement(text, span, *new) for span, new in sorted(instead.items())]
    editor = _Editor(text, phrases, fine)
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


def _revise_sentence(
    editor: _Editor, start: int, end: int, claims: Sequence[Claim], absent: frozenset[str]
) -> bool:
    """Edit a sentence; True where it has to go as a whole."""
    phrases = [each for each in editor.phrases if start <= each.start and each.end <= end]
    if not any(each.gone for each in phrases):
        return _only_about(absent, [c for c in claims if start <= c.start and c.end <= end])
    before = len(editor.edits)
    for some in _lists(editor.text, phrases):
        if not any(each.gone for each in some):
            continue
        kept = [each for each in some if not each.gone]
        if kept:
            _shorten(editor, start, some, kept)
        elif not (_cut_tail(editor, end, phrases, some) or _cut_clause(editor, start, end, some)):
            del editor.edits[before:]
            return True
    return False


def _only_about(absent: frozenset[str], claims: Sequence[Claim]) -> bool:
    """Whether a sentence speaks of absent objects alone, by "it" or "they"."""
    return bool(claims) and all({each.subject, each.object} & absent for each in claims)


def _lists(text: str, phrases: Sequence[_Phrase]) -> list[list[_Phrase]]:
    """Phrases that follow each other with nothing but commas and "and" between them."""
    lists: list[list[_Phrase]] = []
    for each in phrases:
        if lists and _BETWEEN.fullmatch(text[lists[-1][-1].end : each.start]):
            lists[-1].append(each)
        else:
            lists.append([each])
    return lists


def _shorten(editor: _Editor, begin: int, some: Sequence[_Phrase], kept: list[_Phrase]) -> None:
    """Leave the kept phrases of a list."""
    text = editor.text
    start, end = some[0].start, some[-1].end
    gone = [each.thing for each in some if each.gone]
    last = text[some[-2].end : some[-1].start]
    said = [editor.patched(each.start, each.end) for each in kept]
    comma = ", and " if len(kept) > 2 and last.lstrip().startswith(", and") else " and "
    new = comma.join(filter(None, [", ".join(said[:-1]), said[-1]]))
    if start == begin:
        new = new[0].upper() + new[1:]
    one = len(kept) == 1 and not kept[0].plural
    if there := _THERE.search(text, begin, start):
        be = "are" if kept[0].plural else "is"
        if there[2].lower() != be and len(kept) < len(some):
            editor.put(there.start(2), there.end(2), be, gone)
    editor.put(start, end, new, gone)
    if one and (verb := _VERB.match(text, end)) and not there:
        singular = _SINGULAR.get(verb[2], verb[2] + "s")
        editor.put(verb.start(2), verb.end(2), singular, gone)


def _cut_tail(
    editor: _Editor, end: int, phrases: Sequence[_Phrase], some: Sequence[_Phrase]
) -> bool:
    """Take out a list of absent objects with the preposition before it, if that reads well."""
    text = editor.text
    if not re.match(r"\s*(?:[,.;!?]|$|and\b|while\b)", text[some[-1].end : end]):
        return False
    earlier = [each for each in phrases if each.end <= some[0].start and not each.gone]
    if not earlier:
        return False
    link = re.findall(r"[\w'-]+|[^\w\s]", text[earlier[-1].end : some[0].start])
    for first in range(len(link)):
        lead = " ".join(link[first:]).lower().strip(", ")
        words = lead.split()
        if not words or words[0] in BE:
            continue
        if words[0] not in _LEADS and place_of(lead) is None:
            continue
        pattern = r"\W*".join(map(re.escape, link[first:]))
        match = re.search(rf"\s*,?\s*{pattern}\s*$", text[earlier[-1].end : some[0].start])
        if match is None:
            return False
        start = earlier[-1].end + match.start()
        if _OPEN.search(text[earlier[-1].end : start]):
            return False
        editor.put(start, some[-1].end, "", [each.thing for each in some])
        return True
    return False


def _cut_clause(editor: _Editor, begin: int, end: int, some: Sequence[_Phrase]) -> bool:
    """Take out the last clause of a sentence, of which a list of absent objects is the subject."""
    text = editor.text
    link = _CLAUSE.search(text, begin, some[0].start)
    stop = _STOP.search(text, some[-1].end, end)
    if not link or not stop or not _PREDICATE.match(text, some[-1].end):
        return False
    inside = [each for each in editor.phrases if link.start() <= each.start < end]
    told = {each.thing for each in editor.phrases if each not in inside and not each.gone}
    if any(not each.gone and each.thing not in told for each in inside):
        return False
    gone = [each.thing for each in inside if each.gone]
    editor.edits = [each for each in editor.edits if each.start < link.start()]
    editor.put(link.start(), stop.start(), "", gone)
    return True


def _keep_some(editor: _Editor, sentences: Sequence[tuple[int, int]], dropped: list[int]) -> None:
    """Where no sentence is left, let the first one with a true object name just that."""
    for place in dropped:
        start, end = sentences[place]
        if kept := [p for p in editor.phrases if start <= p.start < end and not p.gone]:
            _restate(editor, start, end, kept)
            dropped.remove(place)
            return


def _drop(
    editor: _Editor,
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


def _restate(editor: _Editor, start: int, end: int, kept: Sequence[_Phrase]) -> None:
    said = []
    for each in kept:
        phrase = editor.patched(each.start, each.end)
        phrase = phrase[0].lower() + phrase[1:]
        noun = re.sub(r"^(the|its|his|her|their|this)\s+", "", phrase)
        said.append(phrase if noun == phrase or each.plural else f"{_article(noun)} {noun}")
    be = "are" if kept[0].plural else "is"
    listed = " and ".join(filter(None, [", ".join(said[:-1]), said[-1]]))
    gone = [each.thing for each in editor.phrases if start <= each.start < end and each.gone]
    editor.put(start, end, f"There {be} {listed}.", gone)


def _replacement(text: str, span: tuple[int, int], new: str, why: str) -> Edit:
    """A word in the place of another, with "a" or "an" before it as it belongs."""
    start, end = span
    if text[start].isupper():
        new = new[0].upper() + new[1:]
    if article := re.search(r"\b(an?)(\s+)$", text[:start], re.IGNORECASE):
        right = _article(new)
        if article[1].lower() != right:
            right = right.capitalize() if article[1][0].isupper() else right
            start, new = article.start(1), f"{right}{article[2]}{new}"
    return Edit(start=start, end=end, before=text[start:end], after=new, why=(why,))


def _article(noun: str) -> str:
    return "an" if noun[:1].lower() in "aeiou" else "a"
