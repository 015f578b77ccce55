"""Kill commands at random instants, give them again, and compare the bytes in the end.

    python benchmarks/kill.py [--kills 40] [--scenes 12] [--only NAME...] [--keep FILE]

Each command of `WAYS` is killed (SIGKILL) after a time drawn evenly from 0 to 1.1 times that of an
undisturbed one. The next one continues with what is there; what is finished is compared, file by
file, with what the undisturbed command wrote, and a new beginning is made. Commands that fail after
a kill are counted, so are answers that were on the disk before a kill and are gone after it, and
files that an undisturbed command does not leave. What came of each kill stands in FILE, and the
same command goes on from there.

A command is killed in a fork of a process that has imported everything, so that kills meet its work
and not its start; the undisturbed one is a process of its own. Those with Ray are no forks.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from forks import begin, halluc, wait

ROOT = Path(__file__).resolve().parents[1]
CODE = "from app.cli import main; main()"
RAY = ("--engine", "ray", "--workers", "2")
ALL_SECONDS = 600.0

GENERATE = (
    *("generate", "--limit", "{scenes}", "--do-sample", "--batch-size", "2"),
    *("--max-new-tokens", "64", "--device", "cpu", "-o", "run"),
)
REVISE = (
    *("revise", "woodpecker", "run", "--batch-size", "2", "--device", "cpu", "-o", "revised"),
)
FINEGRAINED = ("score", "finegrained", "run")
PAIRS = ("data", "pairs", "run", "-o", "pairs")
TRAIN = (
    *("--batch-size", "2", "--epochs", "2", "--save-steps", "2", "--learning-rate", "1e-3"),
    *("--device", "cpu", "-o", "adapter"),
)
PAIRED = (GENERATE, FINEGRAINED, PAIRS)
DPO = (*PAIRED, ("train", "dpo", "--pairs", "pairs", *TRAIN))
ON_PAIRS = ("--pairs", "pairs", "--batch-size", "2", "--device", "cpu")
GRPO = (
    *("train", "grpo", "--data", "tabletop:mixed:10000-10007", "--generations", "2"),
    *("--max-new-tokens", "32", *TRAIN),
)
# Eight arms, and two that are refused.
ARENA = """
limit = %d
max_new_tokens = 64
models.tabletop = {model = "tabletop", device = "cpu"}
[arms]
greedy = {}
sampled = {do_sample = true}
mask = {decode = "mask-only", do_sample = true}
vcd = {decode = "vcd", do_sample = true, controls = ["greedy", "sampled", "mask"]}
icd = {decode = "icd", controls = ["greedy"]}
deco = {decode = "deco", controls = ["greedy"]}
m3id = {decode = "m3id", controls = ["greedy", "long"]}
long = {decode = "eos-bias", bias = 1}
yes = {decode = "yes-bias", bias = 1}
dial = {decode = "control", layer = "nowhere"}
"""


@dataclass(frozen=True)
class Way:
    """A command that is killed.

    Attributes:
        command: what is killed.
        before: the commands that make the folder in which it is given.
        made: the folder that it writes.
        forks: whether it runs in a fork.
    """

    command: tuple[str, ...]
    before: tuple[tuple[str, ...], ...]
    made: str
    forks: bool = True


# A further command is a further line.
WAYS = {
    "generate": Way(GENERATE, (), "run"),
    "score": Way(("score", "chair", "run"), (GENERATE,), "run"),
    "finegrained": Way(FINEGRAINED, (GENERATE,), "run"),
    "revise": Way(REVISE, (GENERATE,), "revised"),
    "pairs": Way(PAIRS, (GENERATE, FINEGRAINED), "pairs"),
    "dpo": Way(DPO[-1], PAIRED, "adapter"),
    "kto": Way(("train", "kto", "--answers", "run", *TRAIN), (GENERATE, FINEGRAINED), "adapter"),
    "sft": Way(("train", "sft", "--pairs", "pairs", *TRAIN), PAIRED, "adapter"),
    "hacl": Way(("train", "sft", "--pairs", "pairs", "--hacl", "0.5", *TRAIN), PAIRED, "adapter"),
    "lure": Way(("train", "lure", "run", *TRAIN), (GENERATE, FINEGRAINED), "adapter"),
    "control": Way(("train", "control", *ON_PAIRS, "-o", "layer"), PAIRED, "layer"),
    "steering": Way(("train", "steering", *ON_PAIRS, "-o", "turn"), PAIRED, "turn"),
    "merge": Way(
        ("train", "merge", "tabletop+adapter", "-o", "merged", "--device", "cpu"), DPO, "merged"
    ),
    "report": Way(("report", "run", "-o", "page.html"), (GENERATE, FINEGRAINED), "."),
    "bundle": Way(("report", "run", "--bundle", "pages"), (GENERATE, FINEGRAINED), "."),
    "pope": Way(("data", "pope", "build", "--data", "tabletop", "-o", "q.jsonl"), (), "."),
    "grpo": Way(GRPO, (), "adapter"),
    "arena": Way(("arena", "arena.toml", "--batch-size", "4", "-o", "run"), (), "run"),
    "ray": Way((*GENERATE, *RAY), (), "run", forks=False),
    "ray-revise": Way((*REVISE, *RAY), (GENERATE,), "revised", forks=False),
}
# Lines of JSON that tell when, how fast and in how much memory, or sum up since a training went on;
# all else has to be the same.
_CLOCK = re.compile(
    rb'^\s*"(made|trained|seconds|peak memory|train_loss|total_flos|'
    rb'[\w/]*(runtime|per_second|step_time))": .*\n',
    re.MULTILINE,
)
# Where a report says how long things took.
_TIME = re.compile(rb'<h2 id="s\d+">Time</h2>|\n## Time\n')
# When a run was made, and what is left only to be continued.
_LEFT_OUT = ("times.jsonl", "checkpoint-")


class Bench:
    """Folders in which commands can be given, made once.

    Args:
        folder: for all of them.
        scenes: how many are described.
    """

    def __init__(self, folder: Path, scenes: int) -> None:
        self.folder, self.scenes = folder, scenes
        self.ready: dict[tuple[tuple[str, ...], ...], Path] = {}

    def filled(self, command: Sequence[str]) -> list[str]:
        """A command with the number of scenes."""
        return [each.format(scenes=self.scenes) for each in command]

    def given(self, commands: tuple[tuple[str, ...], ...]) -> Path:
        """The folder after some commands, each a process of its own."""
        if commands not in self.ready:
            before = self.given(commands[:-1]) if commands else None
            folder = self.folder / f"ready{len(self.ready)}"
            if before is None:
                folder.mkdir()
                (folder / "arena.toml").write_text(ARENA % self.scenes)
            else:
                shutil.copytree(before, folder)
                if started(self.filled(commands[-1]), folder).wait():
                    sys.exit(f"{' '.join(commands[-1])} failed")
            self.ready[commands] = folder
        return self.ready[commands]

    def work(self, way: Way) -> Path:
        """A new folder in which a command can be given."""
        folder = Path(tempfile.mkdtemp(dir=self.folder)) / "work"
        shutil.copytree(self.given(way.before), folder)
        return folder


def started(command: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
    """A command of halluc as a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", CODE, *command], cwd=folder, env=environment, stdout=-3, stderr=-3
    )


def run(bench: Bench, way: Way, folder: Path, limit: float) -> tuple[int | None, str]:
    """The exit code of a command, None if it was killed, and what it last said."""
    command, log = bench.filled(way.command), folder.parent / "log"
    if way.forks:
        log.unlink(missing_ok=True)
        code = wait(begin(halluc(command, folder), log, log), limit)
        return code, log.read_text("utf-8", "replace").strip()[-200:] if log.exists() else ""
    process = started(command, folder)
    try:
        return process.wait(limit), ""
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None, ""


def content(folder: Path) -> dict[str, bytes]:
    """All files of a folder but for the clock."""
    found = {}
    for each in sorted(folder.rglob("*")):
        name = each.relative_to(folder).as_posix()
        if each.is_file() and not any(part.startswith(_LEFT_OUT) for part in name.split("/")):
            whole = _TIME.split(each.read_bytes())[0]
            found[name] = _CLOCK.sub(b"", whole) if each.suffix == ".json" else whole
    return found


def answers(folder: Path) -> int:
    """How many whole answers are on the disk."""
    return sum(each.read_bytes().count(b"\n") for each in folder.rglob("responses.jsonl"))


def kill_often(bench: Bench, name: str, way: Way, kills: int, keep: Path) -> dict[str, Any]:
    """Kill, continue and compare, and append a line for each command to a file.

    Returns:
        How often what came of it.
    """
    settings = " ".join(bench.filled(way.command))
    rows = [each for each in read(keep) if (each["way"], each["settings"]) == (name, settings)]
    expected = content(bench.given((*way.before, way.command)) / way.made)
    timed = bench.work(way)
    begun = time.perf_counter()
    code, said = run(bench, way, timed, ALL_SECONDS)
    seconds = time.perf_counter() - begun
    if code or content(timed / way.made) != expected:
        sys.exit(f"{name}: two undisturbed commands differ: {said}")
    work = bench.work(way)
    with keep.open("a") as file:
        while sum(each["killed"] for each in rows) < kills or not rows[-1].get("compared"):
            before = answers(work / way.made)
            last = sum(each["killed"] for each in rows) >= kills
            limit = random.Random(f"{name}/{len(rows)}").uniform(0, 1.1 * seconds)
            code, said = run(bench, way, work, ALL_SECONDS if last else limit)
            lost = max(0, before - answers(work / way.made))
            row = {"way": name, "settings": settings, "killed": code is None, "lost": lost}
            if code is not None:
                found = content(work / way.made)
                strange = [str(each.name) for each in work.iterdir() if each.name.startswith(".")]
                row |= {
                    "compared": True, "code": code, "said": said if code else "",
                    "different": [n for n in expected if found.get(n) != expected[n]],
                    "strange": sorted(found.keys() - expected.keys()) + strange,
                }  # fmt: skip
                shutil.rmtree(work.parent)
                work = bench.work(way)
            rows.append(row)
            print(json.dumps(row), file=file, flush=True)
    ended = [each for each in rows if each.get("compared")]
    return {
        "command": name,
        "seconds": f"{seconds:.1f}",
        "kills": sum(each["killed"] for each in rows),
        "compared": len(ended),
        "failed": sum(bool(each["code"]) for each in ended),
        "different": sum(bool(each["different"]) for each in ended),
        "answers lost": sum(each["lost"] for each in rows),
        "files too many": sum(len(each["strange"]) for each in ended),
    }


def read(file: Path) -> list[dict[str, Any]]:
    """What came of earlier kills."""
    lines = file.read_text().splitlines() if file.is_file() else []
    return [json.loads(line) for line in lines if line.endswith("}")]


def main() -> None:
    """Kill every command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=40, help="of each command")
    parser.add_argument("--scenes", type=int, default=12)
    parser.add_argument("--only", nargs="+", choices=WAYS, help="default: all without Ray")
    parser.add_argument("--keep", type=Path, default=ROOT / ".cache" / "kills.jsonl")
    given = parser.parse_args()
    names = given.only or [name for name, way in WAYS.items() if way.forks]
    os.environ |= {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    sys.path.insert(0, str(ROOT))
    if any(WAYS[name].forks for name in names):
        for module in ("app.workflows.train.dpo", "app.workflows.revise", "app.workflows.generate",
                       "app.workflows.data.pairs", "app.workflows.train.kto",
                       "app.workflows.train.lure", "app.inspector.drawing.report",
                       "halluc.mllm.transformers", "spacy",
                       "statsmodels.stats.contingency_tables"):  # fmt: skip
            import_module(module)
    given.keep.parent.mkdir(parents=True, exist_ok=True)
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), given.scenes)
        for number, name in enumerate(names):
            told = kill_often(bench, name, WAYS[name], given.kills, given.keep)
            if not number:
                print("|", " | ".join(told), "|\n|", " | ".join(["---"] * len(told)), "|")
            print("|", " | ".join(map(str, told.values())), "|", flush=True)
            bad = ("failed", "different", "answers lost", "files too many")
            failed = failed or any(told[each] for each in bad)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
