"""Columns agree with the records of the run, and damaged files are told by line."""

import json
import shutil
import threading

import numpy as np
import pytest
from damages import CONVERTED

from app.inspector.reading import cache
from app.inspector.reading.columns import open_columns
from app.inspector.reading.lines import Lines
from halluc.errors import InputError, RunError
from halluc.runs import read_run


def test_columns_hold_what_the_run_holds(runs):
    run, columns = read_run(runs[0]), open_columns(runs[0])
    assert list(columns.answers["id"]) == [each.id for each in run.responses]
    assert list(columns.answers["text"]) == [each.text for each in run.responses]
    found = run.findings()
    table = columns.findings
    assert len(table) == len(found)
    for name in ("kind", "start", "end", "subject", "value", "object", "family"):
        assert list(table[name]) == [getattr(each.claim, name) for each in found]
    assert list(table["verdict"]) == [each.verdict for each in found]
    ids = columns.answers["id"].iloc[table["row"]]
    assert list(ids) == [each.id for each in found]
    assert columns.metrics == ["finegrained", "chair"]
    for row, response in enumerate(run.responses):
        assert columns.response(row) == response
        assert columns.sample(row) == run.samples[row]
        mine = [each for each in found if (each.id, each.metric) == (response.id, "finegrained")]
        assert [each for _, each in columns.findings_of(row, "finegrained")] == mine


def test_true_objects_words_and_surprise_are_those_of_the_records(runs):
    run, columns = read_run(runs[0]), open_columns(runs[0])
    there = {(int(row), str(name)) for row, name in columns.true_objects.itertuples(index=False)}
    assert there == {(r, n) for r, each in enumerate(run.samples) for n in each.truth.names}
    assert list(columns.words) == [len(each.text.split()) for each in run.responses]
    by_id = {each.id: each for each in run.responses}
    for finding, value in zip(run.findings(), columns.surprise, strict=True):
        start, end = finding.claim.start, finding.claim.end
        tokens = [t for t in by_id[finding.id].tokens if t.start < end and t.end > start]
        assert value == pytest.approx(-np.mean([t.logprob for t in tokens]))


def test_yes_no_answers_know_whether_they_are_right(runs):
    run, columns = read_run(runs[2]), open_columns(runs[2])
    labels = [each.truth.label for each in run.samples]
    assert list(columns.answers["label"]) == labels
    said = [each.text.lower() for each in run.responses]
    assert list(columns.answers["reading"]) == said
    assert columns.metrics == []


def test_the_key_is_of_how_the_run_was_made_and_not_where_it_lies(runs, tmp_path):
    copy = tmp_path / "elsewhere"
    shutil.copytree(runs[0], copy)
    assert open_columns(copy).key == open_columns(runs[0]).key
    assert open_columns(runs[1]).key != open_columns(runs[0]).key


@pytest.mark.parametrize("name", ["responses.jsonl", "findings.jsonl"])
def test_a_damaged_line_is_named(runs, tmp_path, name):
    copy = tmp_path / "run"
    shutil.copytree(runs[0], copy)
    lines = (copy / name).read_bytes().splitlines()
    lines[2] = b'{"id": 3'
    (copy / name).write_bytes(b"\n".join(lines) + b"\n")
    with pytest.raises(InputError, match=rf"{name}:3: "):
        open_columns(copy)


@pytest.mark.parametrize("run", [0, 2])
@pytest.mark.parametrize(
    ("id", "what"),
    [("0", "a second answer to '0'"), (None, "an answer without an id"), ("x", "'x' is not in")],
)
def test_an_answer_to_nothing_or_a_second_one_is_named(id, what, run, runs, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(runs[run], copy)
    rows = [json.loads(line) for line in (copy / "responses.jsonl").read_text().splitlines()]
    rows[2]["id"] = rows[0]["id"] if id == "0" else id
    (copy / "responses.jsonl").write_text("".join(json.dumps(each) + "\n" for each in rows))
    with pytest.raises(InputError, match=what.replace("'0'", f"'{rows[0]['id']}'")) as error:
        open_columns(copy).sample(2)
    assert error.value.line == 3


def test_sound_files_are_read_all_at_once_and_others_to_the_same(runs, monkeypatch):
    def slowly(lines, schema, type):
        raise AssertionError(f"{lines.path.name} was read record by record")

    with monkeypatch.context() as patch:
        patch.setattr(Lines, "_slowly", slowly)
        quick = [open_columns(each) for each in runs]
        more = [(each.true_objects, each.surprise) for each in quick]
    monkeypatch.setattr("app.inspector.reading.lines._sql", lambda type: "NO SUCH TYPE")
    monkeypatch.setattr("app.inspector.reading.lines._SOME", 3)
    for each, (objects, surprise), folder in zip(quick, more, runs, strict=True):
        slow = open_columns(folder)
        assert slow.answers.equals(each.answers)
        assert slow.findings.astype(str).equals(each.findings.astype(str))
        assert slow.true_objects.astype(str).equals(objects.astype(str))
        assert np.array_equal(slow.surprise, surprise, equal_nan=True)


@pytest.mark.parametrize("change", ["a byte order mark", "gzipped", "line ends of Windows"])
def test_files_that_went_through_another_program_are_read_to_the_same(change, runs, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(runs[0], copy)
    for name in ("samples.jsonl", "findings.jsonl"):
        (copy / name).write_bytes(CONVERTED[change]((copy / name).read_bytes()))
    changed, whole = open_columns(copy), open_columns(runs[0])
    assert changed.findings.astype(str).equals(whole.findings.astype(str))
    for row in range(len(whole.answers)):
        assert changed.sample(row) == whole.sample(row)
        metric = whole.metrics[0]
        assert changed.findings_of(row, metric) == whole.findings_of(row, metric)


def test_a_folder_may_have_any_name(runs, tmp_path):
    strange = tmp_path / "it's [a] *run? {x}"
    shutil.copytree(runs[0], strange)
    assert open_columns(strange).answers.equals(open_columns(runs[0]).answers)


def test_a_last_answer_that_a_crash_cut_short_is_left_out(runs, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(runs[0], copy)
    content = (copy / "responses.jsonl").read_bytes()
    (copy / "responses.jsonl").write_bytes(content[:-40])
    columns = open_columns(copy)
    assert len(columns.answers) == 7
    assert (columns.findings["row"] == -1).any()  # findings of an answer that is not there


def test_what_is_no_run_or_has_no_answers_is_told(tmp_path):
    with pytest.raises(RunError, match=r"there is no run\.json in it"):
        open_columns(tmp_path)
    (tmp_path / "run.json").write_text(json.dumps({"state": "running"}))
    for name in ("responses.jsonl", "samples.jsonl"):
        (tmp_path / name).touch()
    with pytest.raises(RunError, match="has no answers yet"):
        open_columns(tmp_path)


def test_tables_of_large_runs_are_kept_until_a_file_changes(runs, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "LARGE", 1)
    copy = tmp_path / "run"
    shutil.copytree(runs[0], copy)
    first = open_columns(copy)
    for each in threading.enumerate():
        if each not in (threading.main_thread(), threading.current_thread()) and not each.daemon:
            each.join()
    kept = sorted((tmp_path / "cache" / "halluc").iterdir())
    assert len(kept) == 2 and not any(each.name.endswith(".draft") for each in kept)
    monkeypatch.setattr(
        "app.inspector.reading.columns._read", None
    )  # from the cache, or not at all
    again = open_columns(copy)
    assert again.findings.equals(first.findings) and again.answers.equals(first.answers)
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (copy / "findings.jsonl").write_text("")
    assert open_columns(copy).findings.empty
