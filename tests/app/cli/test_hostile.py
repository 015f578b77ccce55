"""Every form of file in every unlucky state: read as it was meant, or refused in one line.

A part of what `benchmarks/hostile.py` tries: of each form some of the states and odd values, so
that each state meets many forms.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from damages import BROKEN, CONVERTED, PLACES, odd_rows
from outcomes import MADE, fault, figures, given, state
from readers import FILES, write

SOME, FEW = 4, 41  # one state in so many, one odd value in so many
NAMES = list(FILES)
# Packed already, or written by halluc alone.
AS_THEY_ARE = ("xlsx", "parquet", "gz", "run/responses.jsonl")
# Without these there is less ground truth, and that is no mistake.
OPTIONAL = ("vg/attributes.json", "vg/relationships.json", "vg/image_data.json",
            "coco/captions_val2014.json")  # fmt: skip


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """A folder of good files."""
    folder = tmp_path_factory.mktemp("good")
    write(folder)
    return folder


@pytest.fixture
def tried(halluc, good, tmp_path):
    """Run the command that reads a file, in a folder where that file is made otherwise."""
    folder = tmp_path / "there"
    shutil.copytree(good, folder)
    monkey = pytest.MonkeyPatch()
    monkey.chdir(folder)

    def run(name, make=None):
        path = folder / name
        if make is not None:
            path.unlink()
            make(path)
        before, command = state(folder), given(FILES[name][1])
        code, out, err = halluc(*command)
        wrong = fault(code, out, err)
        if not wrong and code == 2 and state(folder) != before:
            wrong = f"refused, and yet it leaves {state(folder).keys() - before.keys()}"
        found = figures(command, folder, out) if code == 0 and not wrong else None
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        path.unlink(missing_ok=True)
        for each in folder.glob(f"{MADE}*"):
            shutil.rmtree(each) if each.is_dir() else each.unlink()
        for each in ("run", "run2") if {"run", "a=run"} & {*command} else ():
            shutil.rmtree(folder / each)
            shutil.copytree(good / each, folder / each)
        if not path.exists():
            shutil.copy(good / name, path)
        return code, found, wrong

    yield run
    monkey.undo()


@pytest.mark.parametrize("name", NAMES)
def test_a_file_in_unlucky_states(name, tried):
    code, right, wrong = tried(name)
    assert (code, wrong) == (0, "")
    content, _ = FILES[name]
    faults, number = [], NAMES.index(name)
    for place, (what, change) in enumerate([*BROKEN.items(), *CONVERTED.items()]):
        if place % SOME == number % SOME:
            code, found, wrong = tried(name, lambda p, c=change: Path(p).write_bytes(c(content)))
            if not wrong and code == 0 and found != right:
                wrong = "other figures without a word"
            if not wrong and what in CONVERTED and code and not name.endswith(AS_THEY_ARE):
                wrong = "refused, though nothing is lost"
            faults += [f"{what}: {wrong}"] if wrong else []
    for place, (what, make) in enumerate(PLACES.items()):
        if place % SOME == number % SOME:
            code, found, wrong = tried(name, make)
            if not wrong and code == 0 and found != right and name not in OPTIONAL:
                wrong = "other figures without a word"
            faults += [f"{what}: {wrong}"] if wrong else []
    assert faults == []


@pytest.mark.parametrize("name", [each for each in NAMES if each.endswith((".json", ".jsonl"))])
def test_odd_values_in_every_place(name, tried):
    faults = []
    for number, (what, content) in enumerate(odd_rows(FILES[name][0])):
        if number % FEW == NAMES.index(name) % FEW and "a long text" not in what:
            _, _, wrong = tried(name, lambda path, c=content: Path(path).write_bytes(c))
            faults += [f"{what}: {wrong}"] if wrong else []
    assert faults == []
