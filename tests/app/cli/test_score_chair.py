import json

import pytest

CAPTIONS = [
    {"image_id": 1, "caption": "A dog and a Bus. Two men wait for the buses, near a"},
    {"image_id": 2, "caption": "Two dogs."},
    {"image_id": 3, "caption": "A man is skiing."},
]
TRUTH = {"1": ["dog", "person"], "2": ["dog"], "3": ["person"]}
COMMAND = ("score", "chair", "captions.json", "--truth", "objects.json")


@pytest.fixture
def halluc(halluc, tmp_path):
    """Run the command beside captions and their truth: (exit code, output, errors)."""
    (tmp_path / "captions.json").write_text(json.dumps(CAPTIONS))
    (tmp_path / "objects.json").write_text(json.dumps(TRUTH))
    return halluc


def figures(out):
    return {each["name"]: each["value"] for each in json.loads(out)["scores"]}


def test_captions_with_their_wrong_words(halluc):
    code, out, err = halluc(*COMMAND, "--show", "1")
    assert (code, err) == (0, "")
    assert (
        out.splitlines()[-1]
        == '1: "Bus" at 12 (bus), "buses" at 38 (bus); the truth has dog, person'
    )
    *_, first, second = halluc(*COMMAND, "--show", "9")[1].splitlines()
    assert first.startswith("1: ")
    assert second == '3: "skiing" at 9 (skis); the truth has person'


def test_each_way_to_read_words_has_its_name_on_the_card(halluc, nltk_data):
    read = {
        way: json.loads(halluc(*COMMAND, "--compat", way, "--nltk-data", nltk_data, "--json")[1])
        for way in ("offline", "wordnet", "pattern")
    }
    for way, result in read.items():
        assert result["how"]["compat"] == way
    assert ("nltk" in read["wordnet"]["how"], "nltk" in read["offline"]["how"]) == (True, False)
    mentions = {
        way: next(s["denominator"] for s in result["scores"] if s["name"] == "CHAIRi")
        for way, result in read.items()
    }
    # "skiing" is a mention of skis for WordNet, "men" one of persons for pattern, "Bus" none.
    assert mentions == {"offline": 6, "wordnet": 6, "pattern": 5}


def test_the_default_is_the_same_on_every_machine(halluc, nltk_data, monkeypatch):
    monkeypatch.setenv("NLTK_DATA", nltk_data)
    assert "compat: offline" in halluc(*COMMAND)[1]


def test_an_unfinished_last_sentence_is_left_out(halluc):
    whole = figures(halluc(*COMMAND, "--json")[1])
    code, out, _ = halluc(*COMMAND, "--max-tokens-cut", "sentence", "--json")
    assert code == 0
    assert json.loads(out)["how"]["max_tokens_cut"] == "sentence (1 of 3 captions cut)"
    assert figures(out)["Len"] < whole["Len"]
    assert figures(out)["CHAIRi"] == pytest.approx(2 / 5)


def test_words_are_listed_under_the_table_only(halluc):
    code, out, err = halluc(*COMMAND, "--show", "1", "--json")
    assert (code, out) == (2, "")
    assert "--json" in err
