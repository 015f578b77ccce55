"""Time and memory of POPE on a million answers, beside a plain script with the json module.

    python benchmarks/pope_million.py [--answers 1000000]

Both read the same two files, a million questions with labels and as many answers with what was
asked, and join them by id. The plain script is the published loop (``evaluate.py`` of
https://github.com/RUCAIBox/POPE) with a dict in place of its join by position: it checks nothing,
and gives no interval. `halluc score pope` is timed as a user waits for it: start, both files,
every check, figures with intervals over pictures, SHA-256 of the files, table. Each runs alone in a
process of its own; memory is that process's peak.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NAMES = ("person", "dog", "cat", "bus", "car", "cup", "fork", "chair", "table", "umbrella")
TEXTS = ("Yes", "No", "Yes, there is.", "No, there is no such thing in the image.")

HALLUC = "import sys; from app.cli import main; main()"
PLAIN = """
import json, sys
labels = {}
for line in open(sys.argv[2]):
    row = json.loads(line)
    labels[row["question_id"]] = row["label"]
tp = fp = tn = fn = 0
for line in open(sys.argv[1]):
    row = json.loads(line)
    text = row["text"].split(".")[0].replace(",", "")
    words = text.split(" ")
    yes = not ("No" in words or "not" in words or "no" in words)
    right = labels[row["question_id"]] == "yes"
    tp += yes and right
    fp += yes and not right
    tn += not yes and not right
    fn += not yes and right
print("accuracy", (tp + tn) / (tp + fp + tn + fn), "F1", 2 * tp / (2 * tp + fp + fn))
"""


def write_files(folder: Path, number: int) -> tuple[Path, Path]:
    """Questions and answers; every sixth question is about another picture."""
    rng = random.Random(0)
    questions, answers = folder / "questions_random.jsonl", folder / "answers.jsonl"
    with questions.open("w") as asked, answers.open("w") as told:
        for id in range(1, number + 1):
            text = f"Is there a {rng.choice(NAMES)} in the image?"
            row = {"question_id": id, "image": f"COCO_val2014_{id // 6:012d}.jpg", "text": text}
            label = "yes" if id % 2 else "no"
            asked.write(json.dumps({**row, "label": label}) + "\n")
            # One answer in ten is unlike all others, as long answers are.
            said = rng.choice(TEXTS) if rng.random() < 0.9 else f"I see {rng.random()} of it"
            prompt = f"{text}\nAnswer the question using a single word or phrase."
            row = {"question_id": id, "prompt": prompt, "text": said, "model_id": "m"}
            told.write(json.dumps({**row, "metadata": {}}) + "\n")
    return questions, answers


def measure(code: str, *arguments: str | Path) -> tuple[float, float, float, str]:
    """Seconds, seconds of CPU, peak MiB and the first line with figures of a Python process."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], stdout=-1, text=True
    )
    output = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"the process ended with {status}")
    lines = [line for line in output.splitlines() if "0." in line]
    seconds, cpu = time.perf_counter() - start, usage.ru_utime + usage.ru_stime
    return seconds, cpu, usage.ru_maxrss / 1024, " ".join(lines[0].split())


def main() -> None:
    """Measure both and print them side by side."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--answers", type=int, default=1_000_000)
    number = parser.parse_args().answers
    with tempfile.TemporaryDirectory() as folder:
        questions, answers = write_files(Path(folder), number)
        ways = {
            "json module, plain loop": (PLAIN, answers, questions),
            "halluc score pope": (HALLUC, "score", "pope", answers, "--truth", questions),
        }
        print(f"{number:,} answers, {answers.stat().st_size / 2**20:.0f} MiB of them")
        for name, command in ways.items():
            seconds, cpu, peak, figures = measure(*command)
            print(f"{name:24} {seconds:6.1f} s (CPU {cpu:.1f} s) {peak:6.0f} MiB   {figures}")


if __name__ == "__main__":
    main()
