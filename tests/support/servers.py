"""A chat endpoint on this machine that replies what a test wants, also what servers should not."""

from __future__ import annotations

import contextlib
import json
import math
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

KEY = "sk-secret-1234567890"
Reply = tuple[Any, ...]
"""Status, document (or its bytes), headers."""


class Server:
    """Answers each request by `reply` and remembers what was asked.

    Attributes:
        seconds: that an answer takes.
        piece, between: bytes that are sent at once, and seconds behind each.
    """

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.keys: set[str] = set()
        self.most = self.now = 0
        self.seconds = 0.05
        self.piece, self.between = 1 << 20, 0.0
        self.reply: Callable[[dict[str, Any]], Reply] = lambda asked: (200, said("A dog."))
        server, lock = self, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                asked = json.loads(self.rfile.read(length))
                with lock:
                    server.asked.append(asked)
                    server.keys.add(self.headers["Authorization"])
                    server.now += 1
                    server.most = max(server.most, server.now)
                    status, document, *headers = server.reply(asked)
                if status == 200:
                    time.sleep(server.seconds)
                with lock:
                    server.now -= 1
                content = document if isinstance(document, bytes) else json.dumps(document).encode()
                for _ in range(40 if status == 100 else 0):  # as if the answer were yet to come
                    with contextlib.suppress(OSError):
                        self.send_response_only(status)
                        self.end_headers()
                        time.sleep(server.between)
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.send_header("retry-after-ms", "10")
                self.end_headers()
                with contextlib.suppress(OSError):  # nobody waits for it any more
                    for start in range(0, len(content), server.piece):
                        self.wfile.write(content[start : start + server.piece])
                        time.sleep(server.between)

            def log_message(self, *arguments: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    server = Server()
    yield server
    server.stop()


def said(text: str | None, finish: str = "stop", tokens: Any = None) -> dict[str, Any]:
    choice: dict[str, Any] = {
        "index": 0,
        "finish_reason": finish,
        "message": {"role": "assistant", "content": text},
    }
    if tokens is not None:
        choice["logprobs"] = {"content": tokens}
    return {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}


def token(text: str, logprob: float, top: dict[str, float] | None = None) -> dict[str, Any]:
    likeliest = [{"token": key, "logprob": math.log(p)} for key, p in (top or {}).items()]
    return {
        "token": text,
        "bytes": list(text.encode()),
        "logprob": logprob,
        "top_logprobs": likeliest,
    }
