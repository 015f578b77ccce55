"""`halluc score amber`, and the runs that `halluc generate --task amber` makes for it."""

import json

import pytest
from checkpoints import picture

from halluc.runs import read_run

ANNOTATIONS = [
    {"id": 1, "type": "generative", "truth": ["man", "sofa"], "hallu": ["dog"]},
    {"id": 2, "type": "generative", "truth": ["lake"], "hallu": ["ship"]},
    {"id": 3, "type": "discriminative-attribute-state", "truth": "yes"},
    {"id": 4, "type": "discriminative-attribute-number", "truth": "no"},
    {"id": 5, "type": "discriminative-attribute-action", "truth": "no"},
    {"id": 6, "type": "discriminative-hallucination", "truth": "no"},
    {"id": 7, "type": "discriminative-relation", "truth": "yes"},
    {"id": 8, "type": "relation", "truth": "no"},
]
RELATION = {"man": ["person"], "sofa": ["chair"], "dog": [], "lake": ["water"], "ship": ["boat"]}
RESPONSES = {
    1: "A man with two dogs sits on a couch beside a light.",
    2: "The boats on the water. Dogs swim.",
    **{3: "Yes", 4: "No", 5: "Yes", 6: "No", 7: "Yes, there is", 8: "No"},
}


@pytest.fixture
def data(tmp_path):
    """AMBER's folder, small: two pictures, two captions, six questions."""
    folder = tmp_path / "AMBER"
    (folder / "query").mkdir(parents=True)
    (folder / "image").mkdir()
    queries = [
        {"id": each["id"], "image": f"AMBER_{1 + each['id'] % 2}.jpg", "query": f"Is it {number}?"}
        for number, each in enumerate(ANNOTATIONS)
    ]
    for query in queries[:2]:
        query["query"] = "Describe this image."
        picture(query["id"]).save(folder / "image" / query["image"])
    (folder / "annotations.json").write_text(json.dumps(ANNOTATIONS, indent=1))
    (folder / "relation.json").write_text(json.dumps({**RELATION, "light": []}))
    (folder / "safe_words.txt").write_text("light\n")
    (folder / "query" / "query_all.json").write_text(json.dumps(queries))
    (folder / "query" / "query_discriminative.json").write_text(json.dumps(queries[2:]))
    return folder


@pytest.fixture
def responses(tmp_path):
    def write(*ids):
        rows = [{"id": id, "response": RESPONSES[id]} for id in ids]
        (tmp_path / "a.json").write_text(json.dumps(rows))
        return "a.json"

    return write


def figures(out):
    scores = json.loads(out)["scores"]
    return {(each.get("split", ""), each["name"]): each["value"] for each in scores}


def test_captions_and_questions(data, responses, halluc, nltk_data, tmp_path):
    command = ("score", "amber", responses(*RESPONSES), "--truth", data, "--nltk-data", nltk_data)
    code, out, err = halluc(*command, "-o", "kept")
    assert (code, err) == (0, "")
    rows = [line.split() for line in out.splitlines()]
    # man, dog, couch (not in the vocabulary), light; boat, water; "Dogs" keeps its capital
    assert rows[2] == ["CHAIR", "40.0", "40.00", *rows[2][3:]]
    assert rows[3][:2] == ["Cover", "66.6"]
    assert rows[4][:2] == ["Hal", "100.0"]
    assert rows[5][:2] == ["Cog", "100.0"]
    assert rows[6] == ["AMBER", "score", "72.85"]
    (row,) = [row for row in rows if row and row[0] == "all"]
    assert row[1:5] == ["66.7", "100.0", "75.0", "85.7"]
    assert row[-2:] == ["3", "1"]
    assert "similarity: wordnet" in out
    assert "answers: a.json (8 rows, sha256 " in out
    lines = (tmp_path / "kept" / "findings.jsonl").read_text().splitlines()
    findings = [json.loads(line) for line in lines]
    assert [(each["claim"]["subject"], each["verdict"]) for each in findings] == [
        *(("man", "supported"), ("dog", "hallucinated"), ("light", "unverifiable")),
        *(("boat", "hallucinated"), ("water", "supported")),
    ]
    code, out, _ = halluc(*command, "--json")
    assert figures(out)["", "AMBER score"] == pytest.approx((100 - 40 + 85.7) / 2)
    assert figures(out)["all", "F1"] == 6 / 7


def test_what_is_answered_is_scored(data, responses, halluc):
    fixed = ("--truth", data, "--json")
    code, out, _ = halluc("score", "amber", responses(7, 8), *fixed)
    assert code == 0
    assert {split for split, _ in figures(out)} == {"relation"}
    assert figures(out)["relation", "published accuracy"] == 50.0
    read = halluc("score", "amber", "a.json", *fixed, "--parser", "vlmevalkit")[1]
    assert figures(read)["relation", "accuracy"] == 1
    code, _, err = halluc("score", "amber", responses(7), *fixed)
    assert (code, "1 of 2 questions have no answer (8)" in err) == (2, True)
    code, out, _ = halluc("score", "amber", "a.json", *fixed, "--allow-missing")
    assert code == 0
    assert json.loads(out)["how"]["left out"]["queries without an answer"] == 1
    whole = responses(*RESPONSES)
    out = halluc("score", "amber", whole, *fixed, "--evaluation-type", "da")[1]
    assert {split for split, _ in figures(out)} == {"attribute", "state", "number", "action"}
    err = halluc("score", "amber", responses(3, 4), *fixed, "--evaluation-type", "d")[2]
    assert "4 of 6 questions have no answer (5, 6, 7, 8)" in err


def test_without_nltk_data_the_questions_can_be_scored(data, responses, halluc, monkeypatch):
    import nltk

    monkeypatch.setattr(nltk.data, "path", [])
    command = ("score", "amber", responses(*RESPONSES), "--truth", data)
    code, out, err = halluc(*command)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "score the yes/no answers alone with --evaluation-type d" in err
    assert halluc(*command, "--evaluation-type", "d")[0] == 0


def test_bad_input_is_one_line(data, responses, halluc, nltk_data, tmp_path):
    (tmp_path / "image").mkdir()
    for options, message in (
        (("--truth", data, "--similarity", "magic"), "unknown similarity 'magic'; give wordnet,"),
        (("--truth", "image"), "image: no annotations.json here"),
        ((), "a.json: AMBER's associations of words are needed; name its folder of data with"),
    ):
        command = ("score", "amber", responses(1, 2), "--nltk-data", nltk_data, *options)
        code, out, err = halluc(*command, "-o", "kept")
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert message in err
        assert not (tmp_path / "kept").exists()


def test_surplus_answers_alone(data, halluc, tmp_path):
    (tmp_path / "a.json").write_text('[{"id": 99, "response": "Yes"}]')
    command = ("score", "amber", "a.json", "--truth", data)
    assert "1 answers" in halluc(*command)[2]
    assert halluc(*command, "--allow-missing")[0] == 2


def test_generate_and_score(data, halluc, checkpoint, nltk_data, tmp_path):
    fixed = ("--task", "amber", "--device", "cpu", "--max-new-tokens", 4)
    command = ("generate", "--model", f"hf:{checkpoint('llava')}", *fixed)
    code, _, err = halluc(*command, "--data", "amber:AMBER", "-o", "run")
    assert (code, err.splitlines()[-1]) == (0, "next: halluc score amber run")
    run = read_run(tmp_path / "run")
    assert [each.prompt for each in run.responses[1:3]] == ["Describe this image.", "Is it 2?"]
    assert run.samples[0].truth.names == {"man", "sofa"}
    code, out, _ = halluc("score", "amber", "run", "--nltk-data", nltk_data)
    assert code == 0
    assert "model: hf:" in out
    scores = run.scores()["amber"]["scores"]
    assert {each.get("split", "") for each in scores} >= {"generative", "all", "existence"}

    only = "amber:AMBER/query/query_discriminative.json"
    own = ("--prompt", "{question} Yes or No?")
    halluc(*command, "--data", only, "-o", "some", "--limit", 6, *own)
    assert read_run(tmp_path / "some").responses[0].prompt == "Is it 2? Yes or No?"
    assert halluc("score", "amber", "some")[0] == 0
    (data / "relation.json").write_text(json.dumps({**RELATION, "light": ["lamp"]}))
    err = halluc("score", "amber", "some")[2]
    assert "relation.json of amber:AMBER is not the one that the run was made on" in err
    assert halluc("score", "amber", "some", "--truth", data)[0] == 0
    (data / "annotations.json").rename(tmp_path / "gone.json")
    assert halluc("score", "amber", "some")[0] == 2


def test_a_mixed_file_scored_by_its_questions_says_what_it_left_out(data, responses, halluc):
    mixed = responses(*RESPONSES)
    command = ("score", "amber", mixed, "--truth", data, "--evaluation-type", "d")
    code, out, err = halluc(*command)
    assert (code, err) == (0, "")
    assert "CHAIR" not in out
    assert "not scored: 2 answers to parts that are not evaluated" in out
    code, out, _ = halluc("score", "amber", responses(3, 4, 5, 6, 7, 8), "--truth", data)
    assert code == 0 and "not scored" not in out
