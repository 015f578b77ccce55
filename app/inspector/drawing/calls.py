"""The calls that a plan made on the way to an answer, as HTML."""

from __future__ import annotations

from collections.abc import Sequence

from app.inspector.drawing.marks import LONGEST, plain
from halluc.records import Call, Turn

_PICTURES = {"own": "with the picture", "": "without a picture"}


def calls_html(calls: Sequence[Call]) -> str:
    """What was asked in each call, and what the model said; empty for a plain answer."""
    items = "".join(f"<li>{_call(each)}</li>" for each in calls)
    return f'<div class="hx-revised"><div><ol>{items}</ol></div></div>' if calls else ""


def _call(call: Call) -> str:
    told = [f"<b>{plain(call.name)}</b> {_about(call)}"]
    for turn in call.earlier:
        told += [_asked(turn), _said(turn.text)]
    told += [_asked(call), _said(call.text)]
    if call.answers:
        chances = ", ".join(f"{plain(name)} {p:.2f}" for name, p in call.answers.items())
        told.append(f'<p class="hx-count">P: {chances}</p>')
    return "".join(told)


def _about(call: Call) -> str:
    """Length and end of a call, where the model told them."""
    words = [f"{call.tokens} tokens"] if call.tokens is not None else []
    words += [f"ended by {call.finish}"] if call.finish != "stop" else []
    return f"({plain(', '.join(words))})" if words else ""


def _asked(turn: Turn | Call) -> str:
    shown = _PICTURES.get(turn.picture, f"with the picture of {turn.picture}")
    # What goes on with a dialogue has its picture further up.
    about = "" if turn.picture == "" and isinstance(turn, Call) and turn.earlier else f"{shown}: "
    return f'<p class="hx-asked">{plain(about)}{_cut(turn.prompt)}</p>'


def _said(text: str) -> str:
    return f'<p class="hx-answer">{_cut(text) if text else "(nothing)"}</p>'


def _cut(text: str) -> str:
    rest = len(text) - LONGEST
    return plain(text[:LONGEST]) + (f" … {rest:,} more characters" if rest > 0 else "")
