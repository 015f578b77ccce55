"""What becomes a preference pair, on scenes and captions small enough to read."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from dataclasses import replace

import pytest

from halluc.language.claims.things import coco_things
from halluc.records import TrueObject, TrueRelation, Truth
from halluc.tabletop.english import detailed_caption
from halluc.tabletop.truth import truth_of
from halluc.tabletop.world import CLASSES, scene
from metrics.finegrained import finegrained
from mitigation.precorrection.correcting import Habits, mend, spoil
from mitigation.precorrection.inspected import Answered, Inspected, errors
from mitigation.precorrection.negatives import mine_answers, mine_captions
from mitigation.precorrection.pairs import (
    balance,
    balance_length,
    make_pair,
    read_pairs,
    split_by_picture,
    write_pairs,
)

CUP, FORK, BOOK = (
    TrueObject(name="cup", attributes={"color": "red", "size": "large"}),
    TrueObject(name="fork", attributes={"color": "blue", "size": "small"}),
    TrueObject(name="book", attributes={"color": "green", "size": "medium"}),
)
TRUTH = Truth(
    objects=(CUP, FORK, BOOK),
    relations=(
        TrueRelation(subject=0, predicate="left of", object=1),
        TrueRelation(subject=1, predicate="right of", object=0),
    ),
    complete=True,
)
HABITS = Habits(
    {"fork": {"knife": 3}, "cup": {"knife": 1}},
    {"color": {"red", "blue", "green"}, "size": {"large", "small"}},
)


def found(text, truth=TRUTH):
    return finegrained({"x": text}, {"x": truth}, coco_things()).findings


def answer(id, text, image="picture", truth=TRUTH):
    return Answered(
        id=id, image=image, prompt="Describe.", text=text, truth=truth,
        findings=tuple(found(text, truth)),
    )  # fmt: skip


def mined(answers, doubted=None, **more):
    inspected = Inspected(coco_things(), doubted)
    for each in answers:
        inspected.add(each)
    return mine_captions(inspected, **more)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("There is a blue cup and a fork.", "There is a red cup and a fork."),
        ("There is a small book.", "There is a book."),  # captions hardly ever say medium
        ("There is a cup and a green apple.", "There is a cup and a green fork."),
        ("There is a cup, a fork, a book and an apple.", "There is a cup, a fork and a book."),
        ("There is a cup, an apple, a fork and a book.", "There is a cup, a fork and a book."),
        ("A fork. The cup is below the fork.", "A fork. The cup is to the left of the fork."),
        ("A cup, a fork, a book and an apple. The apple is red.", "A cup, a fork and a book."),
    ],
)  # fmt: skip
def test_wrong_words_are_mended_from_the_truth(wrong, right):
    assert errors(found(wrong))
    assert mend(wrong, found(wrong), TRUTH, HABITS) == right


def test_what_people_doubt_stays_as_it_is_and_counts_nowhere():
    apple = ("object", "apple", "", "")
    texts = [answer("1", "There is a blue cup and an apple."), answer("2", "A book and an apple.")]
    [pair] = mined(texts, {"picture": {apple}}, kinds=("corrected",))
    assert pair.answers == (
        "There is a cup and an apple.",
        "There is a blue cup and an apple.",
    )
    assert mined(texts[1:], {"another": {apple}}, kinds=("corrected",))
    # What may be there is no lie to put in.
    true = [answer("3", "There is a red cup, a blue fork and a book.")]
    [spoilt] = mined(true, kinds=("injected",))
    claims = [each.claim for each in found(spoilt.rejected)]
    doubted = {(each.kind, each.subject, each.value, each.object) for each in claims}
    assert mined(true, {"picture": doubted}, kinds=("injected",)) == []


def test_what_is_beyond_a_few_words_is_left_alone():
    for text in ("There is no cup.", "There are three forks."):
        assert errors(found(text))
        assert mend(text, found(text), TRUTH, HABITS) is None


def spoilt(text):
    return {spoil(text, found(text), TRUTH, HABITS, random.Random(seed)) for seed in range(40)}


def test_one_thing_is_made_wrong():
    listed = "There is a red cup, a fork and a book."
    placed = f"{listed} The cup is left of the fork."
    assert "There is a red cup, a knife and a book." in spoilt(listed)
    assert f"{listed} The cup is to the right of the fork." in spoilt(placed)
    assert any("green cup" in each or "blue cup" in each for each in spoilt(placed))
    assert all(errors(found(each)) for each in spoilt(listed) | spoilt(placed))


def test_what_is_named_again_stays_so_that_repetition_tells_nothing():
    text = "There is a cup and a fork. The cup is left of the fork."
    told = spoilt(text)
    assert told and not any("knife" in each for each in told)


def test_the_better_answer_does_not_just_say_less_or_say_it_twice():
    worse = answer("worse", "There is a cup, a fork and an apple on the table here.")
    for text in ("There is a cup.", "There is a cup. There is a cup. There is a cup here."):
        pairs = mined([worse, answer("other", text)])
        assert not [pair for pair in pairs if pair.kind == "on-policy"]
    better = answer("better", "There is a cup, a fork and a book on the table here.")
    [pair] = [p for p in mined([worse, better]) if p.kind == "on-policy"]
    assert (pair.chosen, pair.rejected) == (better.text, worse.text)
    assert [pair.chosen[start:end] for start, end in pair.chosen_spans] == ["a book"]
    assert [pair.rejected[start:end] for start, end in pair.rejected_spans] == ["an apple"]


def test_no_better_answer_says_a_sentence_again_more_often():
    listed = "There is a cup, a fork and a {}. The cup is red."
    worse = answer("1", listed.format("knife") + " The fork is small.")
    better = answer("2", listed.format("book") + " The cup is red.")
    assert not mined([worse, better], kinds=("on-policy",))
    assert mined([worse, answer("3", listed.format("book"))], kinds=("on-policy",)) == []  # short
    assert mined([worse, answer("4", better.text[:-4] + "large.")], kinds=("on-policy",))


def test_a_mended_answer_that_is_longer_than_usual_loses_what_it_says_again():
    listed = "There is a large {} cup, a small blue fork and a book."
    wrong = answer("x", listed.format("blue") + 4 * " A fork.")
    for said, left in ((0, 3), (5, 4)):  # the usual caption is shorter, or longer
        usual = listed.format("red") + said * " A fork."
        others = [answer(str(n), usual, f"picture {n}") for n in range(9)]
        [pair] = mined([wrong, *others], kinds=("corrected",))
        assert pair.chosen == listed.format("red") + left * " A fork."


def test_pairs_of_the_embedded_world_hold_against_its_truth():
    answers, truths = [], {}
    for index in range(10_000, 10_040):
        drawn = scene("broken", index)
        truths[drawn.id] = truth_of(drawn)
        first, *others = drawn.items
        taken_for = next(name for name in CLASSES if name not in drawn.names)
        seen = replace(drawn, items=(replace(first, name=taken_for), *others))
        text = detailed_caption(seen if index % 2 else drawn, random.Random(index))
        answers.append(answer(drawn.id, text, drawn.id, truths[drawn.id]))
    pairs = mined(answers)
    kinds = [pair.kind for pair in pairs]
    assert kinds.count("corrected") > 10
    assert kinds.count("injected") == kinds.count("corrected")  # no more than can be used
    assert len(mined(answers, kinds=["injected"])) > 25
    few = mined(answers, most=3)
    assert [pair.kind for pair in few] == ["corrected"] * 3 + ["injected"] * 3
    for pair in pairs:
        assert not errors(found(pair.chosen, truths[pair.image]))
        assert errors(found(pair.rejected, truths[pair.image]))
    assert pairs == mined(answers)


def test_states_are_corrected_and_spoilt_in_the_form_of_the_verb():
    bottle = TrueObject(name="bottle", attributes={"state": "lie"})
    truth = Truth(objects=(bottle,), complete=True)
    habits = Habits({}, {"state": {"lie", "stand", "lean"}})
    for said, right in (
        ("A bottle stands upright.", "A bottle lies."),
        ("A bottle is leaning to one side.", "A bottle is lying."),
    ):
        assert mend(said, found(said, truth), truth, habits) == right
    true = "A bottle is lying on its side."
    spoilt = spoil(true, found(true, truth), truth, habits, random.Random(0), ["attribute"])
    assert spoilt in ("A bottle is standing.", "A bottle is leaning.")
    assert errors(found(spoilt, truth))


def bare(id, text):
    return Answered(id=id, image="p", prompt=f"Is there {id}?", text=text, truth=TRUTH)


def test_yes_and_no_are_the_better_answer_equally_often():
    asked = [(bare(f"{n}", "Yes" if n % 3 else "No."), n % 4 > 0) for n in range(60)]
    asked.append((bare("long", "Yes, a dog"), True))
    pairs = mine_answers(asked)
    chosen = [pair.chosen.strip(".") for pair in pairs]
    assert chosen.count("Yes") == chosen.count("No") == 20
    assert {(pair.chosen, pair.rejected) for pair in pairs} == {
        ("Yes", "No"), ("No", "Yes"), ("Yes.", "No."), ("No.", "Yes."),
    }  # fmt: skip
    wrong = {pair.id for pair in pairs if pair.kind == "corrected"}
    assert wrong == {f"{each.id}/corrected" for each, holds in asked if not holds}
    # Half of the better answers are what the model said, for the rarer error more.
    right = [pair.chosen.strip(".") for pair in pairs if pair.kind == "injected"]
    assert (right.count("No"), right.count("Yes")) == (10, 15)
    # Errors alone would teach to say Yes to everything, or No.
    assert mine_answers(asked, ["corrected"]) == pairs
    assert mine_answers(asked, ["on-policy"]) == []
    turned = mine_answers(asked, ["injected"])
    assert {pair.kind for pair in turned} == {"injected"}
    assert sum("Yes" in pair.chosen for pair in turned) == 15 == len(turned) / 2


def test_a_set_is_balanced_without_doubles_and_split_by_picture(tmp_path):
    pairs = [
        make_pair(f"{kind}{n}", f"{n % 20}.png", "Describe.", f"a {n}", f"{kind} b {n}", kind)
        for kind, count in (("on-policy", 30), ("corrected", 50))
        for n in range(count)
    ]
    doubles = [make_pair("double", "1.png", "Describe.", "a 1", "on-policy b 1")] * 5
    kept = balance([*pairs, *doubles], 0)
    assert [pair.kind for pair in kept] == ["on-policy"] * 30 + ["corrected"] * 30
    splits = split_by_picture(kept, 0.3)
    assert {p.image for p in splits["train"]}.isdisjoint(p.image for p in splits["test"])
    assert 0 < len({p.image for p in splits["test"]}) < 14
    card = write_pairs(tmp_path / "set", kept, {"data": "coco:x"}, 0.3)
    assert card["kinds"]["corrected"]["chosen is shorter"] == 1
    told, read = read_pairs(tmp_path / "set")
    assert told["data"] == "coco:x"
    assert read == splits


@pytest.mark.filterwarnings("ignore")
def test_a_set_is_what_datasets_and_trl_read(tmp_path):
    from datasets import load_dataset
    from trl.data_utils import is_conversational

    pairs = [make_pair(f"{n}", f"{n}.png", "Describe.", f"a {n}", "a b") for n in range(20)]
    write_pairs(tmp_path / "set", pairs, {}, 0.3)
    read = load_dataset(str(tmp_path / "set"), cache_dir=str(tmp_path / "cache"))
    assert set(read) == {"train", "test"}
    row = read["train"][0]
    assert is_conversational(row)
    assert row["images"] and row["prompt"] == [{"role": "user", "content": "Describe."}]
    assert row["chosen_spans"] and row["kind"] == "on-policy"


def test_two_answers_that_are_the_same_are_no_pair():
    pairs = [make_pair(str(n), f"{n}.png", "?", "a", "b") for n in range(3)]
    same = [make_pair(f"same {n}", f"{n}.png", "?", "a", "a", "corrected") for n in range(2)]
    assert balance([*same, *pairs], 0) == pairs
    assert balance(same, 0) == []


def test_the_first_byte_of_a_pictures_hash_decides_its_split():
    pairs = [make_pair(str(n), f"{n}.png", "?", "a", "b") for n in range(400)]
    for share in (0.0, 0.25, 0.5, 0.9):
        splits = split_by_picture(pairs, share)
        test = {each.id for each in splits["test"]}
        first = {each.id: hashlib.sha256(each.image.encode()).digest()[0] for each in pairs}
        assert test == {id for id, byte in first.items() if byte / 256 < share}
        assert [*splits["train"], *splits["test"]] != [] and len(test) == len(splits["test"])
    byte = first["7"]  # the share at which a picture goes over
    for share, name in ((byte / 256, "train"), ((byte + 1) / 256, "test")):
        assert pairs[7] in split_by_picture(pairs, share)[name]


def test_balanced_pairs_say_nothing_by_their_length():
    words = {-2: 5, 2: 3, -1: 1, 1: 4, 0: 6, 7: 2}  # how much longer the better one is → pairs
    pairs = [
        make_pair(f"{longer}/{n}", f"{n}", "?", "a " * (10 + longer) + f"b{n}", "c " * 11)
        for longer, count in words.items()
        for n in range(count)
    ]
    kept = balance_length(pairs, 0)
    apart = Counter(len(p.chosen.split()) - len(p.rejected.split()) for p in kept)
    assert apart == {-2: 3, 2: 3, -1: 1, 1: 1, 0: 6}
    assert kept == balance_length(pairs, 0) == [each for each in pairs if each in kept]
