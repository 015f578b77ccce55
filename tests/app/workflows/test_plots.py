import contextlib
import errno

import numpy as np
from faults import each_fault
from PIL import Image

from app.workflows.plots import MARKS, Cell, bar_plot, contact_sheet, save_picture
from halluc.errors import InputError
from halluc.records import Claim, Finding, Score

TEXT = "A blue cup and a spoon left of the fork."


def _finding(kind, start, end, verdict="hallucinated"):
    claim = Claim(kind=kind, start=start, end=end, subject="cup")
    return Finding(id="1", claim=claim, verdict=verdict, metric="finegrained", rule="")


def _colors(findings):
    """Shades of the marks that are seen below the legend."""
    cell = Cell("scene 1", Image.new("RGB", (50, 50), "white"), TEXT, findings)
    pixels = np.asarray(contact_sheet([cell]))[44:].reshape(-1, 3)
    seen = {tuple(pixel) for pixel in np.unique(pixels, axis=0).tolist()}
    return {kind for kind, (color, _) in MARKS.items() if color in seen}


def test_only_hallucinated_words_are_marked_each_in_its_kind():
    assert _colors([_finding("object", 17, 22, "supported")]) == set()
    assert _colors([_finding("object", 17, 22)]) == {"object"}
    assert _colors([_finding("attribute", 2, 6), _finding("relation", 17, 39)]) == {
        "attribute",
        "relation",
    }


def test_a_narrower_claim_shows_inside_a_wider_one():
    assert _colors([_finding("relation", 17, 39), _finding("object", 17, 22)]) == {
        "object",
        "relation",
    }


def test_what_a_wrong_relation_is_about_is_underlined_only():
    def inked(**spans):
        claim = Claim(kind="relation", start=23, end=30, subject="spoon", **spans)
        finding = Finding(
            id="1", claim=claim, verdict="hallucinated", metric="finegrained", rule=""
        )
        cell = Cell("", Image.new("RGB", (50, 50), "white"), TEXT, [finding])
        pixels = np.asarray(contact_sheet([cell]))[44:]
        return int((pixels == MARKS["relation"][0]).all(axis=2).sum())

    alone, both = inked(), inked(subject_span=(17, 22), object_span=(35, 39))
    assert 0 < both - alone < alone


def test_long_texts_make_the_sheet_longer():
    def height(text):
        return contact_sheet([Cell("", Image.new("RGB", (9, 9)), text, [])]).height

    assert height(TEXT * 10) > height(TEXT * 3) > height("")


def test_bars_are_drawn_and_undefined_has_none(tmp_path):
    def score(name, value, **ends):
        return Score(metric="chair", name=name, value=value, **ends)

    figures = {
        "greedy": {"CHAIRi": score("CHAIRi", 0.2, low=0.1, high=0.4), "POPE": score("POPE", None)},
        "sampled": {"CHAIRi": score("CHAIRi", 1.0)},
    }
    bar_plot(tmp_path / "bars.png", figures)
    with Image.open(tmp_path / "bars.png") as picture:
        assert picture.size == (528, 168)
        pixels = np.asarray(picture.convert("RGB")).reshape(-1, 3)
        colors = {tuple(pixel) for pixel in pixels.tolist()}
    assert {(0, 0x72, 0xB2), (0xE6, 0x9F, 0)} <= colors


def test_a_picture_is_whole_or_as_it_was(tmp_path, monkeypatch):
    place = tmp_path / "sheet.png"
    save_picture(place, Image.new("RGB", (9, 9)))

    def save() -> None:
        with contextlib.suppress(InputError):
            save_picture(place, Image.new("RGB", (5, 5)))

    for _ in each_fault(monkeypatch, errno.ENOSPC, save):
        assert list(tmp_path.iterdir()) == [place]
        with Image.open(place) as picture:
            assert picture.size in ((9, 9), (5, 5))
    assert list(tmp_path.iterdir()) == [place]
    with Image.open(place) as picture:
        assert picture.size == (5, 5)
