import pytest
from msgspec import ValidationError

from halluc.datasets.own_truth import read_own_truth
from halluc.errors import InputError
from halluc.language.claims.things import coco_things
from halluc.language.claims.truths import in_words_of, not_understood
from halluc.records import Box


def test_keys_of_other_tools_are_understood():
    truth = read_own_truth(
        {
            "Objects": [
                {
                    "class": "Mug",
                    "bbox": [1, 2, 3, 4],
                    "Color": "Red",
                    "posture": "sitting",
                    "attributes": {"colour": ["blue", "red"], "state": "sitting"},
                },
                {"name": "motorbikes", "attributes": {"colour": ["Black", "red"]}, "count": 3},
                "wine_glass",
            ],
            "relationships": [{"subject": 0, "relation": "next to", "object": 2}],
            "complete": True,
        }
    )
    known = in_words_of(coco_things(), truth)
    assert [each.name for each in known.objects] == [
        "cup",
        "motorcycle",
        "wine glass",
        "motorcycle",
        "motorcycle",
    ]
    assert known.objects[0].box == Box(1, 2, 3, 4)
    assert known.objects[0].attributes == {"color": ("red", "blue"), "state": "sit"}
    assert known.objects[4].attributes == {"color": ("black", "red")}
    assert known.relations[0].predicate == "next to"


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"object_list": []}, 'the key "object_list" of a truth is not known; known are complete'),
        ({"objects": [{"name": "cup", "sahpe": 1}]}, 'the key "sahpe" of an object is not known'),
        ({"objects": [{"name": "cup", "count": "many"}]}, "\"count\" of an object is 'many'"),
        ({"objects": [{"name": "cup", "count": 0}]}, '"count" of an object is 0'),
        ({"objects": [{"name": "cup", "class": "dog"}]}, "tell different things of its name"),
        ({"label": "yes", "answer": "no"}, "tell different things of its label"),
        ({"relations": [{"from": 0}]}, 'the key "from" of a relation is not known'),
    ],
)
def test_what_is_not_understood_is_an_error(written, message):
    with pytest.raises(InputError) as error:
        read_own_truth(written)
    assert message in str(error.value)


@pytest.mark.parametrize(
    "written", [{"objects": "cup"}, {"objects": [3]}, {"objects": [{"name": "cup", "box": "x"}]}]
)
def test_values_of_other_types_are_refused(written):
    with pytest.raises(ValidationError):
        read_own_truth(written)


def test_names_and_attributes_beyond_the_vocabulary_are_told():
    truth = read_own_truth(
        {"objects": [{"name": "tree"}, {"name": "Dogs", "attributes": {"shape": "round"}}]}
    )
    assert not_understood(coco_things(), [truth]) == "names tree; attributes shape"
    assert not not_understood(coco_things(), [read_own_truth({"objects": ["dog"]})])
