"""Live: ask a model about a scene or one's own picture, with any decoding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from app.inspector.drawing import html, pictures
from app.inspector.reading.live import ask, noised_picture, read_upload
from app.inspector.settings import read_settings
from halluc.mllm import MLLM, load_model
from halluc.records import Sample
from halluc.tabletop.truth import truth_of
from halluc.tabletop.world import SPLITS, scene
from metrics.tasks import CAPTION
from mitigation.inprocess import make_decoding

if TYPE_CHECKING:
    from PIL.Image import Image

# Decoding → its name for `make_decoding`, and whether tokens are drawn.
DECODINGS: dict[str, tuple[str | None, bool]] = {
    "greedy": (None, False),
    "sampled": (None, True),
    "vcd, sampled": ("vcd", True),
    "vcd, greedy": ("vcd", False),
    "icd, sampled": ("icd", True),
    "m3id, sampled": ("m3id", True),
    "mask-only, sampled": ("mask-only", True),
}


@st.cache_resource(max_entries=1, show_spinner="Loading the model …")
def _model(name: str) -> MLLM:
    return load_model(name)


def render() -> None:
    """The page."""
    left, right = st.columns([1, 2])
    with left:
        chosen = _picture()
        models = ["tabletop", *read_settings().models]
        name = st.selectbox("Model", models) if len(models) > 1 else models[0]
        label = st.selectbox("Decoding", list(DECODINGS), index=2)
        method, do_sample = DECODINGS[label]
        seed = st.number_input("Seed", 0, 2**31 - 1, 0) if do_sample else 0
        own = _vcd() if method == "vcd" else {}
        blind = method is None and st.checkbox(
            "Without the picture, too", help="How likely the words are without it; asks twice"
        )
    if chosen is None:
        right.info("Choose a picture: PNG or JPEG.")
        return
    sample, image = chosen
    with right:
        _show(name, sample, image, own, int(seed))
        prompt = st.text_input("Instruction", CAPTION.prompt or "")
        if st.button("Ask the model", type="primary"):
            plain = {
                "max_new_tokens": 128, "do_sample": do_sample, "seed": int(seed),
                "top_logprobs": 5, "without_picture": blind,
            }  # fmt: skip
            with st.spinner("The model answers …"):
                decoding = make_decoding(method, plain, own)
                st.session_state["said"] = (
                    sample,
                    *ask(_model(name), sample, image, prompt, decoding),
                )
        _said(sample, image)


def _picture() -> tuple[Sample, Image] | None:
    """The picture that is asked about, with what is true of it where that is known."""
    if st.radio("Picture", ["Tabletop scene", "My own"], horizontal=True) == "My own":
        upload = st.file_uploader("Picture", ["png", "jpg", "jpeg"], label_visibility="collapsed")
        if upload is None:
            return None
        return Sample(id=f"upload {upload.file_id}"), read_upload(upload.getvalue())
    from halluc.datasets.tabletop import open_image

    one, other = st.columns(2)
    split = one.selectbox("Split", list(SPLITS), index=list(SPLITS).index("broken"))
    number = other.number_input("Scene", 0, 999, 0)
    drawn = scene(split, int(number))
    sample = Sample(id=drawn.id, image=drawn.id, truth=truth_of(drawn))
    return sample, open_image(sample)


def _vcd() -> dict[str, Any]:
    """The parameters of VCD."""
    return {
        "alpha": st.slider("α, weight of the contrast", 0.0, 3.0, 1.0, 0.1),
        "beta": st.slider("β, least share of the likeliest token", 0.0, 1.0, 0.1, 0.05),
        "noise_step": st.slider("Noise step", 0, 999, 500),
    }


def _show(name: str, sample: Sample, image: Image, own: dict[str, Any], seed: int) -> None:
    """The picture, and what the noise leaves of it."""
    one, other = st.columns(2)
    what = html.picture_words(sample)
    one.image(image, "the picture", width="stretch", alt=what)
    if own and st.toggle("Show what the noise leaves of it", help="Loads the model"):
        noised = noised_picture(_model(name), sample, image, own["noise_step"], seed)
        if noised is None:
            other.info("This model takes pictures in pieces; the noised one cannot be shown whole.")
        else:
            told = f"as VCD contrasts it, step {own['noise_step']}"
            other.image(noised, told, width="stretch", alt=f"{what}, {told}")


def _said(sample: Sample, image: Image) -> None:
    """The last answer, if it is about this picture."""
    asked, response, findings = st.session_state.get("said", (None, None, None))
    if asked != sample:
        return
    st.html(html.legend())
    st.html(html.sample_html(sample, response, findings, pictures.encode(image, pictures.LARGE)))
    if sample.truth is None:
        st.caption("This picture has no ground truth, so no claim can be judged.")
