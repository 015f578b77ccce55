"""Ways to take objects out of a sentence: from a list, with a preposition, or with a clause."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from halluc.language.claims.lexicon import place_of
from halluc.language.pipeline.tree import BE
from mitigation.postcorrection.revisions import Edit

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
_SINGULAR = {"are": "is", "were": "was", "have": "has"}


@dataclass
class Phrase:
    """A mention of an object with the words that belong to it.

    Attributes:
        thing: its class.
        start, end: characters, from the article to the noun.
        plural: it names several.
        gone: it has to go.
    """

    thing: str
    start: int
    end: int
    plural: bool
    gone: bool


@dataclass
class Editor:
    """A text at work.

    Attributes:
        text: as it was.
        phrases: the mentions of objects in it, in order.
        fine: words that are replaced, in order.
        edits: what goes, and what was written again in its place.
    """

    text: str
    phrases: list[Phrase]
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

    def put(self, start: int, end: int, after: str, why: Sequence[str]) -> None:
        """Say something else in a stretch of the text."""
        self.edits.append(
            Edit(
                start=start,
                end=end,
                before=self.text[start:end],
                after=after,
                why=tuple(dict.fromkeys(why)),
            )
        )


def lists(text: str, phrases: Sequence[Phrase]) -> list[list[Phrase]]:
    """Phrases that follow each other with nothing but commas and "and" between them."""
    found: list[list[Phrase]] = []
    for each in phrases:
        if found and _BETWEEN.fullmatch(text[found[-1][-1].end : each.start]):
            found[-1].append(each)
        else:
            found.append([each])
    return found


def shorten(editor: Editor, begin: int, some: Sequence[Phrase], kept: list[Phrase]) -> None:
    """Leave the kept phrases of a list, with its commas, its "and" and its verb as they belong."""
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


def cut_tail(editor: Editor, end: int, phrases: Sequence[Phrase], some: Sequence[Phrase]) -> bool:
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


def cut_clause(editor: Editor, begin: int, end: int, some: Sequence[Phrase]) -> bool:
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


def replacement(text: str, span: tuple[int, int], new: str, why: str) -> Edit:
    """A word in the place of another, with "a" or "an" before it as it belongs."""
    start, end = span
    if text[start].isupper():
        new = new[0].upper() + new[1:]
    if article := re.search(r"\b(an?)(\s+)$", text[:start], re.IGNORECASE):
        right = article_of(new)
        if article[1].lower() != right:
            right = right.capitalize() if article[1][0].isupper() else right
            start, new = article.start(1), f"{right}{article[2]}{new}"
    return Edit(start=start, end=end, before=text[start:end], after=new, why=(why,))


def article_of(noun: str) -> str:
    """The indefinite article that belongs before a noun."""
    return "an" if noun[:1].lower() in "aeiou" else "a"
