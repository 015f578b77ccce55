"""Supervised fine-tuning's loss against the formula, computed from single rows."""

from __future__ import annotations

import pytest
import torch
from checkpoints import FAMILIES, picture

from halluc.errors import ModelError
from halluc.mllm import Request, load_model
from mitigation.precorrection.lora import Tuning
from mitigation.precorrection.sft import Example, make_trainer
from mitigation.precorrection.turns import answer_ids

EXAMPLES = [
    Example(id="0", image="0", prompt="is there a dog", answer="no, there is a cat on the table."),
    Example(id="1", image="1", prompt="the cat and the cup", answer="a cup left of the cat"),
]
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


def open_image(example):
    return picture(int(example.image), 40 + 10 * int(example.image))


@pytest.mark.parametrize("family", FAMILIES)
def test_the_loss_is_that_of_the_answers_alone(family, checkpoint, tmp_path):
    mllm = load_model(f"hf:{checkpoint(family)}", device="cpu")
    trainer = make_trainer(
        mllm, {"train": EXAMPLES, "test": []}, open_image, Tuning(), tmp_path, save_steps=9
    )
    total, count = 0.0, 0
    model = trainer.model.get_base_model()
    for each in EXAMPLES:
        asked = mllm.process([Request(each.id, each.prompt, open_image(each))])
        ids = answer_ids(mllm, each.prompt, each.answer)
        prompt = asked.pop("input_ids")
        asked.pop("attention_mask")
        for name in [name for name in asked if "type_ids" in name]:
            filler = 1 if name == "token_type_ids" else 0
            asked[name] = torch.cat([asked[name], torch.full((1, len(ids)), filler)], 1)
        with torch.no_grad():
            logits = model(input_ids=torch.cat([prompt, torch.tensor([ids])], 1), **asked).logits
        told = logits[0, prompt.shape[1] - 1 : -1].log_softmax(-1)
        total -= float(told[torch.arange(len(ids)), torch.tensor(ids)].sum())
        count += len(ids)
    batch = trainer.data_collator([{"id": each.id} for each in EXAMPLES])
    trainer.model.train()
    loss = trainer.compute_loss(trainer.model, batch)
    assert float(loss.detach()) == pytest.approx(total / count, abs=1e-5)


@pytest.mark.parametrize("family", ["blip", "git", "kosmos2", "mllama", "blip_2", "aya_vision"])
def test_what_is_made_ready_takes_a_step(family, checkpoint, tmp_path):
    """Families of another build: refused in a line before the first step, or trained."""
    mllm = load_model(f"hf:{checkpoint(family)}", device="cpu")
    try:
        trainer = make_trainer(
            mllm, {"train": EXAMPLES, "test": []}, open_image, Tuning(), tmp_path, save_steps=9
        )
    except ModelError as error:
        assert "cannot be trained so" in str(error) and "\n" not in str(error)
        return
    batch = trainer.data_collator([{"id": each.id} for each in EXAMPLES])
    trainer.model.train()
    loss = trainer.compute_loss(trainer.model, batch)
    loss.backward()
    assert bool(loss.isfinite()) and any(
        each.grad is not None and bool(each.grad.any()) for each in trainer.model.parameters()
    )


def test_lora_is_put_where_it_is_asked_for(checkpoint, tmp_path):
    def layers(family, **more):
        mllm = load_model(f"hf:{checkpoint(family)}", device="cpu")
        trainer = make_trainer(
            mllm,
            {"train": EXAMPLES, "test": []},
            open_image,
            Tuning(**more),
            tmp_path,
            save_steps=9,
        )
        names = [n for n, each in trainer.model.named_parameters() if each.requires_grad]
        return trainer, {name.split(".lora_")[0].rpartition(".")[2] for name in names}, names

    _, found, names = layers("llava", targets=("q_proj", "v_proj"))
    assert found == {"q_proj", "v_proj"} and not any("vision" in each for each in names)
    for family, part in {"llava": "multi_modal_projector", "qwen2_vl": "merger"}.items():
        trainer, _, names = layers(family, targets=("q_proj",), projector=True)
        assert any(f".{part}." in each for each in names)
        assert all(f".{part}." in each or ".q_proj." in each for each in names)
        batch = trainer.data_collator([{"id": each.id} for each in EXAMPLES])
        trainer.compute_loss(trainer.model, batch).backward()
        reached = {n for n, each in trainer.model.named_parameters() if each.grad is not None}
        assert reached == set(names)
    trainer, *_ = layers("llava", scheduler="constant", warmup=7, max_steps=5)
    assert (trainer.args.max_steps, trainer.args.get_warmup_steps(5)) == (5, 7)
    assert str(trainer.args.lr_scheduler_type.value) == "constant_with_warmup"
