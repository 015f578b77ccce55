import json

import pytest

from app.workflows.generate import generate
from app.workflows.score import score
from halluc.datasets.load import load_dataset
from halluc.errors import InputError

OBJECTS = {"1": ["cup", "dog"], "2": ["person", "bus"], "3": ["cat"]}
CAPTIONS = {
    "1": "There is a cup and two dogs. The dogs sit beside the cup. There may be a cat nearby.",
    "2": "A man and a woman look at a train. There is no bus here.",
    "3": "It is a nice place.",
}


def lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def written(tmp_path, captions):
    (tmp_path / "objects.json").write_text(json.dumps(OBJECTS))
    rows = [{"image_id": id, "caption": text} for id, text in captions.items()]
    return lines(tmp_path / "captions.jsonl", rows), tmp_path / "objects.json"


def figures(scored):
    names = ("response-level", "mention-level", "coverage", "responses with objects")
    return tuple(scored.figure(name) for name in names)


def test_objects_count_once_and_only_where_they_are_said_to_be_there(tmp_path):
    """Named: cup, dog; man, woman, train. The train is wrong; cat and bus are not asserted."""
    captions, truth = written(tmp_path, CAPTIONS)
    scored = score(captions, "object-halbench", truth=truth)
    assert figures(scored) == (1 / 2, 1 / 5, 3 / 5, 2 / 3)
    wrong = next(each for each in scored.scores if each.name == "mention-level")
    assert (wrong.numerator, wrong.denominator) == (1, 5)


@pytest.mark.parametrize(
    ("captions", "wanted"),
    [
        ({"1": "There is a cup and a dog.", "3": "Here we see a cat."}, (0, 0, 1, 1)),
        ({"1": "There is a bed and a train.", "3": "Here we see a horse."}, (1, 1, 0, 1)),
        ({"1": "It is a nice place.", "3": "A dog, cat."}, (None, None, 0, 0)),
    ],
    ids=["what is there", "what is not", "nothing, or three words"],
)
def test_controls_score_as_they_must(captions, wanted, tmp_path):
    captions, truth = written(tmp_path, captions)
    assert figures(score(captions, "object-halbench", truth=truth)) == wanted


def test_a_judge_lists_the_objects(tmp_path):
    captions, truth = written(tmp_path, CAPTIONS)
    replies = {"1": '["cup", "dog", "Dogs", "cat"]', "2": "1. man\n2. trains", "3": "None."}
    rows = [{"id": id, "text": text} for id, text in replies.items()]
    judge = lines(tmp_path / "judge.jsonl", rows)
    data = f"object-halbench-judge:{captions}"
    assert CAPTIONS["2"] in load_dataset(data).samples[1].prompt
    run = tmp_path / "run"
    generate(f"replay:{judge}", data, run, task="object-halbench-judge")
    scored = score(captions, "object-halbench", truth=truth, judged=run)
    assert figures(scored) == (1, 2 / 5, 3 / 5, 2 / 3)  # cup, dog, cat, man, train
    assert "both name 4" in scored.how["judge"]
    assert "how far this judge is right" in scored.how["warning"][0]
    lines(captions, [{"image_id": "1", "caption": "A cup stands here."}])
    with pytest.raises(InputError, match="asked about something else"):
        score(captions, "object-halbench", truth=truth, judged=run)
    lines(captions, [{"image_id": "7", "caption": "A cup stands here."}])
    truth.write_text(json.dumps({"7": ["cup"]}))
    with pytest.raises(InputError, match=r"not asked \(7\); ask it about these answers: halluc"):
        score(captions, "object-halbench", truth=truth, judged=run)
