"""Open a file: answers of any tool, dropped on the page, become a run."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from app.inspector.pages import common
from app.inspector.reading.view import View
from app.inspector.settings import add_run, read_settings, run_names
from halluc.errors import InputError

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile


def render() -> None:
    """The page."""
    st.text(
        "Answers of a model in any form that halluc score reads: POPE's, MME's or AMBER's answers, "
        "captions by picture, logs of lmms-eval, tables of VLMEvalKit; JSON, CSV, TSV, XLSX or "
        "Parquet. They stay on this machine, and are forgotten when the inspector ends."
    )
    answers = st.file_uploader("Answers", accept_multiple_files=True, key="answers")
    truths = st.file_uploader(
        "Ground truth, where it does not stand beside the answers", accept_multiple_files=True,
        key="truths", help="POPE's questions with labels; JSON of object names by picture",
    )  # fmt: skip
    if not answers:
        return
    if st.button("Score and open", type="primary"):
        with st.spinner("Scoring …"):
            told, name = _open(answers, truths)
        for each in told:
            st.text(each)
        if name:
            common.go("overview", View(), name)


def _open(answers: Sequence[UploadedFile], truths: Sequence[UploadedFile]) -> tuple[list[str], str]:
    """What each file is and what became of it, and the first run if all could be opened."""
    from app.workflows.opened import open_answers

    told, opened = [], []
    drafts = Path(read_settings().drafts or tempfile.gettempdir())
    place = Path(tempfile.mkdtemp(dir=drafts))
    truth = [str(_keep(each, place / "truth")) for each in truths]
    for number, each in enumerate(answers):
        source = _keep(each, place / f"answers-{number}")
        try:
            made = open_answers(source, truth, place / str(number) / source.stem)
        except InputError as error:
            st.error(f"{common.bare(source.name)} cannot be opened:")
            st.code(str(error).replace(f"{place}/", ""), language=None, wrap_lines=True)
            continue
        told.append(f"{source.name}: {made}")
        opened.append(str(made.folder))
        add_run(str(made.folder))
    names = {folder: name for name, folder in run_names(read_settings().runs).items()}
    return told, names[opened[0]] if opened and len(opened) == len(answers) else ""


def _keep(file: UploadedFile, folder: Path) -> Path:
    """The file on disk, under the last part of its name alone; one of the same name stays."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / (Path(file.name).name.lstrip(".") or "file")
    if place.exists():
        return _keep(file, folder / "more")
    place.write_bytes(file.getbuffer())
    return place
