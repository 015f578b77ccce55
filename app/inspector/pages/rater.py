"""Who reviews: a name that survives a reload, kept by the browser alone."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import streamlit as st

COOKIE = "halluc_reviewer"
LONGEST = 80
_JS = f"""export default function ({{ data }}) {{
  const name = encodeURIComponent(data.name);
  document.cookie = `{COOKIE}=${{name}}; path=/; max-age=31536000; SameSite=Strict`;
}}"""


def known_rater() -> str:
    """The name that was given last in this browser; empty if there is none."""
    if "reviewer" not in st.session_state:
        st.session_state["reviewer"] = unquote(st.context.cookies.get(COOKIE, ""))[:LONGEST]
    return str(st.session_state["reviewer"])


def remember() -> None:
    """Have the browser remember the name."""
    if name := known_rater():
        _component()(data={"name": name}, key="remember reviewer")


@st.cache_resource
def _component() -> Any:
    return st.components.v2.component("halluc_reviewer", js=_JS)
