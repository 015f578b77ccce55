"""Under which licences stands what ships with halluc and what is installed for it.

Shown by `halluc doctor --licences`: a bill of materials of this environment, a package a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

OWN = (
    ("halluc", "Apache-2.0"),
    ("the embedded MM-LLM and its adapters", "Apache-2.0, trained on drawn scenes alone"),
    ("the English pipeline", "CC BY-SA 4.0, trained on Universal Dependencies English EWT"),
    ("CHAIR's word list", "published facts of Rohrbach et al. 2018 (LisaAnne/Hallucination)"),
)
"""What ships in the wheel."""

# Licences that ask something of whoever passes the work on, beyond naming its authors.
_COPYLEFT = re.compile(
    r"\b(A?L?GPL|MPL|EPL|EUPL|CDDL|OSL|SSPL)|general public|mozilla|\bSA\b", re.I
)
_CLASSIFIER = "License :: OSI Approved :: "
_LONGEST = 60


class Package(NamedTuple):
    """An installed package.

    Attributes:
        name, version: of it.
        licence: as its metadata tell; empty where they do not.
    """

    name: str
    version: str
    licence: str

    @property
    def copyleft(self) -> bool:
        """Whether the licence asks that changed copies stay under it; "or" leaves a choice."""
        choices = re.split(r"\bOR\b", self.licence)
        return all(_COPYLEFT.search(each) for each in choices)


def packages() -> list[Package]:
    """What halluc needs here, directly or not, by name; of its extras what is installed.

    What only the work on halluc itself needs (``dev``) is left out, but where an extra has it too.
    """
    found: dict[str, Package] = {}
    waiting = [("halluc", {"", *_extras()})]
    seen = set[tuple[str, str]]()
    while waiting:
        name, extras = waiting.pop()
        try:
            told = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        if name != "halluc":
            found[name] = Package(told.metadata["Name"], told.version, _licence(told))
        for extra in extras - {each for known, each in seen if known == name}:
            seen.add((name, extra))
            for line in told.requires or ():
                asked = Requirement(line)
                if asked.marker is None or asked.marker.evaluate({"extra": extra}):
                    waiting.append((canonicalize_name(asked.name), {"", *asked.extras}))
    return [found[name] for name in sorted(found)]


def _extras() -> set[str]:
    told = metadata.metadata("halluc").get_all("Provides-Extra") or ()
    return {each for each in told if each != "dev"}


def _licence(told: metadata.Distribution) -> str:
    """The SPDX expression, else the classifiers, else the first line of the free text."""
    (named,) = told.metadata.get_all("License-Expression") or ("",)
    if named:
        return " ".join(named.split())
    classes = [
        each.removeprefix(_CLASSIFIER)
        for each in told.metadata.get_all("Classifier") or ()
        if each.startswith(_CLASSIFIER)
    ]
    free = " ".join(" ".join(told.metadata.get_all("License") or ()).split())
    return " and ".join(classes) or free[:_LONGEST]


def lines() -> Iterator[str]:
    """What ships, what is installed, and what of that asks for a second look."""
    yield "What ships with halluc:"
    for what, licence in OWN:
        yield f"  {what}: {licence}"
    every = packages()
    yield f"What is installed for it ({len(every)} packages):"
    for each in every:
        yield f"  {each.name} {each.version}: {each.licence or 'not told'}"
    for title, some in (
        ("Copyleft, which matters to whoever passes these on", [e for e in every if e.copyleft]),
        ("Without a licence in their metadata", [e for e in every if not e.licence]),
    ):
        yield f"{title}: {', '.join(each.name for each in some) or 'none'}"
