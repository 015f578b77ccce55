"""Whether `torch.compile` makes the embedded model faster at captions.

    python benchmarks/compiled.py [--scenes 64] [--batch-size 32] [--device cpu] [--rounds 3]

Captions of the first scenes, greedy, at most 96 new tokens: the model as it is, and its forward
pass compiled for shapes that change. Ways take turns, round after round; seconds are medians, and
what compiling costs (the first round, left out of these) is told apart. Both must say the same.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time

import torch

from halluc.datasets.load import load_dataset
from halluc.mllm import Decoding, Request, load_model
from halluc.mllm.transformers import TransformersMLLM

PROMPT = "Describe this image in detail."


def main() -> None:
    """Measure both ways in turn and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=64)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    model = load_model("tabletop", device=given.device)
    if not isinstance(model, TransformersMLLM):
        sys.exit("the embedded model is none of transformers'")
    scenes = load_dataset("tabletop")
    asked = [
        Request(each.id, PROMPT, scenes.open_image(each)) for each in scenes.samples[: given.scenes]
    ]
    eager = model.model.forward
    ways = {"eager": eager, "compiled": torch.compile(eager, dynamic=True)}

    def captions(way: str) -> list[str]:
        model.model.forward = ways[way]
        told = list[str]()
        for start in range(0, len(asked), given.batch_size):
            batch = asked[start : start + given.batch_size]
            told += [each.text for each in model.generate(batch, Decoding(max_new_tokens=96))]
        return told

    texts, first, seconds = {}, {}, {way: list[float]() for way in ways}
    for turn in range(given.rounds + 1):
        for way in ways:
            start = time.perf_counter()
            texts[way] = captions(way)
            spent = time.perf_counter() - start
            first.setdefault(way, spent)
            print(f"round {turn}, {way}: {spent:.1f} s", file=sys.stderr, flush=True)
            if turn:
                seconds[way].append(spent)
    same = sum(one == other for one, other in zip(*texts.values(), strict=True))
    base = statistics.median(seconds["eager"])
    for way, times in seconds.items():
        median = statistics.median(times)
        print(
            f"{way:9} {len(asked) / median:7.1f} captions a second  {base / median:5.2f} x eager  "
            f"first round {first[way]:6.1f} s, later {median:6.1f} s"
        )
    print(f"the same text for {same} of {len(asked)}")


if __name__ == "__main__":
    main()
