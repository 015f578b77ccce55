"""Refuses requests that came by another name than the inspector's own.

A page on the internet can make its own host name point to this machine (DNS rebinding) and then
reads what the inspector answers as if it were its own. Its requests still bear that name, in
``Host``, and so does the page's in ``Origin``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

LOCAL = ("localhost", "127.0.0.1", "::1")
_PLACE = re.compile(r"(\[[\da-f:.]+\]|[\w.-]+)(?::\d*)?", re.ASCII | re.IGNORECASE)


class OwnHosts:
    """Passes on what is asked of a host of one's own, by a page of the same one; else status 403.

    Args:
        app: what is guarded, over HTTP and WebSocket.
        address: where the server listens.
        named: further hosts, such as that of a proxy. A page of theirs may ask by any other
            allowed host and port; other pages only by the very one that they came from.
    """

    def __init__(self, app: ASGIApp, address: str, named: Iterable[str] = ()) -> None:
        self._app = app
        self._named = {_plain(each) for each in named}
        self._hosts = {*LOCAL, _plain(address), *self._named}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or refuse a request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif self._allows(scope["headers"]):
            # Streamlit would look up this machine's address on the internet to judge the origin.
            judged = [each for each in scope["headers"] if each[0].lower() != b"origin"]
            await self._app({**scope, "headers": judged}, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})  # before accepting: 403
        else:
            headers = [(b"content-type", b"text/plain; charset=utf-8")]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            body = b"This host is not the inspector's; it can be allowed with --allow-host.\n"
            await send({"type": "http.response.body", "body": body})

    def _allows(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        told = [(name.lower(), value.decode("latin-1")) for name, value in headers]
        asked = [value for name, value in told if name == b"host"]
        origins = [value for name, value in told if name == b"origin"]
        if len(asked) != 1 or _host(asked[0]) not in self._hosts:
            return False
        return all(self._is_own(each, asked[0]) for each in origins)

    def _is_own(self, origin: str, asked: str) -> bool:
        scheme, _, place = origin.partition("://")
        if scheme not in ("http", "https"):
            return False  # "null", files, extensions
        return _host(place) in self._named or place.lower() == asked.lower()


def _host(place: str) -> str | None:
    """The host of HOST or HOST:PORT, as `_plain` writes it; None for anything else."""
    match = _PLACE.fullmatch(place)
    return _plain(match[1]) if match else None


def _plain(host: str) -> str:
    """A host name in lower case, without the brackets of an address and the root's dot."""
    return host.lower().strip("[]").removesuffix(".")
