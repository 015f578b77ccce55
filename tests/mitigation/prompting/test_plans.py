"""Plans ask what they say, in any batch and order; their controls change what they name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from checkpoints import picture

from halluc.datasets import Dataset
from halluc.errors import InputError
from halluc.mllm import Decoding, Request
from halluc.records import Call, Response, Sample, Truth, cost_of, decode_response
from mitigation.prompting import make_plan
from mitigation.prompting.chain import NEUTRAL
from mitigation.prompting.protocol import Planned, Setting
from mitigation.prompting.vote import count_answers, vote_on_claims

SAMPLES = [
    Sample(
        id=str(n), image=f"{n}.png", prompt=f"Is there a cup in {n}?", split="adversarial",
        truth=Truth(label="yes" if n % 2 else "no"),
    )
    for n in range(6)
]  # fmt: skip
CHAINS = ("describe", "graph", "blind", "counterfactual")


def opened(sample: Sample) -> Any:
    return picture(int(sample.id))


class Echo:
    """Says what it was asked, with which seed, and on which picture."""

    def __init__(self) -> None:
        self.card: dict[str, Any] = {"model": {"name": "echo"}}

    def generate(
        self, requests: Sequence[Request], decoding: Decoding, answers: Sequence[str] = ()
    ) -> list[Response]:
        pixel = [each.images[0].getpixel((0, 0)) if each.images else None for each in requests]
        both = zip(requests, pixel, strict=True)
        texts = [f"{each.prompt[-20:]} {decoding.seed} {shown}" for each, shown in both]
        return [
            Response(id=e.id, text=t, answers=dict.fromkeys(answers, 0.4))
            for e, t in zip(requests, texts, strict=True)
        ]


def run(
    named: str, order: Sequence[int] = range(4), size: int = 4, **own: Any
) -> dict[str, Response]:
    setting = Setting(
        SAMPLES, opened, lambda sample: sample.prompt or "", False, ("yes", "no"),
        Dataset("demonstrations", SAMPLES, opened),
    )  # fmt: skip
    plan = make_plan(named, own)
    plan.check(setting)
    model = Planned(Echo(), plan, setting)
    asked = [Request(str(n), SAMPLES[n].prompt or "", picture(n)) for n in order]
    batches = [asked[start : start + size] for start in range(0, len(asked), size)]
    found = [e for b in batches for e in model.generate(b, Decoding(seed=3), ("yes", "no"))]
    assert [each.id for each in found] == [each.id for each in asked]
    return {each.id: each for each in found}


@pytest.mark.parametrize("named", [*CHAINS, "critique", "vote:3", "icl:2"])
def test_batch_and_order_change_no_call_and_records_come_back(named: str) -> None:
    own = {"demonstrations": "x"} if named.startswith("icl") else {}
    whole = run(named, **own)
    assert whole == run(named, (3, 1, 0, 2), 1, **own)
    for each in whole.values():
        assert each.prompt == SAMPLES[int(each.id)].prompt
        assert decode_response(msgspec.json.encode(each)) == each
        assert len(each.calls) == {"blind": 3, "critique": 4, "vote:3": 3, "icl:2": 1}.get(named, 2)
    assert cost_of(list(whole.values())) == {"calls": 4 * len(whole["0"].calls)}


@pytest.mark.parametrize("named", CHAINS)
def test_controls_of_chains(named: str) -> None:
    def shown(call: Call) -> str:
        return " ".join([*(turn.text for turn in call.earlier), call.prompt])

    plain, neutral, foreign, blank = (
        run(named, control=control)["0"].calls
        for control in (None, "neutral", "foreign", "text-only")
    )
    assert plain[-2].text in shown(plain[-1])
    assert neutral[:-1] == plain[:-1] and blank[:-1] == plain[:-1]
    words = NEUTRAL.split()[: len(plain[-2].text.split())]
    assert " ".join(words) in shown(neutral[-1]) and plain[-2].text not in shown(neutral[-1])
    assert foreign[-2].picture == "1" and foreign[-2].text in shown(foreign[-1])
    last = [plain[-1], foreign[-1], blank[-1]]
    seen = [e.picture or (e.earlier[0].picture if e.earlier else "") for e in last]
    assert seen == ["own", "own", ""]


@pytest.mark.parametrize("control", [None, "no-critique"])
def test_a_critique_tells_the_prompts_of_its_calls(control: str | None) -> None:
    calls = run("critique", control=control)["0"].calls
    told = make_plan("critique", {"control": control}).prompts
    assert list(told) == [each.name for each in calls]
    for revise in (told["revise"], calls[-2].prompt):
        assert ("critique" in revise) is (control is None)


def test_demonstrations_are_balanced_on_other_pictures_and_have_controls() -> None:
    def turns(control: str | None = None, **own: Any) -> list[Any]:
        made = run("icl:4", control=control, demonstrations="x", **own)
        assert all(t.picture != id for id, e in made.items() for t in e.calls[0].earlier)
        return [turn for each in made.values() for turn in each.calls[0].earlier]

    def right(turn: Any) -> bool:
        return (int(turn.prompt.split()[-1][0]) % 2 == 1) == (turn.text == "Yes")

    for choose in ("random", "similar", "adversarial"):
        plain = turns(choose=choose)
        assert [t.text for t in plain].count("Yes") == 8 and all(map(right, plain))
    assert not any(turn.picture for turn in turns("no-pictures"))
    assert not any(map(right, turns("wrong-labels")))
    with pytest.raises(InputError, match="whose answer is no; --plan icl:4 needs 4"):
        turns("all-no")


@pytest.mark.parametrize(
    ("captions", "text"),
    [
        (("A cup is left of a fork.", "A cup is right of a fork.", "A fork is left of a cup."),
         "A cup is to the right of a fork."),
        (("A cup is left of a fork.", "A cup is left of a fork.", "A fork is left of a cup."),
         "A cup is left of a fork."),
        (("A cup is left of a fork.", "A cup is right of a fork.", "A cup and a fork."),
         "A cup is left of a fork."),
        (("There is a red cup.", "There is a blue cup.", "A blue cup."), "There is a blue cup."),
        (("There is a red cup.", "There is a blue cup.", "A cup."), "There is a red cup."),
    ],
    ids=["opposite", "same", "even", "color", "even color"],
)  # fmt: skip
def test_attributes_and_directions_go_by_the_majority(captions: tuple[str, ...], text: str) -> None:
    assert vote_on_claims([Response(id="a", text=each) for each in captions]).text == text


def test_votes() -> None:
    def said(*texts: str) -> list[Response]:
        return [Response(id="a", text=text) for text in texts]

    captions = said(
        "There is a cup and a dog.", "There is a cup and a knife.", "There is a cup and a dog."
    )
    assert vote_on_claims(captions).text == "There is a cup and a dog."
    shares = ({"yes": 0.2, "no": 0.2}, {"yes": 0.9, "no": 0.0})
    answers = [Response(id="a", text="No", answers=each) for each in shares]
    told = count_answers(answers, ("yes", "no"), texts=False)
    assert (told.text, told.answers) == ("Yes", {"yes": 0.75, "no": 0.25})
    assert count_answers(said("No.", "yes", "no, not"), ("yes", "no"), texts=True).text == "No"


@pytest.mark.parametrize(
    ("named", "own", "said"),
    [
        ("magic", {}, "no plan 'magic'"),
        ("describe:3", {}, "takes no number"),
        ("vote:x", {}, "a whole number"),
        ("vote:1", {}, "n must be 2 to 64, not 1"),
        ("vote", {"control": "neutral"}, "has no control 'neutral'; it has random-claims"),
        ("vote", {"chain_tokens": 3}, "--chain-tokens does not belong to --plan vote"),
    ],
)
def test_faults_are_one_line(named: str, own: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        make_plan(named, own)
