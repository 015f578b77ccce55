"""What a text claims of a picture: objects, attributes, relations (see docs/claims.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import tee
from typing import TYPE_CHECKING

from msgspec.structs import replace

from halluc.language.claims.attributes import find_attributes
from halluc.language.claims.doubt import SURE, reading_of
from halluc.language.claims.phrases import Mention, find_mentions
from halluc.language.claims.referents import Referents
from halluc.language.claims.relations import find_relations
from halluc.language.claims.senses import doubtful, printed
from halluc.language.claims.stances import find_stances
from halluc.language.claims.things import Things, coco_things
from halluc.language.pipeline.parser import parse
from halluc.language.pipeline.tree import read_words
from halluc.language.words.markup import compact
from halluc.records import Claim, Stance

if TYPE_CHECKING:
    from spacy.tokens import Doc

_STRONGEST: tuple[Stance, ...] = ("asked", "denied", "hedged")


def read_claims(texts: Iterable[str], things: Things | None = None) -> Iterator[list[Claim]]:
    """The claims of English texts.

    Args:
        texts: of any length and content.
        things: the vocabulary; default: COCO's 80 classes.

    Yields:
        The claims of each text, in the order of their words.

    >>> [claims] = read_claims(["A red cup is on the table."])
    >>> for claim in claims:
    ...     print(claim.kind, "of", claim.subject, claim.value, claim.object, end=";")
    attribute of cup red ;object of cup  ;relation of cup on dining table;object of dining table  ;
    """
    vocabulary = coco_things() if things is None else things
    ours, parsed = tee(map(compact, texts))
    for (_, places), doc in zip(ours, parse(text for text, _ in parsed), strict=True):
        claims = claims_of(doc, vocabulary)
        yield claims if places is None else [_moved(each, places) for each in claims]


def _moved(claim: Claim, places: list[int]) -> Claim:
    """A claim of a compact text with the places of the whole one."""

    def span(start: int, end: int) -> tuple[int, int]:
        return places[start], places[end - 1] + 1

    start, end = span(claim.start, claim.end)
    of = claim.subject_span and span(*claim.subject_span)
    to = claim.object_span and span(*claim.object_span)
    return replace(claim, start=start, end=end, subject_span=of, object_span=to)


def claims_of(doc: Doc, things: Things) -> list[Claim]:
    """The claims of a parsed text, in the order of their words; each only once."""
    words = read_words(doc)
    mentions = find_mentions(words, things, printed(words))
    if not mentions:
        return []
    stances = find_stances(words)
    doubted = {place for place, stance in enumerate(stances) if stance in ("denied", "hedged")}
    referents = Referents(words, mentions, doubted)
    unsure = doubtful(words, mentions)

    def span(first: int, last: int) -> tuple[int, int]:
        return words[first].start, words[last].end

    def name(mention: Mention) -> tuple[int, int]:
        return span(mention.first, mention.last)

    claims = [
        Claim(
            kind="object",
            start=words[each.first].start,
            end=words[each.last].end,
            subject=each.thing,
            stance=stances[each.last if each.part else each.head],
            subject_span=name(each),
            sure=SURE["object", "sense" if {each.head, each.last} & unsure else "near"],
        )
        for each in mentions
    ]
    for attribute in find_attributes(words, referents):
        start, end = span(attribute.first, attribute.last)
        by = attribute.reading or reading_of(words, referents.named, attribute.of, attribute.first)
        claims.append(
            Claim(
                kind="attribute",
                start=start,
                end=end,
                subject=attribute.of.thing,
                value=attribute.value,
                family=attribute.family,
                stance=_strongest(
                    stances[attribute.last],
                    # Of "Can you see the cup? It is red." the second is no question.
                    stances[attribute.of.head] if by != "back" else "asserted",
                ),
                sure=SURE["attribute", by],
                subject_span=name(attribute.of),
                some=attribute.of.some,
            )
        )
    for relation in find_relations(words, referents):
        start, end = span(relation.first, relation.last)
        readings = (
            reading_of(words, referents.named, each, relation.first)
            for each in (relation.subject, relation.object)
        )
        claims.append(
            Claim(
                kind="relation",
                start=start,
                end=end,
                subject=relation.subject.thing,
                value=relation.value,
                object=relation.object.thing,
                stance=_strongest(
                    stances[relation.first],
                    stances[relation.subject.head],
                    stances[relation.object.head],
                ),
                subject_span=name(relation.subject),
                sure=min(SURE["relation", relation.reading or each] for each in readings),
                object_span=name(relation.object),
            )
        )
    once = {
        (each.kind, each.start, each.end, each.subject, each.object): each for each in claims[::-1]
    }
    return sorted(once.values(), key=lambda each: (each.start, each.end, each.kind))


def _strongest(*stances: Stance) -> Stance:
    """The stance that wins where several meet."""
    return next((each for each in _STRONGEST if each in stances), "asserted")
