"""Time and memory of mining preference pairs from a hundred thousand inspected samples.

    python benchmarks/mining.py [--samples 100000] [--answers 4] [--scenes 2000]

Captions are templates of the embedded world on scenes of which some things are told wrongly: in
half of the captions an object is taken for another one, in a third a colour or a size is. They are
read once by the metric, then written as runs, each picture with `--answers` captions, with their
findings, and with tokens as `halluc generate` leaves them; the scenes come again under other names
until there are enough. Mining keeps nothing of a text between two readings, so that costs what as
many different texts cost. Timed is `halluc data pairs RUN... -o FOLDER` as a user waits for it;
memory is the peak of the sum over its processes (proportional set size, ten times a second).
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from halluc.jsonl import read_json
from halluc.language.claims.things import coco_things
from halluc.records import Finding, Response, Sample, Token
from halluc.runs import open_run
from halluc.tabletop.english import detailed_caption
from halluc.tabletop.truth import truth_of
from halluc.tabletop.world import CLASSES, COLORS, SIZES, Scene, scene
from metrics.finegrained import finegrained
from metrics.finegrained_counts import METRIC, compute, count_findings

HALLUC = "from app.cli import main; main()"
PROMPT = "Describe this image in detail."


def mistaken(drawn: Scene, rng: random.Random) -> Scene:
    """A scene as somebody tells it who does not look closely."""
    items = list(drawn.items)
    if rng.random() < 0.5:
        place = rng.randrange(len(items))
        other = rng.choice([name for name in CLASSES if name not in drawn.names])
        items[place] = replace(items[place], name=other)
    if rng.random() < 1 / 3:
        place = rng.randrange(len(items))
        if rng.random() < 0.5:
            items[place] = replace(items[place], color=rng.choice(COLORS))
        else:
            items[place] = replace(items[place], size=rng.choice(list(SIZES)))
    return replace(drawn, items=tuple(items))


def write_runs(folder: Path, samples: int, answers: int, scenes: int) -> list[Path]:
    """Runs with findings; together they have so many samples."""
    drawn = [scene("broken", 10_000 + number) for number in range(scenes)]
    truths = {each.id: truth_of(each) for each in drawn}
    pictures = samples // answers
    runs = []
    for number in range(answers):
        rng = random.Random(f"mining/{number}")
        texts = {each.id: detailed_caption(mistaken(each, rng), rng) for each in drawn}
        found: dict[str, list[Finding]] = {id: [] for id in texts}
        for each in finegrained(texts, truths, coco_things()).findings:
            found[each.id].append(each)
        asked, said, findings = [], [], []
        for place in range(pictures):
            own = drawn[place % scenes].id
            id, text = f"{own}/{place // scenes}", texts[own]
            asked.append(Sample(id=id, image=id, truth=truths[own]))
            # About as many tokens as words and marks.
            cuts = [i for i, letter in enumerate(text) if letter in " ,."] + [len(text)]
            tokens = tuple(
                Token(start, end, -rng.expovariate(2))
                for start, end in zip([0, *cuts], cuts, strict=False)
                if start < end
            )
            said.append(Response(id=id, text=text, prompt=PROMPT, image=id, tokens=tokens))
            findings += [replace_id(each, id) for each in found[own]]
        card = {
            "task": "caption",
            "data": {"name": "tabletop:broken", "scenes": scenes},
            "seed": number,
        }
        run = open_run(folder / f"run{number}", card, asked)
        run.append(said)
        run.finish()
        run.write_findings(METRIC, findings)
        truths_of = {each.id: each.truth for each in asked[:scenes] if each.truth}
        counts = count_findings([f for f in findings if f.id in truths_of], truths_of)
        run.write_scores(compute(next(iter(counts.values()))), {"how": "benchmark"})
        runs.append(run.path)
    return runs


def replace_id(finding: Finding, id: str) -> Finding:
    """The finding of another answer."""
    return Finding(
        id=id, claim=finding.claim, verdict=finding.verdict, metric=finding.metric,
        rule=finding.rule, evidence=finding.evidence, boxes=finding.boxes,
    )  # fmt: skip


def memory(pid: int) -> int:
    """Bytes that a process and those it started hold; shared pages are counted once."""
    total = 0
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += 1024 * int(line.split()[1])
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            total += memory(int(child))
    except (OSError, ProcessLookupError):
        pass  # it has ended
    return total


def main() -> None:
    """Write the runs, mine them, and print what it took."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--samples", type=int, default=100_000)
    parser.add_argument("--answers", type=int, default=4, help="captions of each picture")
    parser.add_argument("--scenes", type=int, default=2000, help="different pictures")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        runs = write_runs(folder, given.samples, given.answers, given.scenes)
        size = sum(file.stat().st_size for run in runs for file in run.iterdir())
        print(f"{given.samples:,} samples in {given.answers} runs, {size >> 20} MiB", flush=True)
        load = os.getloadavg()[0]
        began, peak = time.perf_counter(), 0
        command = [sys.executable, "-c", HALLUC, "data", "pairs", *map(str, runs), "-o"]
        process = subprocess.Popen([*command, str(folder / "pairs")])
        while process.poll() is None:
            peak = max(peak, memory(process.pid))
            time.sleep(0.1)
        seconds = time.perf_counter() - began
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        if process.returncode:
            sys.exit(f"halluc data pairs ended with {process.returncode}")
        kinds = read_json(folder / "pairs" / "card.json", dict)["kinds"]
    pairs = ", ".join(f"{told['pairs']:,} {kind}" for kind, told in kinds.items())
    print(f"pairs: {pairs}")
    print(
        f"{seconds:.1f} s ({used.ru_utime + used.ru_stime:.1f} s of CPU), "
        f"{given.samples / seconds:,.0f} samples a second, peak {peak >> 20} MiB "
        f"(load {load:.1f} at the start)"
    )


if __name__ == "__main__":
    main()
