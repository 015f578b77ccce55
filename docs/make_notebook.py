"""Run docs/in_python.ipynb, and write it with its outputs, also as a page, in_python.md.

    python docs/make_notebook.py [FOLDER]

FOLDER is where both go; by default they replace those in docs/.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from nbclient import NotebookClient

DOCS = Path(__file__).parent
NAME = "in_python"
NOTE = (
    "*This page is the notebook `docs/in_python.ipynb`. It runs offline, in some 15 seconds of a "
    "CPU core.*"
)


def run(notebook: Any) -> None:
    """Run all cells in an empty folder; a cell that fails raises."""
    with TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=600,
            resources={"metadata": {"path": folder}},
            extra_arguments=["--IPKernelApp.log_level=ERROR"],
        )
        client.execute()
    notebook.metadata = {"kernelspec": {"display_name": "Python 3", "name": "python3"}}
    for cell in notebook.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.outputs = [each for each in cell.outputs if each.get("name") != "stderr"]
            for output in cell.outputs:
                if "text/html" in output.get("data", {}):  # shown instead
                    output.data.pop("text/plain", None)


def page(notebook: Any) -> str:
    """The notebook as Markdown, with its outputs."""
    title, *cells = notebook.cells
    parts = [title.source, NOTE]
    for cell in cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
        else:
            parts.append(f"```python\n{cell.source}\n```")
            parts += (part for output in cell.outputs for part in shown(output))
    return "\n\n".join(parts) + "\n"


def shown(output: Any) -> Iterator[str]:
    """An output: HTML as it is, else its text."""
    data = output.get("data", {})
    if "text/html" in data:
        html = re.sub(r"<style.*?</style>| border=\"1\"", "", data["text/html"], flags=re.DOTALL)
        lines = (line.strip() for line in html.splitlines())
        yield f'<div class="output">{"".join(lines)}</div>'
    elif text := output.get("text") or data.get("text/plain"):
        yield f"```text\n{text.rstrip()}\n```"


def main() -> None:
    """Run and write."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS
    notebook = nbformat.read(DOCS / f"{NAME}.ipynb", as_version=4)
    run(notebook)
    nbformat.write(notebook, folder / f"{NAME}.ipynb")
    (folder / f"{NAME}.md").write_text(page(notebook), "utf-8")


if __name__ == "__main__":
    main()
