"""The best of several captions is the answer, all are kept, and best and worst make a pair."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from checkpoints import picture

from halluc import generate
from halluc.errors import InputError
from halluc.mllm import Decoding, Request
from halluc.records import Response
from halluc.runs import read_run

SAID = ("A fork and a cup.", "A cup and a dog.", "A fork.", "A cup and a dog and a cat")
BY = ("object-hallucination=0.5", "object-coverage", "end")


class Draws:
    """Says another of four captions with each seed; the last is cut short."""

    def __init__(self) -> None:
        self.card: dict[str, Any] = {"model": {"name": "draws", "hash": "0"}}
        self.seeds: list[int] = []

    def generate(
        self, requests: Sequence[Request], decoding: Decoding, answers: Sequence[str] = ()
    ) -> list[Response]:
        assert decoding.do_sample
        if decoding.seed not in self.seeds:
            self.seeds.append(decoding.seed)
        said = SAID[self.seeds.index(decoding.seed)]
        finish = "stop" if said.endswith(".") else "length"
        return [Response(id=each.id, text=said, finish=finish) for each in requests]

    def choose(self, requests: Any, answers: Any) -> Any:
        raise NotImplementedError


@pytest.fixture
def data(tmp_path: Path) -> str:
    rows = []
    for number, objects in enumerate((["cup", "dog"], ["fork"])):
        picture(number).save(tmp_path / f"{number}.png")
        rows.append({"id": number, "image": f"{number}.png", "objects": objects})
    (tmp_path / "data.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return f"jsonl:{tmp_path / 'data.jsonl'}"


def test_the_best_is_kept_and_pairs_are_made(halluc: Any, data: str, tmp_path: Path) -> None:
    run = generate(Draws(), data, tmp_path / "run", best_of=4, by=BY)
    assert [each.text for each in run.responses] == [SAID[1], SAID[2]]
    assert [call.text for call in run.responses[0].calls] == list(SAID)
    kept = read_run(tmp_path / "run")
    assert kept.card["plan"]["by"] == list(BY) and kept.card["plan"]["n"] == 4
    generate(Draws(), data, tmp_path / "run", best_of=4, by=BY)  # nothing left to do
    for name, more in {"pairs": BY, "one": (*BY[:2], "length:1-1=9")}.items():
        options = [word for each in more for word in ("--by", each)]
        code, out, err = halluc("data", "pairs", "run", *options, "-o", name, "--test-share", 0)
        assert code == 0, err
        assert "on-policy: 2 pairs" in out
    rows = [json.loads(each) for each in (tmp_path / "pairs/train.jsonl").read_text().splitlines()]
    texts = [(row["chosen"][0]["content"], row["rejected"][0]["content"]) for row in rows]
    assert texts == [(SAID[1], SAID[2]), (SAID[2], SAID[1])]  # never what was cut short
    assert json.loads((tmp_path / "pairs/card.json").read_text())["by"] == list(BY)
    assert '<b class="good">' in (tmp_path / "pairs/page.html").read_text()
    plain = ("generate", "--data", data, "--limit", 1, "-o", "new")
    for options, message in (
        ((*plain, "--best-of", 2), "--best-of N wants --by REWARD"),
        ((*plain, "--by", "end"), "--by wants --best-of N"),
        ((*plain, "--best-of", 2, "--by", "joy"), "there is no reward 'joy'"),
        ((*plain, "--best-of", 2, "--by", "end", "--plan", "vote"), "leave out --plan, --decode"),
        (("data", "pairs", "pairs", "-o", "new", "--by", "end"), "pairs"),
    ):
        code, _, err = halluc(*options)
        assert (code, err.count("\n")) == (2, 1), err
        assert message in err
    assert not (tmp_path / "new").exists()


def test_what_cannot_be_ranked_is_refused(halluc: Any, data: str, tmp_path: Path) -> None:
    bare = tmp_path / "bare.jsonl"
    bare.write_text('{"id": 7, "image": "1.png"}')
    with pytest.raises(InputError, match="--best-of wants the ground truth, and 7 has none"):
        generate(Draws(), f"jsonl:{bare}", tmp_path / "new", best_of=2, by=["end"])
    lines = [json.dumps({"id": n, "text": "A cup."}) for n in range(2)]
    (tmp_path / "said.jsonl").write_text("\n".join(lines))
    assert halluc("generate", "--model", "replay:said.jsonl", "--data", data, "-o", "said")[0] == 0
    code, _, err = halluc("data", "pairs", "said", "--by", "end", "-o", "pairs")
    assert (code, err.count("\n")) == (2, 1)
    assert "said: --by wants a run by halluc generate --best-of" in err
