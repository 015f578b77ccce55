"""An arena: what is run, what the report says, what is refused, and what a kill leaves."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from recorded import write_data

from app.engine import models as engine
from app.workflows.arena import arena
from app.workflows.arena.file import read_arena
from app.workflows.arena.page import read_report
from app.workflows.compare.ranking import ranking
from halluc.bootstrap import Counted
from halluc.errors import HallucError, InputError
from halluc.plugins import origin, plugins
from halluc.records import Score
from halluc.runs import Run

DOCS = Path(__file__).resolve().parents[3] / "docs"
CODE = "from app.cli import main; main()"
SCENES = """
max_new_tokens = 24
seeds = [0, 1]

[models]
tabletop = { model = "tabletop", device = "cpu" }

[benchmarks]
captions = "tabletop:broken:100000-100006"

[arms.greedy]

[arms.sampled]
do_sample = true

[arms.mask]
decode = "mask-only"
do_sample = true
seeds = [1]

[arms.vcd]
decode = "vcd"
do_sample = true
alpha = 2
controls = ["greedy", "mask"]
seeds = [1]

[arms.yes]
decode = "yes-bias"
match_yes = "vcd"

[arms.dial]
decode = "control"
layer = "nowhere"
controls = ["greedy", "yes"]
"""
REPLAYED = """
[models]
one = "replay:said.jsonl"
two = "replay:said.jsonl"
[benchmarks]
captions = "jsonl:data.jsonl"
[arms.a]
[arms.b]
do_sample = true
seeds = [1, 2]
controls = ["a"]
[arms.vcd]
decode = "vcd"
"""


def lasting(folder: Path) -> dict[str, bytes]:
    """All bytes but those that say how long something took."""
    found = {}
    for file in folder.rglob("*"):
        if file.is_file() and file.name != "times.jsonl":
            whole = file.read_bytes()
            parts = re.split(rb'<h2 id="s\d+">Time</h2>|\n## Time\n', whole)
            assert len(parts) == 1 + (file.name in ("report.md", "report.html"))
            found[str(file.relative_to(folder))] = parts[0]
    return found


def how_many(folder: Path, kind: str) -> int:
    """Files of a kind in a folder that another process writes."""
    with contextlib.suppress(OSError):
        return len([*folder.rglob(kind)])
    return 0


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, list[str]]:
    """The file, its arena, and the models that were loaded for it."""
    folder = tmp_path_factory.mktemp("arena")
    file = folder / "arena.toml"
    file.write_text(SCENES)
    loaded: list[str] = []
    load = engine.load_model

    def noted(name: str, **how: object) -> object:
        loaded.append(name)
        return load(name, **how)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "load_model", noted)
        arena(file, folder / "whole", batch_size=4)
    return file, folder / "whole", loaded


@pytest.mark.xdist_group("arena")
def test_a_model_is_loaded_once_and_finished_runs_are_left_alone(made, monkeypatch):
    file, folder, loaded = made
    assert loaded == ["tabletop"]
    runs = sorted(each.name for each in (folder / "runs/tabletop/captions").iterdir())
    assert runs == ["greedy.seed0", "mask.seed1", "sampled.seed0", "sampled.seed1", "vcd.seed1"]
    before = lasting(folder)
    monkeypatch.setattr(Run, "append", lambda *_: pytest.fail("asked again"))
    arena(file, folder)  # the refused arms are tried again, and come to the same
    assert lasting(folder) == before


@pytest.mark.xdist_group("arena")
def test_the_report_says_who_wins_against_what_and_what_was_refused(made, halluc, tmp_path):
    _, folder, _ = made
    text = (folder / "report.md").read_text()
    assert "5 of 9 runs made, 4 refused" in text
    ranks = re.findall(r"^\| (\d+(?:–\d+)?) \| (\w+) \| [\d.]+ \[", text, re.MULTILINE)
    assert {name for _, name in ranks} == {"greedy", "sampled", "mask", "vcd"}
    assert re.search(r"^\| – \| dial \| refused \|", text, re.MULTILINE)
    assert re.search(r"^\| vcd \| mask \| .* \| (does not beat it|beats it|does worse)", text, re.M)
    assert "yes-bias is for yes/no questions" in text
    assert (
        "nowhere: there is no control.safetensors in it; make it with: halluc train control" in text
    )
    assert "sampled, 2 seeds: CHAIRi" in text
    # Two inputs side by side are two passes a token.
    cost = text.split("### Cost of an answer")[1].split("###")[0]
    rows = {r[0]: list(map(float, r[1:])) for r in re.findall(
        r"^\| (\w+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|", cost, re.MULTILINE)}  # fmt: skip
    assert rows["vcd"][2] == pytest.approx(2 * rows["vcd"][1], abs=0.1)
    assert rows["greedy"][2] == rows["greedy"][1]
    assert "at equal length" in text and "| vcd | mask |" in text.split("### Equal length")[1]
    # The page is one file, without scripts, and `halluc report` writes it anew.
    page = (folder / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 1 and "<script" not in page
    code, _, err = halluc("report", folder, "-o", tmp_path / "page.html")
    assert (code, err) == (0, f"{tmp_path}/page.html: arena.toml in {folder}\n")
    assert (tmp_path / "page.html").read_text() == page
    assert halluc("report", folder, "-o", "p.html", "--view", "kind=object")[0] == 2


@pytest.mark.xdist_group("arena")
def test_stopped_in_the_midst_of_runs_it_comes_to_the_same_bytes(made, monkeypatch):
    file, folder, _ = made
    append, calls = Run.append, []

    def stopped(run: Run, responses: object) -> None:
        calls.append(run)
        if len(calls) in (3, 7):
            raise KeyboardInterrupt
        append(run, responses)  # type: ignore[arg-type]

    monkeypatch.setattr(Run, "append", stopped)
    again = folder.with_name("again")
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            arena(file, again, batch_size=4)
    arena(file, again, batch_size=4)
    assert lasting(again) == lasting(folder)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_killed_it_comes_to_the_same_bytes(halluc, tmp_path):
    write_data(tmp_path, 40)
    (tmp_path / "arena.toml").write_text(REPLAYED)
    command = ("arena", "arena.toml", "-o", "out")
    code, out, err = halluc(*command)
    assert code == 0 and "one on captions" in out and "two on captions" in out
    assert err.count("refused: ") == 2 and "report: out/report.html" in err
    whole = lasting(tmp_path / "out")
    (tmp_path / "out").rename(tmp_path / "whole")
    environment = {**os.environ, "PYTHONPATH": str(DOCS.parent)}
    for kind, least in (("responses.jsonl", 3), ("scores.json", 2)):
        process = subprocess.Popen(
            [sys.executable, "-c", CODE, *command], cwd=tmp_path, env=environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        while process.poll() is None and how_many(tmp_path / "out", kind) < least:
            time.sleep(0.0005)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert halluc(*command)[0] == 0
    assert lasting(tmp_path / "out") == whole


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[arms", "no TOML: "),
        ("[arms]\na = {}", "arms: an arena has at least two"),
        ("seeds = []\n[arms.a]\n[arms.b]", "seeds: "),
        ("limits = 3\n[arms.a]\n[arms.b]", "limits: no such key; there are arms, models, "),
        ("[arms.a]\n[arms.'b/..']", "arms.b/..: a name has letters"),
        ("[models]\nm = 'llava'\n[arms.a]\n[arms.b]", "models.m: there is no model 'llava'"),
        ("[models.m]\nmodel = 'hf:x'\ndtyp = 'x'\n[arms.a]\n[arms.b]", "models.m.dtyp: no such"),
        ("[benchmarks.c]\ndata = 'x'\nlimit = 0\n[arms.a]\n[arms.b]", "benchmarks.c.limit: "),
        ("[benchmarks]\nc = {data = 'x', task = 'y'}\n[arms.a]\n[arms.b]", "no task 'y'"),
        ("[benchmarks]\nc = 'coco:nowhere'\n[arms.a]\n[arms.b]", "benchmarks.c: "),
        ("[arms.a]\n[arms.b]\ndecode = 'vcdd'", "arms.b: there is no decoding 'vcdd'"),
        ("[arms.a]\n[arms.b]\nplan = 'votes'", "arms.b: there is no plan 'votes'"),
        ("[arms.a]\n[arms.b]\nalpha = 1", "arms.b.alpha: no such key"),
        ("[arms.a]\n[arms.b]\ndecode = 'vcd'\nalpha = -1", "arms.b: alpha must be at least 0"),
        ("[arms.a]\n[arms.b]\ndecode = 'vcd'\nalpha = '1'", "arms.b.alpha: this must be a number"),
        ("[arms.a]\n[arms.b]\ndecode = 'mask-only'", "arms.b: mask-only changes nothing in"),
        ("[arms.a]\n[arms.b]\ndecode = 'control'", "arms.b: control needs --layer"),
        ("[arms.a]\n[arms.b]\ncontrols = ['c']", "arms.b.controls: 'c' is no arm"),
        (
            "[arms.a]\ndecode = 'eos-bias'\nmatch_length = 'b'\n"
            "[arms.b]\ndecode = 'eos-bias'\nmatch_length = 'a'",
            "arms: a and another match each other",
        ),
    ],
)
def test_a_bad_file_is_one_line_with_file_and_key_before_anything_is_run(
    halluc: Callable[..., tuple[int, str, str]], tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "arena.toml").write_text(text)
    code, out, err = halluc("arena", "arena.toml", "-o", "out")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("halluc: arena.toml: ") and message in err
    assert [each.name for each in tmp_path.iterdir()] == ["arena.toml"]


def test_an_arm_that_was_run_and_is_another_one_now_is_refused(halluc, tmp_path):
    write_data(tmp_path, 8)
    file = tmp_path / "arena.toml"
    head = "[models]\none = 'replay:said.jsonl'\n[benchmarks]\nc = 'jsonl:data.jsonl'\n"
    file.write_text(f"{head}[arms.a]\n[arms.b]")
    assert halluc("arena", "arena.toml", "-o", "out")[0] == 0
    file.write_text(f"{head}[arms.a]\n[arms.b]\ntop_k = 3\n[arms.c]")
    code, _, err = halluc("arena", "arena.toml", "-o", "out")
    assert code == 2 and "out/runs/one/c/b.seed0 was asked otherwise (arm top_k none → 3)" in err
    file.write_text(f"{head}[arms.a]\n[arms.b]\n[arms.c]")
    assert halluc("arena", "arena.toml", "-o", "out")[0] == 0
    # New runs do not go beside those of other weights.
    (tmp_path / "said.jsonl").write_text((tmp_path / "said.jsonl").read_text() + "\n")
    file.write_text(f"{head}[arms.a]\n[arms.b]\n[arms.d]")
    code, _, err = halluc("arena", "arena.toml", "-o", "out")
    assert code == 2 and "was made with another model or data (model hash" in err
    (tmp_path / "strange").mkdir()
    (tmp_path / "strange/file").write_text("")
    assert "holds other files" in halluc("arena", "arena.toml", "-o", "strange")[2]


@pytest.mark.xdist_group("arena")
def test_a_limit_goes_before_that_of_the_file_and_finished_runs_are_not_cut(made, halluc):
    file, folder, _ = made
    assert {each.limit for each in read_arena(file, 1).benchmarks.values()} == {1}
    before = lasting(folder)
    code, _, err = halluc("arena", file, "-o", folder, "--limit", 1)
    assert code == 2 and "was asked otherwise (benchmark" in err
    assert lasting(folder) == before


def test_where_nothing_can_be_run_the_first_reason_is_told(halluc, tmp_path):
    write_data(tmp_path, 8)
    (tmp_path / "arena.toml").write_text(
        "[models]\none = 'replay:nowhere.jsonl'\n[benchmarks]\nc = 'jsonl:data.jsonl'\n"
        "[arms.a]\n[arms.b]"
    )
    code, _, err = halluc("arena", "arena.toml", "-o", "out")
    assert code == 2 and err.count("\n") == 1
    assert "nowhere.jsonl: No such file" in err


def test_the_file_of_all_decodings_has_all_of_them():
    told = read_arena(DOCS / "arena/decodings.toml")
    named = {each for arm in told.arms.values() if arm.decode for each in arm.decode.split(",")}
    own = {n for n in plugins("decodings") if origin("decodings", n).startswith("halluc ")}
    assert named == own
    assert told.arms["as-long-as-vcd"].matched == "vcd" and told.arms["vcd"].width == 2


def test_ranks_have_the_range_that_the_error_leaves():
    """6, 7, 30 and 54 of 60 pictures: the first two cannot be told apart."""

    def counted(wrong: int) -> Counted:
        def score(above: int, below: int) -> Score:
            return Score(
                metric="m", name="r", value=above / below, numerator=above, denominator=below
            )

        parts = {f"{n:02}": [score(int(n < wrong), 1)] for n in range(60)}
        return Counted([score(wrong, 60)], parts)

    arms = {"d": counted(54), "b": counted(7), "a": counted(6), "c": counted(30)}
    ranks = [(each.name, each.words) for each in ranking(arms, ("", "r"), lower=True)]
    assert ranks == [("a", "1–2"), ("b", "1–2"), ("c", "3"), ("d", "4")]
    ranks = [(each.name, each.words) for each in ranking(arms, ("", "r"), lower=False)]
    assert ranks == [("d", "1"), ("c", "2"), ("b", "3–4"), ("a", "3–4")]


def test_a_damaged_report_is_one_line(tmp_path):
    (tmp_path / "card.json").write_text('{"made by": "halluc arena"}')
    with pytest.raises(InputError, match="no report yet"):
        read_report(tmp_path)
    (tmp_path / "report.json").write_text("{}")
    with pytest.raises(HallucError, match=r"report\.json"):
        read_report(tmp_path)
