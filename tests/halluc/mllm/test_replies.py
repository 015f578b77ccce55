"""Replies of servers in all shapes: an answer, a marked non-answer, or one line."""

from __future__ import annotations

import copy
import gzip
import json
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest
from checkpoints import picture
from servers import KEY, Reply, Server, said, token

from halluc.errors import ModelError
from halluc.mllm import Decoding, Request, load_model
from halluc.mllm.replies import code_of, error_of, read_reply
from halluc.records import Response
from halluc.runs import read_run

ASKED = [Request("q", "Is there a dog?", picture(0))]
LP = {"top_logprobs": [{"token": "Yes", "logprob": -0.1}, {"token": "No", "logprob": -2.5}]}


def message(**fields: Any) -> Reply:
    """A reply whose message has these fields."""
    whole = said(None, fields.pop("finish", "stop"))
    whole["choices"][0]["message"] |= fields
    return 200, whole


def told(content: Any) -> Reply:
    """An answer of Yes with these log-probabilities."""
    whole = said("Yes")
    whole["choices"][0]["logprobs"] = content
    return 200, whole


# What came → text, thought, finish, what it lacks
SHAPES: dict[str, tuple[Reply, tuple[str, str, str, str]]] = {
    "an answer": (message(content="Yes."), ("Yes.", "", "stop", "")),
    "a part that is in no list": (
        message(content={"type": "text", "text": "Yes."}),
        ("Yes.", "", "stop", ""),
    ),
    "null": (message(content=None), ("", "", "stop", "empty")),
    "no content": (message(), ("", "", "stop", "empty")),
    "white space": (message(content=" \n"), (" \n", "", "stop", "empty")),
    "thoughts apart": (
        message(content=None, reasoning_content="Yes, a dog", finish="length"),
        ("", "Yes, a dog", "length", "unfinished"),
    ),
    "thoughts apart and an answer": (
        message(content="No.", reasoning="Yes, or not?"),
        ("No.", "Yes, or not?", "stop", ""),
    ),
    "a thought inside": (
        message(content="<think>Yes, it seems.</think>\n\nNo."),
        ("No.", "Yes, it seems.", "stop", ""),
    ),
    "a thought without its opening tag": (
        message(content="Yes, it seems.</think>No."),
        ("No.", "Yes, it seems.", "stop", ""),
    ),
    "a thought that was cut off": (
        message(content="<think>Yes, there", finish="length"),
        ("", "Yes, there", "length", "unfinished"),
    ),
    "a thought without end": (
        message(content="<think>Yes, there"),
        ("", "Yes, there", "length", "unfinished"),
    ),
    "a box": (
        message(content="<think>Hm.</think><answer>No</answer>"),
        ("No", "Hm.", "stop", ""),
    ),
    "tags that are spoken of": (
        message(content="Write <think> and </think>."),
        ("Write <think> and </think>.", "", "stop", ""),
    ),
    "a refusal": (
        message(content=None, refusal="I cannot help."),
        ("I cannot help.", "", "refusal", "refusal"),
    ),
    "a filter": (
        message(content=None, finish="content_filter"),
        ("", "", "content_filter", "filtered"),
    ),
    "a filter that cut": (
        message(content="There is", finish="content_filter"),
        ("There is", "", "content_filter", "filtered"),
    ),
    "no room": (message(content="", finish="length"), ("", "", "length", "unfinished")),
    "cut at the limit": (message(content="A dog", finish="length"), ("A dog", "", "length", "")),
    "an error": (message(content=None, finish="error"), ("", "", "error", "failed")),
    "an abort": (message(content="A", finish="abort"), ("A", "", "error", "failed")),
    "a tool": (
        message(content=None, finish="tool_calls", tool_calls=[{"id": "1"}]),
        ("", "", "tool_calls", "tool call"),
    ),
    "a tool, said to have stopped": (
        message(content=None, tool_calls=[{"id": "1"}]),
        ("", "", "tool_calls", "tool call"),
    ),
    "a function, as it was called before": (
        message(content=None, function_call={"name": "look"}),
        ("", "", "tool_calls", "tool call"),
    ),
    "a thought alone, said to have stopped": (
        message(content=None, reasoning_content="Yes, a dog"),
        ("", "Yes, a dog", "stop", "empty"),
    ),
    "another word for a filter": (
        message(content="", finish="PROHIBITED_CONTENT"),
        ("", "", "content_filter", "filtered"),
    ),
    "no reason": (message(content="Yes.", finish=None), ("Yes.", "", "stop", "")),
    "another reason": (message(content="Yes.", finish="EOS"), ("Yes.", "", "stop", "")),
    "parts": (
        message(content=[{"type": "text", "text": "A "}, {"type": "text", "text": "dog."}]),
        ("A dog.", "", "stop", ""),
    ),
    "parts with a thought": (
        message(
            content=[
                {"type": "thinking", "thinking": [{"type": "text", "text": "Yes?"}]},
                {"type": "text", "text": "No."},
            ]
        ),
        ("No.", "Yes?", "stop", ""),
    ),
    "a lone surrogate": (
        (200, json.dumps(said("A \ud83d dog.")).encode()),
        ("A \ufffd dog.", "", "stop", ""),
    ),
    "no log-probabilities": (told(None), ("Yes", "", "stop", "")),
    "content null": (told({"content": None}), ("Yes", "", "stop", "")),
    "a list": (told([1, 2]), ("Yes", "", "stop", "")),
    "top absent": (told({"content": [{"token": "Yes", "logprob": -0.1}]}), ("Yes", "", "stop", "")),
    "top null": (
        told({"content": [{"token": "Yes", "logprob": -0.1, "top_logprobs": None}]}),
        ("Yes", "", "stop", ""),
    ),
    "top a dict": (
        told({"content": [{"token": "Yes", "logprob": -0.1, "top_logprobs": {"Yes": -0.1}}]}),
        ("Yes", "", "stop", ""),
    ),
    "a number beyond all numbers": (
        told({"content": [{"token": "Yes", "logprob": 10**400, **LP}]}),
        ("Yes", "", "stop", ""),
    ),
    "bytes as a number": (
        told({"content": [{"token": "Yes", "logprob": -0.1, "bytes": 10**12, **LP}]}),
        ("Yes", "", "stop", ""),
    ),
    "NaN": (
        told({"content": [{"token": "Yes", "logprob": float("nan"), **LP}]}),
        ("Yes", "", "stop", ""),
    ),
    "minus infinity": (
        told({"content": [{"token": "Yes", "logprob": float("-inf"), **LP}]}),
        ("Yes", "", "stop", ""),
    ),
    "odd bytes": (
        told({"content": [{"token": "Yes", "logprob": -0.1, "bytes": [999], **LP}]}),
        ("Yes", "", "stop", ""),
    ),
    "half a token": (told({"content": [{"logprob": None}, "x"]}), ("Yes", "", "stop", "")),
}  # fmt: skip

# What came → what is said
FAILURES: dict[str, tuple[Reply, str]] = {
    "half a JSON": ((200, b'{"choices": [{"mess'), "half a reply"),
    "a web page": ((200, b"<html><body>Welcome</body></html>"), "is this a chat endpoint?"),
    "a list": ((200, [1]), "is this a chat endpoint?"),
    "no choice": ((200, {"choices": [None]}), "is this a chat endpoint?"),
    "choices null": ((200, {"choices": None}), "is this a chat endpoint?"),
    "no message": ((200, {"choices": [{"text": "Yes"}]}), "is this a chat endpoint?"),
    "an error with status 200": ((200, {"error": "out of memory"}), "out of memory"),
    "nested too deep": ((200, b"[" * 100_000), "half a reply"),
    "not found": ((404, b"nothing here"), "knows no model 'm'"),
}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("halluc.mllm.openai._PAUSE", 0.0)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_reply_is_an_answer_or_marked(server: Server, shape: str, tmp_path: Path) -> None:
    reply, expected = SHAPES[shape]
    server.seconds, server.reply = 0, lambda asked: reply
    model = load_model(f"openai:m@{server.url}")
    [got] = model.generate(ASKED, Decoding(), ("yes", "no"))
    assert (got.text, got.thought, got.finish, got.lack) == expected
    assert all(each.logprob <= 0 for each in got.tokens)
    assert all(0 <= each <= 1 for each in got.answers.values())


@pytest.mark.parametrize("shape", FAILURES)
def test_what_is_no_reply_is_one_line(server: Server, shape: str) -> None:
    reply, expected = FAILURES[shape]
    server.seconds, server.reply = 0, lambda asked: reply
    with pytest.raises(ModelError) as caught:
        load_model(f"openai:m@{server.url}").generate(ASKED, Decoding())
    assert expected in str(caught.value) and "\n" not in str(caught.value)


def test_probabilities_as_an_object_or_a_list(server: Server) -> None:
    for top in (LP["top_logprobs"], {"Yes": -0.1, "No": -2.5}):
        server.reply = lambda asked, top=top: told(  # type: ignore[misc]
            {"content": [{"token": "Yes", "logprob": -0.1, "top_logprobs": top}]}
        )
        [got] = load_model(f"openai:m@{server.url}").generate(ASKED, Decoding(), ("yes", "no"))
        assert got.answers == pytest.approx({"yes": 0.9048, "no": 0.0821}, abs=1e-3)


def test_fewer_likeliest_tokens_than_asked_for(server: Server) -> None:
    def reply(asked: dict[str, Any]) -> Reply:
        if asked.get("top_logprobs", 0) > 5:
            what = f"Requested sample logprobs of {asked['top_logprobs']}, max allowed: 5"
            return 400, {"error": {"message": what}}
        return 200, said("Yes", tokens=[token("Yes", -0.1, {"Yes": 0.9, "No": 0.1})])

    server.reply = reply
    model = load_model(f"openai:m@{server.url}")
    [got] = model.generate(ASKED, Decoding(), ("yes", "no"))
    assert got.answers == pytest.approx({"yes": 0.9, "no": 0.1})
    assert server.asked[-1]["top_logprobs"] == 5
    model.generate(ASKED, Decoding(), ("yes", "no"))
    assert len(server.asked) == 3  # found out once


def test_an_answer_that_comes_too_late(server: Server) -> None:
    server.seconds = 0.6
    model = load_model(f"openai:m@{server.url}", timeout=0.2)
    with pytest.raises(
        ModelError, match=r"no answer to 'q' within 0.2 s, 2 times; raise --timeout"
    ):
        model.generate(ASKED, Decoding())
    # A command that is stopped meanwhile need not wait for it.
    assert all(each.daemon for each in threading.enumerate() if each.name == "server")


@pytest.mark.parametrize(
    ("piece", "most", "reply"),
    [
        (9, 64 << 20, (200, said("A dog."))),
        (1 << 20, 99, (200, said("A dog."))),
        (1 << 20, 1 << 20, (200, gzip.compress(bytes(2 << 20)), ("Content-Encoding", "gzip"))),
        (1 << 20, 64 << 20, (100, {})),
    ],
)
def test_an_answer_without_end(
    server: Server,
    piece: int,
    most: int,
    reply: Reply,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Pieces that come in time, one by one, do not make an answer or a head; nor do too many."""
    monkeypatch.setattr("halluc.mllm.patience.LARGEST", most)
    monkeypatch.setattr("halluc.mllm.openai._GRACE", 0.1)
    server.seconds, server.piece, server.between = 0, piece, 0.1
    server.reply = lambda asked: reply
    model = load_model(f"openai:m@{server.url}", timeout=0.4)
    with pytest.raises(ModelError, match=r"no answer to 'q' within 0.4 s, 2 times"):
        model.generate(ASKED, Decoding())


def test_every_field_of_another_type(server: Server) -> None:
    """A reply whose every place holds, in turn, what it should not: no traceback, text that fits.

    A place of the answer itself ends in one line or in an answer.
    """
    tokens = [token("Yes", -0.1, {"Yes": 0.9, "No": 0.1})]
    whole = said("Yes", tokens=tokens) | {"usage": {"total_tokens": 3}}
    whole["choices"][0]["message"] |= {"refusal": None, "tool_calls": None, "reasoning": ""}
    odd: list[Any] = [
        None, True, 0, -1, 1e300, 10**400, "", "\ud83d", [], {}, [[]], [None], [{}], {"text": []},
        {"text": {"text": 1}}, {"type": "text"}, {"": ""}, ["a", 1, None, {"text": "b"}],
    ]  # fmt: skip
    for place in places(whole):
        for value in odd:
            reply = read_reply(put(whole, place, value))
            error_of(put(whole, place, value)), code_of(put(whole, place, value))
            if reply is not None:
                asked = Response(id="q", **{k: getattr(reply, k) for k in SAME})
                assert msgspec.json.decode(msgspec.json.encode(asked), type=Response) == asked
    model = load_model(f"openai:m@{server.url}")
    deep = b'{"choices": [{"message": {"content": ' + b'{"text": ' * 600 + b"1" + b"}" * 603 + b"]}"
    for content, what in {deep: "half a reply", b"<html>Welcome": "no JSON"}.items():
        server.reply = lambda asked, content=content: (200, content)
        with pytest.raises(ModelError, match=f"gave {what} to 'q'; is this a chat endpoint"):
            model.generate(ASKED, Decoding())


SAME = ("text", "thought", "finish", "tokens")


def places(node: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every place of a document."""
    keys = node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    return [way for key in keys for way in ((*before, key), *places(node[key], (*before, key)))]


def put(whole: Any, place: tuple[Any, ...], value: Any) -> Any:
    """A copy of a document with something else in a place."""
    changed = copy.deepcopy(whole)
    node = changed
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = value
    return changed


def test_a_run_of_all_shapes_is_readable_and_told(
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    import app.cli

    replies = {name: reply for name, (reply, _) in SHAPES.items()}
    replies |= {name: reply for name, (reply, _) in list(FAILURES.items())[6:7]}
    rows = [
        {"id": name, "image": "0.png", "prompt": f"Is there {name}?", "label": "no"}
        for name in replies
    ]
    picture(0).save(tmp_path / "0.png")
    (tmp_path / "data.jsonl").write_text("".join(json.dumps(each) + "\n" for each in rows))

    def reply(asked: dict[str, Any]) -> Reply:
        question = asked["messages"][0]["content"][-1]["text"]
        return next(r for name, r in replies.items() if f"Is there {name}?" in question)

    server.seconds, server.reply = 0, reply
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[str, str]:
        monkeypatch.setattr(sys, "argv", ["halluc", *words])
        app.cli.main()
        return capsys.readouterr()

    model = f"openai:m@{server.url}"
    _, err = run(
        *("generate", "--model", model, "--data", "jsonl:data.jsonl", "--task", "pope"),
        *("-o", "run", "--skip-failing"),
    )
    lacking = sum(bool(lack) for _, (*_, lack) in SHAPES.values()) + 1
    assert f"no answer: {lacking} of {len(replies)} (" in err
    assert "cut short at --max-new-tokens: 1 of" in err and "out of memory" in err
    responses = {each.id: each for each in read_run("run").responses}
    assert responses["a thought inside"].text == "No."
    written = b"".join(each.read_bytes() for each in tmp_path.rglob("*") if each.is_file())
    assert KEY.encode() not in written and KEY not in err

    out, _ = run("score", "pope", "run", "--json")
    scored = json.loads(out)
    values = {each["name"]: each["value"] for each in scored["scores"]}
    published = {each["name"]: each["value"] for each in scored["as published"]}
    assert scored["how"]["no answer"].startswith(f"{lacking} of {len(replies)} (")
    assert (values["unknown"], published["unknown"]) == (lacking, 0)
    assert published["FP"] > values["FP"]  # what nobody said would have been a yes
