"""How fast captions become findings, and that memory does not grow with their number.

    python benchmarks/claims.py ../shared/data [--times 4]

The published captions of `captions/less-is-more` (about 84 words each) are read into claims and
judged against a made-up truth, once, and then so many times over, each time with other words in
them. Every run has a process of its own; memory is its peak, and the time includes loading the
pipeline. The named alternative is spaCy's parse of the same texts alone.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path


def captions(shared: Path, times: int) -> Iterator[str]:
    """The captions, so many times over; a word that is new each time stands behind each."""
    for turn in range(times):
        for file in sorted((shared / "captions" / "less-is-more").glob("*.jsonl")):
            for number, line in enumerate(file.read_text().splitlines()):
                yield f"{json.loads(line)['text']} Label {turn}x{number}."


def work(way: str, shared: Path, times: int) -> dict[str, float]:
    """Captions, words, findings, seconds and peak memory in MiB of one way, in this process."""
    from halluc.language.claims.reader import read_claims
    from halluc.language.claims.verdicts import judge
    from halluc.language.pipeline.parser import parse
    from halluc.records import TrueObject, Truth

    truth = Truth(objects=(TrueObject("person"), TrueObject("dog"), TrueObject("car")))
    start = time.perf_counter()
    number = words = findings = 0
    if way == "parse":
        for doc in parse(captions(shared, times)):
            number, words = number + 1, words + len(doc)
    else:
        for text, claims in zip(
            captions(shared, times), read_claims(captions(shared, times)), strict=True
        ):
            number, words = number + 1, words + len(text.split())
            findings += sum(1 for _ in judge(str(number), claims, truth, "finegrained"))
    return {
        "captions": number,
        "words": words / number,
        "findings": findings,
        "seconds": time.perf_counter() - start,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shared", type=Path, help="folder of the published data")
    parser.add_argument("--times", type=int, default=4)
    parser.add_argument("--way", choices=["parse", "findings"], help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way:
        print(json.dumps(work(given.way, given.shared, given.times)))
        return
    print("              captions  words each  findings  captions/s  peak MiB")
    for way, times in (("parse", 1), ("findings", 1), ("findings", given.times)):
        command = [sys.executable, __file__, str(given.shared), "--way", way, "--times", str(times)]
        told = json.loads(subprocess.run(command, check=True, stdout=-1, text=True).stdout)
        print(
            f"{way:12} {told['captions']:9} {told['words']:11.0f} {told['findings']:9} "
            f"{told['captions'] / told['seconds']:11.0f} {told['memory']:9.0f}"
        )


if __name__ == "__main__":
    main()
