"""What the pages share: open runs, the view that stands in the link, and moving between pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from app.inspector.drawing import html, pictures
from app.inspector.reading import preload
from app.inspector.reading.columns import Columns
from app.inspector.reading.population import Population, population
from app.inspector.reading.view import View, view_of
from app.inspector.settings import read_settings, run_names
from halluc.errors import HallucError, InputError
from halluc.records import Sample
from halluc.reviews import Reviews

KEPT = "kept query"
"""Key of the session state: the last link's query."""

PAGES: dict[str, StreamlitPage] = {}
"""The pages by name; `app.inspector.pages.main` puts them here, the same for everybody."""


def show(render: Callable[[], None]) -> None:
    """A page with its style; the view of the last page where the link brings none.

    A known failure is shown as what it is, one line.
    """
    st.html(html.style())
    if not st.query_params and (kept := st.session_state.get(KEPT)):
        st.query_params.from_dict(kept)
    try:
        render()
    except HallucError as error:
        st.error("This cannot be shown:")
        st.code(str(error), language=None, wrap_lines=True)
    every = {name: st.query_params.get_all(name) for name in st.query_params}
    st.session_state[KEPT] = {name: v[0] if len(v) == 1 else v for name, v in every.items()}


def go(page: str, view: View, run: str, **more: str) -> None:
    """Another page with a view."""
    query = {**view.query(), "run": run, **more}
    st.session_state[KEPT] = query
    st.switch_page(PAGES[page], query_params=query)


def opened(folder: str) -> Columns:
    """A run, read once as long as its files are the same."""
    return _open(folder, preload.states_of(folder))


@st.cache_resource(max_entries=8, show_spinner="Reading the run …")
def _open(folder: str, states: preload.States) -> Columns:
    return preload.read(folder, states)


def claims_of(run: Columns, view: View) -> Population:
    """What can be judged in a view of a run, its orders drawn once."""
    folder = str(run.path)
    return _claims(folder, preload.states_of(folder), view, _run=run)


@st.cache_resource(max_entries=16, show_spinner="Drawing the order …")
def _claims(folder: str, states: preload.States, view: View, *, _run: Columns) -> Population:
    return population(_run, view)


def reviews() -> Reviews:
    """The database of reviews."""
    found: Reviews = _reviews(read_settings().reviews)
    return found


@st.cache_resource
def _reviews(url: str) -> Reviews:
    return Reviews(url)


@st.cache_data(max_entries=400, show_spinner=False)
def _picture(folder: str, image: str | None, id: str, split: str, side: int) -> Any:
    """A picture, or why there is none; kept for the ones looked at last."""
    settings = read_settings()
    images = Path(settings.images) if settings.images else None
    sample = Sample(id=id, image=image, split=split)
    try:
        return pictures.open_picture(opened(folder).card, sample, images, side)
    except InputError as error:
        return str(error)


def picture(run: Columns, sample: Sample, side: int) -> pictures.Picture | str:
    """The picture of a sample, or why there is none."""
    found: pictures.Picture | str = _picture(
        str(run.path), sample.image, sample.id, sample.split, side
    )
    return found


def chosen_folder() -> tuple[str, str]:
    """Name and folder of the run in the link, else of the first; several can be chosen from."""
    names = run_names(read_settings().runs)
    if len(names) > 1:
        with st.sidebar:
            name = bound(st.selectbox, "Run", "run", list(names), fallback=next(iter(names)))
    else:
        name = next(iter(names))
    return name, names[name]


def chosen_run() -> tuple[str, Columns]:
    """Name of the run in the link, and the run."""
    name, folder = chosen_folder()
    return name, opened(folder)


def current_view() -> View:
    """The view of the link."""
    return view_of(st.query_params.to_dict())


def bound(
    widget: Callable[..., Any],
    label: str,
    name: str,
    options: Sequence[str] | None = None,
    *,
    fallback: str = "",
    **settings: Any,
) -> str:
    """A widget whose value stands in the link; the link is what counts.

    Args:
        widget: a selectbox, or a text field.
        label: what it is called.
        name: of the part of the link.
        options: of a selectbox.
        fallback: the value where the link has none, or one that is no option.
        settings: for the widget.
    """
    key = f"bound {name}"
    value = st.query_params.get(name, fallback)
    if options is not None:
        value = value if value in options else fallback
        settings = {"options": options, "format_func": lambda each: each or "any", **settings}
    st.session_state[key] = value

    def write() -> None:
        if given := st.session_state[key]:
            st.query_params[name] = given
        else:
            st.query_params.pop(name, None)
        for other in ("page", "sample", "finding"):
            if name not in ("sample", "finding"):
                st.query_params.pop(other, None)

    widget(label, key=key, on_change=write, **settings)
    return value


def several(label: str, name: str, options: Sequence[str], fallback: Sequence[str]) -> list[str]:
    """Some of many, which stand in the link; at least one.

    Args:
        label: what the choice is called.
        name: of the part of the link, which comes once for each.
        options: to choose from.
        fallback: the choice where the link has none.
    """
    key = f"several {name}"
    given = [each for each in st.query_params.get_all(name) if each in options]
    values = list(dict.fromkeys(given)) or list(fallback)
    st.session_state[key] = values

    def write() -> None:
        st.query_params[name] = st.session_state[key]
        st.query_params.pop("sample", None)

    st.multiselect(label, options, key=key, on_change=write)
    return values
