"""A run on disk: nothing is asked twice, nothing is lost, nothing is mixed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from halluc import runs
from halluc.errors import InputError, RunError
from halluc.jsonl import write_jsonl
from halluc.records import Call, Claim, Finding, Response, Sample, Score, Token, Truth
from halluc.runs import Run, open_run, read_run

CARD = {
    "model": {"name": "hf:./m", "hash": "aa"},
    "task": "caption",
    "prompt": "Describe.",
    "decoding": {"do_sample": False, "seed": 0},
    "data": {"name": "jsonl:d", "sha256": "bb"},
    "device": "cpu",
}
SAMPLES = [Sample(id=str(number), image=f"{number}.png", truth=Truth()) for number in range(5)]


@pytest.fixture(autouse=True)
def closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close what a test opened, as the end of a process does."""
    opened: list[Run] = []

    def remember(*args: Any) -> Run:
        opened.append(runs.open_run(*args))
        return opened[-1]

    monkeypatch.setitem(globals(), "open_run", remember)
    yield
    for run in opened:
        run.close()


def answers(*ids: int) -> list[Response]:
    return [Response(id=str(each), text=f"Text {each} – ü.") for each in ids]


def test_a_run_is_made_with_the_first_answer_and_finished_in_order(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "run"
    run = open_run(folder, CARD, SAMPLES)
    assert run.pending() == SAMPLES
    assert not folder.parent.exists()

    run.append(answers(3, 1))
    assert read_run(folder).card["state"] == "running"
    assert [sample.id for sample in run.pending()] == ["0", "2", "4"]
    assert not run.finished

    run.append(answers(4, 0, 2))
    run.finish()
    again = read_run(folder)
    assert [response.id for response in again.responses] == ["0", "1", "2", "3", "4"]
    assert again.samples == SAMPLES
    assert again.finished and not again.note
    assert again.card["rows"] == 5
    assert {"python", "halluc", "torch", "transformers"} <= again.card["versions"].keys()
    begun, ended = again.times()
    assert (begun["what"], ended["what"]) == ("created", "finished")
    assert begun["at"] <= ended["at"]
    assert sorted(each.name for each in folder.iterdir()) == [
        "responses.jsonl",
        "run.json",
        "samples.jsonl",
        "times.jsonl",
    ]
    assert list(folder.parent.iterdir()) == [folder]


def test_an_interrupted_run_becomes_the_same_files(tmp_path: Path) -> None:
    whole = open_run(tmp_path / "whole", CARD, SAMPLES)
    whole.append(answers(0, 1, 2, 3, 4))
    whole.finish()

    first = open_run(tmp_path / "parts", CARD, SAMPLES)
    first.append(answers(0, 1))
    first.close()
    second = open_run(tmp_path / "parts", {**CARD, "device": "cuda"}, SAMPLES)
    assert [sample.id for sample in second.pending()] == ["2", "3", "4"]
    second.append(answers(2, 3, 4))
    second.finish()

    for name in ("responses.jsonl", "run.json", "samples.jsonl"):
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert second.card["device"] == "cpu"
    times = read_run(second.path).times()
    assert [each["what"] for each in times] == ["created", "resumed", "finished"]
    assert times[1]["device"] == "cuda"
    assert open_run(tmp_path / "parts", CARD, SAMPLES).finished


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"decoding": {"do_sample": False, "seed": 1}}, "seed 0 → 1"),
        ({"model": {"name": "hf:./m", "hash": "cc"}}, "model hash aa → cc"),
        ({"data": {"name": "jsonl:d", "sha256": "ee"}}, "data hash bb → ee"),
        ({"task": "pope"}, "task caption → pope"),
        ({"prompt": "What is it?"}, "prompt Describe. → What is it?"),
    ],
)
def test_a_run_made_otherwise_is_refused(tmp_path: Path, change: dict, said: str) -> None:
    run = open_run(tmp_path / "run", CARD, SAMPLES)
    run.append(answers(0))
    run.close()
    before = {each.name: each.read_bytes() for each in run.path.iterdir()}
    with pytest.raises(RunError) as caught:
        open_run(run.path, {**CARD, **change}, SAMPLES)
    assert said in str(caught.value)
    assert "use another -o" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert {each.name: each.read_bytes() for each in run.path.iterdir()} == before
    open_run(run.path, CARD, SAMPLES).close()  # the refusal let go of the run


def test_other_samples_are_refused_and_a_moved_file_is_not(tmp_path: Path) -> None:
    run = open_run(tmp_path / "run", CARD, SAMPLES)
    run.append(answers(0))
    run.close()
    with pytest.raises(RunError, match=r"rows 5 → 4, samples .* → "):
        open_run(run.path, CARD, SAMPLES[:4])
    moved = {**CARD, "data": {"name": "jsonl:elsewhere", "sha256": "bb"}}
    assert len(open_run(run.path, moved, SAMPLES).pending()) == 4


def test_places_where_no_run_can_be(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").touch()
    with pytest.raises(RunError, match="holds other files"):
        open_run(tmp_path / "other", CARD, SAMPLES)
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="is a file"):
        open_run(tmp_path / "file", CARD, SAMPLES)
    with pytest.raises(RunError, match="no folder"):
        open_run(tmp_path / "file" / "run", CARD, SAMPLES)
    with pytest.raises(RunError, match=r"there is no run\.json"):
        read_run(tmp_path / "other")
    (tmp_path / "empty").mkdir()
    run = open_run(tmp_path / "empty", CARD, SAMPLES)
    run.append(answers(0))
    assert read_run(tmp_path / "empty").responses == answers(0)


def test_two_processes_do_not_write_one_run(tmp_path: Path) -> None:
    one = open_run(tmp_path / "run", CARD, SAMPLES)
    two = open_run(tmp_path / "run", CARD, SAMPLES)
    one.append(answers(0))
    with pytest.raises(RunError, match="another process is at work"):
        two.append(answers(0))
    with pytest.raises(RunError, match="another process"):
        open_run(tmp_path / "run", CARD, SAMPLES)
    assert [each.name for each in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize(
    "torn", [b'{"id":"2","te', b"\0\0\0\0", '{"id":"2","text":"ü'.encode()[:-1]]
)
def test_a_torn_last_line_is_asked_again(tmp_path: Path, torn: bytes) -> None:
    run = open_run(tmp_path / "run", CARD, SAMPLES)
    run.append(answers(0, 1))
    run.close()
    file = run.path / "responses.jsonl"
    sound = file.read_bytes()
    file.write_bytes(sound + torn)

    assert "cut short" in read_run(run.path).note
    assert file.read_bytes() == sound + torn  # reading changes nothing
    again = open_run(run.path, CARD, SAMPLES)
    assert "cut short" in again.note
    assert [sample.id for sample in again.pending()] == ["2", "3", "4"]
    again.append(answers(2, 3, 4))
    again.finish()
    assert [response.id for response in read_run(run.path).responses] == ["0", "1", "2", "3", "4"]


def test_a_last_answer_without_a_line_end_is_kept(tmp_path: Path) -> None:
    run = open_run(tmp_path / "run", CARD, SAMPLES)
    run.append(answers(0, 1))
    run.close()
    file = run.path / "responses.jsonl"
    file.write_bytes(file.read_bytes().rstrip(b"\n"))
    again = open_run(run.path, CARD, SAMPLES)
    again.append(answers(2))
    assert not again.note
    assert read_run(run.path).responses == answers(0, 1, 2)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{}\n", "missing required field"),
        (b'{"id":"0","text":"x"}\n', "second answer to '0'"),
        (b'{"id":"9","text":"x"}\n', "'9' is not in samples.jsonl"),
        (b"caf\xe9\n", "malformed"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: bytes, said: str) -> None:
    run = open_run(tmp_path / "run", CARD, SAMPLES)
    run.append(answers(0))
    run.close()
    file = run.path / "responses.jsonl"
    file.write_bytes(file.read_bytes() + line + b'{"id":"1","text":"x"}\n')
    with pytest.raises(InputError, match=said) as caught:
        read_run(run.path)
    assert str(caught.value).startswith(f"{file}:2: ")


def test_wrong_use_is_a_bug(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="two samples have the id '0'"):
        open_run(tmp_path / "run", CARD, [*SAMPLES, SAMPLES[0]])
    run = open_run(tmp_path / "run", CARD, SAMPLES)
    for wrong in (answers(7), answers(0, 0)):
        with pytest.raises(ValueError, match="no open sample"):
            run.append(wrong)
    with pytest.raises(ValueError, match="5 samples"):
        run.finish()
    assert list(tmp_path.iterdir()) == []


def test_a_card_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(InputError, match="no result card"):
        read_run(tmp_path)


def test_scores_of_other_metrics_stay(tmp_path: Path) -> None:
    run = open_run(tmp_path / "run", CARD, SAMPLES)
    run.append(answers(0))
    chair = Score(metric="chair", name="CHAIRi", value=0.5, numerator=1, denominator=2)
    run.write_scores([chair], {"parser": "noun"})
    run.write_scores([Score(metric="pope", name="accuracy", value=None)], {})
    run.write_scores([Score(metric="chair", name="CHAIRs", value=1.0)], {"parser": "exact"})
    scores = json.loads((run.path / "scores.json").read_text())
    assert scores["chair"]["how"] == {"parser": "exact"}
    assert [each["name"] for each in scores["chair"]["scores"]] == ["CHAIRs"]
    assert scores["pope"]["scores"] == [{"metric": "pope", "name": "accuracy", "value": None}]
    assert read_run(run.path).scores() == scores

    claim = Claim(kind="object", start=0, end=3, subject="dog")
    wrong = Finding(id="0", claim=claim, verdict="hallucinated", metric="chair", rule="absent")
    run.write_findings("chair", [wrong])
    assert json.loads((run.path / "findings.jsonl").read_text())["rule"] == "absent"


def test_a_killed_process_loses_nothing_that_append_returned_from(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "samples.jsonl", SAMPLES)
    code = (
        "import os, sys; from halluc.runs import open_run; from halluc.jsonl import read_jsonl;"
        "from halluc.records import *;"
        "run = open_run('run', {}, [s for _, s in read_jsonl('samples.jsonl', Sample)]);"
        "run.append([Response(id='0', text='x')]); os._exit(9)"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env, check=False)
    run: Run = open_run(tmp_path / "run", {}, SAMPLES)
    assert len(run.pending()) == 4


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf"), 0.5])
def test_a_number_that_is_none_is_not_told(number: float, tmp_path: Path) -> None:
    run = open_run(tmp_path / "run", {"task": "caption"}, [Sample(id="a"), Sample(id="b")])
    good = Token(0, 1, -0.5)
    run.append([
        Response(id="a", text="A dog.", tokens=(good, Token(2, 5, number)), answers={"yes": 0.5}),
        Response(id="b", text="A.", tokens=(good,), answers={"yes": number, "no": number * 3}),
    ])  # fmt: skip
    run.finish()
    again = read_run(tmp_path / "run")
    assert [each.tokens for each in again.responses] == [(), (good,)]
    assert [each.text for each in again.responses] == ["A dog.", "A."]
    assert again.responses[0].answers == {"yes": 0.5}
    assert again.responses[1].answers == {}


@pytest.mark.parametrize("token", ["[2,5,null]", "[-1,5,-0.5]", "[5,2,-0.5]", "[0,99,-0.5]"])
def test_an_old_run_with_such_a_number_is_read_with_a_word(token: str, tmp_path: Path) -> None:
    run = open_run(tmp_path / "run", {"task": "caption"}, [Sample(id="a"), Sample(id="b")])
    run.append([Response(id="a", text="A dog."), Response(id="b", text="A cat.")])
    run.finish()
    file = tmp_path / "run" / "responses.jsonl"
    first, second = file.read_text().splitlines()
    mended = first[:-1] + f',"tokens":[[0,1,-0.5],{token}]}}'
    file.write_text(f"{mended}\n{second}\n")
    again = read_run(tmp_path / "run")
    assert [(each.text, each.tokens) for each in again.responses] == [
        ("A dog.", ()),
        ("A cat.", ()),
    ]
    assert "1 answers had log-probabilities" in again.note


def test_what_is_kept_beside_tokens_belongs_to_them(tmp_path: Path) -> None:
    run = open_run(tmp_path / "run", {"task": "caption"}, [Sample(id=each) for each in "abc"])
    kept = Response(
        id="a", text="A dog.", tokens=(Token(0, 1, -0.5), Token(2, 6, -1.0)),
        top_logprobs=((("A", -0.5), ("The", -1.2)), (("dog.", -1.0),)),
        without_picture=(-0.6, -4.0),
    )  # fmt: skip
    run.append([kept, replace(kept, id="b", without_picture=(-0.6,)), replace(kept, id="c")])
    run.finish()
    file = tmp_path / "run" / "responses.jsonl"
    lines = file.read_text().splitlines()
    lines[2] = lines[2].replace('"without_picture":[-0.6,-4.0]', '"without_picture":[-0.6,null]')
    file.write_text("\n".join(lines) + "\n")
    first, second, third = read_run(tmp_path / "run").responses
    assert first == kept
    assert (second.tokens, second.top_logprobs, second.without_picture) == (kept.tokens, (), ())
    assert (third.top_logprobs, third.without_picture) == (kept.top_logprobs, ())
    assert not any(e.top_logprobs for e in read_run(tmp_path / "run", tokens=False).responses)


def test_two_that_begin_one_run_are_told_apart(tmp_path: Path) -> None:
    first, second = (
        open_run(tmp_path / "run", {"task": "caption"}, [Sample(id="a")]) for _ in range(2)
    )
    first.append([Response(id="a", text="A dog.")])
    with pytest.raises(RunError, match="another process is at work"):
        second.append([Response(id="a", text="A cat.")])
    assert [each.text for each in read_run(tmp_path / "run").responses] == ["A dog."]
    assert [each.name for each in tmp_path.iterdir()] == ["run"]


def found(id: str, metric: str, subject: str = "dog") -> Finding:
    claim = Claim(kind="object", start=0, end=3, subject=subject)
    return Finding(id=id, claim=claim, verdict="hallucinated", metric=metric, rule="absent")


def test_findings_are_kept_metric_by_metric(tmp_path: Path) -> None:
    run = open_run(tmp_path / "run", CARD, SAMPLES)
    run.append(answers(0))
    assert run.findings() == [] and list(run.findings_by_answer("chair")) == []
    one, two = [found("0", "chair"), found("1", "chair")], [found("0", "finegrained", "cup")]
    run.write_findings("chair", [found("4", "chair", "older")])
    run.write_findings("finegrained", two)
    run.write_findings("chair", one)
    assert run.findings() == [*two, *one]
    assert (run.findings("chair"), run.findings("finegrained")) == (one, two)
    assert list(run.findings_by_answer("chair")) == [("0", one[:1]), ("1", one[1:])]
    run.write_findings("chair", [*one, found("0", "chair", "late")])
    with pytest.raises(InputError, match="the findings of '0' stand apart") as caught:
        list(run.findings_by_answer("chair"))
    assert f"halluc score chair {run.path}" in str(caught.value)


def test_a_run_is_shown_in_short(tmp_path: Path) -> None:
    samples = [Sample(id=str(n), truth=Truth(label="yes") if n else None) for n in range(7)]
    run = open_run(tmp_path / "run", CARD, samples)
    run.append(Response(id=str(n), text=f"<b>{n}") for n in range(6))
    assert repr(run) == f"Run({str(run.path)!r}: 6 of 7 answers)"
    table = run.to_pandas()
    assert list(table.columns) == ["id", "image", "split", "prompt", "text", "finish", "label"]
    assert [*table["label"].fillna("-")] == ["-", *["yes"] * 5]
    assert "label" not in open_run(tmp_path / "other", CARD, SAMPLES).to_pandas()
    html = run._repr_html_()
    assert "<td>hf:./m</td>" in html and "<td>Describe.</td>" in html and "6 of 7 answers" in html
    assert "&lt;b&gt;4" in html and "&lt;b&gt;5" not in html


def test_what_calls_cost_stands_on_the_card(tmp_path: Path) -> None:
    costs = {}
    for name, calls in {"plain": (), "plan": (Call("ask", "?", "a", tokens=7),) * 2}.items():
        run = open_run(tmp_path / name, CARD, SAMPLES[:2])
        run.append([*answers(0), Response(id="1", text="x", calls=calls)])
        run.finish()
        costs[name] = read_run(run.path).card.get("cost")
    assert costs["plain"] is None
    assert costs["plan"] is not None and costs["plan"]["calls"] == 3


def test_a_finished_run_on_a_read_only_disk_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = open_run(tmp_path / "whole", CARD, SAMPLES)
    whole.append(answers(0, 1, 2, 3, 4))
    whole.finish()
    part = open_run(tmp_path / "part", CARD, SAMPLES)
    part.append(answers(0))
    part.close()
    for number, readable in ((30, True), (13, True), (1, True), (5, False)):

        def lock(path: Path, number: int = number) -> None:
            try:
                raise OSError(number, "no")
            except OSError:
                raise RunError(f"{path}: no") from None

        monkeypatch.setattr("halluc.runs.lock", lock)
        if readable:
            assert open_run(whole.path, CARD, SAMPLES).finished
        else:
            with pytest.raises(RunError, match="no"):
                open_run(whole.path, CARD, SAMPLES)
        for path, card in ((part.path, CARD), (whole.path, {**CARD, "task": "pope"})):
            with pytest.raises(RunError, match="no"):
                open_run(path, card, SAMPLES)
