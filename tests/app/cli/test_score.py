import json
import subprocess
import sys

import pytest

from halluc.records import Box, Response, Sample, TrueObject, Truth
from halluc.runs import open_run

CARD = {"model": {"name": "replay:x"}, "task": "pope", "decoding": {"seed": 0}}
QUESTIONS = [
    {"question_id": 1, "image": "a.jpg", "text": "Is there a dog in the image?", "label": "yes"},
    {"question_id": 2, "image": "a.jpg", "text": "Is there a bus in the image?", "label": "no"},
]
ANSWERS = [
    {"question_id": 1, "prompt": QUESTIONS[0]["text"], "text": "Yes"},
    {"question_id": 2, "prompt": QUESTIONS[1]["text"], "text": "Yes, there is."},
]
CAPTIONS = [{"image_id": 1, "caption": "A dog and a bus."}, {"image_id": 2, "caption": "Two dogs."}]
TRUTH = {"1": ["dog"], "2": ["dog", "cup"]}


def lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def files(tmp_path):
    (tmp_path / "truth_random.json").write_text(lines(QUESTIONS))
    (tmp_path / "answers.jsonl").write_text(lines(ANSWERS))
    (tmp_path / "captions.json").write_text(json.dumps(CAPTIONS))
    (tmp_path / "objects.json").write_text(json.dumps(TRUTH))
    return tmp_path


def finished_run(folder, samples, texts):
    run = open_run(folder, CARD, samples)
    run.append(Response(id=s.id, text=t) for s, t in zip(samples, texts, strict=True))
    run.finish()
    return run


def test_pope_of_a_file(files, halluc):
    code, out, err = halluc("score", "pope", "answers.jsonl", "--truth", "truth_random.json")
    assert (code, err) == (0, "")
    assert out.splitlines()[2].split() == [
        *("random", "50.00", "50.00", "100.00", "66.67", "100.00"),
        *("1", "1", "0", "0", "0"),
    ]
    assert "parser: pope" in out
    assert "answers: answers.jsonl (2 rows, sha256 " in out
    assert {file.name for file in files.iterdir()} == {
        *("truth_random.json", "answers.jsonl", "captions.json", "objects.json")
    }


def test_pope_as_json_and_written(files, halluc):
    command = ("score", "pope", "answers.jsonl", "--truth", "truth_random.json")
    code, out, _ = halluc(*command, "--json", "-o", "kept/here")
    assert code == 0
    printed = json.loads(out)
    kept = json.loads((files / "kept" / "here" / "scores.json").read_text())
    assert kept == {"pope": printed}
    assert printed["how"]["truth"][0]["rows"] == 2


def test_several_splits_have_a_mean(files, halluc):
    (files / "popular.json").write_text(lines([QUESTIONS[0]]))
    (files / "more.jsonl").write_text(lines([ANSWERS[0] | {"text": "No"}]))
    truths = ("--truth", "truth_random.json", "--truth", "popular.json")
    code, _, err = halluc("score", "pope", "answers.jsonl", "more.jsonl", *truths)
    # One positive alone fits both splits, so nobody can tell which was meant.
    assert code == 2
    assert "more.jsonl:1: the 1 answers from here fit several splits" in err
    (files / "popular.json").write_text(lines([QUESTIONS[0] | {"text": "Is there a cup?"}]))
    (files / "more.jsonl").write_text(lines([{"id": 1, "prompt": "Is there a cup?", "text": "No"}]))
    code, out, _ = halluc("score", "pope", "more.jsonl", "answers.jsonl", *truths)
    assert code == 0
    assert "undefined" in out
    assert [line.split()[0] for line in out.splitlines()[2:7:2]] == ["random", "popular", "mean"]


def test_pope_of_a_run(halluc, tmp_path):
    samples = [
        Sample(id=f"x/{split}/{n}", split=split, prompt="?", truth=Truth(label=label))
        for split in ("random", "popular")
        for n, label in enumerate(("yes", "no"))
    ]
    finished_run(tmp_path / "run", samples, ["Yes", "No", "Yes", "Yes"])
    code, out, _ = halluc("score", "pope", "run")
    assert code == 0
    assert "truth: the run's samples" in out
    scores = json.loads((tmp_path / "run" / "scores.json").read_text())["pope"]["scores"]
    values = {(s.get("split", ""), s["name"]): s["value"] for s in scores}
    assert values["random", "accuracy"] == 1
    assert values["", "mean accuracy"] == 0.75


def test_chair_of_a_file(files, halluc):
    command = ("score", "chair", "captions.json", "--truth", "objects.json")
    code, out, err = halluc(*command, "--compat", "offline", "-o", "kept")
    assert (code, err) == (0, "")
    rows = [line.split() for line in out.splitlines()[2:8]]
    assert [row[0] for row in rows] == ["CHAIRs", "CHAIRi", "Recall", "Precision", "F1", "Len"]
    values = [row[2 if row[1] == "×100" else 1] for row in rows]
    assert values == ["50.00", "33.33", "66.67", "66.67", "66.67", "4.50"]
    # Both captions have the same F1, so no draw of them tells how far it could move.
    assert [" to " in line for line in out.splitlines()[2:8]] == [True] * 4 + [False, True]
    assert "compat: offline" in out
    findings = [
        json.loads(line) for line in (files / "kept/findings.jsonl").read_text().splitlines()
    ]
    assert [(f["id"], f["verdict"]) for f in findings] == [
        ("1", "supported"),
        ("1", "hallucinated"),
        ("2", "supported"),
    ]


def test_chair_of_a_run(halluc, tmp_path):
    objects = (TrueObject(name="dog", box=Box(0, 0, 2, 2)), TrueObject(name="unicorn"))
    samples = [Sample(id="s/1", truth=Truth(objects=objects))]
    run = finished_run(tmp_path / "run", samples, ["A dog on a bench."])
    code, out, _ = halluc("score", "chair", run.path, "--compat", "offline")
    assert code == 0
    assert "not in CHAIR's vocabulary: unicorn" in out
    assert run.scores()["chair"]["how"]["compat"] == "offline"
    first, second = map(json.loads, (run.path / "findings.jsonl").read_text().splitlines())
    assert (first["verdict"], first["boxes"]) == ("supported", [[0, 0, 2, 2]])
    assert (second["verdict"], second["claim"]["start"]) == ("hallucinated", 11)


def test_a_truth_of_ones_own_for_a_run(halluc, tmp_path, files):
    run = finished_run(tmp_path / "run", [Sample(id="2")], ["A cup and a dog."])
    code, _, err = halluc("score", "chair", run.path, "--compat", "offline")
    assert (code, "pictures (2) have no truth in the run; give --truth" in err) == (2, True)
    command = ("score", "chair", run.path, "--truth", "objects.json", "--compat", "offline")
    code, out, _ = halluc(*command, "--json")
    assert (code, json.loads(out)["scores"][1]["value"]) == (0, 0)


def test_undefined_is_said(files, halluc):
    (files / "captions.json").write_text(json.dumps([{"image_id": 1, "caption": "Blue."}]))
    command = ("score", "chair", "captions.json", "--truth", "objects.json")
    rows = [line.split() for line in halluc(*command, "--compat", "offline")[1].splitlines()]
    assert ["CHAIRi", "×100", "undefined"] in rows
    scores = json.loads(halluc(*command, "--compat", "offline", "--json")[1])["scores"]
    assert scores[1]["value"] is None


A, Q, F, T = "answers.jsonl", "truth_random.json", "captions.json", "objects.json"
P = ("score", "pope", "answers.jsonl", "--truth", "truth_random.json")
C = ("score", "chair", "captions.json", "--truth", "objects.json", "--compat", "offline")


@pytest.mark.parametrize(
    ("command", "damage", "message"),
    [
        (P, (A, None), f"{A}: No such file or directory"),
        (P, (Q, None), f"{Q}: No such file or directory"),
        (P, (A, lines(ANSWERS) + "{oops"), f"{A}:3: JSON is malformed"),
        (P, (A, lines([*ANSWERS, ANSWERS[1]])), f"{A}:3: 1 questions answered twice (2)"),
        (P, (A, lines(ANSWERS[:1])), f"{A}: 1 of 2 questions have no answer (random/2)"),
        (P, (A, lines([*ANSWERS, {"id": 9, "text": ""}])), f"{A}:3: 1 answers without a"),
        (P, (A, '{"id": 1, "text": 3}'), f"{A}:1: Expected `str | null`, got `int`"),
        (P, (A, "\xff"), f"{A}:1: "),
        (P, (Q, lines(ANSWERS)), f"{Q}:1: Object missing required field"),
        (P[:3], (T, "{}"), f"{A}:1: a file of answers without labels needs its --truth"),
        (C[:3], (T, "{}"), f"{F}: a file of answers needs its --truth"),
        (C, (F, None), f"{F}: No such file or directory"),
        (C, (F, json.dumps([*CAPTIONS, CAPTIONS[0]])), f"{F}:1: picture 1 has a caption"),
        (C, (F, "["), f"{F}: "),
        (C, (T, "{"), f"{T}: "),
        (C, (T, '{"1": []}'), f"{F}:1: 1 of 2 pictures (2) have no truth in {T}"),
        (("score", "pope", "."), ("x", ""), "no run.json"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(command, damage, message, files, halluc):
    file, content = damage
    if content is None:
        (files / file).unlink()
    else:
        (files / file).write_bytes(content.encode("latin-1"))
    before = set(files.iterdir())
    code, out, err = halluc(*command, "-o", "kept")
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert set(files.iterdir()) == before


def test_runs_that_do_not_fit(halluc, tmp_path):
    labelled = [Sample(id="a", truth=Truth(label="yes"))]
    finished_run(tmp_path / "asked", labelled, ["Yes"])
    assert "use `halluc score pope`" in halluc("score", "chair", "asked")[2]
    finished_run(tmp_path / "told", [Sample(id="a", truth=Truth())], ["A dog."])
    assert "'a' has no yes/no label" in halluc("score", "pope", "told")[2]
    assert "score one run at a time" in halluc("score", "pope", "asked", "told")[2]
    half = open_run(tmp_path / "half", CARD, [*labelled, Sample(id="b")])
    half.append([Response(id="a", text="Yes")])
    half.close()
    assert "1 of 2 samples have no answer yet" in halluc("score", "pope", "half")[2]
    assert not (tmp_path / "asked" / "scores.json").exists()


def test_pope_loads_nothing_heavy(shared):
    """9,000 answers without loading what only models, parsers and plots need."""
    pope = shared / "pope" / "coco"
    code = (
        "import sys; from app.cli import main; main()\n"
        "heavy = {'torch', 'transformers', 'spacy', 'nltk', 'scipy', 'matplotlib', 'PIL'}\n"
        "print('loaded', sorted(heavy & set(sys.modules)))"
    )
    truths = [
        argument
        for split in ("random_2910", "popular", "adversarial")
        for argument in ("--truth", pope / f"coco_pope_{split}.json")
    ]
    answers = shared / "pope_answers" / "llava-v1.5-13b.jsonl"
    command = [sys.executable, "-c", code, "score", "pope", answers, *truths]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "loaded []" in result.stdout
    assert "85.95" in result.stdout
