"""What it is worth to compute a picture and the words before a question only once.

    python benchmarks/prefixes.py [--shape small|7b] [--dtype float32] [--device cpu] [--rounds 3]

A model of LLaVA-1.5's shape with random weights (576 image tokens) answers 6 and 18 questions on
one picture with 4 new tokens each: one question after the other, as one plain batch, and on the
repeated prefix. A prompt has 20 tokens of text before a question of 6 to 9. Ways take turns, round
after round; seconds are medians. All ways must say the same.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import torch
from decoding import SHAPES, build

from halluc.mllm.prefixes import let_share, share_prefixes

TOKENS = 4
IMAGE = 3


def questions(number: int, model: Any) -> dict[str, Any]:
    """Prompts on one picture, padded on the left."""
    words = torch.Generator().manual_seed(1)
    before = torch.randint(4, 32000, (20,), generator=words)
    template = torch.cat([before[:6], torch.full((576,), IMAGE), before[6:]])
    rows = [
        torch.cat([template, torch.randint(4, 32000, (6 + place % 4,), generator=words)])
        for place in range(number)
    ]
    longest = max(map(len, rows))
    ids = torch.stack([torch.cat([row.new_zeros(longest - len(row)), row]) for row in rows])
    pixels = torch.randn(1, 3, 336, 336, generator=torch.Generator().manual_seed(2))
    return {
        "input_ids": ids.to(model.device),
        "attention_mask": (ids > 0).long().to(model.device),
        "pixel_values": pixels.repeat(number, 1, 1, 1).to(model.device, model.dtype),
    }


def answer(model: Any, inputs: dict[str, Any]) -> torch.Tensor:
    """The new tokens of each row."""
    return model.generate(**inputs, max_new_tokens=TOKENS, do_sample=False)[:, -TOKENS:]


def one_by_one(model: Any, inputs: dict[str, Any]) -> torch.Tensor:
    """Each question by itself, without padding."""
    told = []
    for row, mask in enumerate(inputs["attention_mask"].bool()):
        alone = {key: inputs[key][row : row + 1, mask] for key in ("input_ids", "attention_mask")}
        told.append(answer(model, {**alone, "pixel_values": inputs["pixel_values"][row : row + 1]}))
    return torch.cat(told)


def shared(model: Any, inputs: dict[str, Any]) -> torch.Tensor:
    """On the repeated prefix, as `halluc generate` does it."""
    if (prefixes := share_prefixes(model, inputs, IMAGE)) is None:
        sys.exit("the prefix is not shared")
    return answer(model, prefixes.ready(model))


WAYS: dict[str, Callable[[Any, dict[str, Any]], torch.Tensor]] = {
    "one by one": one_by_one,
    "plain batch": answer,
    "shared prefix": shared,
}


def main() -> None:
    """Measure the ways in turn and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", choices=list(SHAPES), default="small")
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16"])
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    model = build(given.shape, given.dtype, given.device)
    if not let_share(model):
        sys.exit("the model cannot share prefixes")
    with torch.inference_mode():
        one_by_one(model, questions(1, model))
        for number in (6, 18):
            inputs = questions(number, model)
            told, seconds = {}, {way: [] for way in WAYS}
            for _ in range(given.rounds):
                for way, work in WAYS.items():
                    start = time.perf_counter()
                    told[way] = work(model, inputs).cpu()
                    seconds[way].append(time.perf_counter() - start)
            if given.dtype == "float32" and len({str(each.tolist()) for each in told.values()}) > 1:
                sys.exit("the ways say different tokens")
            base = statistics.median(seconds["one by one"])
            for way, times in seconds.items():
                median = statistics.median(times)
                print(
                    f"{number:2} questions  {way:13} {number / median:7.2f} a second  "
                    f"{base / median:5.2f} x one by one"
                )


if __name__ == "__main__":
    main()
