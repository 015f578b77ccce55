"""A model behind a chat endpoint: a real one, and one that fails as servers do."""

from __future__ import annotations

import base64
import io
import math
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from checkpoints import picture
from PIL import Image
from servers import KEY, Reply, Server, said, token

from halluc.datasets.load import load_dataset
from halluc.errors import InputError, ModelError
from halluc.mllm import Decoding, Request, load_model
from halluc.mllm.checkpoint import find_checkpoint
from halluc.mllm.patience import asked_pause
from halluc.records import Token
from mitigation.inprocess import make_decoding


def requests(number: int) -> list[Request]:
    return [Request(str(each), f"What is in {each}?", picture(each)) for each in range(number)]


def test_a_batch_is_asked_at_once_and_answered_in_order(server: Server) -> None:
    server.reply = lambda asked: (200, said(asked["messages"][0]["content"][-1]["text"]))
    model = load_model(f"openai:org/name@{server.url}")
    responses = model.generate(requests(6), Decoding(max_new_tokens=9))
    assert [each.text for each in responses] == [f"What is in {each}?" for each in range(6)]
    assert 1 < server.most <= 6
    first = next(each for each in server.asked if "in 3" in str(each["messages"]))
    assert (first["model"], first["max_tokens"], first["temperature"]) == ("org/name", 9, 0)
    assert not first.keys() & {"seed", "top_p", "top_k", "top_logprobs"}
    shown = first["messages"][0]["content"][0]["image_url"]["url"].partition("base64,")[2]
    sent = Image.open(io.BytesIO(base64.b64decode(shown)))
    assert sent.tobytes() == picture(3).tobytes()
    assert model.card == {"model": {"name": "openai:org/name"}, "device": f"{server.url}/v1"}
    assert model.generate([], Decoding()) == []


def test_sampling_has_a_seed_for_each_sample(server: Server) -> None:
    decoding = Decoding(do_sample=True, temperature=0.7, top_p=0.9, top_k=5, seed=1)
    model = load_model(f"openai:m@{server.url}/v1/")
    model.generate(requests(2), decoding)
    model.generate(requests(1), decoding)
    seeds = {str(each["messages"])[-20:]: each["seed"] for each in server.asked}
    assert len(set(seeds.values())) == 2 and len(server.asked) == 3
    assert {(e["temperature"], e["top_p"], e["top_k"]) for e in server.asked} == {(0.7, 0.9, 5)}


def test_what_may_pass_is_tried_again(server: Server) -> None:
    failures = iter([(429, {}), (503, "busy"), (500, {"error": {"message": "oops"}}), (408, {})])
    server.reply = lambda asked: next(failures, (200, said("At last.")))
    model = load_model(f"openai:m@{server.url}")
    assert model.generate(requests(1), Decoding())[0].text == "At last."
    assert len(server.asked) == 5


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        ((401, {"error": {"message": f"wrong key {KEY}\nsorry"}}), "refuses the key (wrong key …"),
        ((403, {}), "set OPENAI_API_KEY"),
        ((404, {"error": {"message": "no m"}}), "knows no model 'm' or is no chat endpoint (no m)"),
        ((400, {"detail": "too long"}), "cannot answer '0': too long"),
        ((422, {"detail": "no top_k here"}), "cannot answer '0': no top_k here"),
        (
            (422, {"detail": [{"loc": ["body", "seed"], "msg": "not permitted", "type": "x"}]}),
            "cannot answer '0': body.seed: not permitted",
        ),
        (
            (429, {"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}),
            "a limit that is reached (You exceeded your quota)",
        ),
        ((413, b"<html>too large</html>"), "takes no request as large as that of '0'"),
        (
            (308, b"", ("Location", "https://other.example/v1")),
            "redirects to https://other.example/v1; name that URL",
        ),
        ((302, b"", ("Location", f"/x?key={KEY}")), "redirects to /x?key=…;"),
        ((302, b"", ("Location", "//u:sk-secret@other/v1")), "redirects to //other/v1;"),
        ((401, {"error": {"message": f"{'x' * 290}{KEY}"}}), "refuses the key (x"),
        ((418, f"{'é' * 140}{KEY}".encode()), "status 418, é"),
        ((200, b"{}", ("Content-Encoding", "br")), "packed as br cannot be unpacked"),
        ((200, b"{}", ("Content-Encoding", "gzip")), "packed as gzip cannot be unpacked"),
        ((200, {"error": {"message": f"no GPU for {KEY}"}}), "cannot answer '0': no GPU for …"),
        ((200, {"object": "error", "message": "bad picture", "code": 400}), "bad picture"),
        ((200, {"choices": []}), "is this a chat endpoint?"),
    ],
)
def test_what_stays_is_told_at_once(server: Server, reply: Reply, told: str) -> None:
    server.reply = lambda asked: reply
    with pytest.raises(ModelError) as caught:
        load_model(f"openai:m@{server.url}").generate(requests(1), Decoding())
    assert told in str(caught.value)
    assert KEY[:9] not in str(caught.value) and "\n" not in str(caught.value)
    assert server.url in str(caught.value)
    assert len(server.asked) == 1


@pytest.mark.parametrize("after", ["soon", "", "nan", "-3", "Sun, 06 Nov 1994 08:49:37 GMT"])
def test_an_odd_retry_after(server: Server, after: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("halluc.mllm.openai._PAUSE", 0.01)
    failures = iter([(429, {}, ("Retry-After", after), ("retry-after-ms", "x"))] * 2)
    server.reply = lambda asked: next(failures, (200, said("At last.")))
    model = load_model(f"openai:m@{server.url}")
    assert model.generate(requests(1), Decoding())[0].text == "At last."


def test_the_longest_pause_is_a_minute() -> None:
    for after in ("1e400", "99999", "Fri, 31 Dec 9999 23:59:59 GMT"):
        assert asked_pause({"retry-after": after}, 0.5) == 60
    assert asked_pause({"retry-after-ms": "nan", "retry-after": "3"}, 0.5) == 3


def test_a_server_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("halluc.mllm.openai.RETRIES", 1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    model = load_model(f"openai:m@http://127.0.0.1:{port}")
    with pytest.raises(ModelError, match="cannot be reached; is the server running there"):
        model.generate(requests(1), Decoding())


def test_log_probabilities_where_they_are_told(server: Server) -> None:
    top = {"Yes": 0.5, " yes": 0.2, "No": 0.2, "yesterday": 0.1}
    told = [token("Yes", -0.1, top), token(" – café", -0.2), token(".", 0.0), token("</s>", -0.3)]
    server.reply = lambda asked: (200, said("Yes – café.", "length", told))
    model = load_model(f"openai:m@{server.url}")
    (response,) = model.generate(requests(1), Decoding(), ("yes", "no"))
    assert response.tokens == (
        Token(0, 3, -0.1),
        Token(3, 10, -0.2),
        Token(10, 11, 0.0),
        Token(11, 11, -0.3),
    )
    assert response.answers == pytest.approx({"yes": 0.7, "no": 0.2})
    assert response.finish == "length"
    assert server.asked[0]["top_logprobs"] == 20
    assert model.choose(requests(1), ["yes", "no"]) == [pytest.approx({"yes": 0.7, "no": 0.2})]
    # "maybe" is not among the likeliest, and tokens that do not spell the text are not its own.
    server.reply = lambda asked: (200, said("Another text", "stop", told))
    (response,) = model.generate(requests(1), Decoding(), ("yes", "maybe"))
    assert (response.tokens, response.answers) == ((), {})


def test_next_best_tokens_are_kept_as_many_as_asked_for(server: Server) -> None:
    first = token("Yes", math.log(0.3), {"Yes": 0.3, "No": 0.6, "Oh": 0.1})
    told = [first, token(".", math.log(0.9), {".": 0.9, "!": 0.1})]
    server.reply = lambda asked: (200, said("Yes.", "stop", told))
    model = load_model(f"openai:m@{server.url}")
    (response,) = model.generate(requests(1), Decoding(top_logprobs=2))
    assert server.asked[0]["top_logprobs"] == 20
    assert response.top_logprobs == (
        (("No", math.log(0.6)), ("Yes", math.log(0.3))),
        ((".", math.log(0.9)), ("!", math.log(0.1))),
    )
    assert not model.generate(requests(1), Decoding())[0].top_logprobs
    with pytest.raises(InputError, match="leave out --without-picture"):
        model.generate(requests(1), Decoding(without_picture=True))


def test_fields_that_a_server_does_not_know(server: Server) -> None:
    def reply(asked: dict[str, Any]) -> Reply:
        for field in ("top_logprobs", "logprobs", "max_tokens"):
            if field in asked:
                return 400, {"error": {"message": f"Unsupported parameter: '{field}'"}}
        return 200, said("Yes.")

    server.reply = reply
    model = load_model(f"openai:m@{server.url}")
    (response,) = model.generate(requests(1), Decoding(max_new_tokens=7), ("yes", "no"))
    assert (response.text, response.tokens, response.answers) == ("Yes.", (), {})
    assert server.asked[-1]["max_completion_tokens"] == 7
    model.generate(requests(1), Decoding(), ("yes", "no"))
    assert len(server.asked) == 5  # found out once


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("openai:m", "openai:NAME@http://HOST:PORT/v1"),
        (f"openai:m@user:{KEY}@host", "openai:NAME@http"),
        (f"openai:m@http://user:{KEY}@host/v1", "set OPENAI_API_KEY instead"),
        (f"openai:m@http://host/v1?key={KEY}", "set OPENAI_API_KEY instead"),
        ("openai:m\udcff@http://host/v1", "text in UTF-8"),
    ],
)
def test_names_that_are_none(name: str, told: str) -> None:
    with pytest.raises(ModelError) as caught:
        load_model(name)
    assert told in str(caught.value)
    assert KEY not in str(caught.value)


def test_a_prompt_that_is_no_text(server: Server) -> None:
    with pytest.raises(ModelError, match="the prompt of 'q' is no text in UTF-8"):
        load_model(f"openai:m@{server.url}").generate([Request("q", "a \ud83d")], Decoding())
    assert server.asked == []


def test_methods_need_the_model_itself(server: Server) -> None:
    decoding = make_decoding("vcd", {}, {})
    with pytest.raises(InputError, match="run the model here"):
        load_model(f"openai:m@{server.url}").generate(requests(1), decoding)
    assert server.asked == []


def test_the_key_is_nowhere_on_the_disk(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import app.cli

    server.reply = lambda asked: (200, said(f"A dog. {KEY}", tokens=[token(KEY, -0.1, {KEY: 1})]))
    picture(0).save(tmp_path / "0.png")
    (tmp_path / "data.jsonl").write_text('{"id": 0, "image": "0.png"}')
    monkeypatch.chdir(tmp_path)
    command = f"halluc generate --model openai:m@{server.url} --data jsonl:data.jsonl -o run"
    monkeypatch.setattr(sys, "argv", command.split())
    app.cli.main()
    assert server.keys == {f"Bearer {KEY}"}
    written = b"".join(each.read_bytes() for each in tmp_path.rglob("*") if each.is_file())
    assert "A dog. …".encode() in written and KEY.encode() not in written


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The embedded model behind ``transformers serve``: its name there, and the URL."""
    folder = find_checkpoint("tabletop").source
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("serve") / "log"
    code = "from transformers.cli.transformers import main; main()"
    options = ("--device", "cpu", "--dtype", "float32", "--host", "127.0.0.1", "--port", str(port))
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", code, "serve", folder, *options],
            env=environment,
            stdout=output,
            stderr=output,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{url}/health").close()  # noqa: S310
                break
            except OSError:
                assert process.poll() is None, log.read_text()
                time.sleep(0.2)
        yield folder, url
    finally:
        process.terminate()
        process.wait()


def test_the_embedded_model_behind_transformers_serve(served: tuple[str, str]) -> None:
    name, url = served
    scenes = load_dataset("tabletop")
    asked = [
        Request(each.id, "Describe this image in detail.", scenes.open_image(each))
        for each in scenes.samples[:4]
    ]
    decoding = Decoding(max_new_tokens=64)
    here = load_model("tabletop", device="cpu").generate(asked, decoding)
    there = load_model(f"openai:{name}@{url}").generate(asked, decoding)
    assert [each.text.strip() for each in there] == [each.text.strip() for each in here]
    assert [each.finish for each in there] == [each.finish for each in here]
