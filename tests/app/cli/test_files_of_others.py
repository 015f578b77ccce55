"""Files that other tools write: read right, or one line that a newcomer can act on."""

import csv
import gzip
import io
import json

import pytest

CAPTIONS = {"1": "A dog on a bench.", "2": "Two dogs and a cup."}
OBJECTS = {"1": ["dog", "bench"], "2": ["dog"]}
QUESTIONS = [
    {"question_id": 1, "image": "COCO_val2014_000000000001.jpg", "text": "Is there a dog?"},
    {"question_id": 2, "image": "COCO_val2014_000000000001.jpg", "text": "Is there a bus?"},
]
LABELS = ["yes", "no"]


def lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def table(rows, mark=",", **how):
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=mark, **how)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def xlsx(rows):
    from openpyxl import Workbook

    book, file = Workbook(), io.BytesIO()
    book.active.append(list(rows[0]))
    for row in rows:
        book.active.append(list(row.values()))
    book.save(file)
    return file.getvalue()


def workbook(*sheets, hidden=(), far=False):
    """An XLSX of several sheets, each a list of rows."""
    from openpyxl import Workbook

    book, file = Workbook(), io.BytesIO()
    book.remove(book.active)
    for number, rows in enumerate(sheets):
        sheet = book.create_sheet()
        for row in ([*rows[0]], *([*each.values()] for each in rows)):
            sheet.append(row)
        if number in hidden:
            sheet.sheet_state = "hidden"
        if far:
            sheet.cell(1_048_576, 16_384, "x")
        for cell in sheet["B"]:
            cell.data_type = "e" if str(cell.value).startswith("#") else cell.data_type
    book.save(file)
    return file.getvalue()


def late():
    """A Parquet with a day that Python's calendar does not reach."""
    import pyarrow as pa
    from pyarrow import parquet as pq

    file, day = io.BytesIO(), pa.array([2**30] * 2, pa.date32())
    pq.write_table(pa.table({"image_id": [1, 2], "caption": ["", ""], "at": day}), file)
    return file.getvalue()


def parquet(rows):
    import pyarrow as pa
    from pyarrow import parquet as pq

    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), file)
    return file.getvalue()


def captions(id="image_id", text="caption", name=str, **more):
    return [{id: name(key), text: said, **more} for key, said in CAPTIONS.items()]


def answers(id="question_id", text="text", **more):
    return [{id: n, text: said, **more} for n, said in ((1, "Yes"), (2, "Yes, one."))]


def coco(key):
    return f"COCO_val2014_{int(key):012d}.jpg"


TEXTS = ["text", "answer", "response", "output", "prediction", "generated_text", "model_answer"]
IDS = ["image_id", "image", "file_name", "question_id", "id"]
DOCUMENT = {"overall": {"CIDEr": 1.0}, "imgToEval": {k: {"caption": v, "image_id": int(k)}
            for k, v in CAPTIONS.items()}}  # fmt: skip
CAPTION_FILES = {
    **{f"the text as {name}": lines(captions(text=name)) for name in TEXTS},
    **{f"the id as {name}": lines(captions(id=name)) for name in IDS},
    "ids as numbers": lines(captions(name=int)),
    "ids as file names": lines(captions(name=coco)),
    "ids as file names without a prefix": lines(captions(name=lambda key: f"{int(key):012d}.jpg")),
    "ids as paths": lines(captions(id="image", name=lambda key: f"/data/val2014/{coco(key)}")),
    "ids as paths of Windows": lines(captions(id="image", name=lambda k: f"D:\\coco\\{coco(k)}")),
    "an array": json.dumps(captions()).encode(),
    "an array, indented": json.dumps(captions(), indent=2).encode(),
    "rows over several lines": b"\n".join(json.dumps(e, indent=1).encode() for e in captions()),
    "rows in one line": b"".join(json.dumps(each).encode() for each in captions()),
    "by picture": json.dumps(CAPTIONS).encode(),
    "by picture, indented": json.dumps(CAPTIONS, indent=1).encode(),
    "imgToEval": json.dumps(DOCUMENT).encode(),
    "imgToEval, indented": json.dumps(DOCUMENT, indent=2).encode(),
    "sentences": json.dumps({"sentences": captions()}).encode(),
    "annotations": json.dumps({"annotations": captions()}).encode(),
    "results within a report": json.dumps({"model": "x", "results": captions()}, indent=1).encode(),
    "Python's NaN beside": lines(captions(score=float("nan"), loss=float("-inf"))),
    "an array with NaN": json.dumps(captions(score=float("nan"))).encode(),
    "gzipped": gzip.compress(lines(captions())),
    "a gzipped array": gzip.compress(json.dumps(captions()).encode()),
    "CSV": table(captions()),
    "CSV with all in quotes": table(captions(), quoting=csv.QUOTE_ALL),
    "CSV with an index of pandas": table([{"": n, **e} for n, e in enumerate(captions())]),
    "CSV with ids as fractions": table(captions(name=float)),
    "gzipped CSV": gzip.compress(table(captions())),
    "TSV": table(captions(text="prediction"), "\t"),
    "XLSX": xlsx(captions(id="index", text="prediction", name=int)),
    "XLSX with ids as fractions": xlsx(captions(name=float)),
    "XLSX whose first sheet is hidden": workbook(answers(), captions(), hidden=[0]),
    "XLSX with notes before": workbook([{"made": "by x"}], captions()),
    "XLSX with a cell far out": workbook(captions(), far=True),
    "CSV of an old Mac": table(captions(), lineterminator="\r"),
    "Parquet": parquet(captions(name=int)),
    "a byte order mark": b"\xef\xbb\xbf" + lines(captions()),
    "lines that end as in Windows": lines(captions()).replace(b"\n", b"\r\n"),
    "no line end at the end": lines(captions()).rstrip(),
    "LLaVA's loader": lines(captions(id="question_id", text="text", prompt="Describe.")),
    "lmms-eval": lines([{"doc_id": n, "doc": {"image_id": int(key), "question": "?"},
                         "filtered_resps": [said]} for n, (key, said) in
                        enumerate(CAPTIONS.items())]),
    "VLMEvalKit": xlsx([{"index": n, "image_path": coco(key), "prediction": said}
                        for n, (key, said) in enumerate(CAPTIONS.items())]),
    "a thought before": lines([{**e, "caption": f"<think>A cup?</think>{e['caption']}"}
                               for e in captions()]),
}  # fmt: skip


@pytest.mark.parametrize("name", CAPTION_FILES)
def test_captions_are_read(name, halluc, tmp_path):
    (tmp_path / "file").write_bytes(CAPTION_FILES[name])
    (tmp_path / "objects.json").write_text(json.dumps(OBJECTS))
    code, out, err = halluc("score", "chair", "file", "--truth", "objects.json", "--json")
    assert (code, err) == (0, "")
    figures = {each["name"]: each for each in json.loads(out)["scores"]}
    counts = [(figures[n]["numerator"], figures[n]["denominator"]) for n in ("CHAIRs", "CHAIRi")]
    assert counts == [(1, 2), (1, 4)]


ANSWER_FILES = {
    **{f"the text as {name}": lines(answers(text=name)) for name in TEXTS},
    "the id as id": lines(answers("id")),
    "the question as text": lines([{**e, "text": q["text"]} for e, q in
                                   zip(answers(text="answer"), QUESTIONS, strict=True)]),
    "CSV": table(answers()),
    "Parquet": parquet(answers(text="response")),
    "gzipped": gzip.compress(lines(answers())),
    "answers under a name": json.dumps({"answers": answers()}, indent=1).encode(),
    "rows in one line": b" ".join(json.dumps(each).encode() for each in answers()),
    "a thought before": lines([{**e, "text": f"<think>No?</think>{e['text']}"} for e in answers()]),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "truth"),
    [*((name, "lines") for name in ANSWER_FILES), ("CSV", "csv"), ("Parquet", "parquet")],
)
def test_answers_and_questions_are_read(name, truth, halluc, tmp_path):
    questions = [{**q, "label": label} for q, label in zip(QUESTIONS, LABELS, strict=True)]
    write = {"lines": lines, "csv": table, "parquet": parquet}[truth]
    (tmp_path / "file").write_bytes(ANSWER_FILES[name])
    (tmp_path / "pope_random").write_bytes(write(questions))
    code, out, err = halluc("score", "pope", "file", "--truth", "pope_random", "--json")
    assert (code, err) == (0, "")
    assert counts(out) == {"TP": 1, "FP": 1, "TN": 0, "FN": 0}


def counts(out):
    scores = json.loads(out)["scores"]
    return {
        each["name"]: each["value"] for each in scores if each["name"] in ("TP", "FP", "TN", "FN")
    }


@pytest.mark.parametrize("labels", [[1, 0], ["yes", "no"]])
def test_rows_of_pai_have_labels_and_no_id(labels, halluc, tmp_path):
    rows = [
        {"query": q["text"], "label": label, "ans": "Yes", "question": f"USER: {q['text']}"}
        for q, label in zip(QUESTIONS, labels, strict=True)
    ]
    (tmp_path / "pai.jsonl").write_bytes(lines(rows))
    code, out, err = halluc("score", "pope", "pai.jsonl", "--parser", "opera", "--json")
    assert (code, err, counts(out)) == (0, "", {"TP": 1, "FP": 1, "TN": 0, "FN": 0})


POPE = ("score", "pope", "file", "--truth", "questions.jsonl")
CHAIR = ("score", "chair", "file", "--truth", "objects.json")
WRONG = {
    "a trailing comma": (CHAIR, b'{"image_id": 1, "caption": "A dog.",}\n', "take out the comma"),
    "a trailing comma in an array": (CHAIR, b'[{"image_id": 1, "caption": ""},]', "the comma"),
    "single quotes": (CHAIR, b"{'image_id': 1, 'caption': 'A dog.'}\n", "double quotes"),
    "a page": (CHAIR, b"<!DOCTYPE html><html></html>", "a web page"),
    "Git LFS": (CHAIR, b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
    "UTF-16": (CHAIR, '{"image_id": 1}'.encode("utf-16"), "UTF-8"),
    "a pickle": (CHAIR, b"\x80\x04\x95\x10\x00\x00\x00", "pickle"),
    "a picture": (CHAIR, b"\x89PNG\r\n\x1a\n\x00", "a picture"),
    "text": (CHAIR, b"A dog on a bench.\n", "no JSON but A dog"),
    "cut off": (CHAIR, b'[{"image_id": 1, "caption": "A d', "cut off"),
    "two texts": (CHAIR, lines(captions(answer="No.")), '"caption", "answer"'),
    "no text": (CHAIR, lines([{"image_id": 1}]), 'give it as "caption"'),
    "no id": (CHAIR, lines([{"caption": "A dog."}]), 'no "image_id"'),
    "answers for captions": (CHAIR, lines(answers("id") * 1 + [{"id": 9, "text": "No"}]),
                             "holds yes/no answers: halluc score pope file"),
    "captions for answers": (POPE, lines(captions()), "halluc score chair file"),
    "answers of MME": (POPE, lines([{"question_id": "color/1.png", "prompt": "?", "text": "Yes"}]),
                       "file holds MME's answers: halluc score mme file"),
    "questions for answers": (POPE, lines([{**QUESTIONS[0], "label": "yes"}]), "a question with"),
    "COCO's annotations": (POPE, json.dumps({"images": [{"id": 1}], "annotations":
                           [{"id": 1, "image_id": 1, "category_id": 1, "bbox": []}]}).encode(),
                           "COCO's annotations"),
    "no answer in a table": (POPE, table([{"question_id": 1, "image": "x"}]),
                             "no column prediction"),
    "an id that is not asked": (POPE, lines([*answers(), {"question_id": 7, "text": "No"}]), "(7)"),
    "a caption twice by picture": (CHAIR, b'{"1": "A",\n"\\u0031": "B"}', ":2: picture 1 stands"),
    "a picture twice in imgToEval": (CHAIR, b'{"imgToEval": {"1": {"caption": "A dog."},\n'
                                     b'"1": {"caption": "A cup."}}}', ":2: picture 1 stands"),
    "rows under two names": (POPE, json.dumps({"data": answers(), "rows": answers()}).encode(),
                             'under "data" and "rows"'),
    "CSV with semicolons": (CHAIR, table(captions(), ";"), "divided by ';'; save it with commas"),
    "CSV with a name twice": (CHAIR, b"id,caption,caption\n1,A dog.,A cup.\n", "called 'caption'"),
    "CSV with a quote left open": (POPE, b'id,answer\n1,"Yes\n2,"No\n', "and each is closed"),
    "CSV that ends in quotes": (POPE, b'id,answer\n1,"Yes\n', "unexpected end"),
    "XLSX with rows in two sheets": (CHAIR, workbook(captions(), captions()), "and 'Sheet1'; keep"),
    "XLSX with an error": (CHAIR, workbook([*captions(), {"image_id": 3, "caption": "#N/A"}]),
                           "the cell B4 holds the error #N/A"),
    "Parquet with a day of no calendar": (CHAIR, late(), "no Parquet file that can be read"),
    "an id of 5,000 digits": (POPE, lines([{"id": "1" * 5000, "text": "No"}]), "without a quest"),
    "an id with a question's last digits": (POPE, lines([{"id": n - 10**7, "text": "No"}
                                            for n in (1, 2)]), "without a question"),
    "HallusionBench": (POPE, json.dumps([{"gt_answer_details": "x", "gt_answer": "1"}]).encode(),
                       "HallusionBench"),
}  # fmt: skip


TRUTHS = {
    "two names of one picture": ({"1": ["dog"], "dogs/1.jpg": ["cup"]}, "are of picture 1"),
    "two pictures of one id": ({"images": [{"id": 1, "file_name": "1.jpg"}] * 2 + [
        {"id": 1, "file_name": "2.jpg"}], "categories": [], "annotations": []},
        "picture 1 is '1.jpg' and '2.jpg'"),
    "two categories of one id": ({"images": [], "categories": [{"id": 1, "name": "dog"},
        {"id": 1, "name": "cat"}], "annotations": []}, "category 1 is 'dog' and 'cat'"),
}  # fmt: skip


@pytest.mark.parametrize("name", TRUTHS)
def test_ground_truths_that_contradict_themselves(name, halluc, tmp_path):
    content, words = TRUTHS[name]
    (tmp_path / "instances_x.json").write_text(json.dumps(content))
    (tmp_path / "objects.json").write_text(json.dumps(content))
    (tmp_path / "file").write_bytes(lines(captions()))
    truth = "instances_x.json" if "images" in content else "objects.json"
    assert words in refused(halluc, *CHAIR[:-1], truth)


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said(name, halluc, tmp_path):
    command, content, words = WRONG[name]
    questions = [{**q, "label": label} for q, label in zip(QUESTIONS, LABELS, strict=True)]
    (tmp_path / "questions.jsonl").write_bytes(lines(questions))
    (tmp_path / "objects.json").write_text(json.dumps(OBJECTS))
    (tmp_path / "file").write_bytes(content)
    error = refused(halluc, *command)
    assert words in error


def refused(halluc, *command):
    """The message of a command that refuses its files."""
    code, out, err = halluc(*command)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    if command[1] == "chair":
        assert "question" not in err.partition("; ")[0].replace("questions.jsonl", "")
    for words in ("invalid character", "missing required field"):
        assert words not in err or "; " in err.partition(words)[2]
    return err


def instances(folder, *splits, captions=()):
    folder.mkdir(parents=True, exist_ok=True)
    for split in splits:
        name = f"{split}.jpg"
        box = {"image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1]}
        document = {
            "images": [{"id": 1, "file_name": name}],
            "categories": [{"id": 1, "name": "dog"}],
            "annotations": [box],
        }
        (folder / f"instances_{split}.json").write_text(json.dumps(document))
    for split in captions:
        rows = [{"image_id": 1, "caption": "A bus is seated."}]
        (folder / f"captions_{split}.json").write_text(json.dumps({"annotations": rows}))


def test_both_years_of_coco(halluc, tmp_path):
    instances(tmp_path / "annotations", "val2014", "val2017", captions=["val2014"])
    (tmp_path / "file").write_bytes(lines([{"image_id": 1, "caption": "A dog and a bus."}]))
    error = refused(halluc, "score", "chair", "file", "--truth", ".")
    assert "instances_val2014.json and in instances_val2017.json" in error
    assert error.endswith(
        "coco:annotations/instances_val2017.json, or a year, "
        "coco:annotations/instances_*2017.json\n"
    )
    for source, wrong in (
        ("coco:annotations/instances_*2014.json", 0),
        ("annotations/instances_val2017.json", 0.5),
    ):
        code, out, _ = halluc("score", "chair", "file", "--truth", source, "--json")
        told = json.loads(out)
        assert (code, told["scores"][1]["value"]) == (0, wrong)
        lacks = "instances_val2017.json have no reference captions"
        assert (lacks in told["how"]["truth"]) == ("2017" in source)


def test_the_rule_of_the_ground_truth_is_on_the_card(halluc, tmp_path):
    instances(tmp_path, "val2014", captions=["val2014"])
    (tmp_path / "file").write_bytes(lines([{"image_id": 1, "caption": "A dog."}]))
    for compat in ("offline", "pattern"):
        command = ("score", "chair", "file", "--truth", ".", "--compat", compat, "--json")
        told = json.loads(halluc(*command)[1])
        assert told["how"]["truth"].endswith(f"words of the reference captions by {compat}")


def test_operas_mix(halluc, tmp_path, nltk_data):
    """Its captions are read by WordNet (one bus), its truth by pattern.en (a bus is no bus)."""
    instances(tmp_path, "val2014", captions=["val2014"])
    (tmp_path / "file").write_bytes(lines([{"image_id": 1, "caption": "A bus."}]))
    rates = {}
    for compat in ("wordnet", "opera", "pattern"):
        command = ("--compat", compat, "--nltk-data", nltk_data, "--json")
        told = json.loads(halluc("score", "chair", "file", "--truth", ".", *command)[1])
        rates[compat] = told["scores"][1].get("value")
    assert rates == {"wordnet": 0, "opera": 1, "pattern": None}


@pytest.mark.parametrize(
    ("name", "metric", "words"),
    [
        ("vg", "chair", "write vg:vg"),
        ("vg", "finegrained", "write vg:vg"),
        ("questions.jsonl", "chair", "halluc score pope"),
        ("coco", "pope", "a folder of COCO annotations"),
        ("objects.json", "pope", "a table of objects by picture"),
    ],
)
def test_what_a_ground_truth_is(name, metric, words, halluc, tmp_path):
    (tmp_path / "vg").mkdir()
    (tmp_path / "vg/objects.json").write_text("[]")
    instances(tmp_path / "coco", "val2014")
    (tmp_path / "objects.json").write_text(json.dumps(OBJECTS))
    (tmp_path / "questions.jsonl").write_bytes(lines([{**QUESTIONS[0], "label": "yes"}]))
    (tmp_path / "file").write_bytes(lines(captions() if metric != "pope" else answers()))
    assert words in refused(halluc, "score", metric, "file", "--truth", name)


@pytest.mark.parametrize(
    ("texts", "parser", "words"),
    [
        (["A dog.", "A bus."], "pope", "no answer says yes or no"),
        (["有", "没有"], "pope", "seem to be Chinese"),
        (["Ja.", "Nein."], "vlmevalkit", "seem to be German"),
        (["Yes.", "No."], "lmms-eval", "reads 100 % of them"),
        (["Yes", "No"], "lmms-eval", ""),
        (["Yes", "A bus."], "pope", ""),
    ],
)
def test_answers_that_nobody_can_read_are_said(texts, parser, words, halluc, tmp_path):
    questions = [{**q, "label": label} for q, label in zip(QUESTIONS, LABELS, strict=True)]
    (tmp_path / "q.jsonl").write_bytes(lines(questions))
    rows = [{"question_id": n, "text": text} for n, text in enumerate(texts, 1)]
    (tmp_path / "file").write_bytes(lines(rows))
    command = ("score", "pope", "file", "--truth", "q.jsonl", "--parser", parser)
    code, out, _ = halluc(*command)
    assert code == 0
    assert words in out
    assert ("warning: " in out) == bool(words)


def test_captions_that_name_nothing_are_said(halluc, tmp_path):
    (tmp_path / "objects.json").write_text(json.dumps(OBJECTS))
    (tmp_path / "file").write_bytes(lines([{"image_id": 1, "caption": "Ein Hund."}]))
    assert "warning: no caption names any" in halluc(*CHAIR)[1]


def test_thoughts_are_left_out_or_kept(halluc, tmp_path):
    (tmp_path / "objects.json").write_text(json.dumps(OBJECTS))
    rows = [{"image_id": 1, "caption": "<think>A bus?</think>A dog."}]
    (tmp_path / "file").write_bytes(lines(rows))
    rates = {}
    for more in ((), ("--keep-thinking",)):
        told = json.loads(halluc(*CHAIR, *more, "--json")[1])
        rates[told["how"]["thinking"]] = told["scores"][1]["value"]
    assert rates == {"left out, of 1 answers": 0, "kept, of 1 answers": 0.5}


def test_captions_of_one_picture_in_two_files_are_refused(halluc, tmp_path):
    (tmp_path / "objects.json").write_text(json.dumps(OBJECTS))
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_bytes(lines(captions()))
    command = ("compare", "x=a.jsonl,b.jsonl", "y=a.jsonl", "--truth", "objects.json")
    assert "has a caption in a.jsonl" in halluc(*command)[2]


BEAF = {"id": 1, "image": "1.jpg", "question": "Is it?", "orig_img": True, "removed_q": False}
DASH = {"img_id": "1.png", "object_name": "bed", "gt": "no", "response": "no", "answer": "no"}
REEF = {"image_id": 1, "query_prompt": "Is it?", "label": "no", "relation_type": "perception"}
MERLIM = {"orig_img": "1.png", "edited_img": "1_2.png", "question": "Is it?", "orig": "no"}
PHD = {"image_id": "1", "yes_question": "Is it?", "no_question": "Is it not?", "task": "object"}
HUMBLE = {"question_id": 1, "question": "What?", "label": "E", "prediction": "E", "type": "Object"}
HAELM = {"instruction": "reference captions:\nA dog.", "output": "no"}


@pytest.mark.parametrize(
    ("metric", "rows", "hint"),
    [
        ("pope", [DASH], "holds DASH-B's answers: halluc score dash-b"),
        ("mmhal", [DASH], "holds DASH-B's answers: halluc score dash-b"),
        ("pope", [REEF | {"response": "no"}] * 2, "holds Reefknot's questions: halluc score reef"),
        ("chair", [MERLIM], "holds MERLIM's questions, no answers"),
        ("mme", [PHD], "holds PhD's questions, no answers"),
        ("chair", [HUMBLE], "holds HumbleBench's results: halluc score humblebench"),
        ("haelm", [HAELM], "--data haelm:FILE for halluc generate"),
        ("pope", [{"choices": []}], "a judge's replies to MMHal-Bench: halluc score mmhal"),
    ],
)
def test_files_of_other_benchmarks_are_named(metric, rows, hint, halluc, tmp_path):
    (tmp_path / "a.jsonl").write_bytes(lines(rows))
    code, _, err = halluc("score", metric, "a.jsonl")
    assert code == 2 and err.count("\n") == 1 and hint in err


@pytest.mark.parametrize(
    ("row", "hint"),
    [
        (BEAF | {"gt": "no"}, "halluc score beaf … --truth"),
        (REEF, "halluc score reefknot … --tru"),
        (MERLIM, "halluc score merlim … --truth"),
        (PHD, "halluc score phd … --truth"),
    ],
)
def test_questions_of_other_benchmarks_are_named(row, hint, halluc, tmp_path):
    (tmp_path / "a.jsonl").write_bytes(lines(answers()))
    (tmp_path / "truth.json").write_bytes(lines([row]))
    code, _, err = halluc("score", "pope", "a.jsonl", "--truth", "truth.json")
    assert code == 2 and err.count("\n") == 1 and hint in err
