"""Files of one JSON record a line, read with their line numbers and written atomically."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import stat
import sys
import zlib
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from io import FileIO
from pathlib import Path
from typing import IO, Any, TypeVar

import msgspec

from halluc.errors import InputError
from halluc.faults import BAD_JSON, explain, second_name

if sys.platform != "win32":
    import fcntl

__all__ = [
    "BAD_JSON",
    "append_durably",
    "check_plain",
    "open_plain",
    "read_json",
    "read_jsonl",
    "read_lines",
    "reason",
    "refuse_double",
    "sync_folder",
    "write_atomically",
    "write_json",
    "write_jsonl",
]

T = TypeVar("T")

_GZIP = b"\x1f\x8b"
# Texts pack to a tenth or a fiftieth; a file that unpacks to more is one that is to fill memory.
_MOST_RATIO = 200
_BLOCK = 1 << 17
_ALLOWED = 1 << 26  # bytes, whatever the ratio


class _Unpacked(io.RawIOBase):
    """What is in a gzipped file, as long as it is no more than a text can be packed to.

    Args:
        path: the file.
        packed: it, opened.
    """

    def __init__(self, path: str | Path, packed: IO[bytes]) -> None:
        self._path, self._content = path, gzip.GzipFile(fileobj=packed)
        self._most = max(_ALLOWED, _MOST_RATIO * os.fstat(packed.fileno()).st_size)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        return self._content.seek(offset, whence)

    def readinto(self, buffer: Any, /) -> int:
        number = self._content.readinto(buffer)
        if self._content.tell() > self._most:
            what = f"unpacks to more than {self._most:,} bytes, over {_MOST_RATIO} times its size"
            raise InputError(f"{what}, which is no data; unpack it if it is", self._path)
        return number


@contextlib.contextmanager
def open_plain(path: str | Path) -> Iterator[IO[bytes]]:
    """A file opened for reading, unpacked if it is gzipped, whatever its name.

    Raises:
        InputError: it cannot be read.
    """
    try:
        check_plain(path)
        with Path(path).open("rb") as file:
            if file.peek(2)[:2] == _GZIP:
                yield io.BufferedReader(_Unpacked(path, file), _BLOCK)
            else:
                yield file
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"not a whole gzip file: {error}", path) from None
    except OSError as error:
        raise InputError(reason(error), path) from None


def check_plain(path: str | Path) -> None:
    """Refuse pipes and devices: a file is read more than once, and they may never end.

    Raises:
        InputError: it is one.
        OSError: there is no such file.
    """
    mode = Path(path).stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        what = "is a pipe or a device, and files are read more than once"
        raise InputError(f"{what}; save it as a file first", path)


def read_lines(path: str | Path) -> Iterator[tuple[int, bytes]]:
    """Yield (line number from 1, line) for every line that is not blank.

    A byte order mark of UTF-8, which some editors put before the first line, is left out.

    Raises:
        InputError: the file cannot be read.
    """
    with open_plain(path) as file:
        for number, line in enumerate(file, 1):
            content = line.removeprefix(BOM_UTF8) if number == 1 else line
            if content and not content.isspace():
                yield number, content


def read_jsonl(path: str | Path, type: type[T]) -> Iterator[tuple[int, T]]:
    """Yield (line number from 1, record) for every line of a JSON lines file.

    Raises:
        InputError: the file cannot be read, or a line is no JSON of that type; names the line.
    """
    decoder = msgspec.json.Decoder(type)
    for number, line in read_lines(path):
        try:
            yield number, decoder.decode(line)
        except BAD_JSON as error:
            raise InputError(explain(error, line), path, number) from None


def read_json(path: str | Path, type: type[T], *, unique: bool = False) -> T:
    """Read a file that is one JSON document.

    Args:
        path: the file.
        type: what it holds.
        unique: refuse a name that stands in it twice.

    Raises:
        InputError: the file cannot be read or is no JSON of that type.
    """
    with open_plain(path) as file:
        content = file.read().removeprefix(BOM_UTF8)
    try:
        document = msgspec.json.decode(content, type=type)
    except BAD_JSON as error:
        raise InputError(explain(error, content), path) from None
    if unique:
        refuse_double(content, path)
    return document


def refuse_double(content: bytes, path: str | Path, what: str = "", start: int = 0) -> None:
    """Refuse a JSON object in which a name stands twice, since the first would be lost in silence.

    Args:
        content: the content of `path`, which was read before.
        path: the file.
        what: stands before the name in the message, such as "picture ".
        start: where the object begins.

    Raises:
        InputError: names the name and both lines.
    """
    if found := second_name(content, start):
        name, first, again = found
        above, line = (content.count(b"\n", 0, place) + 1 for place in (first, again))
        said = f"{what}{name} stands in line {above} already; remove one of the two"
        raise InputError(said, path, line)


def write_jsonl(path: str | Path, records: Iterable[Any]) -> None:
    """Write records, one a line, so that the file is whole or as it was before."""
    write_atomically(path, (_encoded(record, path) + b"\n" for record in records))


def write_json(path: str | Path, document: Any) -> None:
    """Write one JSON document, indented, so that the file is whole or as it was before."""
    content = msgspec.json.format(_encoded(document, path), indent=2)
    write_atomically(path, [content, b"\n"])


def _encoded(record: Any, path: str | Path) -> bytes:
    try:
        return msgspec.json.encode(record)
    except UnicodeEncodeError as error:  # the name of a file, as the system gave it
        name = ascii(error.object)[1:-1]
        raise InputError(f"the name {name} is not UTF-8; rename that file", path) from None


def write_atomically(path: str | Path, content: Iterable[bytes]) -> None:
    """Replace a file's content in one step, also where the machine stops in the midst of it.

    The new content stands beside the file until it is whole. What a crash leaves there is
    overwritten by the next call. Of two processes that write one file, the later one waits.

    Args:
        path: the file.
        content: its parts, in order; written as they come.

    Raises:
        InputError: the folder cannot be written, or a pipe or a device stands there.
    """
    path = Path(path)
    if not path.name:
        raise InputError("is a folder; give the name of a file", path)
    temporary = path.with_name(f".{path.name}.new")
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise InputError("is a pipe or a device, and a file would take its place", path)
        with _open_alone(temporary) as file:
            try:
                file.writelines(content)
                file.flush()
                os.fsync(file.fileno())
                if sys.platform == "win32":
                    file.close()
                temporary.replace(path)
            except BaseException:
                with contextlib.suppress(OSError):
                    temporary.unlink()
                raise
        sync_folder(path.parent)
    except OSError as error:
        raise InputError(reason(error), path) from None


def _open_alone(temporary: Path) -> IO[bytes]:
    """An empty file for this process alone; one that another process writes is waited for.

    That process has moved it away by then, so that a new one is made.
    """
    if temporary.is_symlink():
        temporary.unlink()
    while True:
        file = temporary.open("ab")
        if sys.platform == "win32":
            file.truncate(0)
            return file
        with contextlib.suppress(OSError):  # some network file systems know no locks
            fcntl.flock(file, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), temporary.stat()):
                file.truncate(0)
                return file
        file.close()


def append_durably(file: FileIO, content: bytes) -> None:
    """Add to the end of a file, all or nothing; it is on the disk when this returns.

    Args:
        file: opened for appending, without a buffer that would be written later.
        content: what to add.

    Raises:
        OSError: it cannot be added; the file is as it was.
    """
    size = os.fstat(file.fileno()).st_size
    try:
        while content:
            content = content[file.write(content) :]
        os.fsync(file.fileno())
    except BaseException:
        file.truncate(size)
        raise


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk too, where the system can do that."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def reason(error: OSError) -> str:
    """What the system says of a file, in words ("No such file or directory")."""
    return error.strerror or str(error)
