"""What a terminal would obey is shown instead, wherever it comes from."""

import json
import re

import pytest

from app.cli.text import harmless
from halluc.records import Response, Sample, Truth
from halluc.runs import open_run

EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202eevil\u2028"
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029]")


def test_what_is_obeyed_is_written_out_and_the_rest_stays():
    assert not OBEYED.search(harmless(EVIL))
    assert harmless("naïve 🙂 שלום\n\ttab") == "naïve 🙂 שלום\n\ttab"
    assert json.loads(harmless(json.dumps({"a": EVIL}, ensure_ascii=False))) == {"a": EVIL}


@pytest.fixture
def runs(tmp_path):
    """Two runs of yes/no questions whose answers, splits and card hold escape sequences."""
    for name, answers in (("a", ("Yes", EVIL, "No")), ("b", ("No", "yes " + EVIL, "Yes"))):
        samples = [
            Sample(id=f"{n}{EVIL}", image="a.jpg", prompt=f"Is there {EVIL}?", split=EVIL,
                   truth=Truth(label="yes"))
            for n in range(3)
        ]  # fmt: skip
        card = {"task": "pope", "model": {"name": name + EVIL}, "data": {"name": EVIL}}
        run = open_run(tmp_path / f"{name}{EVIL.replace('/', '')}", card, samples)
        run.append(
            Response(id=each.id, text=text, prompt=each.prompt or "", split=EVIL)
            for each, text in zip(samples, answers, strict=True)
        )
        run.finish()
    return sorted(tmp_path.iterdir())


@pytest.mark.parametrize("form", [(), ("--json",), ("--markdown",), ("--csv",)])
def test_compare_and_score_print_no_escape_sequence(form, runs, halluc):
    for command in (
        ("compare", *runs, *form),
        *([("score", "pope", runs[0], *form)] if form in ((), ("--json",)) else []),
    ):
        code, out, err = halluc(*command)
        if code == 2 and "no such option" in err.lower():
            pytest.skip("another way to ask")
        assert not OBEYED.search(out), command
        assert not OBEYED.search(err), command
        if form == ("--json",) and code == 0:
            assert "owned" in out and json.loads(out)
