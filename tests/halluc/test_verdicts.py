import msgspec
import pytest

from halluc.records import Box, Claim, TrueObject, TrueRelation, Truth
from halluc.verdicts import judge

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
BESIDE_DOG = _claim("relation", "cup", value="left of", object="dog")


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
        (RIGHT, "hallucinated", "unverifiable"),
        (BESIDE_DOG, "unverifiable", "unverifiable"),
    ],
)
def test_verdicts_in_a_complete_and_in_an_open_truth(claim, complete, open_world):
    assert judge("x", [claim], TRUTH, "finegrained")[0].verdict == complete
    open_truth = msgspec.structs.replace(TRUTH, complete=False)
    assert judge("x", [claim], open_truth, "finegrained")[0].verdict == open_world


def test_a_finding_tells_the_evidence():
    finding = judge("x", [GREEN], TRUTH, "finegrained")[0]
    assert finding.id == "x"
    assert finding.rule == "color"
    assert finding.evidence == "the cup is red and blue"
    assert finding.boxes == (Box(0, 0, 5, 5),)
