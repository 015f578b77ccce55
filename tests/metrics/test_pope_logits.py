import json
import math

import pytest

from app.workflows.score import score
from halluc.errors import InputError
from halluc.records import Response, Sample, Token, Truth
from halluc.runs import open_run
from metrics.pope import Pope

CARD = {"model": {"name": "replay:x"}, "task": "pope", "decoding": {"seed": 0}}


def run_of(folder, *answers, tokens=True):
    """A run of questions whose right answer is yes: text, P(yes), P(no), P(first token)."""
    samples = [
        Sample(id=f"s/{n}", prompt="?", truth=Truth(label="yes")) for n in range(len(answers))
    ]
    run = open_run(folder, CARD, samples)
    run.append(
        Response(
            id=sample.id,
            text=text,
            answers={} if yes is None else {"yes": yes, "no": no},
            tokens=(Token(0, len(text), math.log(first)),) if tokens else (),
        )
        for sample, (text, yes, no, first) in zip(samples, answers, strict=True)
    )
    run.finish()
    return run


def counts(scored):
    return [scored.figure(name) for name in ("TP", "FN", "unknown")]


def test_the_likelier_of_both_is_the_answer(tmp_path):
    run = run_of(
        tmp_path / "run",
        ("No", 0.6, 0.4, 0.6),  # what was drawn is not what is likelier
        ("No", 0.2, 0.8, 0.8),
        ("The", 0.1, 0.05, 0.7),  # neither yes nor no comes first
    )
    assert counts(score(run, "pope", parser="logits")) == [1, 1, 1]
    metric = Pope(parser="logits")
    right = metric.right(metric.read([str(tmp_path / "run")]))
    assert right == {"": {"s/0": True, "s/1": False, "s/2": False}}
    # Probabilities over all spellings may lie above that of the one that came first.
    run = run_of(tmp_path / "more", ("Yes", 0.7, 0.3, 0.4))
    assert counts(score(run, "pope", parser="logits")) == [1, 0, 0]


def test_where_the_server_tells_no_tokens(tmp_path):
    run = run_of(tmp_path / "run", ("Sure", 0.6, 0.1, 0.5), tokens=False)
    assert counts(score(run, "pope", parser="logits")) == [1, 0, 0]


def test_runs_without_probabilities_and_files_are_refused(tmp_path):
    run = run_of(tmp_path / "run", ("Yes", None, None, 0.5))
    with pytest.raises(InputError, match="has no probabilities of yes and no"):
        score(run, "pope", parser="logits")
    file = tmp_path / "a.jsonl"
    file.write_text(json.dumps({"id": 1, "question": "?", "text": "Yes", "label": "yes"}))
    with pytest.raises(InputError, match="needs a run"):
        score(file, "pope", parser="logits")
