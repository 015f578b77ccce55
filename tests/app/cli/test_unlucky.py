"""Pipes, odd names, locked workbooks, damaged cards, full memory: one line, and nothing written."""

import gzip
import io
import json
import os
import threading
import zipfile

import msgspec
import openpyxl
import pytest

from halluc.errors import InputError, RunError
from halluc.records import Claim, Response, Sample, Score, Truth
from halluc.runs import open_run, read_run

QUESTION = {"question_id": 1, "image": "a.jpg", "text": "Is there a dog?", "label": "yes"}
POPE = ("score", "pope", "answers.jsonl", "--truth", "questions.jsonl")


@pytest.fixture
def halluc(halluc, tmp_path):
    """Run the command beside a good file of answers and one of questions."""
    (tmp_path / "answers.jsonl").write_text('{"question_id": 1, "text": "Yes"}\n')
    (tmp_path / "questions.jsonl").write_text(json.dumps(QUESTION) + "\n")
    return halluc


def refused(halluc, *command):
    """The one line that a command ends with."""
    code, out, err = halluc(*command)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    return err


def test_a_name_without_end_is_cut(halluc, tmp_path):
    (tmp_path / "answers.jsonl").write_text(
        json.dumps({"question_id": "dog " * 5000, "text": "Yes"}) + "\n"
    )
    err = refused(halluc, *POPE)
    assert len(err) < 1000
    assert err.startswith("halluc: answers.jsonl:1: 1 answers without a question") and "…" in err


@pytest.mark.parametrize("name", ["answers.jsonl", "questions.jsonl"])
def test_a_pipe_is_told_at_once(name, halluc, tmp_path):
    (tmp_path / name).unlink()
    os.mkfifo(tmp_path / name)  # nobody ever writes
    assert f"{name}: is a pipe or a device" in refused(halluc, *POPE)


@pytest.mark.parametrize(
    "command", [("arena", "a.toml"), ("train", "dpo", "--config", "a.toml", "--pairs", "gone")]
)
def test_settings_that_are_a_pipe_or_hold_a_number_without_end(command, halluc, tmp_path):
    (tmp_path / "a.toml").write_text(f"seeds = [{'9' * 5000}]\n")
    assert "no TOML: " in refused(halluc, *command, "-o", "made")
    (tmp_path / "a.toml").unlink()
    os.mkfifo(tmp_path / "a.toml")
    assert "is a pipe or a device" in refused(halluc, *command, "-o", "made")


def test_a_gzip_that_is_to_fill_memory(halluc, tmp_path):
    (tmp_path / "answers.jsonl").write_bytes(gzip.compress(bytes(90 << 20), 9))
    assert "unpacks to more than" in refused(halluc, *POPE)


def test_a_process_substitution_is_a_pipe(halluc, tmp_path):
    read, write = os.pipe()
    os.write(write, (tmp_path / "answers.jsonl").read_bytes())
    os.close(write)
    try:
        err = refused(halluc, "score", "pope", f"/dev/fd/{read}", *POPE[3:])
    finally:
        os.close(read)
    assert "save it as a file first" in err


@pytest.mark.parametrize("output", [(), ("-o", "kept")])
def test_a_name_that_is_not_utf8(output, halluc, tmp_path):
    odd = os.fsdecode(b"a\xff.jsonl")
    (tmp_path / "answers.jsonl").rename(tmp_path / odd)
    err = refused(halluc, "score", "pope", odd, *POPE[3:], *output)
    assert err.startswith("halluc: a\\udcff.jsonl is not UTF-8")
    assert not (tmp_path / "kept").exists()


def test_a_run_that_would_tell_such_a_name_is_not_written(tmp_path):
    card = {"data": {"name": os.fsdecode(b"coco:\xff")}}
    run = open_run(tmp_path / "run", {}, [Sample(id="1")])
    run.append([Response(id="1", text="A dog.")])
    run.finish()
    with pytest.raises(InputError, match=r"coco:\\udcff is not UTF-8"):
        run.write_scores([Score(metric="m", name="n", value=1)], card)
    assert read_run(run.path).scores() == {}


def locked():
    """An xlsx whose parts need a password."""
    file = io.BytesIO()
    openpyxl.Workbook().save(file)
    content = bytearray(file.getvalue())
    for sign, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(sign)
        while at >= 0:
            content[at + place] |= 1
            at = content.find(sign, at + 4)
    return bytes(content)


def huge():
    """An xlsx that says that it unpacks to more than a GiB."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("xl/sharedStrings.xml", b"")
    content = bytearray(file.getvalue())
    at = content.find(b"PK\x01\x02") + 24  # the size that the directory tells
    content[at : at + 4] = (1025 << 20).to_bytes(4, "little")
    return bytes(content)


WORKBOOKS = {
    "an encrypted one": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "password"),
    "locked parts": (locked, "password"),
    "a huge one": (huge, "1 GiB is read; save it as CSV"),
    "another archive": (lambda: huge()[:40], "not a whole xlsx file"),
}


@pytest.mark.parametrize("what", WORKBOOKS)
def test_workbooks_that_cannot_be_read(what, halluc, tmp_path):
    make, said = WORKBOOKS[what]
    (tmp_path / "answers.jsonl").write_bytes(make())
    err = refused(halluc, *POPE)
    assert err.startswith("halluc: answers.jsonl: ")
    assert said in err


def test_compare_of_what_is_not_there(halluc):
    assert "nope: no such file or folder" in refused(halluc, "compare", "nope", "nor")
    err = refused(halluc, "compare", "nope", "nor", "--truth", "questions.jsonl")
    assert "nope: No such file" in err


def test_memory_that_is_too_little(halluc, monkeypatch):
    def read(*_):
        raise MemoryError

    monkeypatch.setattr("halluc.datasets.files.read_lines", read)
    assert "not enough memory" in refused(halluc, *POPE)


def finished(folder):
    run = open_run(folder, {"task": "caption"}, [Sample(id="1", truth=Truth(complete=True))])
    run.append([Response(id="1", text="A dog.")])
    run.finish()
    return run


def test_a_finished_run_on_a_disk_that_cannot_be_written(tmp_path, monkeypatch):
    run = finished(tmp_path / "run")

    def lock(path):
        try:
            raise OSError(30, "Read-only file system")
        except OSError as error:
            raise RunError(f"{path}: {error.strerror}") from None

    monkeypatch.setattr("halluc.runs.lock", lock)
    assert open_run(run.path, {"task": "caption"}, run.samples).finished
    with pytest.raises(RunError, match="Read-only"):
        open_run(run.path, {"task": "pope"}, run.samples)


DAMAGED_CARDS = [
    {"task": ["caption"]}, {"model": "a name"}, {"data": [1]}, {"decoding": "greedy"},
    {"prompt": 7}, {"rows": "many"}, {"samples": 12}, {"revision": []}, {"state": "done"},
    {"versions": "1"}, {"adapter": 3},
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGED_CARDS, ids=json.dumps)
@pytest.mark.parametrize(
    "command", [("score", "finegrained", "run"), ("compare", "a=run", "b=run"), ("report", "run")]
)
def test_a_damaged_card_of_a_run(command, damage, halluc, tmp_path):
    run = finished(tmp_path / "run")
    (run.path / "run.json").write_text(json.dumps({**run.card, **damage}))
    before = {each: each.read_bytes() for each in run.path.iterdir()}
    output = ("-o", "page.html") if command[0] == "report" else ()
    err = refused(halluc, *command, *output)
    assert err.startswith("halluc: run/run.json: no result card: ")
    assert f'"{next(iter(damage))}"' in err or "enum" in err
    assert {each: each.read_bytes() for each in run.path.iterdir()} == before


@pytest.mark.parametrize("scores", [[], {"pope": 1}, {"pope": {"how": 1}}, {"pope": {"scores": 1}}])
def test_damaged_scores_of_a_run(scores, halluc, tmp_path):
    run = finished(tmp_path / "run")
    (run.path / "scores.json").write_text(json.dumps(scores))
    assert "scores.json: " in refused(halluc, "data", "pairs", "run", "-o", "pairs")


@pytest.mark.parametrize("damage", [{"data": {}}, {"images": [1]}, {"state": 1}])
def test_a_damaged_card_of_pairs(damage, halluc, tmp_path):
    (tmp_path / "pairs").mkdir()
    for split in ("train", "test"):
        (tmp_path / "pairs" / f"{split}.jsonl").write_text("")
    (tmp_path / "pairs" / "card.json").write_text(json.dumps({"data": "tabletop", **damage}))
    err = refused(halluc, "train", "dpo", "--pairs", "pairs", "-o", "adapter")
    assert err.startswith("halluc: pairs/card.json: ")


def test_a_report_goes_over_no_other_file(halluc, tmp_path):
    run = finished(tmp_path / "run")
    card = (run.path / "run.json").read_bytes()
    err = refused(halluc, "report", "run", "-o", "run/run.json")
    assert err.startswith("halluc: run/run.json: holds something else than a page")
    assert (run.path / "run.json").read_bytes() == card
    for _ in range(2):  # an older page is replaced
        assert halluc("report", "run", "-o", "page.html")[0] == 0


@pytest.mark.parametrize("name", ["+1", "@SUM(1)"])
def test_a_name_is_no_formula(name, halluc):
    sides = (f"{name}=answers.jsonl", "b=answers.jsonl")
    code, out, _ = halluc("compare", *sides, "--truth", "questions.jsonl", "--csv")
    assert code == 0
    cells = {cell for line in out.splitlines()[1:] for cell in line.split(",")}
    assert f"'{name}" in cells
    assert name not in cells


@pytest.mark.parametrize("span", [(-1, 2), (3, 2)])
@pytest.mark.parametrize("name", ["", "subject_span", "object_span"])
def test_impossible_spans(name, span):
    told = {"kind": "object", "start": 0, "end": 1, "subject": "dog"}
    told |= {name: span} if name else {"start": span[0], "end": span[1]}
    with pytest.raises(msgspec.ValidationError, match="no words of a text"):
        msgspec.json.decode(msgspec.json.encode(told), type=Claim)


def test_two_that_write_one_set_of_pairs(tmp_path):
    from mitigation.precorrection.pairs import make_pair, read_pairs, write_pairs

    def write(number):
        pairs = [make_pair(f"{n}", f"{number}-{n}.png", "?", "a", "b") for n in range(300)]
        write_pairs(tmp_path / "pairs", pairs, {"data": str(number)}, 0.5)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    card, splits = read_pairs(tmp_path / "pairs")
    told = {pair.image.partition("-")[0] for some in splits.values() for pair in some}
    assert told == {card["data"]}
    assert {name: len(some) for name, some in splits.items()} == card["pairs"]
