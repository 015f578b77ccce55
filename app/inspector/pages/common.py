"""What the pages share: open runs, the view that stands in the link, and moving between pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.navigation.page import StreamlitPage

from app.inspector import drawing
from app.inspector.drawing import html, pictures
from app.inspector.drawing.marks import plain
from app.inspector.reading import preload
from app.inspector.reading.columns import Columns
from app.inspector.reading.population import Population, population
from app.inspector.reading.view import View, arranged, known, look, metric_of, view_of
from app.inspector.settings import read_settings, run_names
from halluc.errors import HallucError, InputError
from halluc.records import Sample
from halluc.reviews import Reviews

UNBOUNDED = 100_000.0
"""The upper end of a range that has none."""

PAGES: dict[str, StreamlitPage] = {}
"""The pages by name; `app.inspector.pages.main` puts them here, the same for everybody."""


def navigate() -> None:
    """Links to the pages, with the view of this one; they show at every width."""
    query = [(name, each) for name in st.query_params for each in st.query_params.get_all(name)]
    with st.container(horizontal=True, key="pages"):
        for page in PAGES.values():
            st.page_link(page, query_params=query, width="content")
        component("keys", css=_KEYS)(key="keys")


# Streamlit takes one line for the name of a file.
_KEYS = "details { font: 14px/1.5 sans-serif }\nth { text-align: left; padding-right: 1rem }\n"


@st.cache_resource
def component(name: str, **settings: Any) -> Callable[..., Any]:
    """A script of `drawing`, as Streamlit mounts it on a page."""
    js = Path(drawing.__file__).with_name(f"{name}.js").read_text(encoding="utf-8")
    made: Callable[..., Any] = st.components.v2.component(f"halluc_{name}", js=js, **settings)
    return made


def show(render: Callable[[], None]) -> None:
    """A page with its style; a known failure is shown as what it is, one line."""
    st.html(html.style())
    try:
        render()
    except HallucError as error:
        st.error("This cannot be shown:")
        st.code(str(error), language=None, wrap_lines=True)


def title(text: str) -> None:
    """The heading of a page."""
    st.html(f'<h1 class="hx-title">{plain(text)}</h1>')


def heading(text: str) -> None:
    """The heading of a part of a page."""
    st.html(f'<h2 class="hx-heading">{plain(text)}</h2>', width="content")


def go(page: str, view: View, run: str, **more: str) -> None:
    """Another page with a view; nothing after this is shown.

    The browser follows a link, which is one step back. `st.switch_page` makes two: the link's
    query stands on this page first.
    """
    with st.container(key="going"):
        st.page_link(PAGES[page], query_params={**view.query(), "run": run, **more})
    component("follow")(key=f"follow {page}", data={"link": "going"})
    st.stop()


def steps(what: str, at: int, last: int, turn: Callable[[int], None]) -> None:
    """The way to what stands before and after, by button and by the keys B and N.

    Args:
        what: is stepped through, and in which view; tells these steps from others.
        at: the place now; −1 stands before the first.
        last: place.
        turn: goes to a place; called before the page is drawn again.
    """
    for label, key, to in (("← Before", "B", at - 1), ("Next →", "N", at + 1)):
        st.button(label, key=f"step {key}", disabled=not 0 <= to <= last, help=f"Key {key}",
                  on_click=turn, args=(to,))  # fmt: skip

    def step() -> None:
        told = st.session_state["steps"]["step"]
        if 0 <= int(told["to"]) <= last:
            turn(int(told["to"]))
        st.session_state["steps done"] = told["seq"]

    done = st.session_state.get("steps done", 0)
    data = {"walk": what, "at": at, "last": last, "acknowledged": done}
    component("steps")(key="steps", data=data, on_step_change=step, width="content")


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


def passing(run: Columns, view: View, order: str) -> tuple[NDArray[np.int64], int]:
    """The rows of the answers that pass a view, in an order of `SORTS`, and how many findings."""
    folder = str(run.path)
    found: tuple[NDArray[np.int64], int] = _passing(
        folder, preload.states_of(folder), view, order, _run=run
    )
    return found


@st.cache_resource(max_entries=32, show_spinner=False)
def _passing(
    folder: str, states: preload.States, view: View, order: str, *, _run: Columns
) -> tuple[NDArray[np.int64], int]:
    seen = look(_run, view)
    return arranged(_run, seen, metric_of(_run, view), order), len(seen.findings)


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
    if not names:
        raise InputError("no run is open yet; drop a file of answers on the page Open")
    if len(names) > 1:
        first = next(iter(names))
        name = bound(st.selectbox, "Run", "run", list(names), fallback=first, width=260)
    else:
        name = next(iter(names))
    return name, names[name]


def chosen_run() -> tuple[str, Columns]:
    """Name of the run in the link, and the run."""
    name, folder = chosen_folder()
    return name, opened(folder)


def findings_of(run: Columns) -> str:
    """The metric whose findings are looked at, of several to be chosen."""
    first = metric_of(run, View())
    return bound(st.selectbox, "Findings of", "metric", run.metrics, fallback=first, width=180)


def current_view() -> View:
    """The view of the link."""
    return view_of(st.query_params.to_dict())


def known_view(run: Columns) -> View:
    """The part of the link's view that a run knows; what it does not know is said."""
    view, strange = known(run, st.query_params.to_dict())
    if strange:
        st.info("Left out, as this run knows no such thing: " + bare("; ".join(strange)))
    return view


def bare(text: str) -> str:
    """A text for where Streamlit reads Markdown, with nothing in it that Markdown knows.

    >>> bare("tabletop:broken [x](y) <b>")
    'tabletop:broken _x__y_ _b_'
    """
    return "".join(each if each.isalnum() or each in " .,;/:-" else "_" for each in text[:300])


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


def bound_range(label: str, name: str, low: float, high: float, step: float) -> None:
    """A slider of two ends whose range stands in the link; its upper end means no bound.

    Args:
        label: what it is called.
        name: of the part of the link.
        low: lower end.
        high: upper end.
        step: of the slider.
    """
    key = f"bound {name}"
    given = view_of(st.query_params.to_dict())
    first, last = getattr(given, name) or (low, high)
    values = (min(max(first, low), high), min(max(last, low), high))
    st.session_state[key] = values

    def write() -> None:
        start, end = st.session_state[key]
        if (start, end) == (low, high):
            st.query_params.pop(name, None)
        else:
            st.query_params[name] = f"{start:g}-{end if end < high else UNBOUNDED:g}"
        for other in ("page", "sample", "finding"):
            st.query_params.pop(other, None)

    st.slider(label, low, high, step=step, key=key, on_change=write)


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
