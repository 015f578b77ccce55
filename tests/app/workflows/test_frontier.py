"""The Pareto front of runs, and dials as curves."""

import pytest

from app.workflows.compare import compare
from app.workflows.compare.frontier import dials, frontier, lines, save_frontier
from halluc.errors import InputError
from halluc.records import Response, Sample, TrueObject, Truth
from halluc.runs import open_run

TRUTH = Truth(objects=(TrueObject(name="dog"), TrueObject(name="cup")), complete=True)


def caption_run(folder, texts, task="caption", **decoding):
    samples = [Sample(id=f"s{n}", image=f"{n}.jpg", truth=TRUTH) for n in range(len(texts))]
    card = {"model": {"name": "m", "hash": "1"}, "task": task, "decoding": decoding}
    run = open_run(folder, card, samples)
    run.append(Response(id=s.id, text=t) for s, t in zip(samples, texts, strict=True))
    run.finish()


@pytest.fixture
def runs(tmp_path):
    some, all_, wrong = "A dog.", "A dog and a cup.", "A dog and a bus."
    caption_run(tmp_path / "low", [some] * 8, method="vcd", alpha=0.5, seed=0)
    caption_run(tmp_path / "mid", [all_] * 4 + [some] * 3 + [wrong], method="vcd", alpha=1, seed=1)
    caption_run(tmp_path / "high", [all_] * 6 + [wrong] * 2, method="vcd", alpha=2, seed=0)
    caption_run(tmp_path / "plain", [some] * 6 + [wrong] * 2)
    return tmp_path


def test_who_is_on_the_front_and_who_is_behind_whom(runs):
    compared = compare([runs / name for name in ("plain", "low", "mid", "high")])
    points = {each.name: each for each in frontier(compared)}
    assert list(points) == ["plain", "low", "mid", "high"]  # by coverage
    assert points["plain"].behind == ("low", "mid", "high")
    assert [name for name, each in points.items() if not each.behind] == ["low", "mid", "high"]
    said = lines(list(points.values()))
    assert said[0].startswith("plain: Recall 50.0, CHAIRi 20.0 [")
    assert said[0].endswith("behind low, mid, high")
    assert said[1].endswith("on the front")


def test_a_dial_is_one_number_of_the_decoding(runs):
    compared = compare([runs / name for name in ("plain", "high", "low", "mid")])
    assert dials(compared) == {"alpha": ["low", "mid", "high"]}  # whatever the seed
    picture = runs / "front.png"
    save_frontier(compared, picture)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_figures_without_a_coverage_have_no_front(tmp_path):
    for name in ("a", "b"):
        samples = [
            Sample(id=str(n), image=f"{n}.jpg", prompt="Is there a dog?", truth=Truth(label="yes"))
            for n in range(8)
        ]
        run = open_run(tmp_path / name, {"task": "pope"}, samples)
        run.append(Response(id=each.id, text="Yes") for each in samples)
        run.finish()
    compared = compare([tmp_path / "a", tmp_path / "b"])
    assert frontier(compared) == []
    with pytest.raises(InputError, match="no metric that is compared has a coverage"):
        save_frontier(compared, tmp_path / "front.png")
