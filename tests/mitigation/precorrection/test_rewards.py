"""Rewards are what they say of every kind of finding, alone and as TRL calls them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from halluc import rewards
from halluc.errors import InputError, SampleError
from halluc.records import Box, Response, TrueObject, TrueRelation, Truth
from mitigation.precorrection import measures
from mitigation.precorrection.rewards import for_trl, read_reward, total

TRUTH = Truth(
    objects=(
        TrueObject(name="cup", attributes={"color": "red"}),
        TrueObject(name="dog", attributes={"color": "brown", "size": "small"}),
    ),
    relations=(TrueRelation(subject=0, predicate="left of", object=1),),
    complete=True,
)
KINDS = ("object", "attribute", "relation")


def told(what: str, text: str, truth: Truth = TRUTH) -> list[float | None]:
    return [read_reward(f"{kind}-{what}")(text, truth) for kind in KINDS]


@pytest.mark.parametrize(
    ("text", "wrong", "covered"),
    [
        ("A red cup is to the left of a small brown dog.", (0, 0, 0), (1, 1, 1)),
        ("A cup is to the right of a dog.", (0, 0, -1), (1, 0, 0)),  # relation
        ("A blue cup and a large dog.", (0, -2, 0), (1, 0, 0)),  # color, size
        ("A red cup and a fork. There is also a cat.", (-2, 0, 0), (0.5, 1 / 3, 0)),  # objects
        ("There are three dogs.", (0, -1, 0), (0.5, 0, 0)),  # count
        ("There is no dog. A cup.", (-1, 0, 0), (0.5, 0, 0)),  # denied, but there
        ("There is no fork and no blue cup.", (0, 0, 0), (0, 0, 0)),  # denied rightly
        ("There might be a fork. Is there a cat?", (0, 0, 0), (0, 0, 0)),  # hedged, asked
        ("A blue fork is to the left of a dog.", (-1, 0, 0), (0.5, 0, 0)),  # of what is absent
        ("The dog is right of the cup.", (0, 0, 0), (1, 0, 1)),  # the same from the other side
        ("", (0, 0, 0), (0, 0, 0)),
    ],
)
def test_every_kind_of_finding(text: str, wrong: Any, covered: Any) -> None:
    assert told("hallucination", text) == list(wrong)
    assert told("coverage", text) == pytest.approx(list(covered))


def test_what_a_truth_cannot_tell_is_none() -> None:
    bare = Truth(objects=(TrueObject(name="cup"),))
    assert told("hallucination", "A red cup and a fork.", bare) == [0, None, None]
    assert told("coverage", "A red cup and a fork.", bare) == [1, None, None]
    assert told("hallucination", "A cup.", Truth()) == [None, None, None]
    coco = Truth(exhaustive="coco")
    assert told("hallucination", "A cup.", coco) == [-1, None, None]
    boxes = (
        TrueObject(name="cup", box=Box(0, 0, 4, 4)),
        TrueObject(name="dog", box=Box(9, 0, 4, 4)),
    )
    assert told("hallucination", "A cup right of a dog.", Truth(objects=boxes)) == [0, None, -1]
    parts = [read_reward("object-coverage=2"), read_reward("attribute-coverage")]
    assert total(parts, {"object-coverage": 0.5, "attribute-coverage": None}) == 1.0
    assert total(parts[1:], {"attribute-coverage": None}) is None


def test_form() -> None:
    said = read_reward("repetition")
    assert said("A cup and a dog.", TRUTH) == 0 and said("A cup.", TRUTH) == 0
    assert said("The cup is red. The cup is red.", TRUTH) == pytest.approx(4 / 5 - 1)
    assert read_reward("end")("A", TRUTH, "length") == -1 and read_reward("end")("A", TRUTH) == 0
    band = read_reward("length:4-8")
    assert [band("a " * n, TRUTH) for n in (0, 3, 4, 8, 12)] == [-1, -0.25, 0, 0, -0.5]


def test_a_judge_reads_facts_or_references(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Judge:
        def generate(self, requests: Any, decoding: Any) -> list[Response]:
            asked.extend(each.prompt for each in requests)
            replies = {"cat": "No.", "dog": "Yes"}
            return [
                Response(id=e.id, text=next((r for w, r in replies.items() if w in e.prompt), "?"))
                for e in requests
            ]

    monkeypatch.setattr(measures, "load_model", lambda name: {"m": Judge()}[name])
    judge = read_reward("judge:m=2")
    assert (judge.name, judge.weight) == ("judge:m", 2)
    truth = Truth(objects=(TrueObject(name="cup"),))
    assert [judge(f"A {each}.", truth) for each in ("cat", "dog", "cow")] == [0, 1, None]
    assert judge("A cup.", Truth(), references=["A dog."]) == 1
    assert "There is a red cup." in measures.facts_of(TRUTH)
    assert measures.facts_of(TRUTH)[-1] == "The cup is left of the dog."
    assert asked[0].startswith("reference captions:\nThere is a cup.\nour caption:\nA cat.\n")
    with pytest.raises(SampleError, match="no facts to judge by"):
        judge("A cup.", Truth())


def test_trl_calls_them_with_columns() -> None:
    both = for_trl(["object-hallucination", "end"], ends=[7])
    assert [each.__name__ for each in both] == ["object-hallucination", "end"]
    columns = {
        "prompts": ["", ""],
        "completions": [[{"role": "assistant", "content": "A fork."}], "A cup."],
        "completion_ids": [[1, 2], [1, 7]],
        "truth": [msgspec.json.encode(TRUTH).decode(), TRUTH],
        "id": ["a", "b"],
        "trainer_state": None,
    }
    assert [each(**columns) for each in both] == [[-1, 0], [-1, 0]]
    [failing] = for_trl(["rewarding:fails"])
    with pytest.raises(SampleError) as caught:
        failing(**columns)
    assert str(caught.value) == (
        "reward rewarding:fails of sample a: ZeroDivisionError: by nothing"
    )
    assert for_trl(["rewarding:none"])[0](**columns) == [1.0, 1.0]
    row, *more = rewards.rows("tabletop", limit=2)
    assert row["prompt"][0]["content"] == "Describe this image in detail." and len(more) == 1
    assert msgspec.json.decode(row["truth"], type=Truth).complete and row["image"].mode == "RGB"


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["beauty"], "there is no reward 'beauty'; there are object-hallucination"),
        (["end=0"], "the weight of a reward is a number other than 0"),
        (["end=nan"], "the weight of a reward is a number other than 0"),
        (["end", "end=2"], "the reward end is named twice"),
        (["length:9-4"], "two numbers of words from 1 on, not '9-4'"),
        (["nowhere:f"], "there is no reward nowhere:f: ModuleNotFoundError"),
        (["rewarding:nothing"], "there is no reward rewarding:nothing: AttributeError"),
        (["end"], "give ends"),
    ],
)
def test_what_is_no_reward_is_named(names: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        for_trl(names)


def test_a_reward_that_is_no_number_names_its_sample() -> None:
    with pytest.raises(SampleError, match=r"reward rewarding:endless of sample : .*inf is no num"):
        read_reward("rewarding:endless")("A cup.", TRUTH)
