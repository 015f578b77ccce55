"""What rows begin with is computed once, and nothing changes but the time."""

from __future__ import annotations

import pytest
from checkpoints import FAMILIES, picture

from halluc.mllm import Decoding, Request, load_model
from mitigation.inprocess.icd import ICD
from mitigation.inprocess.m3id import M3ID
from mitigation.inprocess.vcd import VCD

QUESTIONS = [
    "is there a dog in the image",
    "is there a cat",
    "is there a cup of the dog on the table",
    "no",
    "is there a dog on the left of the cat and two cups",
    "is there a red dog in the image",
]
REQUESTS = [
    Request(f"{seed}/{place}", question, picture(seed, 40 + 10 * seed))
    for seed in range(2)
    for place, question in enumerate(QUESTIONS)
]
SHARING = [family for family in FAMILIES if family != "paligemma"] + ["tabletop"]
DECODINGS = {
    "greedy": Decoding(max_new_tokens=6),
    "drawn": Decoding(max_new_tokens=6, do_sample=True, temperature=0.8, seed=5),
    "vcd": VCD(max_new_tokens=6),
    "icd": ICD(max_new_tokens=6),
    "m3id": M3ID(max_new_tokens=6),
}


@pytest.mark.parametrize("decoding", DECODINGS.values(), ids=DECODINGS)
@pytest.mark.parametrize("family", SHARING)
def test_answers_are_those_of_each_question_by_itself(
    family, decoding, checkpoint, shared, monkeypatch
):
    model = load_model("tabletop" if family == "tabletop" else f"hf:{checkpoint(family)}")
    monkeypatch.setattr(model, "worth", 9)  # the pictures of these models have few tokens
    together = model.generate(REQUESTS, decoding, ["yes", "no"])
    assert shared == [True]
    monkeypatch.setattr(model, "worth", 0)
    for request, response in zip(REQUESTS, together, strict=True):
        [alone] = model.generate([request], decoding, ["yes", "no"])
        assert response.text == alone.text
        assert response.answers == pytest.approx(alone.answers, abs=1e-5)
        assert [each.logprob for each in response.tokens] == pytest.approx(
            [each.logprob for each in alone.tokens], abs=1e-4
        )


def test_a_prompt_that_is_seen_as_a_whole_is_never_cut(checkpoint, shared):
    load_model(f"hf:{checkpoint('paligemma')}").generate(REQUESTS, DECODINGS["greedy"])
    assert shared == [False]


def test_the_same_question_on_other_pictures_is_not_shared(shared):
    requests = [Request(str(seed), "Is there a cup?", picture(seed)) for seed in range(4)]
    load_model("tabletop").generate(requests, DECODINGS["greedy"])
    assert shared == [False]


def test_a_picture_is_encoded_once(monkeypatch):
    model = load_model("tabletop")
    encoded = []
    tower = model.model.model.vision_tower
    handle = tower.register_forward_hook(lambda module, inputs, output: encoded.append(output))
    model.generate(REQUESTS, DECODINGS["greedy"], ["yes", "no"])
    handle.remove()
    assert [len(each.last_hidden_state) for each in encoded] == [2]
