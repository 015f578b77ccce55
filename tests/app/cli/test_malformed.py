"""Files that cannot be used: one line on stderr that names file and line, and nothing written."""

import gzip
import json

import pytest

from halluc.datasets.mme import TASKS

# What each command reads, one good row a line; a table of objects has its rows between braces.
QUESTIONS = [
    {"question_id": n, "image": "a.jpg", "text": f"Is there a {name}?", "label": label}
    for n, (name, label) in enumerate((("dog", "yes"), ("bus", "no"), ("cup", "no")), 1)
]
ANSWERS = [
    {"question_id": row["question_id"], "prompt": row["text"], "text": "Yes"} for row in QUESTIONS
]
CAPTIONS = [{"image_id": n, "caption": f"A dog and {n} cups."} for n in (1, 2, 3)]
ROWS = {
    "answers.jsonl": [json.dumps(row).encode() for row in ANSWERS],
    "questions.jsonl": [json.dumps(row).encode() for row in QUESTIONS],
    "captions.jsonl": [json.dumps(row).encode() for row in CAPTIONS],
    "objects.json": [b'{"1": ["dog"],', b'"2": ["dog", "cup"],', b'"3": []}'],
    "truths.jsonl": [
        b'{"id": 1, "truth": {"objects": [{"name": "dog"}], "complete": true}}',
        b'{"id": 2, "truth": {"objects": [{"name": "cup", "attributes": {"color": "red"}}]}}',
        b'{"id": 3, "objects": ["dog"]}',
    ],
    "vg/objects.json": [
        b'{"image_id": 1, "objects": []}',
        b'{"image_id": 2, "objects": [{"object_id": 7, "x": 1, "y": 2, "w": 3, "h": 4, '
        b'"names": ["dog"]}]}',
        b'{"image_id": 3, "objects": []}',
    ],
    "pictures.jsonl": [
        b'{"id": 1, "objects": ["dog", "cup"]}',
        b'{"id": 2, "objects": ["bus", "cat"]}',
        b'{"id": 3, "objects": []}',
    ],
}
POPE = ("score", "pope", "answers.jsonl", "--truth", "questions.jsonl")
CHAIR = ("score", "chair", "captions.jsonl", "--truth", "objects.json")
KINDS = ("score", "finegrained", "captions.jsonl", "--truth", "truths.jsonl")
GENOME = (*KINDS[:-1], "vg:vg")
COMPARE = ("compare", "a=answers.jsonl", "b=answers.jsonl", "--truth", "questions.jsonl")
DATA = ("data", "pope", "build", "--data", "jsonl:pictures.jsonl")
VERIFY = ("data", "verify", "questions.jsonl")
READERS = {
    "answers.jsonl": POPE,
    "questions.jsonl": POPE,
    "captions.jsonl": CHAIR,
    "objects.json": CHAIR,
    "truths.jsonl": KINDS,
    "vg/objects.json": GENOME,
    "pictures.jsonl": DATA,
}


@pytest.fixture
def halluc(halluc, tmp_path):
    """Run the command in a folder of good files: (exit code, output, errors)."""
    (tmp_path / "vg").mkdir()
    for name, rows in ROWS.items():
        (tmp_path / name).write_bytes(b"\n".join(rows) + b"\n")
    return halluc


def refused(halluc, folder, command, *places):
    """The message, after checking that it is one line, at its place, and leaves no trace."""
    output = () if command[0] == "compare" or command[1] == "verify" else ("-o", "kept")
    before = {each: each.stat().st_mtime_ns for each in folder.rglob("*")}
    code, out, err = halluc(*command, *output)
    assert (code, out) == (2, "")
    assert err.startswith(tuple(f"halluc: {place}: " for place in places))
    assert err.count("\n") == 1
    assert err.removesuffix("\n").isprintable()
    assert len(err) < 500
    assert {each: each.stat().st_mtime_ns for each in folder.rglob("*")} == before
    return err


# A row in which something is wrong, made from the good second row of any of the files.
DAMAGED_ROWS = {
    "cut short": lambda row: row[: len(row) // 2],
    "no end": lambda row: row.rstrip(b"},") + b"\x00",
    "NUL in a text": lambda row: row.replace(b'"', b'"\x00', 1),
    "NUL between": lambda row: row.replace(b" ", b"\x00", 1),
    "not UTF-8 in a name": lambda row: row.replace(b'"', b'"\xff', 1),
    "not UTF-8 in a text": lambda row: row[:-4] + b"\xf6" + row[-4:],
    "UTF-16": lambda row: row.decode().encode("utf-16"),
    "single quotes": lambda row: row.replace(b'"', b"'"),
    "curly quotes": lambda row: row.replace(b'"', "“".encode()),
    "no quotes": lambda row: row.replace(b'"', b""),
    "a comma too many": lambda row: row.replace(b": ", b":, ", 1),
    "text behind": lambda row: row + b" x",
    "two rows in one": lambda row: row + row,
    "a control character": lambda row: row.replace(b'"', b'"\x07', 1),
    "a bad escape": lambda row: row.replace(b'"', b'"\\x', 1),
    "half a surrogate": lambda row: row.replace(b'"', b'"\\ud800', 1),
    "NaN": lambda row: row.partition(b": ")[0] + b": NaN" + row[-1:],
    "Infinity": lambda row: row.partition(b": ")[0] + b": -Infinity" + row[-1:],
    "too great a number": lambda row: row.partition(b": ")[0] + b": 1e999" + row[-1:],
    "a fraction": lambda row: row.partition(b": ")[0] + b": 2.5" + row[-1:],
    "true": lambda row: row.partition(b": ")[0] + b": true" + row[-1:],
    "an object": lambda row: row.partition(b": ")[0] + b": {}" + row[-1:],
    "numbers in a list": lambda row: row.partition(b": ")[0] + b": [1]" + row[-1:],
    "nested too deep": lambda row: row.partition(b": ")[0] + b": " + b"[" * 200_000,
    "nested too deep, whole": lambda row: (
        row.partition(b": ")[0] + b": " + b"[" * 200_000 + b"]" * 200_000 + row[-1:]
    ),
    "nested too deep where nobody reads": lambda row: (
        b'{"x": ' + b'{"x": ' * 200_000 + b"1" + b"}" * 200_000 + b", " + row.lstrip(b"{")
    ),
    "10 MB and no JSON": lambda row: b"x" * 10_000_000,
    "10 MB and no end": lambda row: row.partition(b": ")[0] + b': "' + b"x" * 10_000_000,
}  # fmt: skip


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("damage", DAMAGED_ROWS)
def test_a_damaged_row(damage, name, halluc, tmp_path):
    first, row, *others = ROWS[name]
    rows = [first, DAMAGED_ROWS[damage](row), *others]
    (tmp_path / name).write_bytes(b"\n".join(rows) + b"\n")
    # A document that cannot be gone through has no line to tell.
    lost = name == "objects.json" and damage in ("nested too deep", "nested too deep, whole")
    refused(halluc, tmp_path, READERS[name], name if lost else f"{name}:2")


# A file that is something else, or nothing; there is no line to name but perhaps the first.
WHOLE = {
    "empty": b"",
    "blank": b"\n \n\t\n",
    "a number": b"7\n",
    "a text": b'"dog"\n',
    "null": b"null\n",
    "text in words": b"version https://git-lfs.github.com/spec/v1\nsize 12\n",
    "a page": b"<!DOCTYPE html>\n<html></html>\n",
    "a table of something else": b"name,colour\nA dog,red\n",
    "a list of numbers": b"[1, 2, 3]\n",
    "a list in a list": b"[[]]\n",
    "UTF-16": '{"id": 1}\n'.encode("utf-16"),
    "cut gzip": gzip.compress(b"\n".join(ROWS["captions.jsonl"]), mtime=0)[:-9],
    "a zip": b"PK\x03\x04" + bytes(40),
    "a picture": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(256)),
    "NULs": bytes(1000),
    "an array without end": b'[{"image_id": 1, "caption": "A dog."},\n',
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("content", WHOLE)
def test_a_file_of_something_else(content, name, halluc, tmp_path):
    (tmp_path / name).write_bytes(WHOLE[content])
    error = refused(halluc, tmp_path, READERS[name], name, f"{name}:1", f"{name}:2")
    assert "Errno" not in error
    assert "object at 0x" not in error


@pytest.mark.parametrize("name", READERS)
def test_no_file_or_a_folder(name, halluc, tmp_path):
    (tmp_path / name).unlink()
    assert "No such file" in refused(halluc, tmp_path, READERS[name], name)
    (tmp_path / name).mkdir()
    code, out, err = halluc(*READERS[name], "-o", "kept")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert name in err


THINGS = [b'{"lamp": ["lamp"],', b'"tree": ["tree", "oak"],', b'"tower": []}']


# JSON takes a name that comes twice for the same name.
@pytest.mark.parametrize("damage", [each for each in DAMAGED_ROWS if each != "two rows in one"])
def test_a_damaged_row_of_a_vocabulary(damage, halluc, tmp_path):
    first, row, last = THINGS
    rows = [first, DAMAGED_ROWS[damage](row), last]
    (tmp_path / "things.json").write_bytes(b"\n".join(rows) + b"\n")
    command = (*KINDS, "--vocabulary", "things.json")
    refused(halluc, tmp_path, command, "things.json", "things.json:2")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        *((content, "") for content in WHOLE.values()),
        (b'{"lamp": "lamp"}', "array"),
        (b'{"lamp": [""]}', "empty name"),
        (b'{"lamp": ["light"], "bulb": ["light"]}', "stands for"),
        (b'["lamp"]', "object"),
        (None, "No such file"),
    ],
)
def test_a_vocabulary_of_something_else(content, words, halluc, tmp_path):
    if content is not None:
        (tmp_path / "things.json").write_bytes(content)
    command = (*KINDS, "--vocabulary", "things.json")
    assert words in refused(halluc, tmp_path, command, "things.json", "things.json:1")


def changed(rows, number, **values):
    """Rows of which one has other values; None takes a field out."""
    row = {key: value for key, value in {**rows[number], **values}.items() if value is not None}
    return [*rows[:number], row, *rows[number + 1 :]]


A, Q, C, T = "answers.jsonl", "questions.jsonl", "captions.jsonl", "truths.jsonl"
TRUTHS = [json.loads(row) for row in ROWS[T]]
RELATION = {"subject": 0, "predicate": "on", "object": 1}
RELATED = {"image_id": 1, "relationships": [{"subject": {}, "object": {}}]}


@pytest.mark.parametrize(
    "case",
    [
        (POPE, A, [*ANSWERS, ANSWERS[0]], f"{A}:4", "answered twice"),
        (POPE, A, ANSWERS[:2], A, "1 of 3 questions have no answer"),
        (POPE, A, [*ANSWERS, {"question_id": 9, "text": "No"}], f"{A}:4", "without a question"),
        (POPE, A, changed(ANSWERS, 1, question_id=None), f"{A}:2", "question_id"),
        (POPE, A, changed(ANSWERS, 1, question_id="two"), f"{A}:2", "two"),
        (POPE, A, changed(ANSWERS, 1, text=None), f"{A}:2", "no answer"),
        (POPE, A, changed(ANSWERS, 1, text=1), f"{A}:2", "str"),
        (POPE, A, changed(ANSWERS, 1, text=["Yes"]), f"{A}:2", "str"),
        (POPE, A, changed(ANSWERS, 1, prompt="Is there a cow?"), f"{A}:2", "was asked"),
        (POPE, A, QUESTIONS, f"{A}:1", "a question with its label"),
        (POPE, A, CAPTIONS, A, "COCO caption results"),
        (POPE, Q, [*QUESTIONS, QUESTIONS[0]], f"{Q}:4", "1"),
        (POPE, Q, changed(QUESTIONS, 1, label=None), f"{Q}:2", "label"),
        (POPE, Q, changed(QUESTIONS, 1, label="maybe"), f"{Q}:2", "maybe"),
        (POPE, Q, changed(QUESTIONS, 1, label=1), f"{Q}:2", "label"),
        (POPE, Q, changed(QUESTIONS, 1, text=None), f"{Q}:2", "text"),
        (POPE, Q, ANSWERS, f"{Q}:1", "missing required field"),
        (POPE[:3], Q, QUESTIONS, f"{A}:1", "--truth"),
        (CHAIR, C, [*CAPTIONS, CAPTIONS[1]], f"{C}:4", "line 2 already"),
        (CHAIR, C, [*CAPTIONS, {"image_id": "2.jpg", "text": ""}], f"{C}:4", "line 2 already"),
        (CHAIR, C, [*CAPTIONS, {"image_id": 7, "caption": ""}], f"{C}:4", "1 of 4 pictures (7)"),
        (CHAIR, C, changed(CAPTIONS, 1, image_id=None), f"{C}:2", "image_id"),
        (CHAIR, C, changed(CAPTIONS, 1, image_id=2.5), f"{C}:2", "float"),
        (CHAIR, C, changed(CAPTIONS, 1, image_id=True), f"{C}:2", "bool"),
        (CHAIR, C, changed(CAPTIONS, 1, caption=None), f"{C}:2", "no caption"),
        (CHAIR, C, changed(CAPTIONS, 1, caption=2), f"{C}:2", "int"),
        (CHAIR, C, changed(CAPTIONS, 1, caption=["A dog."]), f"{C}:2", "array"),
        (CHAIR, C, [{"sentences": []}], C, "no captions"),
        (CHAIR, C, [{"sentences": [{"image_id": 1}]}], f"{C}:1", "no caption"),
        (CHAIR[:3], C, CAPTIONS, C, "--truth"),
        (KINDS, C, [*CAPTIONS, {"image_id": 7, "caption": ""}], f"{C}:4", "1 of 4 pictures (7)"),
        (KINDS, C, changed(CAPTIONS, 1, caption=2), f"{C}:2", "int"),
        (KINDS, T, [*TRUTHS, TRUTHS[0]], f"{T}:4", "'1' stands already"),
        (KINDS, T, changed(TRUTHS, 1, objects=["dog"]), f"{T}:2", '"truth" or "objects"'),
        (KINDS, T, changed(TRUTHS, 1, truth={"complete": "yes"}), f"{T}:2", "bool"),
        (KINDS, T, changed(TRUTHS, 1, truth={"objects": [7]}), f"{T}:2", "object"),
        (KINDS, T, changed(TRUTHS, 1, truth={"relations": [RELATION]}), f"{T}:2", "among 0"),
        (KINDS[:3], C, CAPTIONS, C, "--truth"),
        (GENOME, "vg/objects.json", [{"image_id": 1}] * 2, "vg/objects.json:2", "comes twice"),
        (GENOME, "vg/objects.json", [{"objects": []}], "vg/objects.json:1", "image_id"),
        (GENOME, "vg/attributes.json", [{"image_id": "x"}], "vg/attributes.json:1", "int"),
        (GENOME, "vg/relationships.json", [RELATED], "vg/relationships.json:1", "object_id"),
        (GENOME, "vg/image_data.json", ["1.jpg"], "vg/image_data.json:1", "object"),
        (VERIFY, Q, changed(QUESTIONS, 1, label="maybe"), f"{Q}:2", "maybe"),
        (COMPARE, A, ANSWERS[:2], A, "no answer"),
        (COMPARE, A, changed(ANSWERS, 1, text=1), f"{A}:2", "str"),
        (COMPARE, Q, changed(QUESTIONS, 1, label="maybe"), f"{Q}:2", "maybe"),
    ],
)
def test_rows_that_do_not_fit(case, halluc, tmp_path):
    command, name, rows, place, words = case
    (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert words in refused(halluc, tmp_path, command, place)


@pytest.mark.parametrize("name", [name for name in READERS if name != "pictures.jsonl"])
def test_a_byte_order_mark_is_skipped(name, halluc, tmp_path):
    file = tmp_path / name
    whole = halluc(*READERS[name], "--json")
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    marked = halluc(*READERS[name], "--json")
    assert (whole[0], marked[0]) == (0, 0)
    assert json.loads(marked[1])["scores"] == json.loads(whole[1])["scores"]


MME = [f"{n // 2}.jpg\tIs there {n}?\t{'No' if n % 2 else 'Yes'}\tYes" for n in range(4)]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"0.jpg\tIs there 1?\tNo", "3 columns"),
        (b"0.jpg\tIs there 1?\tNo\tYes\tno", "5 columns"),
        (b"0.jpg Is there 1? No Yes", "1 columns"),
        (b"0.jpg\tIs there 1?\tperhaps\tYes", "'perhaps'"),
        (b"0.jpg\tIs there 1?\t\tYes", "''"),
        (b"0.jpg\tIs there 1?\tNaN\tYes", "'NaN'"),
        (b"0.jpg\tIs there 1?\tN\xf6\tYes", "UTF-8"),
        (b"\x00\x00\x00", "a NUL"),
        ("0.jpg\tIs there 1?\tNo\tYes".encode("utf-16"), "UTF-8"),
        (b"x" * 10_000_000, "1 columns"),
        (b"0.jpg\tIs there 1?\t" + b"x" * 10_000_000 + b"\tYes", "the truth must be"),
    ],
)
def test_a_damaged_line_of_mme(line, words, halluc, tmp_path):
    (tmp_path / "mme").mkdir()
    rows = [row.encode() for row in MME]
    (tmp_path / "mme" / "existence.txt").write_bytes(b"\n".join([rows[0], line, *rows[2:]]))
    error = refused(halluc, tmp_path, ("score", "mme", "mme"), "mme/existence.txt:2")
    assert words in error


@pytest.mark.parametrize("task", [TASKS[0], TASKS[-1]])
@pytest.mark.parametrize("content", [b"", b"\n \n", MME[0].encode()])
def test_a_task_of_mme_without_pairs(content, task, halluc, tmp_path):
    (tmp_path / "mme").mkdir()
    (tmp_path / "mme" / f"{task}.txt").write_bytes(content)
    refused(halluc, tmp_path, ("score", "mme", "mme"), "mme", f"mme/{task}.txt")


ANNOTATIONS = [
    {"id": 1, "type": "discriminative-hallucination", "truth": "no"},
    {"id": 2, "type": "relation", "truth": "no"},
    {"id": 3, "type": "generative", "truth": ["dog"], "hallu": ["bus"]},
]
AMBER = {
    "annotations.json": ANNOTATIONS,
    "relation.json": {"dog": [], "bus": ["car"]},
    "query/query_all.json": [
        {"id": n, "image": "AMBER_1.jpg", "query": "Is there a bus?"} for n in (1, 2, 3)
    ],
}
RESPONSES = [{"id": 1, "response": "No"}, {"id": 2, "response": "Yes"}]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("annotations.json", None, "annotations.json"),
        ("annotations.json", "{", "truncated"),
        ("annotations.json", changed(ANNOTATIONS, 1, truth="maybe"), "'maybe'"),
        ("annotations.json", changed(ANNOTATIONS, 1, type="feelings"), "unknown type"),
        ("annotations.json", changed(ANNOTATIONS, 2, truth="no"), "list of objects"),
        ("annotations.json", [*ANNOTATIONS, ANNOTATIONS[0]], "second annotation"),
        ("relation.json", None, "No such file"),
        ("relation.json", {"dog": []}, "no entry in relation.json"),
        ("relation.json", {"dog": [1]}, "str"),
        ("query/query_all.json", [{"id": 9, "image": "x", "query": "?"}], "no annotation"),
        ("safe_words.txt", None, "No such file"),
        ("safe_words.txt", b"\xff\xfe", "UTF-8"),
        ("../responses.json", [RESPONSES[0], {"id": 2}], "no answer"),
        ("../responses.json", [*RESPONSES, RESPONSES[0]], "twice"),
        ("../responses.json", [RESPONSES[0], {"id": 2, "response": 1}], "str"),
        ("../responses.json", [RESPONSES[0]], "no answer"),
    ],
)
def test_damaged_files_of_amber(name, content, words, halluc, tmp_path):
    folder = tmp_path / "AMBER"
    (folder / "query").mkdir(parents=True)
    (folder / "safe_words.txt").write_text("light\n")
    for file, rows in {**AMBER, "../responses.json": RESPONSES}.items():
        (folder / file).write_text(json.dumps(rows))
    if content is None:
        (folder / name).unlink()
    else:
        text = content if isinstance(content, str | bytes) else json.dumps(content)
        (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    file = "responses.json" if name.startswith("..") else f"AMBER/{name}"
    command = ("score", "amber", "responses.json", "--truth", "AMBER", "--evaluation-type", "d")
    places = (
        "AMBER",
        file,
        *(f"{file}:{line}" for line in range(1, 5)),
        "AMBER/annotations.json:1",
    )
    assert words in refused(halluc, tmp_path, command, *places)
