"""What is true of a picture, in the words that claims are in."""

from __future__ import annotations

from halluc.language.claims.lexicon import predicate_of
from halluc.language.claims.things import Things
from halluc.records import TrueObject, TrueRelation, Truth


def in_words_of(things: Things, truth: Truth) -> Truth:
    """A truth with the classes of a vocabulary and the lexicon's predicates.

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
            objects.append(TrueObject(name=name, box=each.box, attributes=each.attributes))
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
