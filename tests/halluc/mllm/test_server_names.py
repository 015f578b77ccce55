"""Servers that cannot be asked: told at once, and no key where it does not belong."""

from __future__ import annotations

import socket
import threading
import time
import warnings

import pytest
from servers import KEY

from halluc.errors import ModelError
from halluc.mllm import Decoding, load_model
from halluc.mllm.base import Request


@pytest.mark.parametrize(
    "url",
    ["http://localhost:99999", "http://localhost:port", "http://[::1", "http://[x]/v1",
     "http://" + "a" * 70 + ".example", "http://a..b/v1", "http://\u2100.example",
     "http://localhost:1/\x1b[31m", "http://localhost/" + "a" * 70_000],
)  # fmt: skip
def test_a_url_that_is_none_is_one_line(url: str) -> None:
    with pytest.raises(ModelError) as caught:
        load_model(f"openai:m@{url}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "key", ["sk-1\nX-Evil: 1", "sk-é", "sk 1", "sk-\x1b[31m", "\u201csk\u201d"]
)
def test_a_key_that_is_none_is_one_line_and_not_shown(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(ModelError, match="OPENAI_API_KEY holds") as caught:
        load_model("openai:m@http://localhost:1")
    assert "sk" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("http_proxy", "ftp://u:sk-1@host:1"), ("http_proxy", "http://u:sk-1@\x1b[31m"),
     ("SSL_CERT_FILE", "/nonexistent"), ("SSLKEYLOGFILE", "/nonexistent/x")],
)  # fmt: skip
def test_connections_that_the_environment_forbids_are_one_line(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ModelError, match="a variable of the environment") as caught:
        load_model("openai:m@http://localhost:1")
    assert "sk-1" not in str(caught.value) and "\n" not in str(caught.value)


def test_a_key_over_plain_http_to_another_host_comes_with_a_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with pytest.warns(UserWarning, match="unencrypted") as told:
        load_model("openai:m@http://lab.example")
    assert KEY not in str(told[0].message)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for url in (
            "https://lab.example",
            "http://127.0.0.1:1",
            "http://localhost",
            "http://[::1]",
        ):
            load_model(f"openai:m@{url}")
        monkeypatch.delenv("OPENAI_API_KEY")
        load_model("openai:m@http://lab.example")


def test_whose_the_key_is_stays_with_openai(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "mine")
    other = load_model("openai:m@http://localhost")._client  # type: ignore[attr-defined]
    assert "mine" not in str(other.default_headers)
    own = load_model("openai:m@https://api.openai.com/v1")._client  # type: ignore[attr-defined]
    assert "mine" in str(own.default_headers)


def test_a_server_without_encryption_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain:

        def answer() -> None:
            heard, _ = plain.accept()
            heard.recv(1000)
            heard.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            heard.close()

        threading.Thread(target=answer, daemon=True).start()
        model = load_model(f"openai:m@https://127.0.0.1:{plain.getsockname()[1]}")
        start = time.monotonic()
        with pytest.raises(ModelError, match="cannot be asked") as caught:
            model.generate([Request("a", "?", None)], Decoding())
        assert time.monotonic() - start < 10
        assert "\n" not in str(caught.value)
