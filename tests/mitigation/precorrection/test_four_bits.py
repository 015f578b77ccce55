"""Training of a model whose weights are held in 4 bits."""

from __future__ import annotations

import bitsandbytes
import pytest
import torch
from checkpoints import picture

from halluc.mllm import Fit, load_model
from mitigation.precorrection.dpo import Recipe, make_trainer
from mitigation.precorrection.pairs import make_pair

PAIRS = [
    make_pair("0", "0", "is there a dog", "no, there is a cat on the table.", "Yes, a red dog."),
    make_pair("1", "1", "the cat and the cup", "a cup left of the cat", "a cat left of the cup"),
]


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_two_steps_go_where_those_of_the_rounded_weights_would(checkpoint, tmp_path):
    """Gradients also reach what stands before a layer of 4 bits, though it was asked before."""
    mllm = load_model(f"hf:{checkpoint('llava')}", device="cpu", fit=Fit("4bit"))
    recipe = Recipe(max_steps=2, batch_size=2, learning_rate=0.01)
    trainer = make_trainer(
        mllm, {"train": PAIRS, "test": []}, lambda pair: picture(int(pair.image)), recipe, tmp_path,
        save_steps=9,
    )  # fmt: skip

    def gradients():
        trainer.model.train()
        trainer.model.zero_grad()
        batch = trainer.data_collator([{"id": pair.id} for pair in PAIRS])
        trainer.compute_loss(trainer.model, batch).backward()
        weights = trainer.model.named_parameters()
        return {name: w.grad.float().clone() for name, w in weights if "lora_B" in name}

    found, held = gradients(), {}
    for layer in trainer.model.modules():
        base = getattr(layer, "base_layer", None)
        if isinstance(base, bitsandbytes.nn.Linear4bit):
            weight = bitsandbytes.functional.dequantize_4bit(base.weight.data, base.quant_state)
            held[layer] = base
            layer.base_layer = torch.nn.Linear(*weight.shape[::-1], bias=False)
            layer.base_layer.weight.data = weight.float()
    assert len(held) == len(found) > 0
    for name, value in gradients().items():
        assert value.norm() > 0
        assert torch.allclose(found[name], value, atol=0.02 * float(value.abs().max())), name
    for layer, base in held.items():
        layer.base_layer = base
    trainer.train()
    assert trainer.state.global_step == 2
    ends = [w for name, w in trainer.model.named_parameters() if "lora_B" in name]
    assert all(bool(w.any()) for w in ends)
