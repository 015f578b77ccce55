"""Published figures from facts that ship with the project, so that every clone tests them.

The same figures from the published files themselves are tested where those are: test_pope.py,
test_mme.py, test_chair.py, test_hallusionbench.py. Here the texts are made from the facts.
"""

from __future__ import annotations

import json

import extracts
import pytest
from published import POPE_7B, POPE_13B

from app.workflows.score import score
from halluc.records import Sample, TrueObject, Truth
from metrics.chair import chair
from metrics.mme import mme
from metrics.pope import pope

FACTS = json.loads(extracts.FILE.read_text("utf-8"))
# Each with as many digits as were published.
MME = {
    ("LaVIN", 4): {"perception": 963.6114, "cognition": 249.6429},
    ("LLaVA-1.5-13B", 2): {"perception": 1531.32, "cognition": 295.36, "existence": 185,
                           "count": 155, "position": 133.33, "color": 170},
}  # fmt: skip
# CHAIRs, CHAIRi, Recall, as the published script wrote them, and as a paper prints them in percent.
CHAIR = {
    "regular": (0.446, 0.12701888858472488, 0.79191128506197),
    "deco": (0.416, 0.10154409840355928, 0.7364644487932159),
    "vcd": (0.548, 0.15231607629427793, 0.7899543378995434),
}
TABLE_1 = {
    "r1-llava1.5-7b": (50.0, 15.4, 77.1),
    "r2-vcd": (48.6, 14.9, 77.3),
    "r3-opera": (47.8, 14.6, 76.8),
}
HALLUSIONBENCH = {
    "2023-11-06_269": (65.4275, 35.1351, 27.3504, 80.3419, 27.8351),
    "2023-11-13_1125": (67.5556, 43.8953, 31.1258, 79.6009, 38.0841),
}


def pope_of(name):
    samples, answers = [], {}
    for split, counts in FACTS["pope"][name].items():
        for told, number in counts.items():
            label, said = told.split()
            for each in range(number):
                id = f"{split}/{told}/{each}"
                samples.append(Sample(id=id, split=split, truth=Truth(label=label)))
                answers[id] = said
    return {(each.split, each.name): each.value for each in pope(samples, answers)}


def test_pope_llava_13b():
    found = pope_of("13b")
    for split, counts in POPE_13B.items():
        assert tuple(found[split, name] for name in ("TP", "FP", "TN", "FN")) == counts
    assert round(found["", "mean F1"], 4) == 0.8595


@pytest.mark.parametrize("way", ["greedy", "sample"])
def test_pope_llava_7b(way):
    found = pope_of(f"7b {way}")
    for split in POPE_13B:
        shown = tuple(round(100 * found[split, name], 2) for name in ("accuracy", "F1"))
        assert shown == POPE_7B[way, split]


@pytest.mark.parametrize(("model", "digits"), MME)
def test_mme(model, digits):
    words = {"y": "yes", "n": "no", "o": "perhaps"}
    samples, answers = [], {}
    for task, told in FACTS["mme"][model].items():
        for at in range(0, len(told), 2):
            id = f"{task}/{at}"
            truth = Truth(label=words[told[at]])
            samples.append(Sample(id=id, image=f"{task}/{at // 4}", split=task, truth=truth))
            answers[id] = words[told[at + 1]]
    assert len(samples) == 2374
    scores = mme(samples, answers).scores
    found = {e.split or e.name: e.value for e in scores if not e.split or e.name == "score"}
    published = MME[model, digits]
    assert {name: round(found[name], digits) for name in published} == published


@pytest.mark.parametrize("name", [*CHAIR, *TABLE_1])
def test_chair(name):
    told = FACTS["chair"][name]
    classes = told["classes"]
    texts, truths = {}, {}
    for id, row in told["captions"].items():
        named, there = ([classes[int(n)] for n in part.split()] for part in row.split("|"))
        texts[id] = " ".join(f"There is a {each}." for each in named)
        truths[id] = Truth(objects=tuple(TrueObject(name=each) for each in there))
    assert len(texts) == 500
    scores = chair(texts, truths).scores
    found = {each.name: each.value for each in scores}
    figures = tuple(found[each] for each in ("CHAIRs", "CHAIRi", "Recall"))
    if name in CHAIR:
        assert figures == CHAIR[name]
    else:
        assert tuple(round(100 * each, 1) for each in figures) == TABLE_1[name]


@pytest.mark.parametrize("edition", HALLUSIONBENCH)
def test_hallusionbench(edition, tmp_path):
    names = (*extracts.VERDICTS, "correctness")
    rows = [
        {**dict(zip(names, row, strict=True)), "question": str(at), "model_prediction": "Yes."}
        for at, row in enumerate(FACTS["hallusionbench"][edition])
    ]
    (tmp_path / "answers.json").write_text(json.dumps(rows))
    scored = score(tmp_path / "answers.json", "hallusionbench", reading="recorded")
    figures = ("aAcc", "fAcc", "qAcc", "easy", "hard")
    found = tuple(round(100 * scored.figure(name), 4) for name in figures)
    assert found == HALLUSIONBENCH[edition]


@pytest.mark.parametrize("part", ["_pope", "_mme", "_hallusionbench"])
def test_the_facts_are_those_of_the_published_files(part, shared):
    found = getattr(extracts, part)(shared)
    assert json.loads(json.dumps(found)) == FACTS[part.removeprefix("_")]
