"""VCD by halluc and by MitigV on the same checkpoint: tokens a second, alone and in a batch.

    pip install --no-deps --target FOLDER mitigv==0.1.7
    python benchmarks/peer_vcd.py FOLDER [--scenes 16] [--batches 1 8] [--rounds 3] [--model MODEL]

MitigV (https://github.com/Young-Zhang416/MitigV) is no dependency: it lies in a folder of its own
and runs in this process, on the weights, processor and torch that halluc has loaded. Both decode
greedily with VCD's defaults (α 1, β .1, step 500). Each draws its own noise, so texts differ, and
what is compared is tokens of the answers a second (on a CPU, of the processor's). Every round has
both in turn; the ratio is that of the same round. As a check that both do the same work, plain
decoding (α and β 0) has to say the same of each picture.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from halluc.datasets.load import load_dataset
from halluc.mllm import Request, load_model
from mitigation.inprocess.vcd import VCD

PROMPT = "Describe this image in detail."
Way = Callable[[Sequence[Request]], list[str]]


def ours(model: Any, tokens: int, **own: float) -> Way:
    """Answer by halluc's VCD."""
    vcd = VCD(max_new_tokens=tokens, **own)
    return lambda requests: [each.text for each in model.generate(requests, vcd)]


def theirs(model: Any, tokens: int, **own: float) -> Way:
    """Answer by MitigV's VCD."""
    from mitigv import load_mitigator  # type: ignore[import-not-found]

    vcd = load_mitigator(
        "vcd", model=model.model, processor=model.processor, model_type="llava",
        max_new_tokens=tokens, seed=0, **own,
    )  # fmt: skip

    def answer(requests: Sequence[Request]) -> list[str]:
        said = vcd([each.image for each in requests], [each.prompt for each in requests])
        return [said] if isinstance(said, str) else said

    return answer


def rate(way: Way, asked: Sequence[Request], size: int, model: Any) -> float:
    """Tokens of the answers a second, in batches of a size."""
    clock = time.process_time if model.device.type == "cpu" else time.perf_counter
    start = clock()
    texts = [text for at in range(0, len(asked), size) for text in way(asked[at : at + size])]
    seconds = clock() - start
    return sum(len(model.tokenizer(text)["input_ids"]) for text in texts) / seconds


def main() -> None:
    """Measure both in turn and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the package lies")
    parser.add_argument("--model", default="tabletop", help="of the family of LLaVA")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--scenes", type=int, default=16, help="a multiple of the batches")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--tokens", type=int, default=96)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    if not (given.folder / "mitigv").is_dir():
        sys.exit(f"{given.folder} has no mitigv; see the first lines of {Path(__file__).name}")
    sys.path.append(str(given.folder))
    model: Any = load_model(given.model, device=given.device)
    scenes = load_dataset("tabletop")
    asked = [
        Request(each.id, PROMPT, scenes.open_image(each)) for each in scenes.samples[: given.scenes]
    ]
    plain = [make(model, given.tokens, alpha=0.0, beta=0.0) for make in (ours, theirs)]
    for each in asked:
        here, there = (way([each])[0].strip() for way in plain)
        if here != there:
            sys.exit(f"{each.id}: plain decoding says {here!r} here, and {there!r} by MitigV")
    ways = {"MitigV": theirs(model, given.tokens), "halluc": ours(model, given.tokens)}
    print("| pictures at once | MitigV, tokens a second | halluc | ratio (least to most) |")
    print("| ---: | ---: | ---: | ---: |")
    for size in given.batches:
        told = [
            {name: rate(way, asked, size, model) for name, way in ways.items()}
            for _ in range(given.rounds)
        ]
        rates = [median(each[name] for each in told) for name in ways]
        ratios = [each["halluc"] / each["MitigV"] for each in told]
        print(
            f"| {size} | {rates[0]:.1f} | {rates[1]:.1f} | {median(ratios):.2f} "
            f"({min(ratios):.2f} to {max(ratios):.2f}) |",
            flush=True,
        )


if __name__ == "__main__":
    main()
