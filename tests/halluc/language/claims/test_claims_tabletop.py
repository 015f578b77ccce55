"""The reader against the embedded world, whose captions state what is known to the letter."""

import random
from collections import Counter

import pytest
from literal import literal_claims

from halluc.language.claims.reader import read_claims
from halluc.tabletop.english import detailed_caption, short_caption
from halluc.tabletop.world import SPLITS, scene

SCENES = 280
LEAST = {"object": 0.995, "attribute": 0.99, "relation": 0.98}


def _captions():
    for split in SPLITS:
        for number in range(SCENES):
            drawn, rng = scene(split, number), random.Random(number)
            for _ in range(2):
                yield detailed_caption(drawn, rng, companion_rate=0.3)
            yield short_caption(drawn, rng, companion_rate=0.3)


@pytest.fixture(scope="module")
def texts():
    return list(_captions())


def test_claims_are_those_that_were_put_into_words(texts):
    assert sum(text.count(".") for text in texts) >= 5000
    right, read, written = Counter(), Counter(), Counter()
    for text, claims in zip(texts, read_claims(texts), strict=True):
        assert {claim.stance for claim in claims} == {"asserted"}, text
        found = Counter(map(_words, claims))
        wanted = Counter(map(_words, literal_claims(text)))
        for counts, some in ((right, found & wanted), (read, found), (written, wanted)):
            for (kind, *_), number in some.items():
                counts[kind] += number
    assert {
        kind: right[kind] / read[kind] for kind in LEAST if right[kind] < LEAST[kind] * read[kind]
    } == {}
    assert {
        kind: right[kind] / written[kind]
        for kind in LEAST
        if right[kind] < LEAST[kind] * written[kind]
    } == {}


def _words(claim):
    return claim.kind, claim.start, claim.end, claim.subject, claim.value, claim.object


@pytest.mark.parametrize(
    ("text", "states"),
    [
        ("The bottle is lying. The book leans to one side.", ["lying", "leans"]),
        ("The vase is black and lies on its side.", ["lies"]),
        ("A teddy bear sits upright. A book lies flat on a laptop.", ["sits", "lies"]),
        ("The cup is not standing.", ["standing"]),
        ("A cup sits on the table and a bottle stands next to it.", []),
        ("A spoon is lying beside the bowl. On the shelf stands a vase.", []),
        ("The book is leaning against the vase.", []),
        ("There is a hot dog stand.", []),
        ("A man stands next to a bus and leans against it.", ["stands"]),
    ],
)
def test_postures_of_lifeless_things_are_states_unless_they_tell_where(text, states):
    [claims] = read_claims([text])
    assert [text[each.start : each.end] for each in claims if each.family == "state"] == states
