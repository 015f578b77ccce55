"""HACL's contrast, its heads and probe, and selective end tokens, against hand-made sums."""

from __future__ import annotations

import math

import pytest
import torch
from checkpoints import picture

from halluc.mllm import Request, load_model
from mitigation.precorrection.answers import SelectiveEnd, end_tokens
from mitigation.precorrection.hacl import Heads, contrast
from mitigation.precorrection.sft import Example, Recipe, make_trainer
from mitigation.precorrection.turns import answer_ids

EXAMPLES = [
    Example(id="0", image="0", prompt="is there a dog", answer="a cat on the table",
            wrong="a red dog on the table"),
    Example(id="1", image="1", prompt="the cat", answer="a cup left of the cat",
            wrong="a cup left of the dog and the cup"),
    Example(id="2", image="0", prompt="two cups", answer="two cups", wrong="two dogs"),
    Example(id="3", image="2", prompt="is there a cup", answer="Yes", wrong="No"),
]  # fmt: skip
ROWS = [{"id": each.id} for each in EXAMPLES]
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


def open_image(example):
    return picture(int(example.image), 40 + 10 * int(example.image))


def trainer_of(checkpoint, folder, **recipe):
    mllm = load_model(f"hf:{checkpoint('llava')}", device="cpu")
    made = make_trainer(
        mllm, {"train": EXAMPLES, "test": []}, open_image, Recipe(**recipe), folder, save_steps=9
    )
    generator = torch.Generator().manual_seed(1)
    for name, weight in made.model.named_parameters():
        if "lora_" in name:
            weight.data.normal_(0, 0.1, generator=generator)
    made.model.train()
    return mllm, made


def by_hand(v, t, wrong, tau, rivals):
    """Both directions of the loss, in plain loops; `rivals[i]` are the k that count beside i."""
    dot = [[sum(a * b for a, b in zip(x, y, strict=True)) / tau for y in t] for x in v]
    hard = [[sum(a * b for a, b in zip(x, y, strict=True)) / tau for y in wrong] for x in v]
    total = 0.0
    for i in range(len(v)):
        texts = [math.exp(dot[i][k]) for k in rivals[i]] + [math.exp(each) for each in hard[i]]
        pictures = [math.exp(dot[k][i]) for k in rivals[i]]
        total -= math.log(math.exp(dot[i][i]) / (math.exp(dot[i][i]) + sum(texts)))
        total -= math.log(math.exp(dot[i][i]) / (math.exp(dot[i][i]) + sum(pictures)))
    return total / len(v) / 2


@pytest.mark.parametrize("hallucinated", [True, False])
def test_the_contrast_of_a_batch_is_that_of_the_paper(checkpoint, tmp_path, hallucinated):
    mllm, trainer = trainer_of(checkpoint, tmp_path, hacl=1.0, hallucinated=hallucinated)
    heads, inner = trainer.heads, trainer.model.get_base_model().model
    words = mllm.tokenizer

    def vector(head, ids, **pixels):
        row = torch.tensor([[words.bos_token_id, *ids, words.eos_token_id]])
        hidden = inner(input_ids=row, **pixels).last_hidden_state[0, -1]
        made = head(hidden)
        return (made / made.norm()).tolist()

    with torch.no_grad():
        v, t, wrong = [], [], []
        for each in EXAMPLES[:3]:  # "Yes" is no caption
            asked = mllm.process([Request(each.id, each.prompt, open_image(each))])
            image = [mllm.config.image_token_id] * 4
            v.append(vector(heads.image, image, pixel_values=asked["pixel_values"]))
            t.append(vector(heads.text, words(each.answer).input_ids))
            wrong.append(vector(heads.text, words(each.wrong).input_ids))
        rows = trainer.data_collator(ROWS)["contrast"]
        found = float(trainer.contrast(rows))
    # 0 and 2 show the same picture.
    expected = by_hand(v, t, wrong if hallucinated else [], 0.07, [[1], [0, 2], [1]])
    assert found == pytest.approx(expected, abs=1e-5)


def test_the_loss_is_that_of_answers_with_the_contrast_beside_it(checkpoint, tmp_path):
    _, trainer = trainer_of(checkpoint, tmp_path, hacl=0.5)
    batch = trainer.data_collator(ROWS)
    rows = batch["contrast"]
    whole = trainer.compute_loss(trainer.model, dict(batch))
    plain = trainer.compute_loss(trainer.model, {k: v for k, v in batch.items() if k != "contrast"})
    beside = 0.5 * trainer.contrast(rows)
    assert whole.item() == pytest.approx((plain + beside).item(), abs=1e-5)
    whole.backward()
    assert bool(trainer.heads.temperature.grad) and bool(trainer.heads.image.weight.grad.any())


def test_no_temperature_leaves_its_bounds_and_none_is_alike_with_itself():
    heads = Heads(8)
    heads.temperature.data.fill_(9.0)
    assert heads.tau.item() == 0.5
    v = torch.nn.functional.normalize(torch.randn(2, 3, generator=torch.Generator()), dim=1)
    alone = contrast(v, v, v[:0], 0.1, torch.ones(2, 2, dtype=torch.bool))
    assert alone.item() == pytest.approx(0, abs=1e-6)  # nobody is left to be told apart from


def test_end_tokens_count_only_where_they_are_the_label(checkpoint, tmp_path):
    mllm, trainer = trainer_of(checkpoint, tmp_path, selective_end=True)
    base = trainer.model.get_base_model()
    ends = end_tokens(mllm)
    total, count = 0.0, 0
    with torch.no_grad():
        for each in EXAMPLES:
            asked = mllm.process([Request(each.id, each.prompt, open_image(each))])
            ids = answer_ids(mllm, each.prompt, each.answer)
            prompt = asked["input_ids"]
            row = torch.cat([prompt, torch.tensor([ids])], 1)
            logits = base(input_ids=row, pixel_values=asked["pixel_values"]).logits[0].double()
            for place, label in enumerate(ids):
                z = logits[prompt.shape[1] - 1 + place].tolist()
                keep = [v for k, v in enumerate(z) if label in ends or k not in ends]
                total -= z[label] - math.log(sum(math.exp(v) for v in keep))
                count += 1
    batch = trainer.data_collator(ROWS)
    loss = trainer.compute_loss(trainer.model, batch)
    assert float(loss.detach()) == pytest.approx(total / count, abs=1e-5)
    # The label is an end token at last; a model that wants to stop before is not taught otherwise.
    logits = torch.tensor([[[0.0, 1.0, 2.0], [0.5, 0.0, 1.5], [9.0, 9.0, 9.0]]], requires_grad=True)
    outputs = type("Outputs", (), {"logits": logits})
    loss = SelectiveEnd([2])(outputs, torch.tensor([[-100, 1, 2]]))
    kept = math.log(math.exp(0) + math.exp(1)) - 1
    whole = math.log(math.exp(0.5) + math.exp(0) + math.exp(1.5)) - 1.5
    assert loss.item() == pytest.approx((kept + whole) / 2, abs=1e-6)
    loss.backward()
    assert logits.grad[0, 0, 2] == 0 and logits.grad[0, 1, 2] != 0
