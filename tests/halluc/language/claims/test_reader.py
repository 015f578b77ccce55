"""Claims of sentences: what is said, of what, and how it is stated (docs/claims.md)."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halluc.language.claims.reader import read_claims
from halluc.language.claims.things import load_things
from halluc.language.claims.verdicts import LEAST_SURE

CASES = {
    # Sentence: claims as kind, words, subject, value, object; a stance where it is not asserted.
    "A bowl and a keyboard, purple and black respectively, lie on the floor.": [
        "object bowl: bowl",
        "object keyboard: keyboard",
        "attribute purple: bowl purple",
        "attribute black: keyboard black",
    ],
    "People use bananas for many things.": [
        "object People: person, hedged",
        "relation use: person use banana, hedged",
        "object bananas: banana, hedged",
    ],
    "Behind the car there is a boat and next to it a skateboard.": [
        "relation Behind: boat behind car",
        "object car: car",
        "object boat: boat",
        "relation next to: skateboard next to boat",
        "object skateboard: skateboard",
    ],
    "It features a room with a long table in the center, surrounded by chairs.": [
        "attribute long: dining table long",
        "object table: dining table",
        "relation surrounded by: dining table surrounded by chair",
        "object chairs: chair",
    ],
    "A train has its doors open.": ["object train: train"],
    "Two horses stand near a trailer, which is attached to a truck.": [
        "attribute Two: horse two",
        "object horses: horse",
        "attribute stand: horse stand",
        "object truck: truck",
    ],
    "Skiers rest. They have bright skis. Two of them carry backpacks.": [
        "object Skiers: person",
        "relation have: person have skis",
        "object skis: skis",
        "relation carry: person carry backpack",
        "object backpacks: backpack",
    ],
    "There is no dog on the couch.": [
        "object dog: dog, denied",
        "relation on: dog on couch, denied",
        "object couch: couch",
    ],
    "A man without a helmet is riding a red motorcycle.": [
        "object man: person",
        "relation riding: person ride motorcycle",
        "attribute red: motorcycle red",
        "object motorcycle: motorcycle",
    ],
    "A couple of dogs are possibly sleeping.": [
        "attribute couple: dog couple",
        "object dogs: dog",
        "attribute sleeping: dog sleep, hedged",
    ],
    "The boy might be eating a sandwich.": [
        "object boy: person",
        "relation eating: person eat sandwich, hedged",
        "object sandwich: sandwich, hedged",
    ],
    "Is there a cat on the bed?": [
        "object cat: cat, asked",
        "relation on: cat on bed, asked",
        "object bed: bed, asked",
    ],
    "Is the cup red? A white dog is near a bowl.": [
        "object cup: cup, asked",
        "attribute red: cup red, asked",
        "attribute white: dog white",
        "object dog: dog",
        "relation near: dog near bowl",
        "object bowl: bowl",
    ],
    "The two people are holding umbrellas. They are standing next to a bus.": [
        "attribute two: person two",
        "object people: person",
        "relation holding: person hold umbrella",
        "object umbrellas: umbrella",
        "attribute standing: person stand",
        "relation next to: person next to bus",
        "object bus: bus",
    ],
    "There is a hot dog beside a toilet seat.": [
        "object hot dog: hot dog",
        "relation beside: hot dog next to toilet",
        "object toilet: toilet",
    ],
    "An umbrella is held by a woman.": [
        "object umbrella: umbrella",
        "relation held by: umbrella held by person",
        "object woman: person",
    ],
    "A woman in red is smiling.": [
        "object woman: person",
        "attribute red: person red",
        "attribute smiling: person smile",
    ],
    "To the left of the fork is a cup.": [
        "relation To the left of: cup left of fork",
        "object fork: fork",
        "object cup: cup",
    ],
    "A black-and-white cat sits on top of a wooden table.": [
        "attribute black: cat black",
        "attribute white: cat white",
        "object cat: cat",
        "attribute sits: cat sit",
        "relation on top of: cat on dining table",
        "attribute wooden: dining table wooden",
        "object table: dining table",
    ],
    "In the image, there are 3 cars parked near a bus stop.": [
        "attribute 3: car 3",
        "object cars: car",
        "attribute parked: car parked",
    ],
    "A bowl of oranges and an orange shirt.": [
        "object bowl: bowl",
        "relation of: bowl contain orange",
        "object oranges: orange",
    ],
    "A bear hugs a teddy bear.": [
        "object bear: bear",
        "relation hugs: bear hug teddy bear",
        "object teddy bear: teddy bear",
    ],
    "The dog, which is brown, lies under a chair.": [
        "object dog: dog",
        "attribute brown: dog brown",
        "attribute lies: dog lie",
        "relation under: dog below chair",
        "object chair: chair",
    ],
    "A laptop sitting on the floor, the photographer's shadow and the background.": [
        "object laptop: laptop"
    ],
    "": [],
}


def told(text, things=None):
    [claims] = read_claims([text], things)
    return [
        f"{each.kind} {text[each.start : each.end]}: "
        + " ".join(filter(None, (each.subject, each.value, each.object)))
        + (f", {each.stance}" if each.stance != "asserted" else "")
        for each in claims
    ]


@pytest.mark.parametrize("text", CASES)
def test_claims(text):
    assert told(text) == CASES[text]


RELATIONS = {
    "The couch in front of which a dog sleeps is red.": {"dog in front of couch"},
    "The table, on which there is a vase, is wooden.": {"vase on dining table"},
    "A backpack and a suitcase next to it are here.": {"suitcase next to backpack"},
    "The bicycle ridden by the man is red.": {"bicycle ridden by person"},
    "The laptop is open and a book lies to its left.": {"book left of laptop"},
    "There are two cars, one behind the bus.": {"car behind bus"},
    "There are two men; one is riding a bicycle and the other is pushing a suitcase.": {
        "person ride bicycle",
        "person push suitcase",
    },
    "A child holds a teddy bear in one hand and a toothbrush in the other.": {
        "person hold teddy bear",
        "person hold toothbrush",
    },
    "The boy seems to enjoy the thrill of riding a horse.": {"person ride horse"},
    "A train passes people waiting on a bench.": {"train pass person", "person on bench"},
    "A cow is in the field with a crowd of people gathered around it.": {"person around cow"},
    "Behind the bench there is a car, and on the bench sits a girl.": {
        "car behind bench",
        "person on bench",
    },
}


@pytest.mark.parametrize("text", RELATIONS)
def test_which_things_are_related(text):
    [claims] = read_claims([text])
    told = {f"{each.subject} {each.value} {each.object}" for each in claims if each.object}
    assert told == RELATIONS[text]


@pytest.mark.parametrize(
    "text",
    [
        "The bottle on the table in front of the bowl is full.",
        "Under the truck is a dog, and in front of it a cat.",
        "A dog is in the car, and a bicycle is attached to it.",
    ],
)
def test_where_two_things_could_be_meant_the_last_relation_is_unsure(text):
    [claims] = read_claims([text])
    assert [each for each in claims if each.object][-1].sure < LEAST_SURE


def test_words_of_ones_own(tmp_path):
    file = tmp_path / "things.json"
    file.write_text(json.dumps({"lamp": ["lamp", "floor lamp"]}))
    assert told("Two floor lamps stand behind a red lamp.", load_things(file)) == [
        "attribute Two: lamp two",
        "object floor lamps: lamp",
        "relation behind: lamp behind lamp",
        "attribute red: lamp red",
        "object lamp: lamp",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "🐶👩‍👩‍👧 a dog",
        "犬がベンチに座っている。",
        "a\x00dog\x07 on\x1b[0m a couch",
        "(((" * 400,
        "\ud83d dog",
    ],
)
def test_odd_texts(text):
    check(text)


def test_a_megabyte():
    check("A red dog is sitting on a bench next to the cat. " * 21_000)


WORDS = st.sampled_from(
    "a the red two dog dogs cat hot bench on in front of next to with no not possibly is are it "
    "they which holding held by and or , . ? - ( ' \n orange of sitting wooden 3 between".split(" ")
)


@settings(max_examples=150)
@given(st.lists(WORDS, max_size=40).map(" ".join) | st.text(max_size=120))
def test_any_text(text):
    check(text)


def check(text):
    """Every span of every claim is of words that stand in the text."""
    [claims] = read_claims([text])
    for claim in claims:
        spans = [(claim.start, claim.end), claim.subject_span, claim.object_span]
        for start, end in filter(None, spans):
            assert 0 <= start < end <= len(text)
            assert text[start:end] == text[start:end].strip()
