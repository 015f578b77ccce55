"""What decodings cost: plain greedy decoding, methods, and VCD's two passes one after the other.

    python benchmarks/decoding.py [--shape tiny|small|7b] [--ways vcd,deco,…] [--rounds 3]

A model of LLaVA-1.5's proportions with random weights (576 image tokens) answers one request, batch
1, with 64 new tokens (`--tokens`); the published code of VCD runs two passes, each with its own
cache, which is restated here on the same model. Guided decoding has a hint of 12 tokens in its
second prompt; control layer and direction are random matrices. The model is built once; every round
has all ways in turn, and a way's ratio is that to plain decoding of the same round. On a CPU
seconds are the processor's, of all threads: what else runs there adds none. Each round is printed
as it ends, with medians over the rounds at the end. With `--device cuda` seconds are those of the
clock, and the peak of memory is shown, too, weights included.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

IMAGE = 3  # the token of pictures
# LLaVA-1.5-7B, and about the same proportions of encoder, backbone and head in small.
SHAPES: dict[str, dict[str, dict[str, int]]] = {
    "tiny": {
        "text": {"hidden_size": 512, "intermediate_size": 1408, "num_hidden_layers": 16},
        "vision": {"hidden_size": 192, "intermediate_size": 768, "num_hidden_layers": 4},
        "heads": {"text": 8, "vision": 3},
        "words": {"vocab_size": 8000},
    },
    "small": {
        "text": {"hidden_size": 1024, "intermediate_size": 2816, "num_hidden_layers": 24},
        "vision": {"hidden_size": 384, "intermediate_size": 1536, "num_hidden_layers": 8},
        "heads": {"text": 16, "vision": 6},
        "words": {"vocab_size": 32000},
    },
    "7b": {
        "text": {"hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32},
        "vision": {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24},
        "heads": {"text": 32, "vision": 16},
        "words": {"vocab_size": 32000},
    },
}


def build(shape: str, dtype: str, device: str) -> Any:
    """The model, with random weights of a size at which nothing overflows."""
    import torch
    from transformers import (
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
    )

    from halluc.mllm.prefixes import let_share

    sizes = SHAPES[shape]
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(
            **sizes["vision"],
            num_attention_heads=sizes["heads"]["vision"],
            image_size=336,
            patch_size=14,
        ),
        text_config=LlamaConfig(
            **sizes["text"], num_attention_heads=sizes["heads"]["text"], **sizes["words"]
        ),
        image_token_id=IMAGE,
        image_seq_length=576,
    )
    torch.manual_seed(0)
    torch.set_default_dtype(getattr(torch, dtype))
    with torch.device(device):
        model = LlavaForConditionalGeneration(config)
    torch.set_default_dtype(torch.float32)
    model.generation_config.update(eos_token_id=None, pad_token_id=0, bos_token_id=1)
    let_share(model)
    return model.eval()


def inputs(model: Any) -> tuple[dict[str, Any], Any]:
    """A prompt of 36 tokens of text and 576 of the picture; the noised picture."""
    import torch

    from mitigation.inprocess.noise import add_noise

    words = model.config.text_config.vocab_size
    text = torch.randint(4, words, (36,), generator=torch.Generator().manual_seed(1))
    ids = torch.cat([text[:6], torch.full((576,), IMAGE), text[6:]])[None]
    pixels = torch.randn(1, 3, 336, 336, generator=torch.Generator().manual_seed(2))
    clean = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "pixel_values": pixels}
    noised = add_noise(clean, ["a"], step=500, seed=0, image_token=IMAGE)
    clean["pixel_values"] = pixels.to(model.dtype)
    return {key: each.to(model.device) for key, each in clean.items()}, noised.to(
        clean["pixel_values"]
    )


def plain(model: Any, steps: int) -> Any:
    """Greedy decoding, as transformers does it."""
    clean, _ = inputs(model)
    return model.generate(**clean, max_new_tokens=steps, do_sample=False)


def by(kind: str, second: Callable[[dict[str, Any], Any], Any] | None = None, **own: Any) -> Any:
    """A way: greedy decoding by a method.

    Args:
        kind: name of the method.
        second: makes the inputs of its second branch of those of the first and the noised picture.
        own: its options; those that name a folder get one with random weights.
    """

    def way(model: Any, steps: int) -> Any:
        from halluc.mllm.prefixes import share_prefixes
        from mitigation.inprocess import make_decoding
        from mitigation.inprocess.loop import stack

        clean, noised = inputs(model)
        branches = [clean] if second is None else [clean, second(clean, noised.to(model.device))]
        card = {"model": {"name": "random", "hash": "random"}}
        asked: Any = SimpleNamespace(model=model, card=card, config=model.config)
        with tempfile.TemporaryDirectory() as folder:
            method: Any = make_decoding(
                kind, {}, {**own, **fitted(kind, model, Path(folder), card)}
            )
            batch = stack(branches, pad=0)
            with method.hooks(asked, batch):
                # As `halluc generate` does it: what branches begin with alike is computed once.
                shared = method.shares and share_prefixes(model, batch, IMAGE)
                return model.generate(
                    **(shared.ready(model) if shared else batch),
                    custom_generate=method.custom_generate(asked),
                    max_new_tokens=steps, do_sample=False,
                )  # fmt: skip

    return way


def fitted(kind: str, model: Any, folder: Path, card: dict[str, Any]) -> dict[str, str]:
    """Random weights as `halluc train` writes them, for a method that reads some."""
    import torch
    from safetensors.torch import save_file

    from halluc.jsonl import write_json

    text = model.config.text_config
    shapes = {
        "control": ("weight", "layer", (text.hidden_size, text.hidden_size)),
        "steering": ("direction", "direction", (text.num_hidden_layers, text.hidden_size)),
    }
    if kind not in shapes:
        return {}
    name, option, shape = shapes[kind]
    weights = torch.randn(shape, generator=torch.Generator().manual_seed(4)) / text.hidden_size
    save_file({name: weights}, folder / f"{kind}.safetensors")
    write_json(folder / "card.json", {**card, "source": "answers"})
    return {option: str(folder)}


def hinted(clean: dict[str, Any], noised: Any) -> dict[str, Any]:
    """The prompt with 12 tokens more."""
    import torch

    ids = clean["input_ids"]
    hint = torch.randint(4, 8000, (1, 12), generator=torch.Generator().manual_seed(3))
    told = torch.cat([ids[:, :-30], hint.to(ids.device), ids[:, -30:]], 1)
    return {**clean, "input_ids": told, "attention_mask": torch.ones_like(told)}


def blind(clean: dict[str, Any], noised: Any) -> dict[str, Any]:
    """The prompt without its picture."""
    ids = clean["input_ids"]
    text = ids[:, (ids != IMAGE)[0]]
    return {"input_ids": text, "attention_mask": clean["attention_mask"][:, : text.shape[1]]}


def two_passes(model: Any, steps: int) -> Any:
    """Greedy VCD as its code runs it: two models, as it were, one after the other."""
    import torch

    from mitigation.inprocess.vcd import combine

    clean, noised = inputs(model)
    ids = clean["input_ids"]
    pixels: list[Any] = [clean["pixel_values"], noised.to(model.device)]
    caches: list[Any] = [None, None]
    with torch.inference_mode():
        for step in range(steps):
            logits = []
            for branch in range(2):
                told = model(
                    input_ids=ids if step == 0 else ids[:, -1:],
                    pixel_values=pixels[branch] if step == 0 else None,
                    past_key_values=caches[branch],
                    use_cache=True,
                    logits_to_keep=1,
                )
                caches[branch] = told.past_key_values
                logits.append(told.logits[:, -1].float())
            token = combine(torch.stack(logits), step, alpha=1.0, beta=0.1).argmax(-1)
            ids = torch.cat([ids, token[:, None]], 1)
    return ids


WAYS: dict[str, Callable[[Any, int], Any]] = {
    "plain": plain,
    "vcd": by("vcd", lambda clean, noised: {**clean, "pixel_values": noised}),
    "m3id": by("m3id", blind),
    "guided": by("guided", hinted),
    "pai": by("pai", blind),
    "control": by("control"),
    "steering": by("steering"),
    "deco": by("deco"),
    "dola": by("dola"),
    "vaf": by("vaf"),
    "two passes": two_passes,
}


def measure(way: str, model: Any, steps: int) -> tuple[float, float, list[int]]:
    """Seconds, peak of the accelerator's memory in MiB, and the tokens."""
    import torch

    cuda = model.device.type == "cuda"
    if cuda:
        torch.cuda.reset_peak_memory_stats()
    clock = time.perf_counter if cuda else time.process_time
    start = clock()
    tokens = WAYS[way](model, steps)[0, -steps:].tolist()
    seconds = clock() - start
    return seconds, torch.cuda.max_memory_allocated() / 2**20 if cuda else 0.0, tokens


def main() -> None:
    """Measure the ways in turn and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", choices=list(SHAPES), default="small")
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16"])
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--ways", default=",".join(WAYS), help="some of them")
    given = parser.parse_args()
    ways = list(dict.fromkeys(["plain", *given.ways.split(",")]))
    if unknown := [each for each in ways if each not in WAYS]:
        sys.exit(f"there is no way {unknown[0]!r}; there are {', '.join(WAYS)}")
    model = build(given.shape, given.dtype, given.device)
    millions = sum(each.numel() for each in model.parameters()) / 1e6
    print(
        f"{millions:.0f} M parameters, {given.dtype} on {given.device}, {given.tokens} new tokens"
    )
    told: dict[str, list[tuple[float, float, list[int]]]] = {way: [] for way in ways}
    for way in ways:
        WAYS[way](model, 2)
    for number in range(given.rounds):
        for way, runs in told.items():
            runs.append(measure(way, model, given.tokens))
        seconds = ", ".join(f"{way} {runs[-1][0]:.2f} s" for way, runs in told.items())
        print(f"round {number + 1}: {seconds}", flush=True)
    same = [told[way][0][2] for way in ("vcd", "two passes") if way in told]
    if len(same) == 2 and same[0] != same[1] and given.dtype == "float32":
        sys.exit("VCD and two passes say different tokens")
    cuda = given.device == "cuda"
    print("| way | seconds | × plain | least to most |" + " MiB |" * cuda)
    print("| --- |" + " ---: |" * (3 + cuda))
    for way, runs in told.items():
        ratios = [run[0] / base[0] for run, base in zip(runs, told["plain"], strict=True)]
        cells = [f"{median(run[0] for run in runs):.2f}", f"{median(ratios):.2f}"]
        cells.append(f"{min(ratios):.2f} to {max(ratios):.2f}")
        cells += [f"{max(run[1] for run in runs):,.0f}"] * cuda
        print(f"| {way} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
