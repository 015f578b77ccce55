"""Preference pairs from reviewed findings, as one file to download."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from halluc.errors import InputError


def zipped_pairs(run: Path, reviews: str, images: str = "") -> tuple[bytes, str]:
    """What `halluc data pairs RUN --reviews …` writes, as a ZIP file, and what it says.

    Args:
        run: the run.
        reviews: database of the reviews.
        images: folder of the pictures; empty: where the data set has them.

    Raises:
        InputError: no pairs can be made; says why.
    """
    with TemporaryDirectory() as name:
        folder = Path(name) / "pairs"
        code = "from app.cli import main; main()"
        given = ["data", "pairs", str(run), "--reviews", reviews, "-o", str(folder)]
        given += ["--images", images] if images else []
        # A process of its own, as it takes the parser's memory, and more processes for a large run.
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-P", "-c", code, *given],
            capture_output=True, text=True, encoding="utf-8", check=False,
        )  # fmt: skip
        if done.returncode:
            raise InputError(done.stderr.strip().splitlines()[-1].removeprefix("halluc: "))
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
            for each in sorted(folder.iterdir()):
                file.write(each, f"pairs/{each.name}")
        return content.getvalue(), done.stdout.strip()
