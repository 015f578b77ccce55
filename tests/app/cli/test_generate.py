"""`halluc generate` as a user meets it: runs, interruptions, going on, plain words for faults."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from checkpoints import picture

import app.cli
from halluc.mllm.transformers import TransformersMLLM
from halluc.runs import read_run

Halluc = Callable[..., tuple[int, str]]


@pytest.fixture
def halluc(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Halluc:
    """Run the command in a folder of its own: exit code and what stderr shows."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["halluc", *map(str, arguments)])
        capsys.readouterr()
        try:
            app.cli.main()
        except SystemExit as end:
            return int(end.code or 0), capsys.readouterr().err
        return 0, capsys.readouterr().err

    return run


@pytest.fixture
def data(tmp_path: Path) -> str:
    """Seven pictures, each with a yes/no question."""
    rows = []
    for number in range(7):
        picture(number).save(tmp_path / f"{number}.png")
        label = "yes" if number % 2 else "no"
        prompt = f"Is there a dog in {number}?"
        rows.append({"id": number, "image": f"{number}.png", "prompt": prompt, "label": label})
    (tmp_path / "data.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return "jsonl:data.jsonl"


@pytest.fixture
def model(checkpoint: Any) -> str:
    return f"hf:{checkpoint('llava')}"


def command(model: str, data: str, output: str, *more: object) -> tuple[object, ...]:
    fixed = ("--max-new-tokens", 8, "--batch-size", 2, "--device", "cpu", "--do-sample")
    return ("generate", "--model", model, "--data", data, "-o", output, *fixed, *more)


def answers(folder: str) -> bytes:
    return Path(folder, "responses.jsonl").read_bytes()


def test_a_run_has_its_answers_its_samples_and_its_card(
    halluc: Halluc, model: str, data: str
) -> None:
    code, said = halluc(*command(model, data, "runs/a", "--task", "pope", "--seed", 4))
    assert code == 0
    cut = "halluc: cut short at --max-new-tokens: 7 of 7 answers"
    assert said.splitlines() == ["runs/a: 7 answers", cut, "next: halluc score pope runs/a"]
    run = read_run("runs/a")
    assert run.finished
    assert [response.id for response in run.responses] == list("0123456")
    first = run.responses[0]
    assert (first.prompt, first.image) == ("Is there a dog in 0?", "0.png")
    assert first.tokens and set(first.answers) == {"yes", "no"}
    assert run.samples[0].truth is not None and run.samples[0].truth.label == "no"
    card = run.card
    assert card["model"]["name"] == model and len(card["model"]["hash"]) == 64
    assert card["decoding"] == {
        "max_new_tokens": 8,
        "do_sample": True,
        "temperature": 1.0,
        "top_p": 1.0,
        "top_k": 0,
        "seed": 4,
    }
    assert (card["task"], card["rows"], card["dtype"], card["device"]) == (
        "pope",
        7,
        "float32",
        "cpu",
    )
    assert card["data"]["files"][0]["rows"] == 7

    before = answers("runs/a"), Path("runs/a/run.json").read_bytes()
    code, said = halluc(*command(model, data, "runs/a", "--task", "pope", "--seed", 4))
    assert code == 0
    assert said.splitlines()[0] == "runs/a has all 7 answers: nothing left to do"
    assert before == (answers("runs/a"), Path("runs/a/run.json").read_bytes())


def test_prompts(halluc: Halluc, model: str, data: str, tmp_path: Path) -> None:
    def prompts(folder: str) -> set[str]:
        return {response.prompt for response in read_run(folder).responses}

    halluc(*command(model, data, "own", "--limit", 2))
    assert prompts("own") == {"Is there a dog in 0?", "Is there a dog in 1?"}
    halluc(*command(model, data, "given", "--limit", 2, "--prompt", "Look."))
    assert prompts("given") == {"Look."}
    template = "{question} Say yes or no."
    halluc(*command(model, data, "form", "--limit", 1, "--task", "pope", "--prompt", template))
    assert prompts("form") == {"Is there a dog in 0? Say yes or no."}
    (tmp_path / "bare.jsonl").write_text('{"id": "x", "image": "0.png"}')
    _, said = halluc(*command(model, "jsonl:bare.jsonl", "bare"))
    assert prompts("bare") == {"Describe this image in detail."}
    assert said.endswith("next: halluc score chair bare\n")
    assert read_run("bare").card["prompt"] == "Describe this image in detail."


@pytest.mark.parametrize("torn", [b"", b'{"id":"4","text":"ha'])
def test_an_interrupted_run_goes_on_to_the_same_files(
    halluc: Halluc, model: str, data: str, monkeypatch: pytest.MonkeyPatch, torn: bytes
) -> None:
    assert halluc(*command(model, data, "whole"))[0] == 0
    generate = TransformersMLLM.generate
    batches = iter(range(2))

    def interrupted(self: TransformersMLLM, *arguments: Any) -> Any:
        if next(batches, None) is None:
            raise KeyboardInterrupt
        return generate(self, *arguments)

    monkeypatch.setattr(TransformersMLLM, "generate", interrupted)
    code, said = halluc(*command(model, data, "parts"))
    assert code == 130
    assert said.strip() == "stopped after 4 of 7; the same command continues"
    assert read_run("parts").card["state"] == "running"
    monkeypatch.setattr(TransformersMLLM, "generate", generate)
    with Path("parts/responses.jsonl").open("ab") as file:
        file.write(torn)

    code, said = halluc(*command(model, data, "parts"))
    assert code == 0
    assert ("cut short by a crash" in said) == bool(torn)
    assert answers("parts") == answers("whole")
    for name in ("samples.jsonl", "run.json"):
        assert Path("parts", name).read_bytes() == Path("whole", name).read_bytes()
    times = [each["what"] for each in read_run("parts").times()]
    assert times == ["created", "resumed", "finished"]


def test_batch_size_changes_no_text_finding_or_score(halluc: Halluc) -> None:
    for size in (1, 4, 16):
        asked = ("generate", "--limit", 17, "--max-new-tokens", 32, "--do-sample")
        assert halluc(*asked, "-o", f"run{size}", "--batch-size", size)[0] == 0
        assert halluc("score", "chair", f"run{size}")[0] == 0
    one = read_run("run1")
    assert any(each.verdict == "hallucinated" for each in one.findings())
    for other in (read_run("run4"), read_run("run16")):
        for alone, together in zip(one.responses, other.responses, strict=True):
            assert alone.text == together.text
            for token, same in zip(alone.tokens, together.tokens, strict=True):
                assert (token.start, token.end) == (same.start, same.end)
                assert token.logprob == pytest.approx(same.logprob, abs=1e-4)
        assert one.findings() == other.findings()
        assert one.scores()["chair"]["scores"] == other.scores()["chair"]["scores"]


def test_a_method_is_on_the_card_and_goes_on(halluc: Halluc, model: str, data: str) -> None:
    method = ("--decode", "vcd", "--alpha", 0.5, "--task", "pope")
    assert halluc(*command(model, data, "vcd", *method))[0] == 0
    card = read_run("vcd").card["decoding"]
    assert (card["method"], card["alpha"], card["beta"], card["noise_step"], card["do_sample"]) == (
        "vcd",
        0.5,
        0.1,
        500,
        True,
    )
    assert all(token.logprob <= 0 for each in read_run("vcd").responses for token in each.tokens)
    code, said = halluc(*command(model, data, "vcd", "--task", "pope"))
    assert (code, said) == (
        2,
        "halluc: vcd is a run made otherwise (decoding method vcd → none, decoding alpha 0.5 → "
        "none, decoding beta 0.1 → none, decoding noise_step 500 → none); use another -o\n",
    )
    halluc(*command(model, data, "base", "--task", "pope"))
    assert halluc("compare", "base", "vcd", "--control", "base")[0] == 0


def test_a_bias_to_yes_follows_another_run(halluc: Halluc, model: str, data: str) -> None:
    bias = ("--task", "pope", "--decode", "yes-bias", "--greedy")
    for value, answer in ((60, "yes"), (-60, "no")):
        assert halluc(*command(model, data, f"run{value}", *bias, "--bias", value))[0] == 0
        first = [each.answers for each in read_run(f"run{value}").responses]
        assert all((each["yes"] > 0.99) == (answer == "yes") for each in first)
    assert halluc(*command(model, data, "as", *bias, "--match-yes", "run60"))[0] == 0
    fitted = read_run("as")
    assert fitted.card["decoding"]["bias"] > 0
    assert all(each.answers["yes"] > each.answers["no"] for each in fitted.responses)
    code, said = halluc(*command(model, data, "x", *bias, "--match-yes", "run60", "--limit", 2))
    assert (code, said) == (
        2,
        "halluc: run60 does not answer the same questions; name a run that does\n",
    )


def test_captions_become_as_long_as_another_runs(halluc: Halluc) -> None:
    """The embedded MM-LLM, drawn: within 2 % of the mean length of a run with another bias."""
    how = ("--limit", 16, "--batch-size", 16, "--do-sample", "--decode", "eos-bias")

    def words(run: str) -> float:
        return sum(len(each.text.split()) for each in read_run(run).responses) / 16

    assert halluc("generate", *how, "--bias", 3, "-o", "short")[0] == 0
    assert halluc("generate", *how, "--match-length", "short", "--seed", 1, "-o", "as")[0] == 0
    assert halluc("generate", *how, "--bias", 0, "-o", "plain")[0] == 0
    assert words("short") < 0.95 * words("plain")
    assert words("as") == pytest.approx(words("short"), rel=0.02)
    assert read_run("as").card["decoding"]["bias"] > 0
    code, said = halluc(
        *("generate", *how, "--limit", 2, "--match-length", "short", "-o", "other"),
    )
    assert (code, said) == (
        2,
        "halluc: short does not describe the same pictures; name a run that does\n",
    )


def test_a_run_made_otherwise_is_left_alone(halluc: Halluc, model: str, data: str) -> None:
    halluc(*command(model, data, "run"))
    before = answers("run")
    code, said = halluc(*command(model, data, "run", "--seed", 1, "--temperature", 0.5))
    assert code == 2
    assert said == (
        "halluc: run is a run made otherwise "
        "(decoding temperature 1.0 → 0.5, decoding seed 0 → 1); use another -o\n"
    )
    assert answers("run") == before


def test_a_finished_run_is_replayed(halluc: Halluc, model: str, data: str) -> None:
    halluc(*command(model, data, "run", "--task", "pope"))
    replay = ("generate", "--model", "replay:run/responses.jsonl", "--data", data, "-o", "again")
    assert halluc(*replay, "--task", "pope")[0] == 0
    assert answers("again") == answers("run")
    assert read_run("again").card["decoding"] == {}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--model", "gpt"), "there is no model 'gpt'; name it tabletop, hf:"),
        (("--model", "hf:./none"), "there is no folder './none'"),
        (("--model", "hf:."), "no config.json"),
        (("--model", "replay:none.jsonl"), "none.jsonl: No such file"),
        (("--model", "replay:empty.jsonl"), "empty.jsonl: there is no answer to '0' in it"),
        (("--data", "nonsense"), "'nonsense'"),
        (("--data", "jsonl:none"), "none: No such file"),
        (("--data", "jsonl:text.jsonl"), "text.png: not a picture"),
        (("--data", "jsonl:gone.jsonl"), "gone.png: No such file"),
        (("--data", "jsonl:text.jsonl", "--task", "pope"), "no yes/no questions with labels"),
        (("--temperature", "0"), "temperature must be above 0, not 0.0"),
        (("--task", "pope", "--prompt", "x"), "{question}"),
        (("--prompt", "a \udcff"), "is not UTF-8"),
        (("--alpha", "1"), "--alpha belongs to a method; name it with --decode"),
        (("--decode", "vcd", "--lambda", "1"), "--lambda does not belong to --decode vcd"),
        (("--decode", "icd", "--noise-step", "1"), "--noise-step does not belong to --decode icd"),
        (("--decode", "vcd", "--beta", "2"), "beta must be 0 to 1, not 2.0"),
        (("--decode", "mask-only", "--greedy"), "mask-only changes nothing in greedy decoding"),
        (("--decode", "yes-bias", "--bias", "1"), "yes-bias is for yes/no questions"),
        (("--decode", "yes-bias", "--task", "pope"), "either --bias or --match-yes RUN"),
        (("--decode", "eos-bias", "--bias", "1", "--task", "pope"), "eos-bias is for captions"),
        (("--decode", "eos-bias"), "either --bias or --match-length RUN"),
        (("--match-length", "a"), "--match-length belongs to --decode eos-bias"),
        (("--decode", "vcd", "--match-yes", "a"), "--match-yes belongs to --decode yes-bias"),
        (("--decode", "vcd", "--model", "replay:said.jsonl"), "recorded answers cannot be decoded"),
        (("--decode", "opera"), "'opera' is not one of"),
        (("--device", "tpu9"), "there is no device 'tpu9' here"),
        (("--dtype", "int3"), "there is no dtype 'int3'"),
        (("--limit", "0"), "--limit"),
        (("-o", "data.jsonl"), "data.jsonl is a file"),
        (("-o", "."), "holds other files and is no run"),
    ],
)
def test_faults_are_one_line_and_nothing_is_written(
    halluc: Halluc, model: str, data: str, options: tuple[str, ...], said: str
) -> None:
    tmp_path = Path.cwd()
    (tmp_path / "empty.jsonl").touch()
    (tmp_path / "said.jsonl").write_text('{"id": 0, "text": "yes"}')
    (tmp_path / "text.png").write_text("no picture")
    for name in ("text", "gone"):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps({"id": 1, "image": f"{name}.png"}))
    before = sorted(tmp_path.rglob("*"))
    code, shown = halluc(*command(model, data, "runs/a", *options))
    assert code == 2
    assert said in shown
    assert "Traceback" not in shown
    assert "Usage" in shown or len(shown.splitlines()) == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_a_bad_picture_later_keeps_the_answers_before_it(
    halluc: Halluc, model: str, data: str, tmp_path: Path
) -> None:
    (tmp_path / "5.png").write_text("no picture")
    code, said = halluc(*command(model, data, "run"))
    assert code == 2
    assert said.startswith("halluc: ") and "5.png" in said
    assert len(read_run("run").responses) >= 2
    picture(5).save(tmp_path / "5.png")
    assert halluc(*command(model, data, "run"))[0] == 0
    assert read_run("run").finished


def test_the_tabletop_asks_its_own_questions(halluc: Halluc, model: str) -> None:
    options = ("--task", "pope", "--limit", 2)
    assert halluc(*command(model, "tabletop", "run", *options))[0] == 0
    assert all(response.prompt.endswith("?") for response in read_run("run").responses)


def test_samples_that_fail_are_named_or_left_out(
    halluc: Halluc, model: str, data: str, tmp_path: Path
) -> None:
    rows = [json.loads(each) for each in (tmp_path / "data.jsonl").read_text().splitlines()]
    rows[5]["prompt"] = "Is there an <image> in it?"
    (tmp_path / "data.jsonl").write_text("\n".join(map(json.dumps, rows)))
    asked = command(model, data, "runs/a", "--task", "pope", "--prompt", "{question}")
    code, said = halluc(*asked)
    assert code == 2 and said.count("\n") == 1
    assert "cannot answer '5'" in said and "its prompt holds '<image>'" in said
    assert said.endswith("; --skip-failing continues without it\n")
    assert len(read_run("runs/a").responses) == 4  # the batches before are kept

    (tmp_path / "6.png").write_bytes(b"no picture")
    code, said = halluc(*command(model, data, "runs/b", "--batch-size", 7))
    assert code == 2 and "6.png: not a picture" in said
    assert said.endswith("; --skip-failing continues without it\n")

    code, said = halluc(*asked, "--skip-failing")
    assert code == 0
    assert "no answer: 2 of 7 (2 failed); every score counts them" in said
    run = read_run("runs/a")
    failed = {each.id: each.error for each in run.responses if each.lack}
    assert set(failed) == {"5", "6"} and run.finished
    assert "not a picture" in failed["6"] and "<image>" in failed["5"]
