from itertools import chain

import pytest

from halluc.records import Claim, Finding
from metrics.finegrained import Counts, compute, finegrained


def _findings(kind, verdicts):
    claim = Claim(kind=kind, start=0, end=1, subject="cup")
    return [
        Finding(id="1", claim=claim, verdict=verdict, metric="finegrained", rule="")
        for verdict in verdicts
    ]


FINDINGS = [
    *_findings("object", ["supported"] * 3 + ["hallucinated"]),
    *_findings("attribute", ["hallucinated", "unverifiable"]),
]


def test_rates_by_kind():
    figures = {score.name: score.value for score in finegrained(FINDINGS)}
    assert figures == {
        "object hallucination rate": 0.25,
        "object unverifiable share": 0,
        "attribute hallucination rate": 1,
        "attribute unverifiable share": 0.5,
        "relation hallucination rate": None,
        "relation unverifiable share": None,
    }


@pytest.mark.parametrize("cut", range(len(FINDINGS) + 1))
def test_shards_add_up_to_the_whole(cut):
    shards = Counts(), Counts()
    for shard, part in zip(shards, (FINDINGS[:cut], FINDINGS[cut:]), strict=True):
        shard.update(part)
    assert compute(shards[0] + shards[1]) == finegrained(chain(FINDINGS))
