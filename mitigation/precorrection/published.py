"""Published preference pairs, as their authors' files hold them: JSON lines or an array.

==========  =====================================================================================
POVID       ``id, image, conversations, rejected_conversations`` (arXiv 2402.11411)
RLHF-V      ``idx, image_path, text`` = ``{"question", "chosen", "rejected"}`` (arXiv 2312.00849)
RLAIF-V     ``idx, image_path, question, chosen, rejected`` (arXiv 2405.17220)
mDPO        ``img_path, prompt, chosen, rejected`` (arXiv 2406.11839)
==========  =====================================================================================
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from halluc.datasets.files import read_rows
from halluc.errors import InputError
from halluc.jsonl import BAD_JSON
from mitigation.precorrection.pairs import Pair, PairKind, make_pair


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
    chosen: str | None = None
    rejected: str | None = None


def read_published(path: Path) -> list[Pair]:
    """Pairs of a published file; of longer conversations the first question.

    Raises:
        InputError: the file cannot be read, or a row has none of the forms; names its line.
    """
    pairs = []
    for line, row in read_rows(path, _Row):
        image = row.image_path or row.img_path or row.image
        given = row.id if row.id is not None else row.idx
        told = _texts(row, path, line)
        if told is None or image is None:
            raise InputError("no pair as POVID, RLHF-V, RLAIF-V or mDPO publish them", path, line)
        kind, texts = told
        prompt = texts.question.replace("<image>", "").strip()
        id = str(line if given is None else given)
        pairs.append(make_pair(id, image, prompt, texts.chosen, texts.rejected, kind))
    if len({pair.id for pair in pairs}) < len(pairs):  # ids are of pictures, in some
        pairs = [msgspec.structs.replace(p, id=f"{n}/{p.id}") for n, p in enumerate(pairs)]
    return pairs


def _texts(row: _Row, path: Path, line: int) -> tuple[PairKind, _Texts] | None:
    if len(row.conversations) > 1 and len(row.rejected_conversations) > 1:
        asked, better = row.conversations[:2]
        return "injected", _Texts(asked.value, better.value, row.rejected_conversations[1].value)
    if isinstance(row.text, str):  # the hub's copy holds JSON in a string
        try:
            return "corrected", msgspec.json.decode(row.text, type=_Texts)
        except BAD_JSON as error:
            raise InputError(f'"text" holds no question and answers: {error}', path, line) from None
    if row.text is not None:
        return "corrected", row.text
    question = row.question or row.prompt
    if question is None or row.chosen is None or row.rejected is None:
        return None
    return "on-policy", _Texts(question, row.chosen, row.rejected)
