"""Benchmarks as the Hugging Face hub holds them: questions, truth and pictures in one place.

That is Parquet files with the bytes of the pictures (``data/test-00000-of-00003.parquet``), or what
``datasets`` saves to disk (``*.arrow``); "hub:ORG/NAME" is fetched from the hub by ``datasets``,
which keeps it on disk. Pictures are read when they are opened, one row group at a time, so a set
need not fit in memory. Columns are those of lmms-lab's POPE, MME and HallusionBench.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from halluc.datasets import Dataset
from halluc.datasets.files import file_card
from halluc.datasets.images import open_image
from halluc.datasets.tables import VALUES, needed
from halluc.errors import InputError, said
from halluc.records import Label, Sample

if TYPE_CHECKING:
    from PIL.Image import Image

HUB = "hub:"
"""Before the name of a data set on the hub."""

_LABELS: dict[str, Label] = {"yes": "yes", "no": "no"}
_NAME = re.compile(r"[\w.-]+/[\w.-]+")


class _Place(NamedTuple):
    """Where a row stands: its file, the group of rows in it, its number in the group."""

    file: Path
    group: int
    row: int


def is_hub(path: str | Path) -> bool:
    """Whether this is a data set in this form, with a picture in each row.

    Args:
        path: a file, a folder, or "hub:ORG/NAME".

    Raises:
        InputError: it is on the hub and cannot be fetched.
    """
    files = _files(Path(path))
    if str(path).startswith(HUB):
        return True  # whatever it lacks is said by column
    if not files:
        return False
    try:
        return {"question", "image"} <= set(_columns(files[0]))
    except InputError:
        return False


def load_hub(
    name: str, path: str | Path, sample_of: Callable[[Mapping[str, Any], Path, int], Sample]
) -> Dataset:
    """The questions of a data set in this form.

    Args:
        name: of the data set.
        path: a file of it, a folder with all its files, or "hub:ORG/NAME".
        sample_of: makes the question of a row, from its columns without the picture, its file and
            its number from 1.

    Raises:
        InputError: a file cannot be read, or an id comes twice.
    """
    samples: dict[str, Sample] = {}
    places: dict[str, _Place] = {}
    cards = []
    for file in _files(Path(path)):
        number = 0
        for place, row in _rows(file):
            number += 1
            sample = sample_of(row, file, number)
            if sample.id in samples:
                what = f"a second question {sample.id}; name one folder or file of the data set"
                raise InputError(what, file, number)
            samples[sample.id] = sample
            if sample.image is not None:
                places.setdefault(sample.image, place)
        cards.append(file_card(file, number))
    if not samples:
        raise InputError("no questions in it", path)
    return Dataset(name, [*samples.values()], partial(_open, places), {"files": cards})


def label_of(row: Mapping[str, Any], file: Path, number: int) -> Label:
    """The right answer of a row: its column "answer", yes or no in any case.

    Raises:
        InputError: it is something else.
    """
    told = str(row.get("answer", "")).strip().lower()
    if told not in _LABELS:
        raise InputError(f'the "answer" must be yes or no, not {told[:40]!r}', file, number)
    return _LABELS[told]


def column(row: Mapping[str, Any], name: str, file: Path, number: int) -> str:
    """A column of a row as text.

    Raises:
        InputError: the row has none.
    """
    if row.get(name) is None:
        what = f'no column "{name}"; there are {", ".join(row)}'
        raise InputError(what, file, number)
    return str(row[name])


def _files(path: Path) -> list[Path]:
    if str(path).startswith(HUB):
        return _fetch(str(path).removeprefix(HUB))
    if path.is_file():
        return [path] if path.suffix in (".parquet", ".arrow") else []
    found = [*path.rglob("*.parquet"), *path.rglob("*.arrow")] if path.is_dir() else []
    # `datasets` keeps what it derived from a set beside it.
    return sorted(each for each in found if not each.name.startswith("cache-"))


@cache
def _fetch(name: str) -> list[Path]:
    """The files of a data set on the hub, all its splits, as ``datasets`` keeps them.

    Raises:
        InputError: ``datasets`` is not installed, or cannot fetch it.
    """
    if not _NAME.fullmatch(name):
        raise InputError(f"a data set of the hub is named {HUB}ORG/NAME, not {HUB}{name}")
    try:
        datasets: Any = import_module("datasets")
    except ImportError:
        what = f"{HUB}{name} needs datasets: pip install datasets"
        raise InputError(what) from None
    retries = logging.getLogger("huggingface_hub")  # a line for each, without a network
    level = retries.level
    retries.setLevel(logging.ERROR)
    try:
        splits = datasets.load_dataset(name)
    except Exception as error:  # of the network, of the hub, of the files: each in its own way
        how = "download it with the hub's tools and name its folder instead"
        raise InputError(f"{HUB}{name} cannot be fetched ({said(error)}); {how}") from None
    finally:
        retries.setLevel(level)
    return [Path(each["filename"]) for split in splits.values() for each in split.cache_files]


def _columns(file: Path) -> list[str]:
    with _Groups(file) as groups:
        return groups.columns


def _rows(file: Path) -> Iterator[tuple[_Place, Mapping[str, Any]]]:
    with _Groups(file) as groups:
        names = [each for each in groups.columns if each != "image"]
        for group in range(groups.number):
            for number, row in enumerate(groups.rows(group, names)):
                yield _Place(file, group, number), row


def _open(places: Mapping[str, _Place], sample: Sample) -> Image:
    if sample.image is None or (place := places.get(sample.image)) is None:
        raise InputError(f"sample {sample.id!r} has no picture")
    with _Groups(place.file) as groups:
        cell = groups.read(place.group, ["image"]).column("image")[place.row].as_py()
    content = cell.get("bytes") if isinstance(cell, dict) else cell
    if not isinstance(content, bytes):
        raise InputError(f"sample {sample.id!r} has no bytes of its picture", place.file)
    return open_image(place.file, sample.id, content)


class _Groups:
    """The groups of rows of a file, Parquet or Arrow.

    Raises:
        InputError: the file cannot be read.
    """

    def __init__(self, file: Path) -> None:
        parquet = needed("pyarrow.parquet", file)
        self._arrow = needed("pyarrow", file)
        self._file = file
        try:
            if file.suffix == ".parquet":
                self._source = parquet.ParquetFile(file)
                self.number: int = self._source.num_row_groups
                self.columns: list[str] = self._source.schema_arrow.names
                self._batches = None
            else:
                self._source = self._arrow.memory_map(str(file))
                with self._arrow.ipc.open_stream(self._source) as reader:
                    self.columns = reader.schema.names
                    self._batches = list(reader)
                self.number = len(self._batches)
        except (OSError, self._arrow.ArrowException) as error:
            what = f"no Parquet or Arrow file that can be read: {said(error)}"
            raise InputError(what, file) from None

    def read(self, group: int, columns: list[str]) -> Any:
        """Some columns of a group, as a table."""
        try:
            if self._batches is None:
                return self._source.read_row_group(group, columns=columns)
            return self._arrow.Table.from_batches([self._batches[group]]).select(columns)
        except (OSError, self._arrow.ArrowException) as error:
            raise InputError(f"a part of it cannot be read: {said(error)}", self._file) from None

    def rows(self, group: int, columns: list[str]) -> list[dict[str, Any]]:
        """Some columns of a group, row by row."""
        try:
            rows: list[dict[str, Any]] = self.read(group, columns).to_pylist()
        except VALUES as error:
            raise InputError(f"a part of it cannot be read: {said(error)}", self._file) from None
        return rows

    def __enter__(self) -> _Groups:
        return self

    def __exit__(self, *_: object) -> None:
        self._source.close()
