"""The calls of a plan are shown in their order, with their pictures, and as text."""

import re

from hostile import hostile

from app.inspector.drawing.calls import calls_html
from halluc.records import Call, Turn


def test_calls_show_what_was_asked_and_said():
    turn = Turn(prompt="Describe it.", text="A cup.", picture="own")
    calls = (
        Call(name="describe", prompt="Describe it.", text="A cup.", picture="own", tokens=3),
        Call(name="answer", prompt="A cup?", text="", earlier=(turn,), answers={"yes": 0.25}),
        Call(name="blind", prompt="Plan.", text="Look.", finish="length"),
        Call(name="shot", prompt="A dog?", text="No", picture="p7"),
    )
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", calls_html(calls))).strip()
    assert words == (
        "describe (3 tokens) with the picture: Describe it. A cup. "
        "answer with the picture: Describe it. A cup. A cup? (nothing) P: yes 0.25 "
        "blind (ended by length) without a picture: Plan. Look. "
        "shot with the picture of p7: A dog? No"
    )
    assert calls_html(()) == ""


def test_whatever_a_call_holds_is_text():
    for text in hostile(24):
        html = calls_html([Call(name=text, prompt=text, text=text, picture=text)])
        assert set(re.findall(r"<(\w+)", html)) <= {"div", "ol", "li", "b", "p"}
