"""Edits of captions: what is taken out, and that good English is left."""

from collections import Counter

import pytest

from halluc.answers.files import read_captions
from halluc.answers.truths import read_truths
from halluc.language.claims.reader import claims_of, read_claims
from halluc.language.claims.things import coco_things
from halluc.language.claims.truths import in_words_of
from halluc.language.pipeline.parser import parse
from halluc.language.words.offline import offline_words
from mitigation.postcorrection.edits import revise_text
from mitigation.postcorrection.revisions import apply_edits


def revised(text, *absent, **instead):
    [doc] = parse([text])
    spans = {
        (text.index(word), text.index(word) + len(word)): (new, "why")
        for word, new in instead.items()
    }
    claims = claims_of(doc, coco_things())
    return apply_edits(text, revise_text(doc, coco_things(), claims, frozenset(absent), spans))


@pytest.mark.parametrize(
    ("text", "absent", "left"),
    [
        ("It shows a red cup, a fork and a knife.", "knife", "It shows a red cup and a fork."),
        ("It shows a red cup, a fork and a knife.", "fork", "It shows a red cup and a knife."),
        ("A cup, a fork, and a vase.", "fork", "A cup and a vase."),
        ("A cup, a fork, a book, and a vase.", "fork", "A cup, a book, and a vase."),
        ("A cup and a fork are on the table.", "fork", "A cup is on the table."),
        ("A cup and two forks are there.", "cup", "Two forks are there."),
        ("There is a cup and two forks.", "cup", "There are two forks."),
        ("There are two forks and a cup.", "fork", "There is a cup."),
        ("A dog sits on a bench.", "bench", "A dog sits."),
        ("A cup is placed on a bench.", "bench", "There is a cup."),
        ("A man with a laptop sits in a chair.", "chair", "A man with a laptop sits."),
        ("A towel hangs there, and a handbag is on the floor, near it.", "handbag",
         "A towel hangs there."),
        ("A towel hangs there, and a handbag is on the dog.", "handbag", "There is a dog."),
        ("A man at a table with a laptop.", "laptop", "A man at a table."),
        ("A cup. The knife is left of the cup. It is red.", "knife", "A cup."),
        ("A cup. The cup is beneath the knife.", "knife", "A cup."),
        ("It shows a knife. It also shows a cup.", "knife", "It shows a cup."),
        ("The cup is below the knife. The fork is red.", "knife",
         "There is a cup. The fork is red."),
        ("A wine glass and a black pair of scissors.", "wine glass",
         "A black pair of scissors."),
    ],
)  # fmt: skip
def test_absent_objects_go_and_the_rest_stays(text, absent, left):
    assert revised(text, absent) == left


def test_what_is_denied_is_no_claim_to_take_out():
    text = "There is a cup. There is no knife."
    assert revised(text, "knife") == text


def test_nothing_left_is_left_alone():
    assert revised("It shows a knife.", "knife") == "It shows a knife."


def test_a_word_is_replaced_with_its_article():
    assert revised("A red cup and a fork.", red="orange") == "An orange cup and a fork."
    assert revised("An orange cup.", orange="red") == "A red cup."


def test_a_word_is_replaced_within_a_list_that_gets_shorter():
    said = revised("It shows a red cup, a fork and a knife.", "fork", red="orange")
    assert said == "It shows an orange cup and a knife."


def test_all_else_stays_byte_for_byte():
    text = "  A  cup,\tand a fork!!  \n\nTwo dogs – “here” – run.  "
    assert revised(text, "bench") == text
    assert revised(text, "fork").endswith("!!  \n\nTwo dogs – “here” – run.  ")


def test_published_captions_are_mended_where_it_is_known_what_is_absent(shared):
    """What is absent goes, what is there stays, on captions of LLaVA-1.5-7B."""
    things = coco_things()
    answers = read_captions(shared / "captions" / "less-is-more" / "r1-llava1.5-7b.jsonl")[:120]
    table = str(shared / "coco" / "coco_gt_objects_wordnet.json.gz")
    truths = read_truths(table, [str(each.id) for each in answers], offline_words)
    before, after = Counter(), Counter()
    texts = [each.text for each in answers]
    for answer, doc in zip(answers, parse(texts), strict=True):
        true = in_words_of(things, truths[str(answer.id)]).names
        claims = claims_of(doc, things)
        absent = frozenset(named(claims) - true)
        new = apply_edits(answer.text, revise_text(doc, things, claims, absent, {}))
        [left] = read_claims([new])
        for count, some in ((before, claims), (after, left)):
            count.update(absent=len(named(some) & absent), true=len(named(some) & true))
        assert absent or new == answer.text
    assert before["absent"] > 80 and after["absent"] <= 0.03 * before["absent"]
    assert after["true"] >= 0.99 * before["true"]


def named(claims):
    return {c.subject for c in claims if c.kind == "object" and c.stance == "asserted"}
