from __future__ import annotations

from pathlib import Path

import pytest

from halluc.errors import InputError
from halluc.jsonl import write_jsonl
from halluc.mllm import Decoding, Request, load_model
from halluc.records import Response, Token


def test_recorded_answers_come_by_id(tmp_path: Path) -> None:
    recorded = Response(
        id="a", text="Yes.", prompt="Is it?", tokens=(Token(0, 3, -0.1),), answers={"yes": 0.9}
    )
    write_jsonl(tmp_path / "responses.jsonl", [recorded, Response(id="b", text="No")])
    model = load_model(f"replay:{tmp_path / 'responses.jsonl'}")
    requests = [Request("b", "Is it red?"), Request("a", "Is it?")]
    b, a = model.generate(requests, Decoding())
    assert a == recorded
    assert (b.id, b.text, b.prompt) == ("b", "No", "Is it red?")
    assert model.choose(requests, ("yes", "no")) == [{}, {"yes": 0.9}]
    assert model.card["decoding"] == {}


def test_other_tools_files_and_their_faults(tmp_path: Path) -> None:
    file = tmp_path / "answers.jsonl"
    file.write_text('{"question_id": 7, "text": "yes", "model_id": "x"}\n')
    model = load_model(f"replay:{file}")
    assert model.generate([Request("7", "")], Decoding())[0].text == "yes"
    with pytest.raises(InputError, match=r"answers\.jsonl: there is no answer to '8' in it"):
        model.generate([Request("8", "")], Decoding())

    file.write_text('{"id": 1, "text": "a"}\n\n{"text": "yes"}\n')
    with pytest.raises(InputError, match=r'answers\.jsonl:3: .*neither "id" nor'):
        load_model(f"replay:{file}")
    file.write_text('{"id": 1, "text": "a"}\n{"id": "1", "text": "b"}\n')
    with pytest.raises(InputError, match=r"answers\.jsonl:2: a second answer to '1'"):
        load_model(f"replay:{file}")
    with pytest.raises(InputError, match="No such file"):
        load_model(f"replay:{tmp_path / 'none'}")
