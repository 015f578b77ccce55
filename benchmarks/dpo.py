"""DPO as halluc trains it against stock TRL: pairs a second, memory, and the same losses.

    python benchmarks/dpo.py [--steps 4] [--batch-size 1]

A LLaVA of about 110 million random parameters, 576 image tokens a picture, answers of about a
hundred tokens, LoRA on all linear layers of the backbone. Each side is a process of its own: one
has TRL's DPOTrainer as it is, with its collator and its reference pass in each step, the other
halluc's. Both begin with the same adapter and see the same pairs in the same order. They take
turns, a step each, while the other one waits; so both have the machine for themselves and meet the
same load. The first step of each is not timed. Losses of all steps and gradients of all weights are
compared, before each step changes the adapter; memory is each process's own peak.

Our reference log-probabilities are computed before the first step and serve all epochs. The line
"the prefix shared alone" has them computed for each step, so it is also what a training for one
epoch comes to; "the reference known alone" has whole rows.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

from halluc.tabletop.english import detailed_caption
from halluc.tabletop.model import new_processor
from halluc.tabletop.world import scene
from mitigation.precorrection.pairs import Pair, make_pair

SIDE, PATCH = 336, 14
WHOLE = "whole rows"
"""Asks our side for a step without shared prefixes."""


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


def texts_of_scenes(count: int) -> list[str]:
    """Answers of about a hundred tokens: captions of two scenes each."""
    return [
        " ".join(detailed_caption(scene("biased", i + k), random.Random(i + k)) for k in (0, 9))
        for i in range(count)
    ]


def picture(pair: Pair) -> Image.Image:
    """A picture of noise."""
    return Image.frombytes("RGB", (SIDE, SIDE), random.Random(pair.image).randbytes(3 * SIDE**2))


def stock_side(model: Path, pairs: list[Pair]) -> tuple[Any, Callable[[list[Pair]], Any]]:
    """TRL's trainer as it is, and what it collates."""
    from peft import LoraConfig
    from transformers import AutoModelForImageTextToText, AutoProcessor
    from trl import DPOConfig, DPOTrainer

    def rows(some: list[Pair]) -> list[dict[str, Any]]:
        return [
            {
                "images": [picture(pair)],
                "prompt": [{"role": "user", "content": pair.prompt}],
                "chosen": [{"role": "assistant", "content": pair.chosen}],
                "rejected": [{"role": "assistant", "content": pair.rejected}],
            }
            for pair in some
        ]

    from datasets import Dataset

    backbone = "gate_proj up_proj down_proj".split()
    attention = [f"language_model.*self_attn.{name}_proj" for name in "qkvo"]
    trainer = DPOTrainer(
        model=AutoModelForImageTextToText.from_pretrained(model, dtype="float32"),
        args=DPOConfig(
            output_dir=str(model.parent / "stock"),
            max_length=None,
            bf16=False,
            use_cpu=True,
            gradient_checkpointing=False,
            report_to="none",
        ),
        train_dataset=Dataset.from_list(rows(pairs[:1])),
        processing_class=AutoProcessor.from_pretrained(model),
        peft_config=LoraConfig(
            r=16,
            lora_alpha=32,
            target_modules=f".*({'|'.join([*backbone, *attention])})",
            task_type="CAUSAL_LM",
        ),
    )
    return trainer, lambda some: trainer.data_collator(rows(some))


def our_side(model: Path, pairs: list[Pair]) -> tuple[Any, Callable[[list[Pair]], Any]]:
    """Our trainer, its reference computed, and what it collates."""
    from halluc.mllm import load_model
    from mitigation.precorrection.dpo import Recipe, make_trainer

    mllm = load_model(f"hf:{model}", device="cpu")
    trainer = make_trainer(
        mllm, {"train": pairs, "test": []}, picture, Recipe(), model.parent / "ours", save_steps=99
    )
    return trainer, lambda some: trainer.data_collator([{"id": pair.id} for pair in some])


def work(side: str, folder: Path, steps: int, batch_size: int) -> None:
    """One side: a step for each line of stdin; answers on stdout with what it took."""
    warnings.simplefilter("ignore")
    pairs = [make_pair(**each) for each in json.loads((folder / "pairs.json").read_text())]
    cut = [pairs[i : i + batch_size] for i in range(0, len(pairs), batch_size)]
    trainer, collate = (our_side if side == "ours" else stock_side)(folder / "model", pairs)
    model = trainer.model.train()
    weights = {name: each for name, each in model.named_parameters() if each.requires_grad}
    generator = torch.Generator().manual_seed(1)
    for name in sorted(weights):  # an adapter that has learned something, as a new one is nought
        weights[name].data.normal_(0, 0.02, generator=generator)
    optimiser = torch.optim.SGD(weights.values(), lr=0.5)

    def step(number: int, change: bool) -> dict[str, float]:
        began, spent = time.perf_counter(), time.process_time()
        optimiser.zero_grad()
        inputs = trainer._prepare_inputs(collate(cut[number]))
        loss = trainer.compute_loss(model, inputs)
        loss.backward()
        took = {"wall": time.perf_counter() - began, "cpu": time.process_time() - spent}
        if change:
            gradients = {name: each.grad for name, each in weights.items()}
            save_file(gradients, folder / f"{side}{number}.safetensors")
            optimiser.step()
        return {**took, "loss": float(loss.detach())}

    count = sum(each.numel() for each in model.parameters())
    known = timed_reference(trainer, pairs, batch_size) if side == "ours" else {}
    tell({**known, "parameters": count})
    for line in sys.stdin:
        if (told := json.loads(line)) == WHOLE:
            trainer.share = False
            tell(step(0, change=False))
        else:
            tell({**step(told, change=True), "peak": peak()})


def timed_reference(trainer: Any, pairs: list[Pair], size: int) -> dict[str, float]:
    """What the reference takes for a step's pairs, once more after the trainer's making."""
    reference, trainer.data_collator.reference = trainer.data_collator.reference, {}
    rows = [{"id": pair.id} for pair in pairs[:size]]
    best = {"wall": float("inf"), "cpu": float("inf")}
    for _ in range(2):
        began, spent = time.perf_counter(), time.process_time()
        trainer.reference(trainer.data_collator(rows))
        took = {"wall": time.perf_counter() - began, "cpu": time.process_time() - spent}
        best = {clock: min(best[clock], took[clock]) for clock in best}
    trainer.data_collator.reference = reference
    return best


def tell(what: Any) -> None:
    """A line for the other end."""
    print("\n" + json.dumps(what), flush=True)


def peak() -> float:
    """Most memory so far, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


class Side:
    """A process with one of the trainers."""

    def __init__(self, name: str, options: argparse.Namespace, folder: Path) -> None:
        more = ["--steps", str(options.steps), "--batch-size", str(options.batch_size)]
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--work", name, str(folder), *more],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self.began = self.heard()

    def ask(self, what: Any) -> dict[str, float]:
        """One step."""
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        return self.heard()

    def heard(self) -> dict[str, float]:
        """What the process tells next."""
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        sys.exit("one of the sides ended")

    def end(self) -> None:
        """Let it go."""
        self.process.stdin.close()
        self.process.wait()


def main() -> None:
    """Run both sides and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--batch-size", type=int, default=1)
    parser.add_argument("--work", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work[0], Path(options.work[1]), options.steps, options.batch_size)
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        count = (options.steps + 1) * options.batch_size
        texts = texts_of_scenes(max(400, 2 * count))
        make_checkpoint(folder / "model", texts)
        pairs = [
            {"id": f"{i}", "image": f"{i}", "prompt": "Describe.",
             "chosen": texts[2 * i], "rejected": texts[2 * i + 1]}
            for i in range(count)
        ]  # fmt: skip
        (folder / "pairs.json").write_text(json.dumps(pairs))
        words = sum(len(text.replace(".", " .").replace(",", " ,").split()) for text in texts)
        ours, stock = Side("ours", options, folder), Side("stock", options, folder)
        print(
            f"{ours.began['parameters'] / 1e6:.0f} M parameters, {options.batch_size} pairs a "
            f"step, {words / len(texts):.0f} words and marks an answer, load "
            f"{os.getloadavg()[0]:.1f}"
        )
        took = {side: {"wall": 0.0, "cpu": 0.0} for side in ("stock", "ours")}
        losses: dict[str, list[float]] = {"stock": [], "ours": []}
        memory = {}
        for number in range(options.steps + 1):
            for name, side in (("stock", stock), ("ours", ours)):
                told = side.ask(number)
                losses[name].append(told["loss"])
                memory[name] = told["peak"]
                for clock in took[name]:
                    took[name][clock] += told[clock] / options.steps if number else 0
        stock.end()
        whole = ours.ask(WHOLE)
        ours.end()
        apart, slope, size = 0.0, 0.0, 0.0
        for number in range(options.steps + 1):
            apart = max(apart, abs(losses["ours"][number] - losses["stock"][number]))
            one, other = (load_file(folder / f"{s}{number}.safetensors") for s in losses)
            if set(one) != set(other):
                sys.exit("the two adapters are on different layers")
            slope = max(slope, *(float((one[n] - other[n]).abs().max()) for n in one))
            size = max(size, *(float(each.abs().max()) for each in one.values()))
    epoch = {clock: took["ours"][clock] + ours.began[clock] for clock in took["ours"]}
    rows = [
        ("stock TRL", took["stock"], memory["stock"]),
        ("halluc, reference known", took["ours"], memory["ours"]),
        ("the prefix shared alone", epoch, memory["ours"]),
        ("the reference known alone", whole, None),
    ]
    for name, each, held in rows:
        ratios = [took["stock"][clock] / each[clock] for clock in ("wall", "cpu")]
        shown = "" if held is None else f"   peak {held:.2f} GB"
        print(
            f"{name:26}{options.batch_size / each['wall']:7.3f} pairs/s   {ratios[0]:5.2f} times "
            f"({ratios[1]:.2f} in CPU time){shown}"
        )
    shown = ", ".join(f"{each:.5f}" for each in losses["ours"])
    print(f"losses {shown}: at most {apart:.1e} apart")
    print(f"gradients: at most {slope:.1e} apart, of {size:.1e}")


if __name__ == "__main__":
    main()
