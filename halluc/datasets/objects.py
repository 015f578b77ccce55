"""Tables of the objects in pictures: one JSON object of names by picture, gzipped or not."""

from __future__ import annotations

from pathlib import Path

import msgspec

from halluc.datasets.files import decode, number_rows, read_bytes
from halluc.jsonl import BAD_JSON, refuse_double

EDITIONS = dict.fromkeys(
    (
        "a51234d9055ac66eabbc58836f0419e19a6201bc6d12310124c1b2b0c565e56c",
        "21f9955ce487e55cff309abab463be023a1d83d18765f0aa731326c8f37e4f54",
    ),
    "COCO boxes and words of the reference captions by WordNet",
)
"""What is known of published tables, by the SHA-256 of their files."""


def read_objects(path: str | Path) -> dict[str, tuple[str, ...]]:
    """The names of the objects in each picture, by the picture's id as it is written.

    Pictures with the same names share them, since a table may have millions.

    Raises:
        InputError: the file cannot be read, is no such table, or a picture comes twice; names the
            line.
    """
    path = Path(path)
    content = read_bytes(path)
    rows = decode(content, dict[str, msgspec.Raw], path)
    decoder = msgspec.json.Decoder(tuple[str, ...])
    table, shared = dict[str, tuple[str, ...]](), dict[tuple[str, ...], tuple[str, ...]]()
    try:
        for id, row in rows.items():
            names = decoder.decode(row)
            table[id] = shared.setdefault(names, names)
    except BAD_JSON:
        # Its message has no line; row by row there is one.
        refuse_double(content, path, "picture ")
        for _ in number_rows(content, list(rows.values()), list[str], path):
            pass
        raise
    if content.count(b":") > len(table):  # else no key stands twice
        refuse_double(content, path, "picture ")
    return table
