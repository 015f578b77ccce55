"""How long `halluc compare` takes: runs of made-up captions on the same pictures.

    python benchmarks/compare.py [--runs 10] [--answers 5000]

Each caption names some of the objects of its picture and some that are not there. Prints the
seconds of the whole command, start of Python included, and those of the processor, which other
work on the machine does not change.
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from halluc.records import Response, Sample, Token, TrueObject, Truth
from halluc.runs import open_run

OBJECTS = (
    *("person", "dog", "cat", "bus", "car", "cup", "fork", "knife", "bowl", "chair", "couch"),
    *("bottle", "book", "clock", "vase", "bench", "horse", "sheep", "pizza", "cake", "bed", "tv"),
)
FORMS = (
    "The picture shows a {0} and a {1}. There is also a {2} in the middle of the scene.",
    "A {0} stands next to a {1}. In the background a {2} and another {0} can be seen.",
    "In this image a {2} is on the left of a {0}, with a large {1} behind it.",
)


def make_runs(folder: Path, runs: int, answers: int) -> list[str]:
    """Write runs; their paths."""
    draw = random.Random(0)
    truths = [
        Truth(objects=tuple(TrueObject(name=name) for name in draw.sample(OBJECTS, 4)))
        for _ in range(answers)
    ]
    samples = [
        Sample(id=f"{number:06}", image=f"{number:06}.jpg", truth=truth)
        for number, truth in enumerate(truths)
    ]
    card = {
        "model": {"name": "made-up", "hash": "0"},
        "task": "caption",
        "prompt": "Describe.",
        "data": {"name": "made-up", "sha256": "0"},
    }
    for number in range(runs):
        run = open_run(folder / f"run{number}", card | {"decoding": {"seed": number}}, samples)
        run.append(_answer(draw, each, 0.1 + 0.02 * number) for each in samples)
        run.finish()
    return [str(folder / f"run{number}") for number in range(runs)]


def _answer(draw: random.Random, sample: Sample, wrong: float) -> Response:
    there = [each.name for each in (sample.truth or Truth()).objects]
    named = [draw.choice(OBJECTS if draw.random() < wrong else there) for _ in range(3)]
    text = draw.choice(FORMS).format(*named)
    tokens = tuple(Token(start, start + 4, -draw.random()) for start in range(0, len(text) - 4, 4))
    return Response(id=sample.id, text=text, prompt="Describe.", tokens=tokens)


def main() -> None:
    """Print the seconds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--answers", type=int, default=5000)
    given = parser.parse_args()
    with TemporaryDirectory() as name:
        paths = make_runs(Path(name), given.runs, given.answers)
        command = [str(Path(sys.executable).with_name("halluc")), "compare", *paths, "--brief"]
        begun = time.perf_counter()
        subprocess.run(command, check=True)
        took = time.perf_counter() - begun
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime
    print(f"{given.runs} runs of {given.answers:,} answers: {took:.1f} s ({cpu:.1f} of processor)")


if __name__ == "__main__":
    main()
