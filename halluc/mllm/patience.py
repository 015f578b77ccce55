"""How long a server is waited for: for a whole answer, and before it is asked again."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib import import_module
from typing import Any

import openai

HTTPX = import_module(openai.DefaultHttpxClient.__mro__[1].__module__.partition(".")[0])
"""httpx, or what newer versions of openai take in its place."""

LONGEST = 60.0
"""Seconds that are waited at most as a server asks."""

LARGEST = 64 << 20
"""Bytes of an answer that are read at most, log-probabilities included."""


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
            response.stream = _Watched(stream, response.request)

    return {"request": [begin], "response": [watch]}


class _Watched(HTTPX.SyncByteStream):  # type: ignore[name-defined, misc]
    """The pieces of an answer while they come in time and are not too many."""

    def __init__(self, stream: Any, request: Any) -> None:
        self._stream, self._request = stream, request

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for piece in self._stream:
            size += len(piece)
            if size > LARGEST or time.monotonic() > self._request.extensions["until"]:
                raise HTTPX.ReadTimeout("an answer without end", request=self._request)
            yield piece

    def close(self) -> None:
        self._stream.close()


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
