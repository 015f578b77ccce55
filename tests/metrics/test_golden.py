"""Small cases that were read by hand from the published rules, kept as data."""

import json
from pathlib import Path

import pytest

from halluc.language.words.lemmatizer import lemmatizer
from halluc.records import Sample, TrueObject, Truth
from metrics.chair import chair
from metrics.mme import mme
from metrics.pope_parsers import PARSERS

GOLDEN = Path(__file__).resolve().parents[1] / "golden"


def read(name):
    return json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("way", ["offline", "wordnet", "pattern"])
@pytest.mark.parametrize("case", read("chair"), ids=lambda case: case["why"])
def test_chair(case, way, request):
    words = lemmatizer(way, request.getfixturevalue("nltk_data") if way == "wordnet" else None)
    text = case["caption"]
    truth = Truth(objects=tuple(TrueObject(name=name) for name in case["truth"]))
    result = chair({"x": text}, {"x": truth}, words)
    assert [each.claim.subject for each in result.findings] == case["objects"][way]
    spans = [each.claim for each in result.findings if each.verdict == "hallucinated"]
    assert [text[claim.start : claim.end] for claim in spans] == case["wrong"][way]
    values = {score.name: score.value for score in result.scores}
    objects, wrong = case["objects"][way], case["wrong"][way]
    assert values["CHAIRs"] == bool(wrong)
    assert values["CHAIRi"] == (len(wrong) / len(objects) if objects else None)
    assert values["Len"] == case["length"]


@pytest.mark.parametrize("case", read("pope"), ids=lambda case: repr(case["answer"]))
def test_pope_parsers(case):
    found = {name: PARSERS[name].read(case["answer"], case["label"]) for name in case["readings"]}
    assert found == case["readings"]


def test_mme():
    case = read("mme")
    samples = [
        Sample(id=str(n), image=row["image"], split=case["task"], truth=Truth(label=row["label"]))
        for n, row in enumerate(case["rows"])
    ]
    result = mme(samples, {str(n): row["answer"] for n, row in enumerate(case["rows"])})
    values = {score.name: score.value for score in result.scores if score.split == case["task"]}
    assert {name: values[name] for name in case["figures"]} == case["figures"]
