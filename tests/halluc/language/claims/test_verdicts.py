import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from halluc.language.claims.lexicon import INVERSES
from halluc.language.claims.verdicts import judge, same_fact
from halluc.language.words.vocabulary import coco_vocabulary
from halluc.records import Box, Claim, TrueObject, TrueRelation, Truth

TRUTH = Truth(
    objects=(
        TrueObject(name="cup", box=Box(0, 0, 5, 5), attributes={"color": "red"}),
        TrueObject(name="cup", attributes={"color": "blue"}),
        TrueObject(name="fork", box=Box(9, 0, 5, 5)),
    ),
    relations=(TrueRelation(subject=0, predicate="left of", object=2),),
    complete=True,
)


def _claim(kind, subject, **more):
    return Claim(kind=kind, start=0, end=1, subject=subject, **more)


def _verdicts(claims, truth):
    return [each.verdict for each in judge("x", claims, truth, "finegrained")]


def _verdict(claim, truth):
    (verdict,) = _verdicts([claim], truth)
    return verdict


CUP = _claim("object", "cup")
DOG = _claim("object", "dog")
RED = _claim("attribute", "cup", value="red", family="color")
GREEN = _claim("attribute", "cup", value="green", family="color")
TWO = _claim("attribute", "cup", value="two", family="count")
THREE = _claim("attribute", "cup", value="three", family="count")
SMALL = _claim("attribute", "cup", value="small", family="size")
BROWN_DOG = _claim("attribute", "dog", value="brown", family="color")
LEFT = _claim("relation", "cup", value="left of", object="fork")
RIGHT = _claim("relation", "cup", value="right of", object="fork")
FORK_RIGHT = _claim("relation", "fork", value="right of", object="cup")
ABOVE = _claim("relation", "cup", value="above", object="fork")
ON = _claim("relation", "cup", value="on", object="fork")
BESIDE_DOG = _claim("relation", "cup", value="left of", object="dog")
DOG_BESIDE = _claim("relation", "dog", value="left of", object="cup")


@pytest.mark.parametrize(
    ("claim", "complete", "open_world"),
    [
        (CUP, "supported", "supported"),
        (DOG, "hallucinated", "unverifiable"),
        (RED, "supported", "supported"),
        (GREEN, "hallucinated", "hallucinated"),
        (TWO, "supported", "unverifiable"),
        (THREE, "hallucinated", "unverifiable"),
        (SMALL, "unverifiable", "unverifiable"),
        (BROWN_DOG, "unverifiable", "unverifiable"),
        (LEFT, "supported", "supported"),
        (FORK_RIGHT, "supported", "supported"),
        (RIGHT, "hallucinated", "unverifiable"),
        (ABOVE, "hallucinated", "unverifiable"),
        (ON, "unverifiable", "unverifiable"),
        (BESIDE_DOG, "unverifiable", "unverifiable"),
        (DOG_BESIDE, "unverifiable", "unverifiable"),
    ],
)
def test_verdicts_in_a_complete_and_in_an_open_truth(claim, complete, open_world):
    assert _verdict(claim, TRUTH) == complete
    assert _verdict(claim, msgspec.structs.replace(TRUTH, complete=False)) == open_world


def test_a_finding_tells_the_rule_and_the_evidence():
    green, left = judge("x", [GREEN, LEFT], TRUTH, "finegrained")
    assert (green.id, green.rule, green.metric) == ("x", "color", "finegrained")
    assert green.evidence == "the cup is red and blue"
    assert green.boxes == (Box(0, 0, 5, 5),)
    assert (left.rule, left.evidence) == ("relation", "cup left of fork")
    assert left.boxes == (Box(0, 0, 5, 5), Box(9, 0, 5, 5))


def test_cocos_list_is_exhaustive_for_its_own_classes():
    truth = Truth(objects=(TrueObject(name="cup"),), exhaustive="coco")
    for name in coco_vocabulary().classes:
        wanted = "supported" if name == "cup" else "hallucinated"
        assert _verdict(_claim("object", name), truth) == wanted
    # A vocabulary of one's own may set women apart, of which COCO does not tell.
    for name in ("lamp post", "woman"):
        assert _verdict(_claim("object", name), truth) == "unverifiable"
    assert _verdict(TWO, truth) == _verdict(RED, truth) == "unverifiable"


@pytest.mark.parametrize(
    ("claim", "asserted"),
    [
        (CUP, "supported"),
        (DOG, "hallucinated"),
        (GREEN, "hallucinated"),
        (TWO, "supported"),
        (THREE, "hallucinated"),
        (BROWN_DOG, "unverifiable"),
        (RIGHT, "hallucinated"),
        (ON, "unverifiable"),
    ],
)
def test_stances(claim, asserted):
    turned = {"supported": "hallucinated", "hallucinated": "supported"}

    def verdict(stance):
        return _verdict(msgspec.structs.replace(claim, stance=stance), TRUTH)

    assert verdict("asserted") == asserted
    assert verdict("denied") == turned.get(asserted, asserted)
    assert verdict("hedged") == verdict("asked") == "unverifiable"


def test_a_denial_of_what_is_there_says_so():
    dog, cup = (msgspec.structs.replace(each, stance="denied") for each in (DOG, CUP))
    absent, there = judge("x", [dog, cup], TRUTH, "finegrained")
    assert (absent.rule, there.rule) == ("denied rightly", "denied, but there")
    assert there.evidence == "2 x cup"


def test_a_denial_that_may_mean_another_thing_is_unverifiable():
    # One cup is red, the other is blue.
    red = msgspec.structs.replace(RED, stance="denied")
    assert _verdict(red, TRUTH) == "unverifiable"
    left = msgspec.structs.replace(LEFT, stance="denied")
    assert _verdict(left, TRUTH) == "unverifiable"


def test_no_green_cup_denies_a_green_one_only():
    cup = msgspec.structs.replace(CUP, stance="denied", start=9, end=12)
    green = msgspec.structs.replace(GREEN, stance="denied", subject_span=(9, 12))
    assert _verdicts([cup, green], TRUTH) == ["unverifiable", "supported"]
    without = msgspec.structs.replace(LEFT, stance="denied", value="with", object_span=(20, 24))
    fork = Claim(kind="object", start=20, end=24, subject="fork", stance="denied")
    assert _verdicts([without, fork], TRUTH) == ["unverifiable", "unverifiable"]


CUPS = Truth(
    objects=tuple(
        TrueObject(name="cup", attributes={"color": color}) for color in ("red", "red", "blue")
    ),
    complete=True,
)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("three cup", ["supported"]),
        ("3 cup", ["supported"]),
        ("two cup", ["hallucinated"]),
        ("four cup", ["hallucinated"]),
        ("two red cup", ["supported", "supported"]),
        ("three red cup", ["supported", "hallucinated"]),
        ("two blue cup", ["hallucinated", "hallucinated"]),
        ("one blue cup", ["supported", "supported"]),
        ("one cup", ["unverifiable"]),
        ("single cup", ["hallucinated"]),
        ("couple cup", ["hallucinated"]),
        ("few cup", ["supported"]),
        ("several cup", ["supported"]),
        ("several red cup", ["supported", "supported"]),
        ("many cup", ["unverifiable"]),
        ("red blue cup", ["supported", "supported"]),
    ],
)
def test_numbers_of_things(text, wanted):
    *words, _ = text.split()
    claims = [
        Claim(
            kind="attribute",
            start=0,
            end=1,
            subject="cup",
            value=word,
            family="color" if word in ("red", "blue") else "count",
            subject_span=(5, 8),
        )
        for word in words
    ]
    assert _verdicts(claims, CUPS) == wanted


def test_a_thing_of_which_nothing_is_known_may_be_the_one():
    truth = msgspec.structs.replace(CUPS, objects=(*CUPS.objects, TrueObject(name="cup")))
    assert _verdict(GREEN, truth) == "unverifiable"
    assert _verdict(RED, truth) == "supported"


def test_several_values_are_all_true():
    truth = Truth(objects=(TrueObject(name="cup", attributes={"color": ("white", "red")}),))
    assert [_verdict(claim, truth) for claim in (RED, GREEN)] == ["supported", "hallucinated"]


def _boxes(*places):
    """A cup or several, then a fork at 10, 10; each 4 wide and high."""
    names = [*["cup"] * (len(places) - 1), "fork"]
    return Truth(
        objects=tuple(
            TrueObject(name=name, box=place and Box(*place, 4, 4))
            for name, place in zip(names, places, strict=True)
        ),
        exhaustive="coco",
    )


FORK = (10, 10)


@pytest.mark.parametrize(
    ("predicate", "truth", "verdict"),
    [
        ("left of", _boxes((0, 0), FORK), "supported"),
        ("above", _boxes((0, 0), FORK), "supported"),
        ("right of", _boxes((0, 0), FORK), "hallucinated"),
        ("below", _boxes((0, 0), FORK), "hallucinated"),
        ("left of", _boxes((6, 0), FORK), "supported"),
        ("left of", _boxes((7, 0), FORK), "unverifiable"),
        ("left of", _boxes((0, 0), (5, 5), FORK), "supported"),
        ("left of", _boxes((0, 0), (15, 0), FORK), "unverifiable"),
        ("right of", _boxes((0, 0), (5, 5), FORK), "hallucinated"),
        ("left of", _boxes((0, 0), None, FORK), "unverifiable"),
        ("on", _boxes((0, 0), FORK), "unverifiable"),
        ("next to", _boxes((0, 0), FORK), "unverifiable"),
    ],
)
def test_directions_are_seen_in_boxes_that_are_clearly_apart(predicate, truth, verdict):
    claim = _claim("relation", "cup", value=predicate, object="fork")
    (finding,) = judge("x", [claim], truth, "finegrained")
    assert finding.verdict == verdict
    if verdict == "hallucinated":
        assert finding.rule == "boxes"
        assert finding.evidence in ("boxes: cup left of fork", "boxes: cup above fork")


def test_two_of_a_kind_stand_in_relations_and_one_does_not():
    claim = _claim("relation", "cup", value="left of", object="cup")
    assert _verdict(claim, _boxes((0, 0), FORK)) == "unverifiable"
    pair = Truth(
        objects=TRUTH.objects,
        relations=(TrueRelation(subject=0, predicate="left of", object=1),),
        complete=True,
    )
    assert _verdict(claim, pair) == "supported"
    fork = _claim("relation", "fork", value="left of", object="fork")
    assert _verdict(fork, pair) == "hallucinated"
    assert _verdict(fork, msgspec.structs.replace(pair, complete=False)) == "unverifiable"


def test_the_contrary_of_what_is_stated_is_wrong_in_an_open_truth_too():
    truth = Truth(
        objects=(TrueObject(name="cup"), TrueObject(name="fork")),
        relations=(
            TrueRelation(subject=0, predicate="left of", object=1),
            TrueRelation(subject=1, predicate="next to", object=0),
        ),
    )
    beside = _claim("relation", "cup", value="next to", object="fork")
    claims = [LEFT, FORK_RIGHT, RIGHT, ABOVE, beside]
    assert _verdicts(claims, truth) == [
        "supported",
        "supported",
        "hallucinated",
        "unverifiable",
        "supported",
    ]


def test_a_fact_is_the_same_from_both_sides():
    assert same_fact("a", "next to", "b") == same_fact("b", "next to", "a")
    assert same_fact("a", "above", "b") == same_fact("b", "below", "a")
    assert same_fact("a", "above", "b") != same_fact("a", "below", "b")
    assert same_fact("a", "hold", "b") != same_fact("b", "hold", "a")


def test_a_relation_of_nothing_is_refused():
    relation = TrueRelation(subject=0, predicate="on", object=1)
    with pytest.raises(ValueError, match="relation of object 1 among 1, counted from 0"):
        Truth(objects=TRUTH.objects[:1], relations=(relation,))


NAMES = ["cup", "fork", "dog"]
PREDICATES = ["left of", "right of", "above", "below", "next to", "on"]


@st.composite
def truths(draw):
    """Any few objects, with boxes or without, and relations among them."""
    boxes = st.builds(Box, *[st.integers(0, 9)] * 2, *[st.integers(1, 5)] * 2)
    objects = st.builds(TrueObject, name=st.sampled_from(NAMES), box=st.none() | boxes)
    some = draw(st.lists(objects, max_size=4))
    relations = []
    if some:
        places = st.integers(0, len(some) - 1)
        relation = st.builds(
            TrueRelation, subject=places, predicate=st.sampled_from(PREDICATES), object=places
        )
        relations = draw(st.lists(relation, max_size=4))
    return Truth(
        objects=tuple(some),
        relations=tuple(relations),
        complete=draw(st.booleans()),
        exhaustive=draw(st.sampled_from(["", "coco"])),
    )


def relation_claims():
    name = st.sampled_from(NAMES)
    predicate = st.sampled_from(PREDICATES)
    fixed = {"kind": st.just("relation"), "start": st.just(0), "end": st.just(1)}
    return st.builds(Claim, **fixed, subject=name, value=predicate, object=name)


@given(truth=truths(), claim=relation_claims())
def test_a_relation_is_judged_alike_from_both_sides(truth, claim):
    inverse = {**INVERSES, "next to": "next to"}.get(claim.value)
    if inverse is not None:
        turned = msgspec.structs.replace(
            claim, subject=claim.object, value=inverse, object=claim.subject
        )
        assert _verdict(turned, truth) == _verdict(claim, truth)


@given(truth=truths(), claim=relation_claims())
def test_what_cannot_be_wrong_cannot_be_denied_wrongly(truth, claim):
    denied = _verdict(msgspec.structs.replace(claim, stance="denied"), truth)
    turned = {"supported": {"hallucinated", "unverifiable"}, "hallucinated": {"supported"}}
    assert denied in turned.get(_verdict(claim, truth), {"unverifiable"})


@given(truth=truths(), claim=relation_claims())
def test_more_silence_makes_nothing_wrong(truth, claim):
    silent = msgspec.structs.replace(truth, relations=(), complete=False)
    bare = tuple(msgspec.structs.replace(each, box=None) for each in silent.objects)
    assert _verdict(claim, msgspec.structs.replace(silent, objects=bare)) == "unverifiable"
