"""DPO with shared prefixes against stock TRL: pairs a second, memory, and the same losses.

    python benchmarks/dpo.py [--steps 3] [--batch-size 2]

A LLaVA of about 110 million random parameters, 576 image tokens a picture, answers of about a
hundred tokens, LoRA on all linear layers of the backbone. Both sides see the same pairs in the same
order, begin with the same adapter and take the same steps. Stock TRL computes the reference in each
step; ours once, which is timed beside it, as training for one epoch pays it in full.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration
from trl import DPOTrainer
from trl.trainer.dpo_trainer import DataCollatorForVisionPreference

from halluc.mllm import load_model
from halluc.tabletop.english import detailed_caption
from halluc.tabletop.model import new_processor
from halluc.tabletop.world import scene
from mitigation.precorrection.dpo import Recipe, make_trainer
from mitigation.precorrection.pairs import Pair, make_pair

SIDE, PATCH = 336, 14


def make_checkpoint(folder: Path, texts: list[str]) -> None:
    """A LLaVA of random weights."""
    processor = new_processor(f"USER: Describe. ASSISTANT: {text}" for text in texts)
    processor.image_processor.size = {"height": SIDE, "width": SIDE}
    words = processor.tokenizer
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(
            hidden_size=512, intermediate_size=2048, num_hidden_layers=6, num_attention_heads=8,
            image_size=SIDE, patch_size=PATCH,
        ),
        text_config=LlamaConfig(
            vocab_size=len(words), hidden_size=768, intermediate_size=2048, num_hidden_layers=12,
            num_attention_heads=12, num_key_value_heads=12, max_position_embeddings=2048,
            pad_token_id=words.pad_token_id, bos_token_id=words.bos_token_id,
            eos_token_id=words.eos_token_id,
        ),
        image_token_index=words.convert_tokens_to_ids("<image>"),
        vision_feature_select_strategy="default",
        image_seq_length=(SIDE // PATCH) ** 2,
    )  # fmt: skip
    torch.manual_seed(0)
    LlavaForConditionalGeneration(config).save_pretrained(folder)
    processor.save_pretrained(folder)


def picture(pair: Pair) -> Image.Image:
    """A picture of noise."""
    return Image.frombytes("RGB", (SIDE, SIDE), random.Random(pair.image).randbytes(3 * SIDE**2))


def stock_rows(pairs: list[Pair]) -> list[dict[str, Any]]:
    """Pairs as stock TRL takes them."""
    return [
        {
            "images": [picture(pair)],
            "prompt": [{"role": "user", "content": pair.prompt}],
            "chosen": [{"role": "assistant", "content": pair.chosen}],
            "rejected": [{"role": "assistant", "content": pair.rejected}],
        }
        for pair in pairs
    ]


def run(trainer: Any, batches: list[Any], collate: Any) -> tuple[float, list[float], list[Any]]:
    """Seconds of all steps but the first, the losses, and the last gradients."""
    model = trainer.model.train()
    weights = [each for each in model.parameters() if each.requires_grad]
    optimiser = torch.optim.SGD(weights, lr=1.0)
    losses, spent = [], 0.0
    for step, rows in enumerate(batches):
        began = time.perf_counter()
        optimiser.zero_grad()
        loss = trainer.compute_loss(model, trainer._prepare_inputs(collate(rows)))
        loss.backward()
        optimiser.step()
        spent += time.perf_counter() - began if step else 0
        losses.append(float(loss.detach()))
    return spent, losses, [each.grad.clone() for each in weights]


def main() -> None:
    """Run both sides and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=2)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    texts = [
        " ".join(detailed_caption(scene("biased", i + k), random.Random(i + k)) for k in (0, 9))
        for i in range(400)
    ]
    count = (options.steps + 1) * options.batch_size
    pairs = [
        make_pair(f"{i}", f"{i}", "Describe.", texts[2 * i], texts[2 * i + 1]) for i in range(count)
    ]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        make_checkpoint(folder / "model", texts)
        mllm = load_model(f"hf:{folder / 'model'}", device="cpu")
        recipe = Recipe(batch_size=options.batch_size)
        began = time.perf_counter()
        ours = make_trainer(
            mllm, {"train": pairs, "test": []}, picture, recipe, folder / "out", save_steps=99
        )
        reference = time.perf_counter() - began
        adapter = {k: v.clone() for k, v in ours.model.state_dict().items() if "lora_" in k}
        told = [
            len(ours.data_collator.answer(pair, text, ())[0])
            for pair in pairs
            for text in (pair.chosen, pair.rejected)
        ]
        cut = [pairs[i : i + options.batch_size] for i in range(0, count, options.batch_size)]
        parameters = sum(each.numel() for each in ours.model.parameters())
        print(f"{parameters / 1e6:.0f} M parameters, {sum(told) / len(told):.0f} tokens an answer")
        timed = options.steps * options.batch_size
        mine = run(ours, [[{"id": p.id} for p in some] for some in cut], ours.data_collator)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        # The same model and adapter under TRL's own loss and collator.
        ours.model.load_state_dict(adapter, strict=False)
        ours.precompute_ref_logps = False
        type(ours)._compute_loss = DPOTrainer._compute_loss
        collate = DataCollatorForVisionPreference(mllm.processor)
        stock = run(ours, [stock_rows(some) for some in cut], collate)
        stock_peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    apart = max(abs(a - b) for a, b in zip(mine[1], stock[1], strict=True))
    slope = max(float((a - b).abs().max()) for a, b in zip(mine[2], stock[2], strict=True))
    once = timed / (mine[0] + reference * timed / count)
    print(f"stock TRL           {timed / stock[0]:8.3f} pairs/s   peak {stock_peak:.2f} GB")
    print(f"shared              {timed / mine[0]:8.3f} pairs/s   peak {peak:.2f} GB")
    print(f"shared, one epoch   {once:8.3f} pairs/s   the reference's pass included")
    print(f"ratio {stock[0] / mine[0]:.2f} (one epoch {once * stock[0] / timed:.2f})")
    shown = ", ".join(f"{each:.5f}" for each in mine[1])
    print(f"losses {shown}: apart {apart:.1e}, gradients {slope:.1e}")


if __name__ == "__main__":
    main()
