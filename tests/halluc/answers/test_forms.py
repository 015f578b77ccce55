import json

import pytest

from halluc.answers import forms
from halluc.answers.files import read_answers
from halluc.errors import InputError

POPE = {"question_id": 1, "prompt": "Is there a cup?", "text": "Yes", "metadata": {"a": {"b": 1}}}
LMMS = {"doc_id": 0, "doc": {"question_id": "1"}, "filtered_resps": ["Yes"]}
TABLE = {"index": 0, "question": "?", "answer": "Yes", "prediction": "No"}


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (json.dumps(POPE), [forms.POPE]),
        (json.dumps([POPE], indent=2), [forms.POPE]),
        ("\ufeff" + json.dumps(POPE), [forms.POPE]),
        (json.dumps([{"id": 1, "response": "Yes"}]), [forms.POPE, forms.AMBER]),
        (json.dumps([{"image_id": 1, "caption": "A dog."}]), [forms.CAPTIONS]),
        (json.dumps({"sentences": [{"image_id": 1, "caption": ""}]}), [forms.CHAIR]),
        (json.dumps(LMMS), [forms.LMMS_EVAL]),
        (json.dumps([TABLE]), [forms.VLMEVALKIT]),
        (json.dumps([{**TABLE, "question_id": 1}]), [forms.VLMEVALKIT]),
        ("index\tquestion\tprediction\n0\t?\tNo", [forms.VLMEVALKIT]),
        ('"index"\t"question"\t"prediction"\r\n', [forms.VLMEVALKIT]),
        (json.dumps({**POPE, **LMMS}), [forms.POPE, forms.LMMS_EVAL]),
        ("plain text", []),
        ("{", []),
        ("[]", []),
        ("", []),
    ],
)
def test_forms_are_found_by_content(content, found, tmp_path):
    file = tmp_path / "file"
    file.write_text(content)
    assert forms.forms_of(file) == found


def test_folders(tmp_path):
    assert forms.forms_of(tmp_path) == []
    (tmp_path / "color.txt").write_text("1.jpg\tIs it red?\tYes\tyes\n")
    assert forms.forms_of(tmp_path) == [forms.MME]
    with pytest.raises(InputError, match="a folder of MME's eval_tool, which is not scored here"):
        read_answers(tmp_path)


def test_doubt_names_the_candidates(tmp_path):
    file = tmp_path / "file"
    file.write_text(json.dumps({**POPE, **LMMS}))
    with pytest.raises(InputError, match="may be POPE or LLaVA answers or lmms-eval samples"):
        read_answers(file)
    file.write_text(json.dumps({"id": 1, "answer": "Yes", "response": "No"}))
    with pytest.raises(InputError, match=':1: more than one of "answer", "response"'):
        read_answers(file)


def test_another_form_is_told(tmp_path):
    file = tmp_path / "file"
    file.write_text(json.dumps([{"image_id": 1, "caption": "A dog."}]))
    with pytest.raises(InputError, match="this looks like COCO caption results"):
        read_answers(file)
    assert forms.find_form(file, [forms.CAPTIONS]) == forms.CAPTIONS


def test_published_answers(shared):
    folder = shared / "pope_answers"
    assert forms.forms_of(folder / "llava-v1.5-13b.jsonl") == [forms.POPE]
    assert forms.forms_of(shared / "mme" / "LaVIN") == [forms.MME]
    assert forms.forms_of(shared / "mme" / "answers-llava-v1.5-13b.jsonl") == [forms.POPE]
    assert forms.forms_of(shared / "captions" / "deco" / "deco_chair.jsonl") == [forms.CHAIR]
