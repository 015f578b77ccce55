"""Kill a command at random instants, give it again, and compare the bytes in the end.

    python benchmarks/kill.py [--kills 100] [--scenes 24] [--only NAME...]

`halluc generate` on the embedded model, `halluc score chair` and `halluc revise woodpecker` on its
run, generate and revise with `--engine ray --workers 2`, and `halluc arena` with eight arms and two
that are refused (names: generate, score, revise, ray, ray-revise, arena), are each killed (SIGKILL)
after a time drawn evenly from 0 to 1.1 times that of an undisturbed command. The next command
continues with what is there; a run that is finished is compared, file by file, with that of the
undisturbed command in one process, and a new one is begun.
Answers that were on the disk before a kill and are gone after it are counted, and so are files that
do not belong to a run.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CODE = "from app.cli import main; main()"
RESULTS = {
    *("responses.jsonl", "samples.jsonl", "run.json"),
    *("findings.jsonl", "scores.json", "revisions.jsonl"),
    *("card.json", "report.json", "report.md", "report.html", "frontier-tabletop-captions.png"),
}
WAYS = ("generate", "score", "revise", "ray", "ray-revise", "arena")
RAY = ("--engine", "ray", "--workers", "2")
ARENA = """
limit = {scenes}
max_new_tokens = 64
models.tabletop = {{model = "tabletop", device = "cpu"}}
[arms]
greedy = {{}}
sampled = {{do_sample = true}}
mask = {{decode = "mask-only", do_sample = true}}
vcd = {{decode = "vcd", do_sample = true, controls = ["greedy", "sampled", "mask"]}}
icd = {{decode = "icd", controls = ["greedy"]}}
deco = {{decode = "deco", controls = ["greedy"]}}
m3id = {{decode = "m3id", controls = ["greedy", "long"]}}
long = {{decode = "eos-bias", bias = 1}}
yes = {{decode = "yes-bias", bias = 1}}
dial = {{decode = "control", layer = "nowhere"}}
"""
# Where a report says how long things took.
TIME = re.compile(rb'<h2 id="s\d+">Time</h2>|\n## Time\n')


def start(command: list[str], folder: Path) -> subprocess.Popen[bytes]:
    """Begin a command of halluc in a folder."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    return subprocess.Popen(
        [sys.executable, "-c", CODE, *command], cwd=folder, env=environment, stdout=-3, stderr=-3
    )


def finish(command: list[str], folder: Path) -> float:
    """Seconds of the undisturbed command."""
    begun = time.perf_counter()
    if start(command, folder).wait():
        sys.exit(f"{' '.join(command)} failed")
    return time.perf_counter() - begun


def content(run: Path) -> dict[str, bytes]:
    """All files of a run or an arena but its times."""
    return {
        str(each.relative_to(run)): TIME.split(each.read_bytes())[0]
        for each in run.rglob("*")
        if each.is_file() and each.name != "times.jsonl"
    }


def answers(run: Path) -> int:
    """How many whole answers are on the disk."""
    return sum(each.read_bytes().count(b"\n") for each in run.rglob("responses.jsonl"))


def kill_often(name: str, command: list[str], begin: Path, whole: Path, kills: int) -> None:
    """Kill, continue and compare; print the result.

    Args:
        name: for the printed line.
        command: writes the folder ``run``.
        begin: a folder in which the command can be given; copied for each new beginning.
        whole: the run of an undisturbed command.
        kills: how often, commands that had ended before not counted.
    """
    expected, rng = content(whole), random.Random(0)
    with tempfile.TemporaryDirectory() as timed:
        folder = Path(timed) / "work"
        shutil.copytree(begin, folder)
        seconds = finish(command, folder)
    midway = compared = different = lost = strange = 0
    work = Path(tempfile.mkdtemp()) / "work"
    shutil.copytree(begin, work)
    while midway < kills:
        before = answers(work / "run")
        process = start(command, work)
        try:
            process.wait(rng.uniform(0, 1.1 * seconds))
            ended = True
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            ended, midway = False, midway + 1
        lost += max(0, before - answers(work / "run"))
        if not ended:
            continue
        found = content(work / "run")
        compared, different = compared + 1, different + (found != expected)
        strange += len({Path(each).name for each in found} - RESULTS)
        strange += sum(each.name.startswith(".") for each in work.iterdir())
        shutil.rmtree(work)
        shutil.copytree(begin, work)
    finish(command, work)
    compared, different = compared + 1, different + (content(work / "run") != expected)
    shutil.rmtree(work.parent)
    print(
        f"{name:10} {seconds:5.1f} s undisturbed; killed in {midway} instants; {compared} runs "
        f"compared, {different} different; {lost} answers lost; {strange} files too many",
        flush=True,
    )


def main() -> None:
    """Kill every command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--scenes", type=int, default=24)
    parser.add_argument("--only", nargs="+", choices=WAYS, default=WAYS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        empty, answered, scored, based, revised = (
            Path(folder) / each for each in ("empty", "answered", "scored", "based", "revised")
        )
        empty.mkdir()
        based.mkdir()
        asked = ["generate", "--limit", str(given.scenes), "--do-sample", "--batch-size", "2"]
        generate = [*asked, "--max-new-tokens", "64", "--device", "cpu", "-o", "run"]
        score = ["score", "chair", "run"]
        revise = ["revise", "woodpecker", "base", "--batch-size", "2", "--device", "cpu"]
        revise += ["-o", "run"]
        shutil.copytree(empty, answered)
        finish(generate, answered)
        if "generate" in given.only:
            kill_often("generate", generate, empty, answered / "run", given.kills)
        if "score" in given.only:
            shutil.copytree(answered, scored)
            finish(score, scored)
            kill_often("score", score, answered, scored / "run", given.kills)
        if {"revise", "ray-revise"} & set(given.only):
            shutil.copytree(answered / "run", based / "base")
            shutil.copytree(based, revised)
            finish(revise, revised)
        if "revise" in given.only:
            kill_often("revise", revise, based, revised / "run", given.kills)
        if "ray" in given.only:
            kill_often("ray", [*generate, *RAY], empty, answered / "run", given.kills)
        if "arena" in given.only:
            fought, begin = Path(folder) / "fought", Path(folder) / "begin"
            begin.mkdir()
            (begin / "arena.toml").write_text(ARENA.format(scenes=given.scenes))
            arena = ["arena", "arena.toml", "--batch-size", "4", "-o", "run"]
            shutil.copytree(begin, fought)
            finish(arena, fought)
            kill_often("arena", arena, begin, fought / "run", given.kills)
        if "ray-revise" in given.only:
            kill_often("ray-revise", [*revise, *RAY], based, revised / "run", given.kills)


if __name__ == "__main__":
    main()
