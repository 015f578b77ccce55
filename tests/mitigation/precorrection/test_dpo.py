"""The trainer's loss against the published formulas, computed by hand from whole rows."""

from __future__ import annotations

import math

import pytest
import torch
from checkpoints import FAMILIES, picture
from families import MORE
from pages import families_table
from torch.nn.functional import logsigmoid

from halluc.errors import HallucError, InputError
from halluc.mllm import Request, load_model
from mitigation.precorrection.dpo import Recipe, make_trainer
from mitigation.precorrection.pairs import make_pair
from mitigation.precorrection.turns import check_items

PAIRS = [
    make_pair("0", "0", "is there a dog", "no, there is a cat on the table.", "Yes, a red dog."),
    make_pair(
        "1", "1", "the cat and the cup", "a cup left of the cat", "a cat left of the red cup"
    ),
    make_pair("2", "2", "two cups", "there are two cups and a dog on the table", "two dogs"),
]
ROWS = [{"id": pair.id} for pair in PAIRS]
TABLE = families_table()
FEW = {"train": PAIRS, "test": []}
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


def open_image(pair):
    return picture(int(pair.image), 40 + 10 * int(pair.image))


@pytest.fixture
def trained(checkpoint, tmp_path):
    """A trainer whose adapter is no longer zero."""

    def make(family="llava", zero=False, **recipe):
        mllm = load_model(f"hf:{checkpoint(family)}", device="cpu")
        trainer = make_trainer(mllm, FEW, open_image, Recipe(**recipe), tmp_path, save_steps=9)
        generator = torch.Generator().manual_seed(1)
        for name, weight in trainer.model.named_parameters():
            if "lora_A" in name:  # PEFT draws it from the global generator
                weight.data.normal_(0, 0.1, generator=generator)
            if "lora_B" in name and not zero:
                weight.data.normal_(0, 0.1, generator=generator)
        return mllm, trainer

    return make


def loss_of(trainer):
    trainer.model.train()
    return trainer.compute_loss(trainer.model, trainer.data_collator(ROWS))


def logp(mllm, trainer, pair, text, *, adapter, picture_of=open_image, weigh=None):
    """log π of an answer, from a forward pass of one row alone."""
    model = trainer.model.get_base_model()
    asked = mllm.process([Request(pair.id, pair.prompt, picture_of(pair))])
    ids, weights = trainer.data_collator.answer(pair, text, weigh or ())
    prompt = asked.pop("input_ids")
    asked.pop("attention_mask")
    row = torch.cat([prompt, torch.tensor([ids])], 1)
    for name in [each for each in asked if "type_ids" in each]:
        filler = 1 if name == "token_type_ids" else 0
        asked[name] = torch.cat([asked[name], torch.full((1, len(ids)), filler)], 1)
    if not adapter:
        with trainer.model.disable_adapter():
            logits = model(input_ids=row, **asked).logits
    else:
        logits = model(input_ids=row, **asked).logits
    told = logits[0, prompt.shape[1] - 1 : -1].log_softmax(-1)
    picked = told[torch.arange(len(ids)), torch.tensor(ids)]
    return (picked * torch.tensor(weights)).sum()


def ratios(mllm, trainer, pair, text, **more):
    return logp(mllm, trainer, pair, text, adapter=True, **more) - logp(
        mllm, trainer, pair, text, adapter=False, **more
    )


# Of a mixture of experts.
@pytest.mark.filterwarnings("ignore:The following (rank|alpha)_pattern keys:RuntimeWarning")
@pytest.mark.parametrize("family", [*FAMILIES, *MORE])
def test_log_probabilities_are_those_of_the_model_itself(checkpoint, tmp_path, family):
    """Before the first step, of every family that trains; the others are refused in one line."""
    try:
        mllm = load_model(f"hf:{checkpoint(family)}", device="cpu")
        trainer = make_trainer(mllm, FEW, open_image, Recipe(), tmp_path, save_steps=9)
    except HallucError as error:
        assert TABLE[family]["training"] == "–"
        assert "\n" not in str(error)
        return
    trainer.model.eval()
    with torch.no_grad():
        for pair in PAIRS:
            own = [
                float(logp(mllm, trainer, pair, text, adapter=False))
                for text in (pair.chosen, pair.rejected)
            ]
            assert trainer.data_collator.reference[pair.id] == pytest.approx(own, abs=1e-3)


@pytest.mark.parametrize("more", [{}, {"mdpo": 0.0, "span_weight": 5.0}])
def test_before_the_first_step_the_loss_is_ln_2(trained, more):
    _, trainer = trained(zero=True, **more)
    assert float(loss_of(trainer).detach()) == pytest.approx(math.log(2), abs=1e-5)


def test_the_loss_and_rewards_are_dpos(trained):
    mllm, trainer = trained(beta=0.3)
    with torch.no_grad():
        better = torch.stack([ratios(mllm, trainer, p, p.chosen) for p in PAIRS])
        worse = torch.stack([ratios(mllm, trainer, p, p.rejected) for p in PAIRS])
    assert better.abs().min() > 0.01
    by_hand = -logsigmoid(0.3 * (better - worse)).mean()
    assert float(loss_of(trainer).detach()) == pytest.approx(float(by_hand), abs=1e-5)
    logged = trainer._metrics["train"]
    assert logged["rewards/chosen"][0] == pytest.approx(float(0.3 * better.mean()), abs=1e-5)
    assert logged["rewards/rejected"][0] == pytest.approx(float(0.3 * worse.mean()), abs=1e-5)


def test_mdpo_adds_the_cropped_picture_and_the_anchor(trained):
    mllm, trainer = trained(mdpo=1.0, beta=0.2)
    crop = trainer.data_collator._crop

    def cropped(pair):
        return crop(pair, open_image(pair))

    with torch.no_grad():
        better = torch.stack([ratios(mllm, trainer, p, p.chosen) for p in PAIRS])
        worse = torch.stack([ratios(mllm, trainer, p, p.rejected) for p in PAIRS])
        blind = torch.stack([ratios(mllm, trainer, p, p.chosen, picture_of=cropped) for p in PAIRS])
    by_hand = (
        -logsigmoid(0.2 * (better - worse))
        - logsigmoid(0.2 * (better - blind))
        - logsigmoid(0.2 * better)
    ).mean()
    assert float(loss_of(trainer).detach()) == pytest.approx(float(by_hand), abs=1e-5)


def test_changed_words_weigh_more(trained):
    mllm, trainer = trained(span_weight=5.0, beta=2.0)
    with torch.no_grad():
        better = [ratios(mllm, trainer, p, p.chosen, weigh=p.chosen_spans) for p in PAIRS]
        worse = [ratios(mllm, trainer, p, p.rejected, weigh=p.rejected_spans) for p in PAIRS]
    by_hand = -logsigmoid(2 * (torch.stack(better) - torch.stack(worse))).mean()
    assert float(loss_of(trainer).detach()) == pytest.approx(float(by_hand), abs=1e-5)
    _, weights = trainer.data_collator.answer(PAIRS[1], PAIRS[1].chosen, PAIRS[1].chosen_spans)
    assert sum(weights) == pytest.approx(1)
    assert max(weights) == pytest.approx(5 * min(weights))


@pytest.mark.parametrize("family", FAMILIES)
def test_sharing_the_prefix_changes_neither_loss_nor_gradients(trained, family):
    _, trainer = trained(family, beta=0.5)
    assert trainer.share or family == "paligemma"
    told = []
    for share in (True, False):
        trainer.share = share and trainer.share
        trainer.model.zero_grad()
        loss = loss_of(trainer)
        loss.backward()
        told.append(
            (
                loss.detach(),
                [w.grad.clone() for w in trainer.model.parameters() if w.grad is not None],
            )
        )
    (shared, gradients), (whole, others) = told
    assert float(shared) == pytest.approx(float(whole), abs=1e-5)
    assert float(whole) != pytest.approx(math.log(2), abs=1e-3)
    assert len(gradients) == len(others) > 0
    for one, other in zip(gradients, others, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


def test_a_picture_is_encoded_once_a_pair(trained):
    _, trainer = trained()
    seen = []
    tower = trainer.model.get_base_model().model.vision_tower
    tower.register_forward_hook(
        lambda module, args, kwargs, out: seen.append(len(out[0])), with_kwargs=True
    )
    loss_of(trainer)
    assert seen == [len(PAIRS)]


def test_pairs_that_cannot_be_learned_from_are_named(checkpoint):
    mllm = load_model(f"hf:{checkpoint('llava')}", device="cpu")

    def checked(pair, longest=2048, opened=open_image):
        check_items(mllm, [*PAIRS, pair], opened, longest)

    def missing(pair):
        if pair.image == "none.png":
            raise InputError("there is no picture", "none.png")
        return open_image(pair)

    checked(make_pair("fine", "3", "a", "b", "c"))
    for pair, message, more in (
        (make_pair("mute", "3", "a", " ", "c"), "with an empty answer: mute", {}),
        (make_pair("same", "3", "a", "c", "c "), "whose answers are alike: same", {}),
        (
            make_pair("long", "3", "a", "a" * 99, "c"),
            "longer than 80 tokens: long",
            {"longest": 80},
        ),
        (make_pair("lost", "none.png", "a", "b", "c"), "lost", {"opened": missing}),
    ):
        with pytest.raises(InputError, match=message):
            checked(pair, **more)
