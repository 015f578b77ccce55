"""The inspector's first script, which Streamlit runs; see `app.cli.inspect`."""

from __future__ import annotations

import streamlit as st

from app.inspector.pages import (
    common,
    compare,
    files,
    judge,
    live,
    overview,
    review,
    samples,
)
from app.inspector.settings import read_settings


def main() -> None:
    """Show the page of the link."""
    st.set_page_config("halluc inspector", layout="wide", initial_sidebar_state="collapsed")
    pages = {
        "overview": st.Page(overview.render, title="Overview", url_path="overview"),
        "samples": st.Page(samples.render, title="Samples", url_path="samples"),
        "compare": st.Page(compare.render, title="Compare", url_path="compare"),
        "judge": st.Page(judge.render, title="Judge", url_path="judge"),
        "review": st.Page(review.render, title="Review", url_path="review"),
        "live": st.Page(live.render, title="Live", url_path="live"),
        "files": st.Page(files.render, title="Open", url_path="open"),
    }
    common.PAGES.update(pages)
    # The bare address; Streamlit gives its page no other, and a link must name the overview.
    first = overview.render if read_settings().runs else files.render
    title = "Overview" if read_settings().runs else "Open"
    start = st.Page(first, title=title, url_path="start", default=True)
    chosen = st.navigation([start, *pages.values()], position="hidden")
    common.navigate()
    common.title(chosen.title)
    common.show(chosen.run)


if __name__ == "__main__":  # as Streamlit runs a script
    main()
