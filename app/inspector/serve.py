"""Serves the app.

python -m app.inspector.serve [OPTION OF `streamlit run`]…
"""

from __future__ import annotations

import sys
from pathlib import Path

from app.inspector.reading.preload import read_ahead
from app.inspector.settings import read_settings


def main() -> None:
    """Run the server until it is told to stop."""
    read_ahead(read_settings().runs[0])
    from streamlit.web import cli

    script = Path(__file__).with_name("pages") / "main.py"
    cli.main(["run", str(script), *sys.argv[1:]], prog_name="streamlit")


if __name__ == "__main__":
    main()
