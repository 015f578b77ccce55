"""What is true of a picture, in the words that claims are in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from halluc.language.claims.lexicon import FAMILIES, attribute_of, predicate_of
from halluc.language.claims.things import Things
from halluc.records import TrueObject, TrueRelation, Truth


def in_words_of(things: Things, truth: Truth) -> Truth:
    """A truth with the classes of a vocabulary and the lexicon's values and predicates.

    Left out is what no claim can be about: objects that the vocabulary has no word for, with their
    relations, and relations that the lexicon does not know.

    Args:
        things: the vocabulary.
        truth: names and predicates as a data set writes them.
    """
    places: dict[int, int] = {}
    objects: list[TrueObject] = []
    for index, each in enumerate(truth.objects):
        if (name := things.class_of(each.name)) is not None:
            places[index] = len(objects)
            values = _values(each.attributes)
            objects.append(TrueObject(name=name, box=each.box, attributes=values))
    relations = dict.fromkeys(
        TrueRelation(subject=places[each.subject], predicate=predicate, object=places[each.object])
        for each in truth.relations
        if each.subject in places
        and each.object in places
        and (predicate := predicate_of(each.predicate)) is not None
    )
    return Truth(
        objects=tuple(objects),
        relations=tuple(relations),
        complete=truth.complete,
        exhaustive=truth.exhaustive,
    )


def not_understood(things: Things, truths: Iterable[Truth]) -> str:
    """Names and attributes in truths of which no claim can be, in one line; empty if none.

    Args:
        things: the vocabulary.
        truths: as their data set writes them.
    """
    names: set[str] = set()
    families: set[str] = set()
    for truth in truths:
        names |= {name for name in truth.names if things.class_of(name) is None}
        families |= {key for each in truth.objects for key in each.attributes} - set(FAMILIES)
    said = [
        f"{what} {', '.join(sorted(some)[:8])}{' …' if len(some) > 8 else ''}"
        for what, some in (("names", names), ("attributes", families))
        if some
    ]
    return "; ".join(said)


def _values(attributes: Mapping[str, str | tuple[str, ...]]) -> dict[str, str | tuple[str, ...]]:
    """Attributes with the lexicon's values: who is "sitting" is in the state "sit"."""
    return {
        family: _value(family, told)
        if isinstance(told, str)
        else tuple(_value(family, each) for each in told)
        for family, told in attributes.items()
    }


def _value(family: str, told: str) -> str:
    known = attribute_of(told.lower())
    return known[1] if known and known[0] == family else told
