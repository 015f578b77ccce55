"""GRPO's loss and its gradient against the formula, computed from single rows."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from checkpoints import picture

from halluc.mllm import Request, load_model
from halluc.records import Sample, TrueObject, Truth
from mitigation.precorrection.grpo import Recipe, make_trainer
from mitigation.precorrection.rewards import read_reward

TRUTH = Truth(objects=(TrueObject(name="cup"),), complete=True)
ASKED = ("the cat", "is there a dog on the table")
SAMPLES = [
    Sample(id=str(n), image=f"{n}.png", prompt=asked, truth=TRUTH) for n, asked in enumerate(ASKED)
]
REWARDS = ("rewarding:vowels", "length:1-3=2")
BETA = 0.3
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


def open_image(sample: Sample) -> Any:
    return picture(int(sample.id), 40 + 10 * int(sample.id))


def expected(rewards: torch.Tensor, aggregation: str) -> torch.Tensor:
    """Advantages of (groups, captions, rewards)."""
    weights = torch.tensor([1.0, 2.0])

    def normal(some: torch.Tensor, dim: Any) -> torch.Tensor:
        return (some - some.mean(dim, keepdim=True)) / (some.std(dim, keepdim=True) + 1e-4)

    if aggregation == "sum_then_normalize":
        return normal(rewards @ weights, 1).flatten()
    return normal((normal(rewards, 1) @ weights).flatten(), 0)


@pytest.mark.parametrize(
    ("family", "aggregation"), [("llava", "sum_then_normalize"), ("qwen2_vl", "normalize_then_sum")]
)
def test_a_step_is_the_formula(
    family: str, aggregation: Any, checkpoint: Any, tmp_path: Any
) -> None:
    mllm = load_model(f"hf:{checkpoint(family)}", device="cpu")
    recipe = Recipe(
        rewards=REWARDS, generations=3, batch_size=6, max_new_tokens=8, beta=BETA,
        aggregation=aggregation,
    )  # fmt: skip
    trainer = make_trainer(mllm, SAMPLES, open_image, recipe, tmp_path, save_steps=9)
    model = trainer.model.train()
    trained = [each for name, each in model.named_parameters() if "lora_B" in name]
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():  # at zero, as it begins, the model is its own reference
        for each in trained:
            each.normal_(0, 0.1, generator=generator)
    trainer.current_gradient_accumulation_steps = 1
    batch = trainer._prepare_inputs([trainer.train_dataset[n] for n in (0, 0, 0, 1, 1, 1)])
    asked = [mllm.process([Request(e.id, e.prompt or "", open_image(e))]) for e in SAMPLES]
    answers, owners = [], []
    for row in range(6):
        length = int(batch["completion_mask"][row].sum())
        answers.append(batch["completion_ids"][row, :length].tolist())
        prompt = batch["prompt_ids"][row][batch["prompt_mask"][row].bool()].tolist()
        owners.append([each["input_ids"][0].tolist() for each in asked].index(prompt))
    order = sorted(range(6), key=lambda row: owners[row])
    texts = [mllm.tokenizer.decode(ids, skip_special_tokens=True) for ids in answers]
    made = [[read_reward(name)(text, TRUTH) for name in REWARDS] for text in texts]
    grouped = torch.tensor(made)[order].view(2, 3, 2)
    advantages = expected(grouped, aggregation)
    assert advantages.abs().min() < advantages.abs().max()
    assert torch.allclose(batch["advantages"][order], advantages, atol=1e-4)

    def log_probs(row: int) -> torch.Tensor:
        inputs, ids = dict(asked[owners[row]]), answers[row]
        prompt = inputs.pop("input_ids")
        inputs.pop("attention_mask")
        for name in [name for name in inputs if "type_ids" in name]:
            inputs[name] = torch.cat(
                [inputs[name], torch.zeros((1, len(ids)), dtype=torch.long)], 1
            )
        logits = model(input_ids=torch.cat([prompt, torch.tensor([ids])], 1), **inputs).logits
        told = logits[0, prompt.shape[1] - 1 : -1].log_softmax(-1)
        return told[torch.arange(len(ids)), torch.tensor(ids)]

    loss, tokens = torch.zeros(()), sum(map(len, answers))
    for row, advantage in zip(order, advantages, strict=True):
        now = log_probs(row)
        with torch.no_grad(), model.disable_adapter():
            ratio = log_probs(row)
        divergence = (ratio - now).exp() - (ratio - now) - 1
        importance = (now - now.detach()).exp()
        loss = loss - (importance * advantage - BETA * importance * divergence).sum() / tokens
    hand = torch.autograd.grad(loss, trained)
    ours = trainer.compute_loss(model, batch)
    assert float(ours.detach()) == pytest.approx(float(loss.detach()), abs=1e-5)
    assert float(loss.detach()) != pytest.approx(0, abs=1e-3)
    for one, other in zip(torch.autograd.grad(ours, trained), hand, strict=True):
        assert torch.allclose(one, other, atol=1e-5)
    logged = trainer._metrics["train"]
    told = {"reward", "entropy", "completions/mean_length", "zero_variance", "kl"}
    assert told | {f"rewards/{n.partition('=')[0]}/mean" for n in REWARDS} <= logged.keys()
    group = [each for each in trainer.rollouts if each.id == "0"]
    assert [each.text for each in group] and len(trainer.rollouts) == 3


def test_shuffled_rewards_stay_in_their_group(checkpoint: Any, tmp_path: Any) -> None:
    mllm = load_model(f"hf:{checkpoint('llava')}", device="cpu")
    usual = {"rewards": REWARDS, "generations": 3, "batch_size": 6, "max_new_tokens": 8}
    trainer = make_trainer(
        mllm, SAMPLES, open_image, Recipe(**usual, shuffle=True), tmp_path, save_steps=9
    )
    inputs = [{"id": str(n // 3), "truth": TRUTH} for n in range(6)]
    texts = ["a", "ae", "aei", "o", "oi", "oia"]
    said = [[{"content": each}] for each in texts]
    dealt = trainer._calculate_rewards(inputs, [""] * 6, said, [[1]] * 6)[:, 0].tolist()
    plain = [read_reward(REWARDS[0])(each, TRUTH) for each in texts]
    assert dealt != pytest.approx(plain)
    for start in (0, 3):
        assert sorted(dealt[start : start + 3]) == pytest.approx(plain[start : start + 3])
    assert trainer._metrics["train"]["zero_variance"] == [0.0]
    assert trainer._metrics["train"]["rewards/length:1-3/zero_variance"] == [1.0]
