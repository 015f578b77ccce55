"""Any server with OpenAI's chat endpoint: vLLM, SGLang, ``transformers serve``, hosted models.

The requests of a batch are asked at once, each with a try of its own: what may pass (no connection,
a timeout, status 408, 409, 429, 5xx) is tried again, later and later, as long as the server says
where it does; what stays (a wrong key, an unknown model, a prompt too long) is told at once.

The key comes from the environment (``OPENAI_API_KEY``) and goes to the server alone, never into a
run or a message. A server may move: its address counts as a device does, not as the model.
"""

from __future__ import annotations

import base64
import hashlib
import io
import math
import os
import re
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import openai

from halluc.errors import InputError, ModelError
from halluc.mllm.base import Decoding, Request
from halluc.records import Response, Token

if TYPE_CHECKING:
    from PIL.Image import Image

RETRIES = 8
"""Tries after the first one; with the library's pauses of 0.5 to 8 s they take some 40 s."""

# The most tokens of which servers tell the probability at each step.
_TOP = 20
# Fields that some servers refuse, each with the one to send instead, if any.
_INSTEAD = {"top_logprobs": "", "logprobs": "", "max_tokens": "max_completion_tokens"}


class OpenAIMLLM:
    """A model behind a chat endpoint.

    Args:
        name: ``openai:NAME@URL``; a URL without a path gets ``/v1``.

    Raises:
        ModelError: the name is no such name, or the URL holds a password or key.
    """

    def __init__(self, name: str) -> None:
        match = re.fullmatch(r"openai:(.+?)@(https?://[^\s/].*)", name)
        if match is None:  # not shown, since a key may be in it
            raise ModelError("a model behind a server is named openai:NAME@http://HOST:PORT/v1")
        self._name, url = match[1], match[2].rstrip("/")
        parts = urlsplit(url)
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ModelError("put no key into the URL of a server; set OPENAI_API_KEY instead")
        self._url = url if parts.path else f"{url}/v1"
        self._key = os.environ.get("OPENAI_API_KEY") or "none"  # most servers of one's own ask none
        self._client = openai.OpenAI(
            api_key=self._key, base_url=self._url, max_retries=RETRIES, timeout=600
        )
        self._refused: set[str] = set()
        self._settling = threading.Lock()
        self.card: dict[str, Any] = {
            "model": {"name": f"openai:{self._name}"},
            "device": self._url,
        }

    def generate(
        self, requests: Sequence[Request], decoding: Decoding, answers: Sequence[str] = ()
    ) -> list[Response]:
        """Answer requests, all at once.

        ``Response.tokens`` and ``Response.answers`` are empty where the server gives no
        log-probabilities. The probability of a short answer is summed over how its first token may
        be spelled, among the 20 likeliest; it is told where all of `answers` are among them.

        Raises:
            ModelError: the server cannot be reached or refuses.
            InputError: the decoding is a method of correction, which needs the model itself.
        """
        if type(decoding) is not Decoding:
            raise InputError("a server decodes in its own way; run the model here to correct it")
        if not requests:
            return []
        with ThreadPoolExecutor(len(requests), thread_name_prefix="server") as threads:
            asked = [threads.submit(self._answer, each, decoding, answers) for each in requests]
            try:
                return [each.result() for each in asked]
            except BaseException:
                threads.shutdown(wait=False, cancel_futures=True)
                raise

    def choose(self, requests: Sequence[Request], answers: Sequence[str]) -> list[dict[str, float]]:
        """For each request, the probability that the reply begins with each short answer.

        Raises:
            ModelError: as for `generate`.
        """
        responses = self.generate(requests, Decoding(max_new_tokens=1), answers)
        return [response.answers for response in responses]

    def _answer(self, request: Request, decoding: Decoding, answers: Sequence[str]) -> Response:
        content: list[dict[str, Any]] = [{"type": "text", "text": request.prompt}]
        if request.image is not None:
            content.insert(0, {"type": "image_url", "image_url": {"url": _data_url(request.image)}})
        fields: dict[str, Any] = {
            "model": self._name,
            "messages": [{"role": "user", "content": content}],
            "max_tokens": decoding.max_new_tokens,
            "temperature": decoding.temperature if decoding.do_sample else 0.0,
            "logprobs": True,
        }
        if answers:
            fields["top_logprobs"] = _TOP
        if decoding.do_sample:
            fields["top_p"] = decoding.top_p
            fields["seed"] = _seed(decoding.seed, request.id)
            if decoding.top_k:  # no field of OpenAI's, but known to most servers of one's own
                fields["extra_body"] = {"top_k": decoding.top_k}
        choice = self._ask(request.id, fields)
        if choice.finish_reason == "content_filter":
            raise ModelError(f"{self._url} filters its answer to {request.id!r}; leave that out")
        text = choice.message.content or ""
        told = (choice.logprobs.content if choice.logprobs else None) or []
        return Response(
            id=request.id,
            text=text,
            prompt=request.prompt,
            tokens=_tokens(text, told),
            answers=_chances(told[0].top_logprobs, answers) if told else {},
            finish="length" if choice.finish_reason == "length" else "stop",
        )

    def _ask(self, id: str, fields: dict[str, Any]) -> Any:
        """The server's choice; fields that it does not know are found out once and left out."""
        while True:
            with self._settling:
                refused = set(self._refused)
            sent: dict[str, Any] = {}
            for field, value in fields.items():
                if name := _INSTEAD[field] if field in refused else field:
                    sent[name] = value
            try:
                reply = self._client.chat.completions.create(**sent)
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                said = self._said(error)
                unknown = next((each for each in _INSTEAD if each in said and each in sent), None)
                if unknown is None:
                    raise ModelError(f"{self._url} cannot answer {id!r}: {said}") from None
                with self._settling:
                    self._refused.add(unknown)
                continue
            except openai.APIError as error:
                raise ModelError(self._why(error)) from None
            if not getattr(reply, "choices", None):
                raise ModelError(f"{self._url} gave no answer to {id!r}; is this a chat endpoint?")
            return reply.choices[0]

    def _why(self, error: openai.APIError) -> str:
        """What failed in the end, and how to correct it."""
        said = self._said(error)
        if isinstance(error, openai.APITimeoutError):
            return f"{self._url} does not answer in time; try a smaller --batch-size"
        if isinstance(error, openai.APIConnectionError):
            return f"{self._url} cannot be reached; is the server running there?"
        if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
            return f"{self._url} refuses the key ({said}); set OPENAI_API_KEY"
        if isinstance(error, openai.NotFoundError):
            return f"{self._url} knows no model {self._name!r} or is no chat endpoint ({said})"
        return f"{self._url} fails: {said}; the same command continues"

    def _said(self, error: openai.APIError) -> str:
        """What the server said, in one line and without the key."""
        body: Any = error.body
        while isinstance(body, dict):
            body = body.get("message") or body.get("error") or body.get("detail")
        said = " ".join((body if isinstance(body, str) else error.message).split())[:300]
        return said if self._key == "none" else said.replace(self._key, "…")


def _seed(seed: int, id: str) -> int:
    """A seed of its own for each sample, so that neither batch nor order changes an answer."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{id}".encode()).digest()[:4]) >> 1


def _data_url(image: Image) -> str:
    """A picture within a request, without loss."""
    content = io.BytesIO()
    image.save(content, "PNG")
    return "data:image/png;base64," + base64.b64encode(content.getvalue()).decode()


def _tokens(text: str, told: Sequence[Any]) -> tuple[Token, ...]:
    """The tokens with their places in the text; none where they do not spell it."""
    pieces = [
        each.token.encode() if getattr(each, "bytes", None) is None else bytes(each.bytes)
        for each in told
    ]
    whole = b"".join(pieces)
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
    for piece in pieces:
        start, end = end, end + len(piece)
        spans.append([min(max(starts[each] - first, 0), len(text)) for each in (start, end)])
    return tuple(
        Token(start, end, min(each.logprob, 0.0))
        for (start, end), each in zip(spans, told, strict=True)
    )


def _chances(top: Sequence[Any], answers: Sequence[str]) -> dict[str, float]:
    """The probability of each answer as the first token, however it is spelled."""
    found: dict[str, float] = {}
    for each in top:
        for answer in answers:
            if each.token.strip() in (answer, answer.lower(), answer.capitalize()):
                found[answer] = found.get(answer, 0.0) + math.exp(min(each.logprob, 0.0))
    return found if len(found) == len(answers) else {}
