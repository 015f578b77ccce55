"""Runs of the embedded world with answers that its MM-LLM gave, recorded."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hostile import hostile
from msgspec import structs

from app.inspector.settings import NAME, Settings
from app.workflows.measure import first_scenes, measure_task
from halluc.datasets.tabletop import with_questions
from halluc.jsonl import write_jsonl
from halluc.mllm import load_model
from halluc.records import Claim, Finding, Response, Sample, TrueObject, Truth
from halluc.runs import open_run, read_run
from mitigation.postcorrection.factors import Factors
from mitigation.postcorrection.revisions import FILE, Check, Edit, Mask, Revision

RECORDED = Path(__file__).parent / "recorded"


@pytest.fixture(autouse=True)
def _main():
    """Streamlit puts its script in the place of the main module, and leaves it there."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """Folders of three runs: captions twice, and POPE."""
    folder = tmp_path_factory.mktemp("runs")
    scenes = first_scenes(8)
    few = replace(scenes, samples=scenes.samples[:4])
    for name, dataset, task in (
        ("captions-sampled", scenes, "caption"),
        ("captions-vcd", scenes, "caption"),
        ("pope-greedy", with_questions(few), "pope"),
    ):
        model = load_model(f"replay:{RECORDED / name}.jsonl")
        measure_task(folder / name, model, dataset, task)
    return [folder / name for name in ("captions-sampled", "captions-vcd", "pope-greedy")]


@pytest.fixture(scope="session")
def many(runs, tmp_path_factory):
    """Folder of a run of 60 captions: those of the first run under other names."""
    few = read_run(runs[0])
    samples = [
        structs.replace(few.samples[at % 8], id=f"many-{at:03}", split="") for at in range(60)
    ]
    run = open_run(tmp_path_factory.mktemp("many") / "many", {"data": few.card["data"]}, samples)
    run.append(
        structs.replace(few.responses[at % 8], id=each.id) for at, each in enumerate(samples)
    )
    run.finish()
    return run.path


@pytest.fixture(scope="session")
def revised(runs, tmp_path_factory):
    """Folder of the first run's captions as a revisor left them: one bottle was masked."""
    folder = tmp_path_factory.mktemp("revised")
    before = {each.id: each for each in read_run(runs[0]).responses}
    text = before["broken-00000"].text
    start = text.index("a pink bottle")
    end = start + len("a pink bottle")
    factors = Factors(
        start=end - 6, end=end, subject="bottle", co_occurrence=0.61, expectation=0.5,
        position=0.16, uncertainty=5.76,
    )  # fmt: skip
    revision = Revision(
        id="broken-00000",
        original=text,
        edits=(
            Edit(start=start + 2, end=start + 6, before="pink", after="black", why=("bottle",)),
        ),
        masks=(
            Mask(start=start, end=end, before="a pink bottle", after="a black bottle",
                 subjects=("bottle",)),
        ),
        checks=(Check(kind="object", subject="bottle", factors=factors, wrong=0.74),),
    )  # fmt: skip
    others = [
        Revision(id=id, original=each.text, reason="nothing is suspect")
        for id, each in before.items()
        if id != revision.id
    ]
    recorded = folder / "recorded.jsonl"
    write_jsonl(
        recorded,
        (Response(id=e.id, text=e.text, prompt=before[e.id].prompt) for e in [revision, *others]),
    )
    model = load_model(f"replay:{recorded}")
    measure_task(folder / "captions-revised", model, first_scenes(8), "caption")
    write_jsonl(folder / "captions-revised" / FILE, [*others, revision])
    return folder / "captions-revised"


@pytest.fixture(scope="session")
def hostile_run(tmp_path_factory):
    """Folder of a run of which nothing can be trusted but its form."""
    texts = [*hostile(24)]
    objects = tuple(TrueObject(name=each[:60]) for each in texts[:20])
    samples = [
        Sample(
            id=f"{at} {text[:80]}", image="../../etc/passwd", prompt=text[:500], split=text[:30],
            truth=Truth(objects=objects),
        )
        for at, text in enumerate(texts)
    ]  # fmt: skip
    folder = tmp_path_factory.mktemp("hostile") / "hostile"
    card = {"model": {"name": texts[0]}, "data": {"name": "jsonl:/etc/x"}, "task": "caption"}
    run = open_run(folder, card, samples)
    run.append(
        Response(id=sample.id, text=text) for sample, text in zip(samples, texts, strict=True)
    )
    run.finish()
    findings = [
        Finding(
            id=sample.id, claim=Claim(kind="object", start=0, end=5, subject=text[:60]),
            verdict="hallucinated", metric="finegrained", rule=text[:60], evidence=text[:200],
        )
        for sample, text in zip(samples, texts, strict=True)
    ]  # fmt: skip
    run.write_findings("finegrained", findings)
    return folder


@pytest.fixture
def settings(runs, tmp_path, monkeypatch):
    """The app's settings for these runs, with a database of its own."""
    made = Settings(tuple(map(str, runs)), reviews=f"sqlite:///{tmp_path / 'reviews.sqlite'}")
    monkeypatch.setenv(NAME, made.environment()[NAME])
    return made
