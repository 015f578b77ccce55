"""The scene graph of a sample says each claim once, with its verdict, and is readable."""

import base64
import re
from itertools import combinations
from xml.etree import ElementTree

import pytest
from hostile import hostile

from app.inspector.drawing.scene_graph import WIDTH, graph_html
from halluc.records import Box, Claim, Finding, Sample, TrueObject, TrueRelation, Truth
from halluc.runs import read_run

CUP, FORK = Box(0, 0, 20, 20), Box(60, 0, 20, 20)
TRUTH = Truth(
    objects=(TrueObject(name="cup", box=CUP), TrueObject(name="fork", box=FORK)),
    relations=(TrueRelation(subject=0, predicate="left of", object=1),),
    complete=True,
)


def finding(verdict, kind, subject, value="", other="", *, boxes=()):
    claim = Claim(kind=kind, start=0, end=3, subject=subject, value=value, object=other)
    return Finding(id="a", claim=claim, verdict=verdict, metric="m", rule="r", boxes=boxes)


def drawn(html):
    """The drawing in the picture of a graph."""
    return base64.b64decode(re.search(r"svg\+xml;base64,([^\"]+)", html)[1]).decode()


def texts(html):
    return re.findall(r"<text[^>]*>([^<]*)</text>", drawn(html))


def test_each_claim_stands_with_its_verdict():
    findings = [
        finding("supported", "object", "cup", boxes=(CUP,)),
        finding("hallucinated", "object", "spoon"),
        finding("hallucinated", "attribute", "cup", "red", boxes=(CUP,)),
        finding("unverifiable", "attribute", "cup", "old"),
        finding("hallucinated", "relation", "cup", "right of", "fork"),
        finding("unverifiable", "relation", "spoon", "on", "cup"),
    ]
    html = graph_html(Sample(id="a", truth=TRUTH), findings)
    assert sorted(texts(html)) == sorted(
        ["✓ cup", "✗ red", "? old", "– fork", "✗ spoon", "✗ right of", "? on"]
    )
    assert drawn(html).count("<path") == 2 and drawn(html).count("<rect") == 3
    assert 'alt="✓ cup; ✗ spoon; ✗ cup: red' in html


def test_nothing_is_drawn_where_nothing_is_known():
    claimed = [finding("unverifiable", "object", "cup")]
    assert graph_html(Sample(id="a"), claimed) == graph_html(Sample(id="a", truth=TRUTH), []) == ""


def test_of_two_alike_the_one_that_decided_is_meant():
    truth = Truth(objects=(TrueObject(name="cup", box=CUP), TrueObject(name="cup", box=FORK)))
    html = graph_html(
        Sample(id="a", truth=truth),
        [finding("supported", "attribute", "cup", "red", boxes=(FORK,))],
    )
    assert texts(html) == ["– cup", "– cup", "✓ red"]


def frames(html):
    numbers = r'<rect[^>]* x="([-\d]+)" y="([-\d]+)" width="(\d+)" height="(\d+)"'
    return [tuple(map(int, each)) for each in re.findall(numbers, drawn(html))]


@pytest.mark.parametrize("which", [0, 1])
def test_no_object_hides_another(runs, which):
    run = read_run(runs[which])
    for sample in run.samples:
        html = graph_html(sample, [e for e in run.findings("finegrained") if e.id == sample.id])
        assert len(frames(html)) >= len(sample.truth.objects)
        for x, y, width, _ in frames(html):
            assert x >= 0 and y >= 0 and x + width <= WIDTH
        for (a, b, c, d), (e, f, g, h) in combinations(frames(html), 2):
            assert a + c <= e or e + g <= a or b + d <= f or f + h <= b, sample.id


def test_many_hostile_objects_are_text():
    names = [*hostile(24)]
    truth = Truth(objects=tuple(TrueObject(name=each[:60]) for each in names))
    findings = [finding("hallucinated", "relation", a, a, b) for a, b in combinations(names, 2)]
    html = graph_html(Sample(id="a", truth=truth), findings[:200])
    # What is said in it cannot end an element.
    ElementTree.fromstring(drawn(html))  # noqa: S314 - made here
    tags = set(re.findall(r"<(\w+)", html + drawn(html)))
    assert tags == {*"details summary div img p svg style rect path polygon text".split()}
