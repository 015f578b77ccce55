"""KTO's loss against its published formula, by hand, and which answers count as right or wrong."""

from __future__ import annotations

import pytest
import torch
from checkpoints import picture

from halluc.errors import InputError
from halluc.mllm import Request, load_model
from halluc.records import Claim, Finding, Truth
from mitigation.precorrection.inspected import Answered
from mitigation.precorrection.kto import Judged, Recipe, judge, make_trainer
from mitigation.precorrection.turns import answer_ids

JUDGED = [
    Judged("0", "0", "is there a dog", "no", False),
    Judged("1", "1", "the cat and the cup", "a cup left of the cat", True),
    Judged("2", "2", "two cups", "there are two cups and a dog on the table", True),
]
BETA, RIGHT, WRONG = 0.3, 2.0, 3.0


def open_image(each):
    return picture(int(each.image), 40)


def answered(id, *verdicts, text="A cup."):
    claim = Claim("object", 2, 5, "cup")
    found = (Finding(id="", claim=claim, verdict=v, metric="", rule="") for v in verdicts)
    return Answered(id, f"{id}.png", "Describe.", text, Truth(), tuple(found))


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("family", ["llava", "qwen2_vl"])
def test_the_loss_is_the_published_one(checkpoint, tmp_path, family):
    mllm = load_model(f"hf:{checkpoint(family)}", device="cpu")
    recipe = Recipe(beta=BETA, desirable_weight=RIGHT, undesirable_weight=WRONG)
    splits = {"train": JUDGED, "test": []}
    trainer = make_trainer(mllm, splits, open_image, recipe, tmp_path, save_steps=9)
    generator = torch.Generator().manual_seed(1)
    for name, weight in trainer.model.named_parameters():
        if "lora_" in name:
            weight.data.normal_(0, 0.1, generator=generator)

    def ratio(each, text):
        """log π / π_ref of a text, from forward passes of one row alone."""
        asked = mllm.process([Request(each.id, each.prompt, open_image(each))])
        ids = torch.tensor([answer_ids(mllm, each.prompt, text)])
        prompt = asked.pop("input_ids")
        asked.pop("attention_mask")
        for name in [name for name in asked if "type_ids" in name]:
            asked[name] = torch.cat([asked[name], torch.zeros_like(ids)], 1)

        def log_prob():
            base = trainer.model.get_base_model()
            logits = base(input_ids=torch.cat([prompt, ids], 1), **asked).logits
            told = logits[0, prompt.shape[1] - 1 : -1].log_softmax(-1)
            return told.gather(1, ids[0][:, None]).sum()

        with torch.no_grad():
            with trainer.model.disable_adapter():
                reference = log_prob()
            return log_prob() - reference

    texts = [each.answer for each in JUDGED]
    # Each answer behind the prompt after its own, the last one behind the first.
    behind = [ratio(each, text) for each, text in zip(JUDGED, texts[-1:] + texts[:-1], strict=True)]
    zero = torch.stack(behind).mean().clamp(min=0)
    losses = [
        RIGHT * (1 - torch.sigmoid(BETA * (ratio(each, each.answer) - zero))) if each.desirable
        else WRONG * (1 - torch.sigmoid(BETA * (zero - ratio(each, each.answer))))
        for each in JUDGED
    ]  # fmt: skip
    trainer.model.train()
    batch = trainer.data_collator([{"id": each.id} for each in JUDGED])
    loss = trainer.compute_loss(trainer.model, batch)
    assert float(loss.detach()) == pytest.approx(float(torch.stack(losses).mean()), abs=1e-5)
    loss.backward()
    assert all(w.grad.norm() > 0 for n, w in trainer.model.named_parameters() if "lora_" in n)


def test_an_answer_is_right_wrong_or_left_out():
    captions = [
        answered("right", "supported", "unverifiable"),
        answered("wrong", "supported", "hallucinated"),
        answered("unknown", "unverifiable"),
        answered("nothing"),
        answered("right", "supported"),  # the same answer of another run
    ]
    asked = [
        (answered("yes", text="Yes."), True),
        (answered("no", text="no"), False),
        (answered("long", text="Yes, there is a cup."), False),
    ]
    found = judge(captions, asked, seed=3)
    told = {each.id: each.desirable for each in found}
    assert told == {"right": True, "wrong": False, "yes": True, "no": False}
    assert len(found) == 4
    assert found == judge(captions, asked, seed=3)
    assert any(found != judge(captions, asked, seed=seed) for seed in range(5))


def test_right_and_wrong_answers_weigh_the_same_unless_told():
    weighed = Recipe().weighed([*JUDGED, *JUDGED[1:]])  # four right, one wrong
    assert (weighed.desirable_weight, weighed.undesirable_weight) == (1.0, 4.0)
    weighed = Recipe(desirable_weight=0.5).weighed(JUDGED)
    assert (weighed.desirable_weight, weighed.undesirable_weight) == (0.5, 2.0)
    with pytest.raises(InputError, match="all 2 answers to train on are right"):
        Recipe().weighed(JUDGED[1:])
