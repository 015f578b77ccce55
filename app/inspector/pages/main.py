"""The inspector's first script, which Streamlit runs; see `app.cli.inspect`."""

from __future__ import annotations

import streamlit as st

from app.inspector.pages import common, compare, judge, live, overview, review, samples


def main() -> None:
    """Show the page of the link."""
    st.set_page_config("halluc inspector", layout="wide")
    pages = {
        "overview": st.Page(overview.render, title="Overview", url_path="overview", default=True),
        "samples": st.Page(samples.render, title="Samples", url_path="samples"),
        "compare": st.Page(compare.render, title="Compare", url_path="compare"),
        "judge": st.Page(judge.render, title="Judge", url_path="judge"),
        "review": st.Page(review.render, title="Review", url_path="review"),
        "live": st.Page(live.render, title="Live", url_path="live"),
    }
    common.PAGES.update(pages)
    common.show(st.navigation(list(pages.values()), position="top").run)


main()
