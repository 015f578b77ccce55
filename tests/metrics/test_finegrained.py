import random

import pytest

from halluc.language.claims.reader import read_claims
from halluc.language.claims.things import load_things
from halluc.records import Claim, Finding, TrueObject, TrueRelation, Truth
from halluc.tabletop.english import detailed_caption, short_caption
from halluc.tabletop.truth import truth_of
from halluc.tabletop.world import COMPANIONS, SPLITS, scene
from metrics.finegrained import finegrained
from metrics.finegrained_counts import Counts, compute, count_findings, frequent

TRUTH = Truth(
    objects=(
        TrueObject(name="cup", attributes={"color": ("red", "white"), "size": "small"}),
        TrueObject(name="fork", attributes={"color": "red"}),
    ),
    relations=(
        TrueRelation(subject=0, predicate="left of", object=1),
        TrueRelation(subject=1, predicate="right of", object=0),
        TrueRelation(subject=0, predicate="above", object=1),
    ),
    complete=True,
)
TEXT = "A red and white cup is to the left of a blue fork. The fork is below a spoon."


def _figures(scores):
    return {score.name: score.value for score in scores}


@pytest.fixture(scope="module")
def told():
    return finegrained({"1": TEXT}, {"1": TRUTH}, load_things(None))


def test_findings_in_the_order_of_the_words(told):
    claims = [
        (TEXT[each.claim.start : each.claim.end], each.claim.kind, each.verdict)
        for each in told.findings
    ]
    assert claims == [
        ("red", "attribute", "supported"),
        ("white", "attribute", "supported"),
        ("cup", "object", "supported"),
        ("to the left of", "relation", "supported"),
        ("blue", "attribute", "hallucinated"),
        ("fork", "object", "supported"),
        ("fork", "object", "supported"),
        ("below", "relation", "unverifiable"),
        ("spoon", "object", "hallucinated"),
    ]


def test_figures_by_kind(told):
    assert _figures(told.scores) == {
        "object hallucination rate": 1 / 4,
        "object unverifiable share": 0,
        "object coverage": 1,
        "attribute hallucination rate": 1 / 3,
        "attribute unverifiable share": 0,
        # Of the cup red, white, small, and of the fork red.
        "attribute coverage": 2 / 4,
        "relation hallucination rate": 0,
        "relation unverifiable share": 1 / 2,
        # Left of and right of are one fact.
        "relation coverage": 1 / 2,
        "color hallucination rate": 1 / 3,
        "size hallucination rate": None,
        "count hallucination rate": None,
        "material hallucination rate": None,
        "pattern hallucination rate": None,
        "state hallucination rate": None,
    }


def test_what_the_truth_does_not_list_cannot_be_covered():
    truth = Truth(objects=(TrueObject(name="cup"),), exhaustive="coco")
    scores = finegrained({"1": TEXT}, {"1": truth}, load_things(None)).scores
    figures = _figures(scores)
    assert figures["object coverage"] == 1
    assert figures["attribute coverage"] is figures["relation coverage"] is None
    assert figures["object hallucination rate"] == 3 / 4
    assert figures["attribute hallucination rate"] is None


def test_names_outside_the_vocabulary_and_synonyms():
    truth = Truth(
        objects=(TrueObject(name="lamp post"), TrueObject(name="woman"), TrueObject(name="sofa")),
        relations=(
            TrueRelation(subject=1, predicate="on", object=2),
            TrueRelation(subject=0, predicate="on", object=2),
        ),
    )
    told = finegrained({"1": "A person on a couch."}, {"1": truth}, load_things(None))
    assert [each.verdict for each in told.findings] == ["supported"] * 3
    figures = _figures(told.scores)
    assert figures["object coverage"] == figures["relation coverage"] == 1


def test_a_denial_covers_nothing():
    told = finegrained({"1": "There is no spoon."}, {"1": TRUTH}, load_things(None))
    assert [each.verdict for each in told.findings] == ["supported"]
    assert _figures(told.scores)["object coverage"] == 0


def test_captions_that_claim_nothing():
    told = finegrained({"1": "", "2": "Nothing."}, {"1": TRUTH, "2": TRUTH}, load_things(None))
    assert told.findings == []
    figures = _figures(told.scores)
    assert figures["object hallucination rate"] is None
    assert figures["object coverage"] == 0


def test_counts_of_findings_that_were_kept(told):
    assert count_findings(told.findings, {"1": TRUTH}) == told.counts
    assert compute(sum(told.counts.values(), Counts())) == told.scores


def test_the_most_frequent_wrong_claims():
    def finding(verdict="hallucinated", **claim):
        claim = Claim(start=0, end=1, **{"kind": "object", "subject": "cup", **claim})
        return Finding(id="1", claim=claim, verdict=verdict, metric="finegrained", rule="")

    left = {"kind": "relation", "value": "left of", "object": "fork"}
    red = {"kind": "attribute", "value": "red", "family": "color"}
    some = [finding(**red), finding(), finding(**left), finding(**left), finding("supported")]
    assert frequent(some) == [("cup left of fork", 2), ("red cup", 1), ("cup", 1)]
    assert frequent([finding(stance="denied")]) == [("no cup", 1)]


@pytest.mark.parametrize("split", SPLITS)
def test_true_captions_of_tabletop_are_supported(split):
    scenes = {each.id: each for each in (scene(split, index) for index in range(100))}
    texts = {
        id: detailed_caption(each, random.Random(number))
        for number, (id, each) in enumerate(scenes.items())
    }
    truths = {id: truth_of(each) for id, each in scenes.items()}
    told = finegrained(texts, truths, load_things(None))
    wrong = [(texts[each.id], each) for each in told.findings if each.verdict != "supported"]
    # What is left is the reader's share of errors.
    assert len(wrong) <= 0.01 * len(told.findings), wrong[0]
    assert _figures(told.scores)["object coverage"] > 0.995


def test_an_absent_companion_is_found_out():
    drawn = scene("broken", 11)
    text = short_caption(drawn, random.Random(0), companion_rate=1)
    told = finegrained({"1": text}, {"1": truth_of(drawn)}, load_things(None))
    wrong = {each.claim.subject for each in told.findings if each.verdict == "hallucinated"}
    assert wrong == {COMPANIONS[name] for name in drawn.names & COMPANIONS.keys()} - drawn.names


def test_claims_are_read_in_the_order_of_the_captions():
    texts = [f"There are {number} forks." for number in ("two", "three", "four")]
    values = [
        [each.value for each in claims if each.family == "count"]
        for claims in read_claims(texts, load_things(None))
    ]
    assert values == [["two"], ["three"], ["four"]]
