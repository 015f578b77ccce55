"""Reviewed findings become preference pairs: what people doubt counts in none."""

import io
import zipfile

import pytest

from app.inspector.reading.columns import open_columns
from app.inspector.reading.pair_export import zipped_pairs
from halluc.errors import InputError
from halluc.reviews import Review, Reviews
from halluc.runs import read_run
from mitigation.precorrection.pairs import read_pairs


def mined(halluc, folder, *runs, **given):
    """The pairs by name, and the card."""
    options = [part for name, each in given.items() for part in (f"--{name}", str(each))]
    code, _, err = halluc("data", "pairs", *runs, "--test-share", 0, "-o", folder, *options)
    assert code == 0, err
    card, pairs = read_pairs(folder)
    return {each.id: each for each in pairs["train"]}, card


@pytest.fixture
def reviewed(runs, tmp_path):
    """Files reviews of the first run's findings; gives their database."""
    file = tmp_path / "reviews.sqlite"
    store, key = Reviews(f"sqlite:///{file}"), open_columns(runs[0]).key

    def review(findings, judgement, reviewer="Ada"):
        for each in findings:
            store.file(key, Review(each, reviewer, judgement))
        return file

    yield review
    store.close()


@pytest.fixture
def wrong(runs):
    """The wrong findings of each caption that has some."""
    found = {}
    for each in read_run(runs[0]).findings("finegrained"):
        if each.verdict == "hallucinated":
            found.setdefault(each.id, []).append(each)
    return found


@pytest.mark.parametrize("judgement", ["truth wrong", "rule wrong"])
def test_what_most_doubt_is_in_no_pair(  # noqa: PLR0917
    halluc, runs, tmp_path, reviewed, wrong, judgement
):
    before, card = mined(halluc, tmp_path / "before", runs[0], kinds="corrected")
    assert "reviews" not in card
    image = next(iter(before.values())).image
    file = reviewed(wrong[image], judgement)
    after, card = mined(halluc, tmp_path / "after", runs[0], kinds="corrected", reviews=file)
    assert image not in {each.image for each in after.values()}
    assert len(after) == len(before) - 1
    assert card["reviews"] == {"reviews": len(wrong[image]), "left out": len(wrong[image])}


def test_what_is_right_or_divided_stays(halluc, runs, tmp_path, reviewed, wrong):
    before, _ = mined(halluc, tmp_path / "before", runs[0])
    some = [each for every in wrong.values() for each in every]
    reviewed(some[:4], "right")
    reviewed(some[4:8], "right", "Ada")
    file = reviewed(some[4:8], "truth wrong", "Bo")
    after, card = mined(halluc, tmp_path / "after", runs[0], reviews=file)
    assert after == before
    assert card["reviews"] == {"reviews": 12, "left out": 0}


def test_a_doubt_is_of_the_picture_and_holds_for_all_its_captions(
    halluc, runs, tmp_path, reviewed, wrong
):
    other = read_run(runs[1]).findings("finegrained")
    same = {
        (e.id, e.claim.kind, e.claim.subject, e.claim.value, e.claim.object)
        for e in other
        if e.verdict == "hallucinated"
    }
    shared = [
        each
        for every in wrong.values()
        for each in every
        if (each.id, each.claim.kind, each.claim.subject, each.claim.value, each.claim.object)
        in same
    ]
    file = reviewed(shared, "truth wrong")
    before, _ = mined(halluc, tmp_path / "before", runs[1], kinds="corrected")
    after, _ = mined(halluc, tmp_path / "after", *runs[:2], kinds="corrected", reviews=file)
    assert shared and before
    for each in after.values():
        doubted = {f.claim.subject for f in shared if f.id == each.image}
        kept = [w for w in doubted if w in each.rejected]
        assert all(word in each.chosen for word in kept)


def test_the_page_gives_what_the_command_writes(halluc, runs, tmp_path, reviewed, wrong):
    file = reviewed(next(iter(wrong.values())), "truth wrong")
    content, told = zipped_pairs(runs[0], f"sqlite:///{file}")
    code, out, _ = halluc("data", "pairs", runs[0], "-o", tmp_path / "pairs", "--reviews", file)
    assert (code, out.strip()) == (0, told)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in ("train.jsonl", "test.jsonl", "page.html"):
            assert archive.read(f"pairs/{name}") == (tmp_path / "pairs" / name).read_bytes()


def test_what_has_no_reviews_is_one_line(halluc, runs, tmp_path, reviewed):
    code, _, err = halluc("data", "pairs", runs[0], "-o", tmp_path / "x", "--reviews", "none.db")
    assert code == 2 and "there is no such database of reviews" in err
    file = reviewed([], "right")
    code, _, err = halluc("data", "pairs", runs[0], "-o", tmp_path / "x", "--reviews", file)
    assert code == 2 and "nobody has reviewed" in err
    with pytest.raises(InputError, match="nobody has reviewed"):
        zipped_pairs(runs[0], f"sqlite:///{file}")
    assert not (tmp_path / "x").exists() and not (tmp_path / "none.db").exists()
