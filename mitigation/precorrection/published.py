"""Published preference pairs, as their authors' files hold them: JSON lines, an array, or Parquet.

==========  =====================================================================================
POVID       ``id, image, conversations, rejected_conversations`` (arXiv 2402.11411)
RLHF-V      ``idx, image_path, text`` = ``{"question", "chosen", "rejected"}`` (arXiv 2312.00849)
RLAIF-V     ``idx, image_path, question, chosen, rejected`` (arXiv 2405.17220)
mDPO        ``img_path, prompt, chosen, rejected`` (arXiv 2406.11839)
HA-DPO      ``image_id`` (Visual Genome's), ``chosen, rejected``: lists of descriptions, several
            ways to say the same; or ``question, chosen, reject`` (arXiv 2311.16839)
TRL         ``images, prompt, chosen, rejected``: lists of messages (``role, content``), the prompt
            also at the head of both answers
LLaMA-F.    ``images, conversations, chosen, rejected``: messages (``from, value``)
==========  =====================================================================================

Of conversations of several turns, the first answers that differ are taken, with their own question;
what was said before them is left out. Pictures that stand in the rows, as in exports of the hub,
are written to a folder and named by their content.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from halluc.datasets.files import read_rows
from halluc.errors import InputError
from halluc.jsonl import BAD_JSON, write_atomically
from mitigation.precorrection.pairs import Pair, PairKind, make_pair

NAMES = "POVID, RLHF-V, RLAIF-V, mDPO, HA-DPO, TRL or LLaMA-Factory"

DESCRIBE = "Describe this image in detail."
"""HA-DPO's descriptions come without a prompt."""


class _Part(msgspec.Struct):
    text: str | None = None


class _Turn(msgspec.Struct):
    """A message, as LLaVA's files (``from, value``) or OpenAI's (``role, content``) have it."""

    from_: str = msgspec.field(name="from", default="")
    role: str = ""
    value: str | None = None
    content: str | tuple[_Part, ...] | None = None

    @property
    def asks(self) -> bool:
        return (self.role or self.from_) in ("human", "user")

    @property
    def answers(self) -> bool:
        return (self.role or self.from_) in ("gpt", "assistant")

    @property
    def text(self) -> str:
        if isinstance(self.content, tuple):
            return "".join(part.text or "" for part in self.content)
        return self.content or self.value or ""


_Answers = str | tuple[str | _Turn, ...] | _Turn


class _Texts(msgspec.Struct):
    question: str
    chosen: str
    rejected: str


class _Row(msgspec.Struct):
    """Any of the forms."""

    id: str | int | None = None
    idx: str | int | None = None
    image: Any = None
    images: Any = None
    image_path: str | None = None
    img_path: str | None = None
    conversations: tuple[_Turn, ...] = ()
    rejected_conversations: tuple[_Turn, ...] = ()
    text: _Texts | str | None = None
    question: str | None = None
    prompt: str | tuple[_Turn, ...] | None = None
    image_id: str | int | None = None
    chosen: _Answers | None = None
    rejected: _Answers | None = None
    reject: str | None = None


def read_published(path: Path, images: Path) -> list[Pair]:
    """Pairs of a published file.

    Args:
        path: the file, or a folder of Parquet files.
        images: folder of the pictures; those that stand in the rows are written there.

    Raises:
        InputError: the file cannot be read, or a row has none of the forms; names its line.
    """
    pairs = list[Pair]()
    for file in sorted(path.glob("*.parquet")) if path.is_dir() else [path]:
        for line, row in read_rows(file, _Row):
            pairs += _pairs(row, images, file, line)
    return _unique(pairs)


def pairs_of_rows(rows: Iterable[Mapping[str, Any]], source: str, images: Path) -> list[Pair]:
    """Pairs of a table's rows in any of the forms.

    Args:
        rows: columns by name; pictures as ``{"bytes", "path"}``, bytes or names.
        source: what the table is called.
        images: folder of the pictures; those that stand in the rows are written there.

    Raises:
        InputError: a row has none of the forms; names its number.
    """
    pairs = list[Pair]()
    for number, row in enumerate(rows, 1):
        try:
            told = msgspec.convert(row, _Row, strict=False)
        except msgspec.ValidationError as error:
            raise InputError(f"no pair as {NAMES} publish them: {error}", source, number) from None
        pairs += _pairs(told, images, Path(source), number)
    return _unique(pairs)


def _unique(pairs: list[Pair]) -> list[Pair]:
    """Pairs whose ids are their own."""
    if len({pair.id for pair in pairs}) < len(pairs):  # ids are of pictures, in some
        pairs = [msgspec.structs.replace(p, id=f"{n}/{p.id}") for n, p in enumerate(pairs)]
    return pairs


def _pairs(row: _Row, images: Path, path: Path, line: int) -> Iterator[Pair]:
    """The pairs of a row."""
    image = _image(row, images, path, line)
    given = next((id for id in (row.id, row.idx, row.image_id) if id is not None), line)
    told = list(_texts(row, path, line))
    if not told or image is None:
        raise InputError(f"no pair as {NAMES} publish them", path, line)
    for number, (kind, texts) in enumerate(told):
        prompt = texts.question.replace("<image>", "").strip()
        id = f"{given}/{number}" if len(told) > 1 else str(given)
        yield make_pair(id, image, prompt, texts.chosen, texts.rejected, kind)


def _image(row: _Row, images: Path, path: Path, line: int) -> str | None:
    """The file of a row's picture; one that stands in the row is written."""
    given = row.image or row.images
    if isinstance(given, list):
        if len(given) > 1:
            raise InputError(f"{len(given)} pictures in one pair; one is wanted", path, line)
        given = given[0] if given else None
    if isinstance(given, dict):
        if (content := given.get("bytes")) is not None:
            return _written(content, images, path, line)
        given = given.get("path") or given.get("url")
    name = row.image_path or row.img_path or (given if isinstance(given, str) else None)
    if name is None and row.image_id is not None:
        name = f"{row.image_id}.jpg"
    return name


def _written(content: Any, images: Path, path: Path, line: int) -> str:
    """The name of a picture in the folder, where it is written unless it is there."""
    if isinstance(content, str):  # in JSON
        try:
            content = base64.b64decode(content, validate=True)
        except (binascii.Error, ValueError):
            content = None
    if not isinstance(content, bytes):
        raise InputError("the bytes of the picture are no base64", path, line)
    name = f"{hashlib.sha256(content).hexdigest()[:16]}.image"
    if not (images / name).exists():
        images.mkdir(parents=True, exist_ok=True)
        write_atomically(images / name, [content])
    return name


def _texts(row: _Row, path: Path, line: int) -> Iterator[tuple[PairKind, _Texts]]:
    """The pairs of a row; none where it has no known form."""
    question = row.question or row.prompt
    if row.conversations and row.rejected_conversations:
        yield "injected", _differing(row.conversations, row.rejected_conversations, path, line)
    elif isinstance(row.chosen, _Turn) and isinstance(row.rejected, _Turn):
        asked = [turn.text for turn in row.conversations if turn.asks]
        if asked:
            yield "on-policy", _Texts(asked[-1], row.chosen.text, row.rejected.text)
    elif (better := _turns(row.chosen)) and (worse := _turns(row.rejected)):
        before = row.prompt if isinstance(row.prompt, tuple) else ()
        if isinstance(question, str):
            before = (_Turn(role="user", content=question),)
        yield "on-policy", _differing((*before, *better), (*before, *worse), path, line)
    elif row.text is not None:
        yield "corrected", _unpacked(row.text, path, line)
    elif isinstance(row.chosen, tuple) and isinstance(row.rejected, tuple):
        for chosen, rejected in _descriptions(row.chosen, row.rejected, path, line):
            yield "corrected", _Texts(DESCRIBE, chosen, rejected)
    elif isinstance(question, str) and isinstance(row.chosen, str):
        if row.reject is not None:
            yield "corrected", _Texts(question, row.chosen, row.reject)
        elif isinstance(row.rejected, str):
            yield "on-policy", _Texts(question, row.chosen, row.rejected)


def _unpacked(text: _Texts | str, path: Path, line: int) -> _Texts:
    """RLHF-V's texts; the hub's copy holds JSON in a string."""
    if isinstance(text, _Texts):
        return text
    try:
        return msgspec.json.decode(text, type=_Texts)
    except BAD_JSON as error:
        raise InputError(f'"text" holds no question and answers: {error}', path, line) from None


def _descriptions(
    chosen: Sequence[Any], rejected: Sequence[Any], path: Path, line: int
) -> Iterator[tuple[str, str]]:
    """HA-DPO's descriptions, as they stand."""
    if len(chosen) != len(rejected):
        what = f"{len(chosen)} chosen and {len(rejected)} rejected"
        raise InputError(f"{what} descriptions, so which belong together?", path, line)
    return zip(map(str, chosen), map(str, rejected), strict=True)


def _turns(answers: _Answers | None) -> tuple[_Turn, ...]:
    """Messages, if answers are such."""
    if not isinstance(answers, tuple):
        return ()
    turns = tuple(each for each in answers if isinstance(each, _Turn))
    return turns if len(turns) == len(answers) else ()


def _differing(better: Sequence[_Turn], worse: Sequence[_Turn], path: Path, line: int) -> _Texts:
    """The first question whose answers differ.

    Turns without a role take turns, a question first.
    """
    pairs = [_asked(each) for each in (better, worse)]
    for (question, chosen), (other, rejected) in zip(*pairs, strict=False):
        if question != other:
            break
        if chosen != rejected:
            return _Texts(question, chosen, rejected)
    what = "the two conversations have no question whose answers differ"
    raise InputError(f"{what}; leave the row out", path, line)


def _asked(turns: Sequence[_Turn]) -> list[tuple[str, str]]:
    """Questions with their answers; system messages are left out."""
    if not any(turn.asks or turn.answers for turn in turns):
        texts = [turn.text for turn in turns]
        return list(zip(texts[::2], texts[1::2], strict=False))
    found, question = list[tuple[str, str]](), ""
    for turn in turns:
        if turn.asks:
            question = turn.text
        elif turn.answers:
            found.append((question, turn.text))
    return found
