"""Any server with OpenAI's chat endpoint: vLLM, SGLang, ``transformers serve``, hosted models.

The requests of a batch are asked at once, each with a try of its own: what may pass (no connection,
a timeout, status 408, 409, 429, 5xx) is tried again, later and later or when the server says;
what stays (a wrong key, an unknown model, a prompt too long, a quota) is told at
once. What comes in place of an answer (a refusal, a filter, a thought without an end) is kept and
marked as that.

The key comes from the environment (``OPENAI_API_KEY``) and goes to the server alone, never into a
run or a message. A server may move: its address counts as a device does, not as the model.
"""

from __future__ import annotations

import base64
import hashlib
import io
import ipaddress
import math
import os
import re
import threading
import time
import warnings
import weakref
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import openai

from halluc.errors import InputError, ModelError, SampleError, said
from halluc.mllm.base import Decoding, Exchange, Request
from halluc.mllm.patience import HTTPX, UNPACKED, asked_pause, begin, whole_within
from halluc.mllm.replies import Reply, code_of, error_of, read_document, read_reply
from halluc.records import Response
from halluc.text import is_text

if TYPE_CHECKING:
    from PIL.Image import Image

RETRIES = 8
"""Tries after the first one; with pauses of 0.5 to 8 s they take some 40 s."""

TIMEOUT = 300.0
"""Seconds that a server has for an answer."""

_PAUSE = 0.5  # seconds before the second try; each is twice as long as the one before
_GRACE = 1.0  # seconds for a request that the client should have ended itself
_LATE = 2  # answers that come too late before it is said
_AGAIN = 2  # requests after one whose reply was cut short

# What no later try mends: encryption that fails, a wrong protocol or address, no HTTP.
_LASTING = {
    *("SSLError", "UnsupportedProtocol", "LocalProtocolError", "RemoteProtocolError", "InvalidURL"),
    *("UnicodeError", "OverflowError", "DecodingError"),
}
_CLOSED = ("closed", "disconnected")  # a connection, as when a server is started again

# Characters of a server's words that are shown, and of a key that may not be in an answer either;
# shorter ones, such as "EMPTY", are words.
_SHOWN, _SECRET = 300, 12
# The most tokens of which servers tell the probability at each step.
_TOP = 20
# Fields that some servers refuse, each with the one to send instead, if any.
_INSTEAD = {"top_logprobs": "", "logprobs": "", "max_tokens": "max_completion_tokens"}


class OpenAIMLLM:
    """A model behind a chat endpoint.

    Args:
        name: ``openai:NAME@URL``; a URL without a path gets ``/v1``.
        timeout: seconds that an answer may take, > 0.

    Raises:
        ModelError: the name is no such name, or the URL holds a password or key.
    """

    def __init__(self, name: str, timeout: float = TIMEOUT) -> None:
        match = re.fullmatch(r"openai:(.+?)@(https?://[^\s/].*)", name)
        if match is None:  # not shown, since a key may be in it
            raise ModelError("a model behind a server is named openai:NAME@http://HOST:PORT/v1")
        self._name, url = match[1], match[2].rstrip("/")
        if not is_text(self._name):
            raise ModelError("a model's name behind a server is text in UTF-8, and this is not")
        try:
            parts = urlsplit(url)
            encrypted, host, _ = parts.scheme == "https", parts.hostname or "", parts.port
            host.encode("idna")
            HTTPX.URL(url)
        except (ValueError, HTTPX.InvalidURL):  # UnicodeError, too
            raise ModelError("a server's URL is http://HOST:PORT/v1 with a port to 65535") from None
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ModelError("put no key into the URL of a server; set OPENAI_API_KEY instead")
        self._url = url if parts.path else f"{url}/v1"
        self._key = os.environ.get("OPENAI_API_KEY") or "none"  # most servers of one's own ask none
        if not (self._key.isascii() and self._key.isprintable()) or " " in self._key:
            raise ModelError("OPENAI_API_KEY holds a character that no key has; set it again")
        if self._key != "none" and not encrypted and not _is_local(host):
            what = f"OPENAI_API_KEY goes to {host} unencrypted, so that others may read it"
            warnings.warn(f"{what}; use https, or unset it", stacklevel=2)
        self._timeout = timeout
        self._client = openai.OpenAI(
            api_key=self._key,
            base_url=self._url,
            max_retries=0,  # tried again in `_send`
            timeout=timeout,
            http_client=_client(timeout),
        )
        if not host.endswith("openai.com"):  # who asks is of no concern to another server
            self._client.organization = self._client.project = None
        weakref.finalize(self, self._client.close)
        self._refused: set[str] = set()
        self._most = _TOP
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
        if decoding.without_picture:
            raise InputError(
                "a server does not tell how likely a given text is; run the model here or leave "
                "out --without-picture"
            )
        asked = [begin(partial(self._answer, each, decoding, answers)) for each in requests]
        return [each.result() for each in asked]

    def choose(self, requests: Sequence[Request], answers: Sequence[str]) -> list[dict[str, float]]:
        """For each request, the probability that the reply begins with each short answer.

        Raises:
            ModelError: as for `generate`.
        """
        responses = self.generate(requests, Decoding(max_new_tokens=1), answers)
        return [response.answers for response in responses]

    def _answer(self, request: Request, decoding: Decoding, answers: Sequence[str]) -> Response:
        if not is_text(request.prompt):
            raise SampleError(request.id, f"the prompt of {request.id!r} is no text in UTF-8")
        fields: dict[str, Any] = {
            "model": self._name,
            "messages": _messages(request),
            "max_tokens": decoding.max_new_tokens,
            "temperature": decoding.temperature if decoding.do_sample else 0.0,
            "logprobs": True,
        }
        if answers or decoding.likeliest:
            fields["top_logprobs"] = _TOP
        if decoding.do_sample:
            fields["top_p"] = decoding.top_p
            fields["seed"] = _seed(decoding.seed, request.id)
            if decoding.top_k:  # no field of OpenAI's, but known to most servers of one's own
                fields["extra_body"] = {"top_k": decoding.top_k}
        reply = self._ask(request.id, fields)
        likeliest = reply.likeliest if decoding.likeliest else ()
        return Response(
            id=request.id,
            text=reply.text,
            prompt=request.prompt,
            tokens=reply.tokens,
            top_logprobs=tuple(_most(each, decoding.likeliest) for each in likeliest),
            answers=_chances(reply.first, answers),
            finish=reply.finish,
            thought=reply.thought,
        )

    def _ask(self, id: str, fields: dict[str, Any]) -> Reply:
        """The server's reply; fields that it does not know are found out once and left out."""
        unreadable = 0
        while True:
            with self._settling:
                refused, most = set(self._refused), self._most
            sent: dict[str, Any] = {}
            for field, value in fields.items():
                if name := _INSTEAD[field] if field in refused else field:
                    sent[name] = most if field == "top_logprobs" else value
            status, content = self._send(id, sent)
            document, said, reply = self._read(content)
            if status in (400, 422):
                if not self._settle(said, sent):
                    raise SampleError(id, f"{self._url} cannot answer {id!r}: {said}")
                continue
            if status == 413:
                what = f"{self._url} takes no request as large as that of {id!r} ({said})"
                raise SampleError(id, what)
            if status != 200:
                raise ModelError(self._why(status, said))
            if document.get("error") or document.get("object") == "error":
                raise SampleError(id, f"{self._url} cannot answer {id!r}: {said}")
            if reply is not None:
                return reply
            unreadable += 1
            if unreadable > _AGAIN or (document and "choices" in document):
                begun = content.lstrip()[:1] in (b"{", b"[")
                what = "no answer" if document else "half a reply" if begun else "no JSON"
                raise ModelError(f"{self._url} gave {what} to {id!r}; is this a chat endpoint?")
            time.sleep(_PAUSE * unreadable)

    def _read(self, content: bytes) -> tuple[dict[str, Any], str, Reply | None]:
        """A body's document, what it says of an error, and the reply in it, if any."""
        try:
            document = read_document(content, self._key if len(self._key) >= _SECRET else "")
            told, reply = error_of(document), read_reply(document)
        except (ValueError, RecursionError):
            document, told, reply = {}, "", None
        said = self._hidden(told or content.decode("utf-8", "replace"))
        return document, " ".join(said[: 9 * _SHOWN].split())[:_SHOWN] or "nothing", reply

    def _send(self, id: str, sent: dict[str, Any]) -> tuple[int, bytes]:
        """Status and body of a request; what may pass is tried again, later and later."""
        late = 0
        for tries in range(RETRIES + 1):
            pause = min(_PAUSE * 2**tries, 8.0)
            try:
                ask = partial(self._client.chat.completions.with_raw_response.create, **sent)
                raw = begin(ask).result(self._timeout + _GRACE)
                return 200, raw.http_response.content
            except openai.APIStatusError as error:
                status, content = error.status_code, error.response.content
                if 300 <= status < 400:
                    where = self._hidden(error.response.headers.get("location", "elsewhere"))
                    where = re.sub(r"(?<=//)[^/?#]*@", "", where)[:_SHOWN]  # no password
                    raise ModelError(
                        f"{self._url} redirects to {where}; name that URL as openai:NAME@URL"
                    ) from None
                passes = status in (408, 409, 429) or status >= 500
                if not passes or tries == RETRIES or _is_quota(content):
                    return status, content
                pause = asked_pause(error.response.headers, pause)
            except (openai.APITimeoutError, TimeoutError):
                late += 1
                if late == _LATE:
                    raise ModelError(
                        f"{self._url} gave no answer to {id!r} within {self._timeout:g} s, {late} "
                        "times; raise --timeout or take a smaller --batch-size"
                    ) from None
                continue
            except openai.APIConnectionError as error:
                if lasting := self._hidden(_lasting(error)):
                    raise ModelError(f"{self._url} cannot be asked: {lasting[:_SHOWN]}") from None
                if tries == RETRIES:
                    there = isinstance(error.__cause__, HTTPX.RemoteProtocolError | HTTPX.ReadError)
                    what = "breaks off each reply" if there else "cannot be reached"
                    raise ModelError(f"{self._url} {what}; is the server running there?") from None
            except openai.APIError as error:
                raise ModelError(f"{self._url} fails: {self._hidden(str(error))}") from None
            time.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def _settle(self, said: str, sent: dict[str, Any]) -> bool:
        """Whether the next request is another one: without a field, or asking for fewer tokens."""
        with self._settling:
            if "top_logprobs" in sent and "logprobs" in said:
                fewer = [
                    n for n in map(int, re.findall(r"\b\d{1,3}\b", said)) if 0 < n < self._most
                ]
                if fewer and sent["top_logprobs"] <= self._most:
                    self._most = max(fewer)
                    return True
                if sent["top_logprobs"] != self._most:
                    return True  # found out by another request meanwhile
            unknown = next((each for each in _INSTEAD if each in said and each in sent), None)
            if unknown is not None:
                self._refused.add(unknown)
            return unknown is not None

    def _why(self, status: int, said: str) -> str:
        """What failed in the end, and how to correct it."""
        if status in (401, 403):
            return f"{self._url} refuses the key ({said}); set OPENAI_API_KEY"
        if status == 404:
            return f"{self._url} knows no model {self._name!r} or is no chat endpoint ({said})"
        if status == 429:
            return f"{self._url} has a limit that is reached ({said}); the same command continues"
        return f"{self._url} fails: status {status}, {said}; the same command continues"

    def _hidden(self, said: str) -> str:
        """A server's words without the key."""
        return said if self._key == "none" else said.replace(self._key, "…")


def _client(timeout: float) -> Any:
    """What sends and receives, as the environment says.

    Raises:
        ModelError: the environment says something that cannot be.
    """
    try:
        # A POST that is redirected would come as a GET, and a key may go elsewhere.
        return openai.DefaultHttpxClient(
            follow_redirects=False, timeout=timeout, headers=UNPACKED,
            event_hooks=whole_within(timeout),
        )  # fmt: skip
    except (OSError, ValueError, ImportError, HTTPX.InvalidURL) as error:
        what = re.sub(r"(?<=//)\S*@", "", said(error))  # no password
        raise ModelError(
            "a variable of the environment for connections (http_proxy, https_proxy, all_proxy, "
            f"SSL_CERT_FILE, SSLKEYLOGFILE) is wrong: {what}"
        ) from None


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _lasting(error: BaseException | None) -> str:
    """Why a connection fails each time, as by a certificate; empty for what may pass."""
    seen = list[BaseException]()
    while error is not None and error not in seen:
        seen.append(error)
        said = " ".join(str(error).split())
        if any(each.__name__ in _LASTING for each in type(error).__mro__):
            return "" if any(each in said for each in _CLOSED) else said or type(error).__name__
        error = error.__cause__ or error.__context__
    return ""


def _is_quota(content: bytes) -> bool:
    """Whether a limit was reached that waiting does not lift."""
    try:
        document = read_document(content)
    except (ValueError, RecursionError):
        return False
    return any(each in code_of(document) for each in ("quota", "billing", "credit"))


def _seed(seed: int, id: str) -> int:
    """A seed of its own for each sample, so that neither batch nor order changes an answer."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{id}".encode()).digest()[:4]) >> 1


def _messages(request: Request) -> list[dict[str, Any]]:
    """What a request asks, with its earlier turns."""
    messages: list[dict[str, Any]] = []
    turns: list[Exchange | Request] = [*request.earlier, request]
    for each in turns:
        content: list[dict[str, Any]] = [{"type": "text", "text": each.prompt}]
        if each.image is not None:
            content.insert(0, {"type": "image_url", "image_url": {"url": _data_url(each.image)}})
        messages.append({"role": "user", "content": content})
        if isinstance(each, Exchange):
            messages.append({"role": "assistant", "content": each.text})
    return messages


def _data_url(image: Image) -> str:
    """A picture within a request, without loss."""
    content = io.BytesIO()
    image.save(content, "PNG")
    return "data:image/png;base64," + base64.b64encode(content.getvalue()).decode()


def _most(top: Sequence[tuple[str, float]], number: int) -> tuple[tuple[str, float], ...]:
    """So many of the likeliest tokens, the likeliest first."""
    return tuple(sorted(top, key=lambda each: -each[1])[:number])


def _chances(top: Sequence[tuple[str, float]], answers: Sequence[str]) -> dict[str, float]:
    """The probability of each answer as the first token, however it is spelled."""
    found: dict[str, float] = {}
    for token, logprob in top:
        for answer in answers:
            if token.strip() in (answer, answer.lower(), answer.capitalize()):
                found[answer] = found.get(answer, 0.0) + math.exp(logprob)
    return found if len(found) == len(answers) else {}
