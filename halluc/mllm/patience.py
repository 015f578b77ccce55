"""How long a server is waited for: for a whole answer, and before it is asked again."""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib import import_module
from threading import Thread
from typing import Any, TypeVar

import openai

T = TypeVar("T")

HTTPX = import_module(openai.DefaultHttpxClient.__mro__[1].__module__.partition(".")[0])
"""httpx, or what newer versions of openai take in its place."""

LONGEST = 60.0
"""Seconds that are waited at most as a server asks."""

LARGEST = 64 << 20
"""Bytes of an answer that are read at most, log-probabilities included."""

UNPACKED = {"Accept-Encoding": "identity"}
"""Asks for answers as they are; what is packed all the same is unpacked piece by piece."""

_PACKED = {"gzip", "x-gzip", "deflate", "br", "zstd"}
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_PIECE = 1 << 20


def begin(work: Callable[[], T]) -> Future[T]:
    """Begin work in a thread of its own that nobody has to wait for.

    A command that is stopped ends at once, and a server that never comes to the end of its head,
    whose pieces the library does not count, can be left alone.
    """
    future = Future[T]()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    Thread(target=run, name="server", daemon=True).start()
    return future


def whole_within(seconds: float) -> dict[str, list[Callable[..., Any]]]:
    """Hooks of a client by which a whole answer has a time.

    The library limits the time of each piece, so that a server that sends a byte now and then
    would be waited for without end.
    """

    def begin(request: Any) -> None:
        request.extensions["until"] = time.monotonic() + seconds

    def watch(response: Any) -> None:
        stream = response.stream
        if isinstance(stream, HTTPX.SyncByteStream):
            response.stream = _Watched(stream, response.request, _packing(response.headers))

    return {"request": [begin], "response": [watch]}


class _Watched(HTTPX.SyncByteStream):  # type: ignore[name-defined, misc]
    """The pieces of an answer, unpacked, while they come in time and are not too many."""

    def __init__(self, stream: Any, request: Any, packing: str) -> None:
        self._stream, self._request, self._packing = stream, request, packing

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for piece in self._unpacked():
            size += len(piece)
            if size > LARGEST or time.monotonic() > self._request.extensions["until"]:
                raise HTTPX.ReadTimeout("an answer without end", request=self._request)
            yield piece

    def _unpacked(self) -> Iterator[bytes]:
        """Pieces of bounded size, however far they are packed."""
        if not self._packing:
            yield from self._stream
            return
        try:
            if self._packing not in ("gzip", "x-gzip", "deflate"):
                raise zlib.error("nobody asked for that")
            unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
            for piece in self._stream:
                yield unpacker.decompress(piece, _PIECE)
                while unpacker.unconsumed_tail:
                    yield unpacker.decompress(unpacker.unconsumed_tail, _PIECE)
        except zlib.error as error:
            what = f"a reply packed as {self._packing} cannot be unpacked: {error}"
            raise HTTPX.DecodingError(what, request=self._request) from None

    def close(self) -> None:
        self._stream.close()


def _packing(headers: Any) -> str:
    """How an answer is packed; taken from its head, so that nobody else unpacks it."""
    told = headers.get("content-encoding", "").lower().replace(" ", "")
    if _PACKED.isdisjoint(told.split(",")):
        return ""
    del headers["content-encoding"]
    return str(told)


def asked_pause(headers: Mapping[str, str], pause: float) -> float:
    """Seconds to wait as ``Retry-After`` says, in seconds or as a date; `pause` where it does not.

    >>> asked_pause({"retry-after": "3"}, 0.5), asked_pause({"retry-after": "soon"}, 0.5)
    (3.0, 0.5)
    """
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        told = headers.get(name, "")
        try:
            seconds = float(told) * unit
        except ValueError:
            seconds = _until(told)
        if not math.isnan(seconds):
            return min(max(seconds, 0.0), LONGEST)
    return pause


def _until(told: str) -> float:
    """Seconds until a date; NaN where it is none."""
    try:
        date = parsedate_to_datetime(told)
    except (ValueError, TypeError, OverflowError):
        return math.nan
    zone = date if date.tzinfo else date.replace(tzinfo=UTC)
    return (zone - datetime.now(UTC)).total_seconds()
