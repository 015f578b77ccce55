"""Time and memory of CHAIR on a million captions in one process.

    python benchmarks/chair_million.py ../shared [--captions 1000000] [--workers 1 2]

Captions are made of the sentences of published ones (https://github.com/yuezih/less-is-more), five
each, drawn at random, with a random word of theirs in place of one word of each sentence, so that
few are alike; each is of another picture, whose true objects are those of a random picture of the
published table. Timed is `halluc score chair FILE --truth TABLE -o FOLDER` as a user waits for it:
start, every check, words, mentions, a finding for each on the disk, figures with intervals. It runs
alone in a process of its own on one core; memory is that process's peak. The first line has a tenth
of the captions, so that it shows what grows with them.

With --workers, timed are instead `--engine ray --workers N` for each of the numbers, in turn, twice
over, and the fastest of each counts; all must come to the same files.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from halluc.answers.files import read_captions

HALLUC = "from app.cli import main; main()"
FILES = ("r1-llava1.5-7b", "r2-vcd", "r3-opera", "r5-ours-inst")


def write_files(shared: Path, folder: Path, number: int) -> tuple[Path, Path]:
    """Captions and the table of true objects."""
    rng = random.Random(0)
    sentences = [
        sentence.split()
        for name in FILES
        for each in read_captions(shared / "data/captions/less-is-more" / f"{name}.jsonl")
        for sentence in re.split(r"(?<=[.])\s+", each.text)
    ]
    words = [word for sentence in sentences for word in sentence]
    with gzip.open(shared / "data/coco/coco_gt_objects_wordnet.json.gz") as file:
        tables = [json.dumps(each) for each in json.load(file).values()]
    captions, truth = folder / "captions.jsonl", folder / "objects.json"
    with captions.open("w") as said, truth.open("w") as true:
        true.write("{")
        for id in range(1, number + 1):
            drawn = [rng.choice(sentences).copy() for _ in range(5)]
            for sentence in drawn:
                if sentence:
                    sentence[rng.randrange(len(sentence))] = rng.choice(words)
            text = " ".join(" ".join(sentence) for sentence in drawn)
            said.write(json.dumps({"image_id": id, "caption": text}) + "\n")
            true.write(f'{"" if id == 1 else ", "}"{id}": {rng.choice(tables)}')
        true.write("}\n")
    return captions, truth


def measure(*arguments: str | Path) -> tuple[float, float, float]:
    """Seconds, seconds of CPU and peak MiB of the command."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", HALLUC, *map(str, arguments)], stdout=-3)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"the process ended with {status}")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def spread(shared: Path, number: int, workers: list[int]) -> None:
    """Measure so many captions with each number of workers."""
    with tempfile.TemporaryDirectory() as folder:
        captions, truth = write_files(shared, Path(folder), number)
        best = dict.fromkeys(workers, float("inf"))
        for count in workers * 2:
            output = Path(folder) / f"kept{count}"
            shutil.rmtree(output, ignore_errors=True)  # else findings of before are read, too
            score = ("score", "chair", captions, "--truth", truth, "-o", output)
            seconds, cpu, _ = measure(*score, "--engine", "ray", "--workers", str(count))
            best[count] = min(best[count], seconds)
            told = f"{seconds:.0f} s (CPU of the command's own process {cpu:.0f} s)"
            print(f"{count} workers, {number:,} captions: {told}", flush=True)
        for name in ("findings.jsonl", "scores.json"):
            if len({(Path(folder) / f"kept{count}" / name).read_bytes() for count in workers}) > 1:
                sys.exit(f"{name} differs")
        for count in workers[1:]:
            faster = best[workers[0]] / best[count]
            print(f"{count} workers are {faster:.2f} times as fast as {workers[0]}")


def main() -> None:
    """Measure a tenth and the whole."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shared", type=Path, help="folder with data/")
    parser.add_argument("--captions", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, nargs="+")
    given = parser.parse_args()
    if given.workers:
        spread(given.shared, given.captions, given.workers)
        return
    for number in (given.captions // 10, given.captions):
        with tempfile.TemporaryDirectory() as folder:
            captions, truth = write_files(given.shared, Path(folder), number)
            output = Path(folder) / "kept"
            seconds, cpu, peak = measure("score", "chair", captions, "--truth", truth, "-o", output)
            print(
                f"{number:,} captions ({captions.stat().st_size >> 20} MiB, "
                f"findings {(output / 'findings.jsonl').stat().st_size >> 20} MiB): "
                f"{seconds:.0f} s (CPU {cpu:.0f} s), peak {peak:.0f} MiB",
                flush=True,
            )


if __name__ == "__main__":
    main()
