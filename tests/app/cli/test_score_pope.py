import json
import subprocess
import sys

import pytest

from halluc.options import options_of
from halluc.records import Response, Sample, Truth
from halluc.runs import open_run
from metrics.pope import Pope
from metrics.pope_parsers import PARSERS

QUESTIONS = {
    "random": [("dog", "yes"), ("bus", "no"), ("cup", "yes"), ("car", "no")],
    "popular": [("dog", "yes"), ("man", "no"), ("cup", "yes"), ("cow", "no")],
}
TEXTS = ["Yes", "no!", "Yes.", "I do not know"]


def asked(name):
    return f"Is there a {name} in the image?"


def lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def files(tmp_path):
    """Questions and answers of two splits; question_id restarts in the second."""
    answers = []
    for split, questions in QUESTIONS.items():
        rows = [
            {"question_id": n, "image": f"{n // 3}.jpg", "text": asked(name), "label": label}
            for n, (name, label) in enumerate(questions, 1)
        ]
        (tmp_path / f"q_{split}.json").write_text(lines(rows))
        answers += [
            {"question_id": row["question_id"], "prompt": row["text"], "text": text}
            for row, text in zip(rows, TEXTS, strict=True)
        ]
    (tmp_path / "a.jsonl").write_text(lines(answers))
    return tmp_path


COMMAND = ("score", "pope", "a.jsonl", "--truth", "q_random.json", "--truth", "q_popular.json")


def values(printed):
    return {(s["metric"], s.get("split", ""), s["name"]): s["value"] for s in printed["scores"]}


def test_parsers_side_by_side_and_what_they_dispute(files, halluc):
    code, out, err = halluc(*COMMAND, "--parser", "all", "--json", "-o", "kept")
    assert (code, err) == (0, "")
    printed = json.loads(out)
    found = values(printed)
    assert found["pope", "random", "accuracy"] == 0.75
    assert found["pope:opera", "random", "TN"] == 1
    assert found["pope:vcd", "random", "accuracy"] == 1
    assert found["pope:icd", "random", "unknown"] == 1
    assert found["pope:icd", "random", "accuracy"] == 1
    assert found["pope:lmms-eval", "random", "unknown"] == 3
    assert found["pope:lmms-eval", "random", "yes ratio"] == 0.5
    assert found["pope:vlmevalkit", "", "pooled F1"] == 1
    assert ("pope", "", "pooled F1") not in found
    assert [each["id"] for each in printed["disputes"]] == [
        f"{split}/{n}" for split in QUESTIONS for n in (2, 3, 4)
    ]
    assert printed["disputes"][0]["text"] == "no!"
    assert printed["disputes"][0]["readings"] == {
        **{"pope": "yes", "opera": "yes", "vcd": "no", "icd": "unknown"},
        **{"lmms-eval": "unknown", "vlmevalkit": "no"},
    }
    kept = json.loads((files / "kept" / "scores.json").read_text())
    assert list(kept) == [
        *("pope", "pope:opera", "pope:vcd", "pope:icd", "pope:lmms-eval", "pope:vlmevalkit")
    ]
    assert kept["pope:icd"]["how"]["parser"] == "icd"


def test_the_table_of_all_parsers(files, halluc):
    _, out, _ = halluc(*COMMAND, "--parser", "all")
    assert "The parsers dispute 6 of 8 answers." in out
    assert max(map(len, out.splitlines())) <= 80
    row = next(line for line in out.splitlines() if line.startswith("random/4"))
    assert row.split()[-7:] == ["no", "no", "no", "no", "no", "?", "?"]
    assert sum(line.startswith("mean") for line in out.splitlines()) == 6
    assert sum(line.startswith("pooled") for line in out.splitlines()) == 2


def test_disputed_texts_are_shown_as_they_are(files, halluc):
    rows = (files / "a.jsonl").read_text().replace("no!", "[/bold] no! [link]")
    (files / "a.jsonl").write_text(rows)
    code, out, _ = halluc(*COMMAND, "--parser", "all")
    assert code == 0
    assert "[/bold] no! [link]" in out


@pytest.mark.parametrize("parser", ["opera", "vcd", "icd", "lmms-eval", "vlmevalkit"])
def test_one_other_parser_stands_beside_the_default(parser, files, halluc):
    assert halluc(*COMMAND, "-o", "kept")[0] == 0
    code, out, _ = halluc(*COMMAND, "--parser", parser, "-o", "kept")
    assert code == 0
    assert f"parser: {parser}" in out
    kept = json.loads((files / "kept" / "scores.json").read_text())
    assert list(kept) == ["pope", f"pope:{parser}"]
    assert kept[f"pope:{parser}"]["how"]["parser"] == parser


def test_missing_and_surplus_answers(files, halluc):
    rows = (files / "a.jsonl").read_text().splitlines()
    del rows[2], rows[5]
    rows.insert(3, json.dumps({"question_id": 9, "prompt": "?", "text": "Yes"}))
    (files / "a.jsonl").write_text("\n".join(rows))
    code, out, err = halluc(*COMMAND)
    assert (code, out) == (2, "")
    assert "a.jsonl:4: 1 answers without a question in the truth (9)" in err
    code, out, _ = halluc(*COMMAND, "--allow-missing")
    assert code == 0
    assert out.splitlines()[0].split()[-1] == "miss"
    shown = {line.split()[0]: line.split()[-1] for line in out.splitlines() if line}
    assert (shown["random"], shown["popular"]) == ("1", "1")
    assert "left out: questions without an answer 2, answers without a question 1" in out
    how = json.loads(halluc(*COMMAND, "--allow-missing", "--json")[1])["how"]
    assert how["left out"]["questions without an answer"] == 2


def test_a_split_without_answers_is_undefined(files, halluc):
    rows = (files / "a.jsonl").read_text().splitlines()[:4]
    (files / "a.jsonl").write_text("\n".join(rows))
    assert "4 of 8 questions have no answer (popular/1" in halluc(*COMMAND)[2]
    code, out, _ = halluc(*COMMAND, "--allow-missing")
    assert code == 0
    shown = {line.split()[0]: line.split()[1] for line in out.splitlines()[2:] if line}
    assert (shown["popular"], shown["mean"]) == ("undefined", "undefined")


def test_no_answer_at_all_is_an_error_all_the_same(files, halluc):
    (files / "a.jsonl").write_text(lines([{"question_id": "x/9", "text": "Yes"}]))
    command = ("score", "pope", "a.jsonl", "--truth", "q_random.json", "--allow-missing")
    code, _, err = halluc(*command)
    assert (code, "4 of 4 questions have no answer" in err) == (2, True)


def test_an_unfinished_run(tmp_path, halluc):
    samples = [Sample(id=str(n), truth=Truth(label="yes")) for n in range(3)]
    run = open_run(tmp_path / "run", {"decoding": {"do_sample": False, "seed": 7}}, samples)
    run.append([Response(id="1", text="Yes")])
    run.close()
    assert "2 of 3 samples have no answer yet" in halluc("score", "pope", "run")[2]
    code, out, _ = halluc("score", "pope", "run", "--allow-missing")
    assert code == 0
    assert "left out: questions without an answer 2" in out


def test_the_card_of_a_run(tmp_path, halluc):
    samples = [Sample(id=str(n), prompt="Is it?", truth=Truth(label="yes")) for n in range(2)]
    card = {
        "model": {"name": "replay:x", "hash": "abcdef0123456789"},
        "prompt": "{question} Answer yes or no.",
        "decoding": {"do_sample": True, "seed": 7},
        "data": {"name": "pope:q.json", "files": []},
    }
    run = open_run(tmp_path / "run", card, samples)
    run.append(Response(id=sample.id, text="Yes") for sample in samples)
    run.finish()
    code, out, _ = halluc("score", "pope", "run")
    assert code == 0
    for line in (
        "metric: POPE (arXiv:2305.10355)",
        "parser: pope",
        "answers: responses.jsonl (2 rows, sha256 ",
        "truth: the run's samples (2 rows, sha256 ",
        "model: replay:x (hash abcdef012345)",
        "data: pope:q.json",
        "prompt: {question} Answer yes or no.",
        "decoding: do_sample True, seed 7",
        "versions: python ",
    ):
        assert f"\n{line}" in out
    how = json.loads((tmp_path / "run" / "scores.json").read_text())["pope"]["how"]
    assert how["decoding"] == {"do_sample": True, "seed": 7}
    assert how["answers"][0]["rows"] == 2


def test_files_that_bring_their_own_labels(tmp_path, halluc):
    rows = [
        {"index": n, "question": "?", "answer": a, "category": c, "prediction": p}
        for n, (a, c, p) in enumerate(
            [
                ("Yes", "adversarial,popular", "Yes"),
                ("No", "popular", "maybe"),
                ("No", "adversarial", "No."),
            ]
        )
    ]
    (tmp_path / "t.json").write_text(json.dumps(rows))
    code, out, _ = halluc("score", "pope", "t.json", "--parser", "vlmevalkit", "--json")
    assert code == 0
    printed = json.loads(out)
    found = values(printed)
    assert found["pope:vlmevalkit", "adversarial", "accuracy"] == 1
    assert found["pope:vlmevalkit", "popular", "accuracy"] == 0.5
    assert found["pope:vlmevalkit", "", "pooled accuracy"] == 0.75
    assert printed["how"]["answers"][0]["rows"] == 3
    assert printed["how"]["truth"] == "the right answers beside the answers"


def test_labels_of_ones_own_are_joined_by_id_too(tmp_path, halluc):
    row = {"question_id": 1, "question": "Is it?", "answer": "Yes", "label": "no"}
    (tmp_path / "a.jsonl").write_text(lines([row, {**row, "question_id": 2}]))
    assert "0.00" in halluc("score", "pope", "a.jsonl")[1]
    (tmp_path / "a.jsonl").write_text(json.dumps([row, row]))
    assert "a.jsonl:1: a second answer to 1; remove one" in halluc("score", "pope", "a.jsonl")[2]
    (tmp_path / "a.jsonl").write_text(lines([{**row, "label": "maybe"}]))
    assert "a file of answers without labels" in halluc("score", "pope", "a.jsonl")[2]


def test_as_lmms_eval_scores_its_own_samples(shared, tmp_path, halluc):
    """LLaVA-7B's published answers in lmms-eval's clothes, in the order of two processes."""
    rows = []
    for split in ("adversarial", "popular", "random"):
        questions = shared / "pope" / "coco" / f"coco_pope_{split}.json"
        name = f"llava-7b-coco-{split}-greedy.jsonl"
        answers = shared / "pope_answers" / "llava-v1.5-7b" / name
        pairs = zip(*(file.read_text().splitlines() for file in (questions, answers)), strict=True)
        for question, answer in (map(json.loads, pair) for pair in pairs):
            id = str(question["question_id"])
            doc = {"question_id": id, "question": question["text"], "answer": question["label"]}
            rows.append(
                {
                    "doc_id": len(rows),
                    "doc": {**doc, "category": split},
                    "target": question["label"],
                    "filtered_resps": [answer["text"]],
                }
            )
    (tmp_path / "samples_pope.jsonl").write_text(lines(rows[::2] + rows[1::2]))
    code, out, _ = halluc("score", "pope", "samples_pope.jsonl", "--json")
    assert code == 0
    found = values(json.loads(out))
    assert round(100 * found["pope", "random", "F1"], 2) == 85.50
    assert round(100 * found["pope", "popular", "accuracy"], 2) == 85.90
    truths = [
        part
        for split in ("random", "popular", "adversarial")
        for part in ("--truth", shared / "pope" / "coco" / f"coco_pope_{split}.json")
    ]
    code, out, _ = halluc("score", "pope", "samples_pope.jsonl", "--json", *truths)
    assert code == 0
    again = values(json.loads(out))
    assert again["pope", "random", "F1"] == found["pope", "random", "F1"]
    # Of another split is not of this one, though the numbers are the same.
    err = halluc("score", "pope", "samples_pope.jsonl", *truths[:2])[2]
    assert "6000 answers without a question in the truth (1, 3, 5, 7, 9, …)" in err
    code, out, _ = halluc("score", "pope", "samples_pope.jsonl", *truths[:2], "--allow-missing")
    assert (code, "answers without a question 6000" in out) == (0, True)
    assert "85.50" in out
    # Without documents, only the published questions tell the splits, and then by block.
    for row in rows:
        doc = row.pop("doc")
        row["input"] = doc["question"] + "\nAnswer the question using a single word or phrase."
        row["pope_accuracy"] = {"question_id": doc["question_id"]}
    (tmp_path / "samples_pope.jsonl").write_text(lines(rows))
    code, out, _ = halluc("score", "pope", "samples_pope.jsonl", "--json", *truths)
    assert code == 0
    assert values(json.loads(out)) == again


def test_what_the_parsers_dispute_of_the_published_answers(shared, halluc):
    """Answers of one word leave nothing to dispute; see docs/metrics/pope.md."""
    folder = shared / "pope" / "coco"
    truths = [
        part
        for split in ("random_2910", "popular", "adversarial")
        for part in ("--truth", folder / f"coco_pope_{split}.json")
    ]
    answers = shared / "pope_answers" / "llava-v1.5-13b.jsonl"
    printed = json.loads(halluc("score", "pope", answers, *truths, "--parser", "all", "--json")[1])
    assert printed["disputes"] == []
    found = values(printed)
    assert {round(found[f"pope{p}", "", "mean F1"], 4) for p in ("", ":vcd", ":icd")} == {0.8595}


def test_every_parser_is_an_option_of_the_command():
    option = options_of(Pope)[0]
    assert option.choices == (*PARSERS, "logits", "all")


def test_help_imports_little():
    code = (
        "import sys; from app.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "heavy = {'torch', 'numpy', 'nltk', 'rich', 'openpyxl', 'spacy', 'matplotlib'}\n"
        "print('loaded', sorted(heavy & set(sys.modules)))"
    )
    for command in (["score", "--help"], ["score", "pope", "--help"]):
        ran = subprocess.run(
            [sys.executable, "-c", code, *command], capture_output=True, text=True, check=True
        )
        assert "loaded []" in ran.stdout
