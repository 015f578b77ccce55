"""What is installed, missing or in the way: each with the one command that repairs it.

Shown by `halluc doctor`; ``python -m halluc.doctor`` shows the same where another package named
``app`` keeps the command itself from starting.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Literal, NamedTuple

from packaging.requirements import Requirement

import halluc

ROOT = Path(str(halluc.__file__)).resolve().parents[1]
OURS = ("halluc", "metrics", "mitigation", "app")
AGAIN = "pip install --force-reinstall --no-deps halluc"


class Check(NamedTuple):
    """One thing that was checked.

    Attributes:
        state: "wrong" keeps something from working, "missing" is optional.
        what: what was found, in words.
        mend: the command that repairs it; empty where nothing has to be repaired.
    """

    state: Literal["ok", "missing", "wrong"]
    what: str
    mend: str = ""


def examine() -> Iterator[Check]:
    """Check everything, from the machine to the data."""
    yield _machine()
    yield from _packages()
    yield from _shadows()
    yield from _torch()
    yield from _data()


def _machine() -> Check:
    parts = [f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"]
    parts.append(f"{os.cpu_count()} cores")
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        parts.append(f"{_gib(memory)} of memory")
    parts.append(f"{_gib(shutil.disk_usage('.').free)} free on the disk")
    return Check("ok", ", ".join(parts))


def _packages() -> Iterator[Check]:
    """The packages that halluc asks for, and those of each extra."""
    try:
        asked = [Requirement(each) for each in metadata.requires("halluc") or ()]
    except metadata.PackageNotFoundError:
        what = f"halluc {halluc.__version__} runs from {ROOT} without being installed"
        yield Check("wrong", what, f"pip install -e '{ROOT}[models]'")
        return
    told, lacking = _compare([each for each in asked if _wanted(each, "")])
    yield Check("ok", f"halluc {halluc.__version__} with {', '.join(told)}")
    for what, mend in lacking:
        yield Check("wrong", what, mend)
    for extra in metadata.metadata("halluc").get_all("Provides-Extra") or ():
        if extra == "dev":
            continue  # for work on halluc itself
        more = [each for each in asked if _wanted(each, extra) and not _wanted(each, "")]
        told, lacking = _compare(more)
        if lacking:
            what = "; ".join(each for each, _ in lacking)
            yield Check("missing", f"halluc[{extra}]: {what}", f"pip install 'halluc[{extra}]'")
        else:
            yield Check("ok", f"halluc[{extra}]: {', '.join(told)}")


def _wanted(asked: Requirement, extra: str) -> bool:
    return asked.marker is None or asked.marker.evaluate({"extra": extra})


def _compare(asked: list[Requirement]) -> tuple[list[str], list[tuple[str, str]]]:
    """The packages that fit, and those that do not, each with its command."""
    told, lacking = [], []
    for each in asked:
        mend = f"pip install '{each.name}{each.specifier}'"
        try:
            version = metadata.version(each.name)
        except metadata.PackageNotFoundError:
            lacking.append((f"{each.name} is not installed", mend))
            continue
        if each.specifier.contains(version, prereleases=True):
            told.append(f"{each.name} {version}")
        else:
            lacking.append((f"{each.name} {version} is not {each.specifier}", mend))
    return told, lacking


def _shadows() -> Iterator[Check]:
    """Other modules that are named like the packages of halluc."""
    found = False
    owners = metadata.packages_distributions()
    for name in OURS:
        others = sorted(set(owners.get(name, ())) - {"halluc"})
        if others:
            found = True
            what = f"{' and '.join(others)} installs a package {name!r} too"
            yield Check("wrong", what, f"pip uninstall -y {' '.join(others)} && {AGAIN}")
            continue
        spec = PathFinder.find_spec(name, [each or str(Path.cwd()) for each in sys.path])
        place = Path(spec.origin).resolve() if spec and spec.origin else None
        if place is not None and not place.is_relative_to(ROOT):
            found = True
            what = f"{place} stands before halluc's own package {name!r}"
            yield Check("wrong", what, _out_of_the_way(place))
    if not found:
        yield Check("ok", f"{', '.join(OURS)} all come from {ROOT}")


def _out_of_the_way(place: Path) -> str:
    """The command after which a module is no longer found."""
    named = [Path(each).resolve() for each in os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    if place.is_relative_to(Path.cwd()) and Path.cwd() not in named:
        return "export PYTHONSAFEPATH=1  # modules of the working folder are then not found"
    if any(place.is_relative_to(each) for each in named):
        return "unset PYTHONPATH"
    module = place.parent if place.name == "__init__.py" else place
    return f"mv '{module}' '{module}.aside'"


def _torch() -> Iterator[Check]:
    """The build of torch, and the devices that it can use."""
    try:
        version = metadata.version("torch")
    except metadata.PackageNotFoundError:
        return  # told among the extras
    again = f"pip install --force-reinstall torch=={version.partition('+')[0]}"
    try:
        import torch
    except (ImportError, OSError) as error:
        said = str(error).splitlines()[0]
        yield Check("wrong", f"torch {version} cannot be loaded: {said}", again)
        return
    nvidia = Path("/proc/driver/nvidia/version").exists() or bool(shutil.which("nvidia-smi"))
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            free, whole = torch.cuda.mem_get_info(index)
            name = torch.cuda.get_device_name(index)
            yield Check("ok", f"cuda:{index}: {name}, {_gib(free)} of {_gib(whole)} free")
    elif nvidia and torch.version.cuda is None:
        yield Check("wrong", f"an NVIDIA GPU is here, but torch {version} is without CUDA", again)
    elif nvidia:
        what = f"torch {version} is for CUDA {torch.version.cuda}, which the driver does not run"
        yield Check("wrong", what, "nvidia-smi  # its CUDA version is the newest that can be used")
    elif torch.backends.mps.is_available():
        yield Check("ok", "mps: Apple's GPU")
    else:
        yield Check("ok", f"no GPU: torch {version} runs on {torch.get_num_threads()} CPU threads")
    try:
        metadata.version("torchvision")
    except metadata.PackageNotFoundError:
        return  # pictures are then prepared by Pillow
    try:
        import torchvision  # type: ignore[import-not-found, unused-ignore]  # noqa: F401
    except (ImportError, OSError, RuntimeError):
        what = f"torchvision was built for another torch than {version}; nothing here needs it"
        yield Check("wrong", what, "pip uninstall -y torchvision")


def _data() -> Iterator[Check]:
    """Data that comes with halluc, data that does not, and the key of a server."""
    from halluc.language.pipeline.parser import FOLDER
    from halluc.language.words.wordnet import GET, missing_data

    parts = {
        "the embedded MM-LLM": ROOT / "halluc" / "tabletop" / "checkpoint" / "config.json",
        "the English pipeline": FOLDER / "meta.json",
    }
    for name, file in parts.items():
        if file.is_file():
            yield Check("ok", f"{name}: {file.parent}")
        else:
            yield Check("wrong", f"{name} is missing: there is no {file}", AGAIN)
    if missing := missing_data(None):
        what = f"CHAIR as published and AMBER need NLTK's {' and '.join(missing)}"
        yield Check("missing", what, GET)
    else:
        yield Check("ok", "NLTK data: tagger and WordNet")
    if os.environ.get("OPENAI_API_KEY"):
        yield Check("ok", "OPENAI_API_KEY is set")


def _gib(size: float) -> str:
    return f"{size / 2**30:.1f} GiB"


def lines() -> tuple[list[str], bool]:
    """What was found, line by line, and whether something is wrong."""
    said, wrong = [], False
    for state, what, mend in examine():
        said.append(f"{state:8} {what}")
        if mend:
            said.append(f"{'':8} → {mend}")
        wrong = wrong or state == "wrong"
    return said, wrong


def main() -> None:
    """Print what was found; exit code 2 if something is wrong."""
    said, wrong = lines()
    sys.stdout.write("\n".join([*said, ""]))
    if wrong:
        sys.exit(2)


if __name__ == "__main__":
    main()
