"""Published preference pairs, as their authors' files hold them: JSON lines or an array.

==========  =====================================================================================
POVID       ``id, image, conversations, rejected_conversations`` (arXiv 2402.11411)
RLHF-V      ``idx, image_path, text`` = ``{"question", "chosen", "rejected"}`` (arXiv 2312.00849)
RLAIF-V     ``idx, image_path, question, chosen, rejected`` (arXiv 2405.17220)
mDPO        ``img_path, prompt, chosen, rejected`` (arXiv 2406.11839)
HA-DPO      ``image_id`` (Visual Genome's), ``chosen, rejected``: lists of descriptions, several
            ways to say the same; or ``question, chosen, reject`` (arXiv 2311.16839)
==========  =====================================================================================
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from halluc.datasets.files import read_rows
from halluc.errors import InputError
from halluc.jsonl import BAD_JSON
from mitigation.precorrection.pairs import Pair, PairKind, make_pair

NAMES = "POVID, RLHF-V, RLAIF-V, mDPO or HA-DPO"

DESCRIBE = "Describe this image in detail."
"""HA-DPO's descriptions come without a prompt."""


class _Turn(msgspec.Struct):
    value: str


class _Texts(msgspec.Struct):
    question: str
    chosen: str
    rejected: str


class _Row(msgspec.Struct):
    """Any of the forms."""

    id: str | int | None = None
    idx: str | int | None = None
    image: str | None = None
    image_path: str | None = None
    img_path: str | None = None
    conversations: tuple[_Turn, ...] = ()
    rejected_conversations: tuple[_Turn, ...] = ()
    text: _Texts | str | None = None
    question: str | None = None
    prompt: str | None = None
    image_id: str | int | None = None
    chosen: str | tuple[str, ...] | None = None
    rejected: str | tuple[str, ...] | None = None
    reject: str | None = None


def read_published(path: Path) -> list[Pair]:
    """Pairs of a published file; of longer conversations the first question.

    Raises:
        InputError: the file cannot be read, or a row has none of the forms; names its line.
    """
    pairs = []
    for line, row in read_rows(path, _Row):
        image = row.image_path or row.img_path or row.image
        if image is None and row.image_id is not None:
            image = f"{row.image_id}.jpg"
        given = next((id for id in (row.id, row.idx, row.image_id) if id is not None), line)
        told = list(_texts(row, path, line))
        if not told or image is None:
            raise InputError(f"no pair as {NAMES} publish them", path, line)
        for number, (kind, texts) in enumerate(told):
            prompt = texts.question.replace("<image>", "").strip()
            id = f"{given}/{number}" if len(told) > 1 else str(given)
            pairs.append(make_pair(id, image, prompt, texts.chosen, texts.rejected, kind))
    if len({pair.id for pair in pairs}) < len(pairs):  # ids are of pictures, in some
        pairs = [msgspec.structs.replace(p, id=f"{n}/{p.id}") for n, p in enumerate(pairs)]
    return pairs


def _texts(row: _Row, path: Path, line: int) -> Iterator[tuple[PairKind, _Texts]]:
    """The pairs of a row; none where it has no known form."""
    question = row.question or row.prompt
    if len(row.conversations) > 1 and len(row.rejected_conversations) > 1:
        asked, better = row.conversations[:2]
        yield "injected", _Texts(asked.value, better.value, row.rejected_conversations[1].value)
    elif isinstance(row.text, str):  # the hub's copy holds JSON in a string
        try:
            yield "corrected", msgspec.json.decode(row.text, type=_Texts)
        except BAD_JSON as error:
            raise InputError(f'"text" holds no question and answers: {error}', path, line) from None
    elif row.text is not None:
        yield "corrected", row.text
    elif isinstance(row.chosen, tuple) and isinstance(row.rejected, tuple):
        if len(row.chosen) != len(row.rejected):
            what = f"{len(row.chosen)} chosen and {len(row.rejected)} rejected"
            raise InputError(f"{what} descriptions, so which belong together?", path, line)
        for chosen, rejected in zip(row.chosen, row.rejected, strict=True):
            yield "corrected", _Texts(DESCRIBE, chosen, rejected)
    elif question is not None and isinstance(row.chosen, str):
        if row.reject is not None:
            yield "corrected", _Texts(question, row.chosen, row.reject)
        elif isinstance(row.rejected, str):
            yield "on-policy", _Texts(question, row.chosen, row.rejected)
