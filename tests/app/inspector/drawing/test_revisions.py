"""How a caption was revised, shown with its reasons, and as text whatever it holds."""

import re

from hostile import hostile

from app.inspector.drawing.revisions import revised_html, revision_html
from app.inspector.reading.columns import open_columns
from mitigation.postcorrection.factors import Factors
from mitigation.postcorrection.revisions import Asked, Check, Edit, Mask, Revision


def words(html):
    """What is read of it."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))


def test_a_mask_stands_with_its_factors_and_what_replaced_it(revised):
    run = open_columns(revised)
    html = revision_html(run, run.places["broken-00000"])
    assert "<del>a pink bottle</del><sup>1</sup><ins>a black bottle</ins>" in html
    told = words(html)
    assert "What the revisor could not see, and what it wrote there:" in told
    assert "co-occurrence 0.61, expectation 0.50, position 0.16, −log p 5.76" in told
    assert "absent with p = 0.74" in told
    revision = run.revision(run.places["broken-00000"])
    assert "absent with p = 0.74, masked from 0.2" in words(revised_html(revision, 0.2))
    assert "Left as it was: nothing is suspect" in words(revision_html(run, 1))


def test_a_run_that_nobody_revised_has_no_revision(runs):
    assert revision_html(open_columns(runs[0]), 0) == ""


def test_an_edit_stands_with_what_was_asked_and_answered():
    knife = Check(
        kind="object", subject="knife", wrong=0.93, instead="",
        asked=(Asked(question="Is there a knife?", answers={"yes": 0.064, "no": 0.93}),),
    )  # fmt: skip
    cup = Check(
        kind="attribute", subject="cup", family="color", value="red", wrong=0.8, instead="blue",
        asked=(Asked(question="What color is the cup?", text="Blue", confidence=0.8),),
    )  # fmt: skip
    fork = Check(kind="object", subject="fork", wrong=0.01)
    text = "A red cup, a fork and a knife."
    revision = Revision(
        id="1", original=text, checks=(cup, knife, fork),
        edits=(
            Edit(start=2, end=5, before="red", after="blue", why=("cup: color red",)),
            Edit(start=16, end=29, before=" and a knife", after="", why=("knife",)),
        ),
    )  # fmt: skip
    html = revised_html(revision, 0.33)
    told = words(html)
    assert "red → blue · wrong: cup: color red" in told
    assert "and a knife → nothing · wrong: knife" in told
    assert "knife : wrong with p = 0.93, corrected from 0.33 → left out" in told
    assert "Is there a knife? no 0.93, yes 0.06" in told
    assert "cup: color red : wrong with p = 0.80 → blue What color is the cup? “Blue” 0.80" in told
    assert told.index("What else was checked (1)") < told.index("fork : wrong with p = 0.01")


def test_whatever_a_revision_holds_is_text():
    for text in hostile(24):
        factors = Factors(
            start=0, end=5, subject=text, co_occurrence=0, expectation=0, position=1
        )  # fmt: skip
        check = Check(
            kind="object", subject=text, family=text, value=text, factors=factors, instead=text,
            asked=(Asked(question=text, answers={text: 0.5}), Asked(question=text, text=text)),
        )  # fmt: skip
        for revision in (
            Revision(id="1", original=text, checks=(check,), reason=text),
            Revision(
                id="1", original=text, checks=(check,),
                edits=(Edit(start=0, end=5, before=text, after=text, why=(text,)),),
            ),
            Revision(
                id="1", original=text, checks=(check,),
                masks=(Mask(start=0, end=5, before=text, after="x", subjects=(text,)),),
            ),
        ):  # fmt: skip
            tags = set(re.findall(r"<\s*/?\s*([a-zA-Z]+)", revised_html(revision)))
            assert tags <= set("div p b i del ins mark sup br ol ul li details summary".split())
