"""The gate: its exit codes, what it writes, and how often it is wrong."""

import json
from xml.etree import ElementTree

import numpy as np
import pytest

from halluc.differences import Spread, one_sided

TRUTH = {str(number): ["dog"] for number in range(200)}


def captions(path, wrong, of=200):
    rows = [
        {"image_id": number, "caption": "A dog and a bus." if number < wrong else "A dog sits."}
        for number in range(of)
    ]
    path.write_text(json.dumps(rows))


@pytest.fixture
def gate(halluc, tmp_path):
    """Run the command in a folder of captions: (exit code, output, errors)."""
    for name, wrong in (("base", 20), ("worse", 60), ("same", 20), ("hardly", 24)):
        captions(tmp_path / f"{name}.json", wrong)
    (tmp_path / "truth.json").write_text(json.dumps(TRUTH))
    return lambda *arguments: halluc("gate", *arguments, "--truth", "truth.json")


def test_a_worse_run_fails_an_equal_one_passes_a_near_one_is_undecided(gate):
    code, out, _ = gate("base.json", "worse.json", "--max-rise", "chair_i=1pp")
    assert code == 1
    assert out.splitlines()[0] == "gate failed: the new run is worse (200 pictures, 95% sure)"
    assert out.splitlines()[1].startswith("  rise of chair_i 13.99 points, surely ")
    assert out.splitlines()[1].endswith("; allowed 1.00: EXCEEDED")
    code, out, _ = gate("base.json", "same.json", "--max-rise", "chair_i=1pp")
    assert (code, out.splitlines()[0]) == (0, "gate passed (200 pictures, 95% sure)")
    code, out, _ = gate("base.json", "hardly.json", "--max-rise", "chair_i=1pp")
    assert code == 3
    assert "too few pictures to tell (a rise of " in out
    # What got better is never held against a run.
    assert gate("worse.json", "base.json", "--max-rise", "chair_i=1pp")[0] == 0


def test_several_limits_and_what_is_written_for_other_programs(gate, tmp_path):
    limits = ("--max-rise", "CHAIRs=2pp", "--max-rise", "Len=5", "--max-drop", "recall=1pp")
    files = ("--junit", "junit.xml", "--summary", "summary.md")
    code, out, _ = gate("base.json", "worse.json", *limits, *files, "--json")
    document = json.loads(out)
    assert (code, document["code"]) == (1, 1)
    outcomes = {each["figure"]: each["outcome"] for each in document["limits"]}
    assert outcomes == {"CHAIRs": "exceeded", "Len": "kept", "recall": "kept"}
    suite = ElementTree.fromstring((tmp_path / "junit.xml").read_text())  # noqa: S314
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "0")
    assert [case.get("name") for case in suite if len(case)] == ["CHAIRs"]
    gate("base.json", "same.json", *limits, *files)
    summary = (tmp_path / "summary.md").read_text()
    assert summary.count("### halluc gate ") == 2  # appended, as GitHub wants it
    assert "| exceeded |" in summary


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name at least one limit"),
        (("--max-rise", "chair_x=1pp"), "there is no figure 'chair_x'; there are CHAIRs, CHAIRi"),
        (("--max-rise", "chair_i"), "--max-rise chair_i: give a figure and how far it may move"),
        (("--max-rise", "chair_i=1%"), "as chair_i=1pp"),
        (("--max-rise", "chair_i=3"), "chair_i is a share; for points write 3pp"),
        (("--max-rise", "len=3pp"), "len is in words, so give its limit without pp"),
        (("--max-rise", "len=3", "--confidence", "95"), "--confidence must be above .5"),
    ],
)
def test_bad_limits_are_one_line(gate, arguments, message):
    code, out, err = gate("base.json", "same.json", *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err


def test_a_run_that_just_keeps_its_limit_is_seldom_failed():
    """150 made-up pairs of runs whose true rise is the allowance: about 1 in 20 is failed."""
    generator, failed = np.random.default_rng(5), 0
    for _ in range(150):
        hard = generator.beta(2, 8, 120)[:, None] * [1.0, 1.25]
        wrong = generator.binomial(8, hard)
        often = generator.multinomial(120, [1 / 120] * 120, 500)
        drawn = (often @ wrong) / 960
        low, high = one_sided(drawn[:, 1] - drawn[:, 0], 0.05, Spread(120, 119))
        assert low < high
        failed += low > 0.05
    assert failed <= 14
