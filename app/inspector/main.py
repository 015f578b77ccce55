"""The inspector's first script, which Streamlit runs; see `app.cli.inspect`."""

from __future__ import annotations

import streamlit as st

from app.inspector import page


def main() -> None:
    """Show the page of the link."""
    st.set_page_config("halluc inspector", layout="wide")
    chosen = st.navigation(list(page.pages().values()), position="top")
    page.show(chosen.run)


main()
