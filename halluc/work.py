"""Work that may be spread over processes or machines: items in, results out, in the items' order.

Items and results are bytes of the caller's making. Each item is worked out from itself alone, so
who does it changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

Work = Callable[[bytes], bytes]
"""Does one item."""

Spread = Callable[[Callable[[], Work], Iterable[bytes]], Iterator[bytes]]
"""Does items with the work that a function makes ready, and gives the results in order."""


def in_process(begin: Callable[[], Work], items: Iterable[bytes]) -> Iterator[bytes]:
    """Do items one by one in this process."""
    return map(begin(), items)
