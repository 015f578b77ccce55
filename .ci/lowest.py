"""Pins for the lowest versions that pyproject.toml allows: name==version, a line each.

torch is left out: unpinned or older, it may bring gigabytes of CUDA packages.
"""

import re
import sys
import tomllib
from pathlib import Path

EXTRAS = ("models", "openai", "inspector", "train")


def main() -> None:
    """Print them."""
    project = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]
    asked = [*project["dependencies"]]
    for extra in EXTRAS:
        asked += project["optional-dependencies"][extra]
    for line in asked:
        name, lowest = re.fullmatch(r"([\w.-]+)>=([\w.]+).*", line).groups()
        if name != "torch":
            sys.stdout.write(f"{name}=={lowest}\n")


if __name__ == "__main__":
    main()
