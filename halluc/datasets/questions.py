"""The file of questions behind a run, for judges, who are told more than the run's samples hold."""

from __future__ import annotations

from pathlib import Path

from halluc.datasets.files import file_card
from halluc.errors import InputError
from halluc.runs import Run, read_run


def answered_run(path: Path, form: str) -> tuple[Run, Path]:
    """A finished run of a benchmark's questions, and the file that they were read from.

    Args:
        path: folder of the run.
        form: of the data, such as "mmhal".

    Raises:
        RunError: it is no run.
        InputError: it is not finished, is of other data, or the file is not there as it was.
    """
    run = read_run(path)
    if pending := run.pending():
        what = f"{len(pending)} of {len(run.samples)} samples have no answer yet"
        raise InputError(f"{what}; finish the run by giving its command again", path)
    data = run.card.get("data") or {}
    kind, _, place = str(data.get("name")).partition(":")
    if kind != form:
        raise InputError(f"holds no answers to {form}:FILE, but to {data.get('name')}", path)
    file = Path(place)
    if not file.is_file():
        what = f"its questions were read from {place}, which is not there"
        raise InputError(f"{what}; give the command where that file is found", path)
    then = [each.get("sha256") for each in data.get("files", []) if isinstance(each, dict)]
    if then != [file_card(file, 0)["sha256"]]:
        raise InputError(f"has changed since {path} asked its questions; ask them again", file)
    return run, file
