"""What a chat endpoint replied, read with distrust: servers differ in what they leave out.

OpenAI's form is a document with ``choices``, of which the first has a ``message``, its
``finish_reason`` and ``logprobs``. Any of these may be absent, null, or of another shape.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from halluc.records import Finish, Token
from halluc.thoughts import part_thought

_FINISHES: dict[str, Finish] = {
    **dict.fromkeys(("length", "max_tokens", "model_length"), "length"),
    **dict.fromkeys(("content_filter", "safety", "recitation", "blocked", "blocklist",
                     "prohibited_content", "spii"), "content_filter"),
    **dict.fromkeys(("tool_calls", "tool_call", "function_call", "tool_use"), "tool_calls"),
    **dict.fromkeys(("error", "abort", "cancelled", "timeout"), "error"),
    "refusal": "refusal",
}  # fmt: skip


class Reply(NamedTuple):
    """An answer, or what came in its place.

    Attributes:
        text, thought, finish, tokens: as `halluc.records.Response` has them.
        first: the likeliest first tokens with their log-probabilities; empty where there are none.
        likeliest: the same for each of `tokens`; empty where a token has none.
    """

    text: str
    thought: str
    finish: Finish
    tokens: tuple[Token, ...]
    first: Sequence[tuple[str, float]]
    likeliest: Sequence[Sequence[tuple[str, float]]] = ()


def read_document(content: bytes, secret: str = "") -> dict[str, Any]:
    """A reply's JSON.

    Args:
        content: the body.
        secret: a key that stands as … in every text of it; empty: none.

    Raises:
        ValueError: it is none, or not all of it.
    """
    document = json.loads(content)  # as lenient as servers are: NaN, lone surrogates
    spelled, whole = json.dumps(secret)[1:-1], json.dumps(document) if secret else ""
    if spelled and spelled in whole:
        document = json.loads(whole.replace(spelled, "…"))
    if not isinstance(document, dict):
        raise ValueError("no JSON object")
    return document


def read_reply(document: Mapping[str, Any]) -> Reply | None:
    """The first choice of a reply; None where it holds no choice.

    Raises:
        RecursionError: its parts are nested hundreds of times.
    """
    choices = document.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict) or not isinstance(choice.get("message"), dict):
        return None
    message = choice["message"]
    content, own_thought, refusal = _parts(message.get("content"))
    thought, text = part_thought(content)
    apart = own_thought or _text(message.get("reasoning_content") or message.get("reasoning"))
    thought = thought or apart.strip()
    reason = choice.get("finish_reason")
    finish = _FINISHES.get(reason.lower(), "stop") if isinstance(reason, str) else "stop"
    refusal = refusal or _text(message.get("refusal"))
    if refusal and not text.strip():
        text, finish = refusal, "refusal"
    elif (message.get("tool_calls") or message.get("function_call")) and not text.strip():
        finish = "tool_calls"
    elif content.strip() and not text.strip():
        finish = "length"  # the thought was cut off, whatever the server calls that
    found = _read_tokens(choice.get("logprobs"))
    tokens = _tokens(text, found) if content == text else ()
    tops = [each.top for each in found]
    first = () if thought or not tops else tops[0]
    return Reply(text, thought, finish, tokens, first, tops if tokens and all(tops) else ())


def error_of(document: Any) -> str:
    """What an error's body says, in one line; empty if nothing.

    Known are ``{"error": {"message": …}}``, ``{"error": "…"}``, ``{"message": …}`` and
    ``{"detail": …}``, also as a list of ``{"loc": …, "msg": …}``.
    """
    body = document
    while isinstance(body, dict):
        if "loc" in body and "msg" in body:
            place = body["loc"] if isinstance(body["loc"], list) else [body["loc"]]
            body = f"{'.'.join(str(each) for each in place)}: {body['msg']}"
        else:
            body = body.get("message") or body.get("error") or body.get("detail")
    if isinstance(body, list):
        body = "; ".join(filter(None, map(error_of, body)))
    return " ".join(_clean(body).split()) if isinstance(body, str) else ""


def code_of(document: Any) -> str:
    """The short name of an error, such as "insufficient_quota"; empty if it has none."""
    error = document.get("error", document) if isinstance(document, dict) else None
    names = [error.get(name) for name in ("code", "type")] if isinstance(error, dict) else []
    return " ".join(each for each in names if isinstance(each, str))


class _Piece(NamedTuple):
    """A token as the server gives it: its bytes, log-probability, and the likeliest instead."""

    bytes: bytes
    logprob: float
    top: list[tuple[str, float]]


def _parts(content: Any) -> tuple[str, str, str]:
    """Text, thought and refusal of a message's content: a text, a part, several, or null."""
    if isinstance(content, str):
        return _clean(content), "", ""
    content = [content] if isinstance(content, dict) else content
    texts, thoughts, refusals = list[str](), list[str](), list[str]()
    for part in content if isinstance(content, list) else []:
        if isinstance(part, str):
            texts.append(_clean(part))
        elif isinstance(part, dict):
            kind = part.get("type")
            if kind in ("thinking", "reasoning"):
                thoughts.append(_text(part.get("thinking") or part.get("text")))
            elif kind == "refusal":
                refusals.append(_text(part.get("refusal")))
            else:
                texts.append(_text(part.get("text")))
    return "".join(texts), "".join(thoughts), "".join(refusals)


def _text(value: Any) -> str:
    """A text, or the texts of a list of parts."""
    if isinstance(value, str):
        return _clean(value)
    return _parts(value)[0]


def _clean(text: str) -> str:
    """Text that can be written as UTF-8: lone surrogates become U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _read_tokens(logprobs: Any) -> list[_Piece]:
    """The tokens of ``logprobs``; none where one of them is incomplete."""
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    found = []
    for each in content if isinstance(content, list) else []:
        number = _number(each.get("logprob")) if isinstance(each, dict) else None
        if number is None or not isinstance(each.get("token"), str):
            return []
        try:
            spelled = bytes(list(each["bytes"]))  # not so many zeros as a number says
        except (KeyError, TypeError, ValueError):
            spelled = _clean(each["token"]).encode()
        found.append(_Piece(spelled, number, _likeliest(each.get("top_logprobs"))))
    return found


def _likeliest(top: Any) -> list[tuple[str, float]]:
    """Tokens with their log-probabilities, from a list of them or an object; else none."""
    pairs: list[tuple[Any, Any]] = []
    if isinstance(top, dict):
        pairs = list(top.items())
    elif isinstance(top, list):
        pairs = [(e.get("token"), e.get("logprob")) for e in top if isinstance(e, dict)]
    return [
        (_clean(token), number)
        for token, value in pairs
        if isinstance(token, str) and (number := _number(value)) is not None
    ]


def _number(value: Any) -> float | None:
    """A log-probability, ≤ 0; None for what is none: not finite, or more than rounding above 0."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return min(float(value), 0.0) if -1e9 <= value <= 1e-3 else None


def _tokens(text: str, found: Sequence[_Piece]) -> tuple[Token, ...]:
    """The tokens with their places in the text; none where they do not spell it."""
    whole = b"".join(each.bytes for each in found)
    # White space around it may have been taken off, and an end token may follow.
    before = whole.find(text.encode()) if text else -1
    if before < 0:
        return ()
    # Characters that begin before each byte of the whole.
    starts, count = [0] * (len(whole) + 1), 0
    for place, byte in enumerate(whole):
        starts[place] = count
        count += byte & 0xC0 != 0x80
    starts[len(whole)] = count
    first, spans, end = starts[before], [], 0
    for each in found:
        start, end = end, end + len(each.bytes)
        spans.append([min(max(starts[place] - first, 0), len(text)) for place in (start, end)])
    return tuple(
        Token(start, end, each.logprob) for (start, end), each in zip(spans, found, strict=True)
    )
