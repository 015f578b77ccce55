"""Whatever stops a command, the same command comes to the same bytes and nothing is lost."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from faults import each_fault
from recorded import SCORE, generate, results, write_data

from halluc.mllm import load_model
from mitigation.postcorrection.woodpecker import revise

CODE = "from app.cli import main; main()"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_storage_that_fails_at_any_step(number, halluc, tmp_path, monkeypatch):
    write_data(tmp_path, 5)
    commands = (generate(2), SCORE)
    for command in commands:
        assert halluc(*command)[0] == 0
    whole = results(tmp_path)
    given = {each.name for each in tmp_path.iterdir()}
    (tmp_path / "run").rename(tmp_path / "whole")

    for command in commands:
        before = results(tmp_path) if (tmp_path / "run").exists() else {}
        faulty = each_fault(monkeypatch, number, partial(halluc, *command))
        for step, (code, out, err) in faulty:
            hidden = [each for each in tmp_path.rglob("*") if each.name.startswith(".")]
            assert hidden == []
            if code == 0:  # the name of a folder could not be synced, which some systems never can
                assert "Traceback" not in err
            else:
                assert (code, out) == (2, "")
                assert err.startswith("halluc: ") and err.count("\n") == 1
                assert os.strerror(number) in err
            after = results(tmp_path) if (tmp_path / "run").exists() else {}
            for name, content in before.items():
                assert after[name] in (content, whole[name])  # as it was, or new and whole
            said = whole["responses.jsonl"].splitlines(keepends=True)
            assert set(after.get("responses.jsonl", b"").splitlines(keepends=True)) <= set(said)
            if command is commands[0] and (tmp_path / "run").exists():
                # Go on from where the fault left it, then begin anew for the next one.
                assert halluc(*command)[0] == 0
                assert all(whole[name] == each for name, each in results(tmp_path).items())
                (tmp_path / "run").rename(tmp_path / f"done{step}")
        assert step >= 5
        assert halluc(*command)[0] == 0
    assert results(tmp_path) == whole
    left = {each.name for each in tmp_path.iterdir() if not each.name.startswith("done")}
    assert left == given | {"whole"}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_storage_that_fails_while_captions_are_revised(number, halluc, tmp_path, monkeypatch):
    scenes = ("--data", "tabletop:broken:100000-100002", "--device", "cpu")
    assert halluc("generate", *scenes, "--max-new-tokens", 40, "-o", "base")[0] == 0
    command = ("revise", "woodpecker", "base", "--batch-size", 2, "--device", "cpu", "-o", "run")
    model, known = load_model("tabletop", device="cpu"), {}

    def revise_once(captions, *how, **settings):
        """What is asked is the same each time; the disk is what is tried here."""
        ids = tuple(each.id for each in captions)
        if ids not in known:
            known[ids] = list(revise(captions, *how, **settings))
        return known[ids]

    monkeypatch.setattr("app.engine.models.load_model", lambda *_, **__: model)
    monkeypatch.setattr("mitigation.postcorrection.woodpecker.revise", revise_once)
    assert halluc(*command)[0] == 0
    whole = results(tmp_path)
    assert set(whole) == {"responses.jsonl", "samples.jsonl", "run.json", "revisions.jsonl"}
    (tmp_path / "run").rename(tmp_path / "whole")

    faulty = each_fault(monkeypatch, number, partial(halluc, *command))
    for step, (code, out, err) in faulty:
        assert [each for each in tmp_path.rglob("*") if each.name.startswith(".")] == []
        if code:
            assert (code, out) == (2, "")
            assert err.startswith("halluc: ") and err.count("\n") == 1
            assert os.strerror(number) in err
        after = results(tmp_path) if (tmp_path / "run").exists() else {}
        for name in ("responses.jsonl", "revisions.jsonl"):
            lines = whole[name].splitlines(keepends=True)
            assert set(after.get(name, b"").splitlines(keepends=True)) <= set(lines)
        assert halluc(*command)[0] == 0
        assert results(tmp_path) == whole
        (tmp_path / "run").rename(tmp_path / f"done{step}")
    assert step >= 10
    assert results(tmp_path) == whole


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_storage_that_fails_elsewhere(number, halluc, monkeypatch):
    def full(name):
        raise OSError(number, os.strerror(number), "runs/demo/sheet.png")

    monkeypatch.setattr("halluc.answers.captions.CaptionFile", full)
    code, out, err = halluc("score", "chair", "a", "--truth", "b")
    assert (code, out) == (2, "")
    assert err == f"halluc: runs/demo/sheet.png: {os.strerror(number)}\n"


def start(command: tuple[str, ...], folder: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-c", CODE, *command], cwd=folder, env=environment, stderr=-3, stdout=-3
    )


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_killed_at_random_instants(halluc, tmp_path):
    write_data(tmp_path, 400)
    command = generate(3)
    assert halluc(*command)[0] == 0
    assert halluc(*SCORE)[0] == 0
    whole = results(tmp_path)
    (tmp_path / "run").rename(tmp_path / "whole")
    rng, file = random.Random(1), tmp_path / "run" / "responses.jsonl"
    for size in sorted(rng.sample(range(len(whole["responses.jsonl"])), 4)):
        process = start(command, tmp_path)
        while process.poll() is None and not (file.exists() and file.stat().st_size >= size):
            time.sleep(0.0005)
        process.send_signal(signal.SIGKILL)
        process.wait()
        # What was on the disk is still there, but for one torn line.
        assert whole["responses.jsonl"].startswith(file.read_bytes())
        assert file.stat().st_size >= size
    assert halluc(*command)[0] == 0

    for seconds in (0.4, 0.6):
        process = start(SCORE, tmp_path)
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert halluc(*SCORE)[0] == 0
    assert results(tmp_path) == whole
