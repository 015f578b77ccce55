"""What decodings cost: plain greedy decoding, methods, and VCD's two passes one after the other.

    python benchmarks/decoding.py [--shape small|7b] [--dtype float32] [--rounds 3]

A model of LLaVA-1.5's shape with random weights (576 image tokens) answers one request, batch 1,
with 64 new tokens; the published code of VCD runs two passes, each with its own cache, which is
restated here on the same model. Guided decoding has a hint of 12 tokens in its second prompt, and
the control layer a random matrix. Every way runs in a process of its own, round after round, so
that a busy machine slows all of them; seconds are the median over the rounds. Memory is the peak of
the process, or of the accelerator where there is one, weights included.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

TOKENS = 64
# LLaVA-1.5-7B, and the same proportions of encoder and backbone in small.
SHAPES: dict[str, dict[str, dict[str, int]]] = {
    "small": {
        "text": {"hidden_size": 1024, "intermediate_size": 2816, "num_hidden_layers": 24},
        "vision": {"hidden_size": 384, "intermediate_size": 1536, "num_hidden_layers": 8},
        "heads": {"text": 16, "vision": 6},
    },
    "7b": {
        "text": {"hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32},
        "vision": {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24},
        "heads": {"text": 32, "vision": 16},
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

    sizes = SHAPES[shape]
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(
            **sizes["vision"],
            num_attention_heads=sizes["heads"]["vision"],
            image_size=336,
            patch_size=14,
        ),
        text_config=LlamaConfig(
            **sizes["text"], num_attention_heads=sizes["heads"]["text"], vocab_size=32000
        ),
        image_token_id=3,
        image_seq_length=576,
    )
    torch.manual_seed(0)
    torch.set_default_dtype(getattr(torch, dtype))
    with torch.device(device):
        model = LlavaForConditionalGeneration(config)
    torch.set_default_dtype(torch.float32)
    model.generation_config.update(eos_token_id=None, pad_token_id=0, bos_token_id=1)
    return model.eval()


def inputs(model: Any) -> tuple[dict[str, Any], Any]:
    """A prompt of 36 tokens of text and 576 of the picture; the noised picture."""
    import torch

    from mitigation.inprocess.noise import add_noise

    text = torch.randint(4, 32000, (36,), generator=torch.Generator().manual_seed(1))
    ids = torch.cat([text[:6], torch.full((576,), 3), text[6:]])[None]
    pixels = torch.randn(1, 3, 336, 336, generator=torch.Generator().manual_seed(2))
    clean = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "pixel_values": pixels}
    noised = add_noise(clean, ["a"], step=500, seed=0, image_token=3)
    clean["pixel_values"] = pixels.to(model.dtype)
    return {key: each.to(model.device) for key, each in clean.items()}, noised.to(
        clean["pixel_values"]
    )


def plain(model: Any, steps: int) -> Any:
    """Greedy decoding, as transformers does it."""
    clean, _ = inputs(model)
    return model.generate(**clean, max_new_tokens=steps, do_sample=False)


def vcd(model: Any, steps: int) -> Any:
    """Greedy VCD in one batch."""
    from functools import partial

    from mitigation.inprocess.loop import decode, stack
    from mitigation.inprocess.vcd import combine

    clean, noised = inputs(model)
    batch = stack([clean, {**clean, "pixel_values": noised.to(model.device)}], pad=0)
    loop = partial(decode, branches=2, combine=partial(combine, alpha=1.0, beta=0.1))
    return model.generate(**batch, custom_generate=loop, max_new_tokens=steps, do_sample=False)


def guided(model: Any, steps: int) -> Any:
    """Greedy guided decoding in one batch."""
    from functools import partial

    import torch

    from mitigation.inprocess.guided import combine
    from mitigation.inprocess.loop import decode, stack

    plain, _ = inputs(model)
    hint = torch.randint(4, 32000, (1, 12), generator=torch.Generator().manual_seed(3))
    ids = plain["input_ids"]
    told = torch.cat([ids[:, :-30], hint.to(ids.device), ids[:, -30:]], 1)
    hinted = {**plain, "input_ids": told, "attention_mask": torch.ones_like(told)}
    loop = partial(decode, branches=2, combine=partial(combine, gamma=0.7, beta=0.0))
    batch = stack([plain, hinted], pad=0)
    return model.generate(**batch, custom_generate=loop, max_new_tokens=steps, do_sample=False)


def control(model: Any, steps: int) -> Any:
    """Greedy decoding through a control layer."""
    from types import SimpleNamespace

    import torch

    from mitigation.inprocess.control import shifted

    size = model.get_output_embeddings().weight.shape[1]
    weight = torch.randn(size, size, generator=torch.Generator().manual_seed(4)) / size
    weight = weight.to(model.device, model.dtype)
    with shifted(SimpleNamespace(model=model, card={"model": {"name": ""}}), weight, -1.0):  # type: ignore[arg-type]
        return plain(model, steps)


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
    "vcd": vcd,
    "guided": guided,
    "control": control,
    "two passes": two_passes,
}


def work(way: str, shape: str, dtype: str, device: str) -> dict[str, Any]:
    """Seconds, peak memory in MiB and the tokens of one way, in this process."""
    import torch

    model = build(shape, dtype, device)
    WAYS[way](model, 2)
    start = time.perf_counter()
    tokens = WAYS[way](model, TOKENS)[0, -TOKENS:].tolist()
    seconds = time.perf_counter() - start
    peak = (
        torch.cuda.max_memory_allocated() / 2**20
        if device == "cuda"
        else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    )
    parameters = sum(each.numel() for each in model.parameters())
    return {"seconds": seconds, "peak": peak, "tokens": tokens, "parameters": parameters}


def main() -> None:
    """Measure the ways in turn and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", choices=list(SHAPES), default="small")
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16"])
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ways", default=",".join(WAYS), help="some of them; plain is needed")
    parser.add_argument("--way", choices=list(WAYS), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way:
        print(json.dumps(work(given.way, given.shape, given.dtype, given.device)))
        return
    told: dict[str, list[dict[str, Any]]] = {way: [] for way in given.ways.split(",")}
    for _ in range(given.rounds):
        for way, runs in told.items():
            command = [sys.executable, __file__, *sys.argv[1:], "--way", way]
            output = subprocess.run(command, check=True, stdout=-1, text=True).stdout
            runs.append(json.loads(output.splitlines()[-1]))
    same = [told[way][0]["tokens"] for way in ("vcd", "two passes") if way in told]
    if len(same) == 2 and same[0] != same[1] and given.dtype == "float32":
        sys.exit("VCD and two passes say different tokens")
    base = statistics.median(each["seconds"] for each in told["plain"])
    millions = told["plain"][0]["parameters"] / 1e6
    print(f"{millions:.0f} M parameters, {given.dtype} on {given.device}, {TOKENS} new tokens")
    for way, runs in told.items():
        seconds = statistics.median(each["seconds"] for each in runs)
        peak = max(each["peak"] for each in runs)
        print(f"{way:12} {seconds:7.2f} s  {seconds / base:5.2f} x plain  {peak:7.0f} MiB")


if __name__ == "__main__":
    main()
