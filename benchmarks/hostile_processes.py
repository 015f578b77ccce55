"""Cases of `benchmarks/hostile.py`: how processes start, end, meet each other, and servers."""

from __future__ import annotations

import gzip
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from forks import begin, halluc, wait
from hostile_cases import WRITING, Case, Tried
from outcomes import MADE

ROOT = Path(__file__).resolve().parents[1]
CODE = "from app.cli import main; main()"
ENVIRONMENTS: dict[str, dict[str, str | None]] = {
    "LANG=C": {"LANG": "C", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    "LC_ALL=xx_YY": {"LC_ALL": "xx_YY.UTF-8"}, "ascii": {"PYTHONIOENCODING": "ascii"},
    "latin-1": {"PYTHONIOENCODING": "latin-1"}, "utf-16": {"PYTHONIOENCODING": "utf-16"},
    "TZ=Nowhere": {"TZ": "Nowhere/None"}, "no TZ": {"TZ": ""}, "no HOME": {"HOME": None},
    "HOME is not there": {"HOME": "/nonexistent"}, "COLUMNS=0": {"COLUMNS": "0"},
    "COLUMNS=-5": {"COLUMNS": "-5"}, "COLUMNS=abc": {"COLUMNS": "abc"},
    "COLUMNS=1": {"COLUMNS": "1"}, "COLUMNS=10^11": {"COLUMNS": "1" + "0" * 11},
    "LINES=0": {"LINES": "0"}, "no TERM": {"TERM": ""}, "TERM=dumb": {"TERM": "dumb"},
    "colour": {"FORCE_COLOR": "1"}, "no colour": {"NO_COLOR": "1"},
    "TMPDIR is not there": {"TMPDIR": "/nonexistent"},
    "caches are not there": {"XDG_CACHE_HOME": "/nonexistent", "MPLCONFIGDIR": "/nonexistent",
                             "HF_HOME": "/nonexistent"},
    "MPLBACKEND": {"MPLBACKEND": "nonsense"}, "threads=abc": {"OMP_NUM_THREADS": "abc"},
    "threads=0": {"OMP_NUM_THREADS": "0"}, "no PATH": {"PATH": ""}, "no USER": {"USER": None},
    "a key": {"OPENAI_API_KEY": "sk-\n\x1b[31m"}, "a proxy": {"http_proxy": "not a proxy"},
    "hashes": {"PYTHONHASHSEED": "7"}, "nothing": dict.fromkeys(os.environ),
}  # fmt: skip
STARTED = (WRITING["score"], ("compare", "run", "run2"), ("report", "run", "-o", f"{MADE}.html"),
           ("list", "metrics"), ("doctor",))  # fmt: skip
STREAMS = {
    "stdout is closed": ">&-", "stderr is closed": "2>&-", "stdin is closed": "<&-",
    "all is closed": "<&- >&- 2>&-", "stdout is full": ">/dev/full",
    "stderr is full": "2>/dev/full",
    "nobody reads": "| true", "somebody reads a byte": "| head -c 1 >/dev/null",
    "nobody reads stderr": "2>&1 >/dev/null | true",
}  # fmt: skip


def starts() -> Iterator[Case]:
    """Processes in odd environments, and with odd streams."""
    for command in STARTED:
        name = " ".join(command[:2])
        for what, change in ENVIRONMENTS.items():
            yield Case("environment", f"{name}, {what}", command, run=partial(_started, change, ""))
        for what, redirect in STREAMS.items():
            codes = (0, 1, 2, 120, -signal.SIGPIPE, 128 + signal.SIGPIPE)
            yield Case("streams", f"{name}, {what}", command, codes=codes,
                       run=partial(_started, {}, redirect))  # fmt: skip


def _started(change: dict[str, str | None], redirect: str, case: Case, folder: Path) -> Tried:
    wanted = {**os.environ, "PYTHONPATH": str(ROOT), **change}
    environment = {name: value for name, value in wanted.items() if value is not None}
    environment.setdefault("PYTHONPATH", str(ROOT))
    line = ["bash", "-c", f'set -o pipefail; "$@" {redirect}', "bash", sys.executable, "-c", CODE]
    begun = time.monotonic()
    try:
        done = subprocess.run([*line, *case.command], cwd=folder, env=environment, check=False,
                              capture_output=True, timeout=60, executable="/bin/bash")  # fmt: skip
    except subprocess.TimeoutExpired:
        return Tried(None, "", "", 60)
    out, err = (each.decode("utf-8", "replace") for each in (done.stdout, done.stderr))
    # The start of a process is not what is measured.
    seconds = max(0.0, time.monotonic() - begun - 10)
    broken = "Exception ignored" in err or "Error:" in err
    return Tried(done.returncode, "" if redirect else out, err, seconds,
                 err[-200:] if broken else "")  # fmt: skip


def signals() -> Iterator[Case]:
    """Commands that are interrupted, and given again."""
    for name, command in WRITING.items():
        for kind in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            for part in range(8):
                told = (*command, "-o", MADE)
                yield Case("signals", f"{name}, {kind.name}, {part + 1}/8", told,
                           run=partial(_stopped, kind, part / 8), leaves=True,
                           codes=(0, 130, -kind, 128 + kind))  # fmt: skip


_SECONDS: dict[tuple[str, ...], float] = {}


def _stopped(kind: int, part: float, case: Case, folder: Path) -> Tried:
    out, err = folder.parent / "out", folder.parent / "err"
    if case.command not in _SECONDS:
        begun = time.monotonic()
        wait(begin(halluc(case.command, folder)), 60)
        _SECONDS[case.command] = time.monotonic() - begun
    begun = time.monotonic()
    child = begin(halluc(case.command, folder), out, err)
    time.sleep(part * _SECONDS[case.command] + random.Random(case.name).uniform(0, 0.01))
    os.kill(child, kind)
    code = wait(child, 20)
    said = [each.read_text("utf-8", "replace") if each.exists() else "" for each in (out, err)]
    seconds = time.monotonic() - begun
    again = wait(begin(halluc(case.command, folder), out, err), 60)
    wrong = "" if again == 0 else f"the same command again: {again} {err.read_text()[-200:]}"
    return Tried(code, *said, seconds, wrong)


def twice() -> Iterator[Case]:
    """Two processes that write one place."""
    for name, command in WRITING.items():
        for number in range(5):
            yield Case("twice", f"{name}, {number}", (*command, "-o", MADE), run=_both, leaves=True)


def _both(case: Case, folder: Path) -> Tried:
    files = [folder.parent / f"err{number}" for number in range(2)]
    begun = time.monotonic()
    children = [begin(halluc(case.command, folder), None, file) for file in files]
    codes = [wait(child, 20) for child in children]
    said = [file.read_text("utf-8", "replace") for file in files]
    worst = max(range(2), key=lambda each: (codes[each] is None, codes[each] or 0))
    wrong = "" if 0 in codes else f"neither came to its end: {said}"
    return Tried(codes[worst], "", said[worst], time.monotonic() - begun, wrong)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
REPLIES = {
    "closed at once": b"", "noise": b"\x00\xff" * 50, "no HTTP": b"hello\n",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le", "half a body": HEAD + b'\r\n{"choices"',
    "a length too long": HEAD + b"Content-Length: 9999\r\n\r\n{}",
    "a length below 0": HEAD + b"Content-Length: -1\r\n\r\n{}",
    "a length that is none": HEAD + b"Content-Length: abc\r\n\r\n{}",
    "broken chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
    "gzip that is none": HEAD + b"Content-Encoding: gzip\r\n\r\n{}",
    "a bomb": HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(bytes(200_000_000), 9),
    "a huge head": HEAD + b"X: " + b"a" * 200_000 + b"\r\n\r\n{}",
    "many heads": HEAD + b"X: a\r\n" * 5000 + b"\r\n{}",
    **{f"status {n}": b"HTTP/1.1 %d X\r\nContent-Length: 2\r\n\r\n{}" % n
       for n in (204, 300, 304, 402, 405, 406, 409, 410, 411, 413, 415, 418, 421, 426, 431, 451,
                 500, 501, 502, 503, 504, 505, 507, 511, 600, 999)},
    "a redirect to itself": b"HTTP/1.1 307 X\r\nLocation: /v1/chat/completions\r\n\r\n",
    "a redirect to a file": b"HTTP/1.1 302 X\r\nLocation: file:///etc/passwd\r\n\r\n",
    "a redirect to nothing": b"HTTP/1.1 302 X\r\n\r\n",
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    **{f"a body of {what}": HEAD + b"\r\n" + body for what, body in {
        "nothing": b"", "latin-1": '{"é": 1}'.encode("latin-1"), "UTF-16": "{}".encode("utf-16"),
        "NULs": bytes(100), "a page": b"<html></html>", "a list": b"[]", "a number": b"1",
        "depth": b'{"choices":' * 50_000, "events": b'data: {"choices": []}\n\n',
        "no choices": b'{"choices": null}', "NaN": b'{"choices": [NaN]}',
        "a text": b'{"choices": "yes"}', "an error": b'{"error": {"message": "\\u001b[31m"}}',
    }.items()},
}  # fmt: skip


def servers() -> Iterator[Case]:
    """Servers that reply with anything but an answer."""
    for what, reply in REPLIES.items():
        yield Case("servers", what, ("generate", "server"), run=partial(_asked, reply))
    urls = ("", "x", "http://", "http://[::1", "http://localhost:99999", "http://localhost:-1",
            "http://a..b/v1", "http://" + "a" * 300, "http://\u2100.example", "ftp://localhost",
            "file:///etc/passwd", "http://u:p@localhost", "http://localhost/v1?key=k", "//x",
            "http://localhost:1/\n", "http://localhost:1/\x1b[31m", "https://localhost:1",
            "http:/x", "http://0x7f.1:1", "javascript:1", "http://%00", "http://localhost:1/v1#x",
            "unix:///x")  # fmt: skip
    keys = ("", " ", "a b", "a\nb", "a\x1b[31m", "é", "\u201cx\u201d", "x" * 100_000)
    base = ("generate", "--data", "jsonl:pictures.jsonl", "-o", MADE, "--timeout", "1", "--model")
    for url in urls:
        yield Case("servers", f"the URL {url[:40]!r}", (*base, f"openai:m@{url}"), around=_quick)
    for key in keys:

        def around(key: str = key) -> None:
            _quick()
            os.environ["OPENAI_API_KEY"] = key

        told = (*base, "openai:m@http://127.0.0.1:1")
        yield Case("servers", f"the key {key[:20]!r}", told, around=around)


def _quick() -> None:
    """Pauses between tries as short as in the tests."""
    import halluc.mllm.openai as client

    client._PAUSE = 0.01
    os.environ.pop("OPENAI_API_KEY", None)


def _asked(reply: bytes, case: Case, folder: Path) -> Tried:
    heard = socket.create_server(("127.0.0.1", 0))
    port = heard.getsockname()[1]

    def serve() -> int:
        while True:
            asked, _ = heard.accept()
            asked.settimeout(2)
            try:
                asked.recv(1 << 20)
                asked.sendall(reply)
            except OSError:
                pass
            asked.close()

    server = begin(serve)
    heard.close()
    (folder / "q.jsonl").write_text('{"id": "1", "prompt": "Is it?", "label": "no"}\n')
    model = f"openai:m@http://127.0.0.1:{port}"
    command = ("generate", "--model", model, "--data", "jsonl:q.jsonl", "--task", "pope",
               "--timeout", "2", "-o", MADE)  # fmt: skip

    def work() -> int:
        _quick()
        return halluc(command, folder)()

    out, err = folder.parent / "out", folder.parent / "err"
    begun = time.monotonic()
    code = wait(begin(work, out, err), 30)
    seconds = time.monotonic() - begun
    wait(server, 0)
    (folder / "q.jsonl").unlink()
    return Tried(
        code, out.read_text("utf-8", "replace"), err.read_text("utf-8", "replace"), seconds
    )
