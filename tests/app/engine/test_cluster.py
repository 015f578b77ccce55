"""`--engine ray`: a cluster of two nodes on this machine comes to the bytes of one process."""

from __future__ import annotations

import importlib.util
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
from recorded import SCORE, generate, results, write_data

from app.engine.connect import open_cluster
from halluc.errors import RunError

pytestmark = [
    pytest.mark.xdist_group("ray"),  # one cluster at a time
    pytest.mark.skipif(
        importlib.util.find_spec("ray") is None and not os.environ.get("HALLUC_CI"),
        reason="Ray is not installed: pip install 'halluc[ray]'",
    ),
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),
]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Threads of several workers on the same cores would wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two nodes with two cores each."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from ray.cluster_utils import Cluster

    # A node that is gone is noticed soon.
    watch = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 500}
    head = {"num_cpus": 2, "include_dashboard": False, "_system_config": watch}
    started = Cluster(initialize_head=True, head_node_args=head)
    started.add_node(num_cpus=2)
    yield started
    started.shutdown()


def workers() -> list[psutil.Process]:
    """The replicas that are at work."""
    return [
        each
        for each in psutil.Process().children(recursive=True)
        if "ray::_Worker" in " ".join(each.cmdline())
    ]


def meanwhile(folder: Path, act: Callable[[], None]) -> threading.Thread:
    """Do something once the first answers of a run are on the disk."""

    def wait() -> None:
        file = folder / "run" / "responses.jsonl"
        until = time.monotonic() + 240  # workers are nice, and other tests may be busy
        while time.monotonic() < until and not (file.exists() and file.stat().st_size):
            time.sleep(0.01)
        act()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_as_many_workers_as_one_likes_give_the_same_bytes(cluster, halluc, tmp_path):
    write_data(tmp_path, 50)
    for command in (generate(3), SCORE):
        assert halluc(*command)[0] == 0
    whole = results(tmp_path)
    (tmp_path / "run").rename(tmp_path / "whole")
    for number in (1, 2, 3):
        spread = ("--engine", f"ray:{cluster.address}", "--workers", number)
        for command in (generate(3), SCORE)[: 2 if number == 3 else 1]:
            code, _, err = halluc(*command, *spread)
            assert code == 0, err
            assert "ray" not in err and "Warning" not in err
        for name, content in results(tmp_path).items():
            assert content == whole[name]
        # What one process began, the cluster goes on with, to the same bytes.
        (tmp_path / "run").rename(tmp_path / f"done{number}")


def test_a_plan_on_two_nodes_gives_the_same_bytes(cluster, halluc, tmp_path):
    """Also one whose control looks at other samples' pictures."""
    plan = ("--plan", "describe", "--control", "foreign", "--chain-tokens", 6, "--do-sample")
    asked = ("generate", "--task", "pope", "--limit", 8, "--batch-size", 2, "--max-new-tokens", 2)
    asked = (*asked, *plan, "--device", "cpu", "-o", "run")
    assert halluc(*asked)[0] == 0
    whole = results(tmp_path)
    (tmp_path / "run").rename(tmp_path / "whole")
    code, _, err = halluc(*asked, "--engine", f"ray:{cluster.address}", "--workers", 2)
    assert code == 0, err
    assert results(tmp_path) == whole


def test_a_model_on_two_nodes_loses_a_worker_and_then_a_node(cluster, halluc, tmp_path):
    asked = ("generate", "--limit", 24, "--batch-size", 2, "--max-new-tokens", 32, "-o", "run")
    sampled = (*asked, "--do-sample", "--device", "cpu")
    assert halluc(*sampled)[0] == 0
    whole = results(tmp_path)
    (tmp_path / "run").rename(tmp_path / "whole")

    _, node = cluster.list_all_nodes()  # each has one of three workers at the least
    lost: list[int] = []

    def lose() -> None:
        victim = random.Random(0).choice(workers())
        victim.send_signal(signal.SIGKILL)
        lost.append(victim.pid)
        cluster.remove_node(node, allow_graceful=False)

    thread = meanwhile(tmp_path, lose)
    code, _, err = halluc(*sampled, "--engine", f"ray:{cluster.address}", "--workers", 3)
    thread.join()
    cluster.add_node(num_cpus=2)
    assert code == 0, err
    assert lost and results(tmp_path) == whole


def test_captions_are_revised_and_judged_on_workers(cluster, halluc, tmp_path):
    spread = ("--engine", f"ray:{cluster.address}", "--workers", 2)
    halluc("generate", "--limit", 8, "-o", "base", "--max-new-tokens", 64, "--device", "cpu")
    revise = ("revise", "woodpecker", "base", "--detector", "tabletop", "--batch-size", 2, "-o")
    judge = ("score", "finegrained")
    told = [halluc(*revise, "one", "--device", "cpu"), halluc(*judge, "one")]
    again = [
        halluc(*revise, "many", "--device", "cpu", *spread),
        halluc(*judge, "many", *spread),
    ]
    assert [code for code, _, _ in told + again] == [0] * 4
    assert told[0][1] == again[0][1]
    for file in (tmp_path / "one").iterdir():
        if file.name not in ("times.jsonl", "scores.json"):
            assert file.read_bytes() == (tmp_path / "many" / file.name).read_bytes(), file.name


def test_what_a_worker_cannot_do_is_one_line(cluster, halluc, tmp_path):
    write_data(tmp_path, 4)
    (tmp_path / "data.jsonl").write_text('{"id": "0", "image": "missing.png", "prompt": "?"}\n')
    spread = ("--engine", f"ray:{cluster.address}", "--workers", 1)
    alone, many = halluc(*generate(2)), halluc(*generate(2), *spread)
    assert alone == many
    assert alone[0] == 2 and alone[2].count("\n") == 1 and "missing.png" in alone[2]
    assert not (tmp_path / "run").exists()

    code, _, err = halluc(*generate(2), *spread[:2], "--workers", 99)
    assert code == 2 and "no room for 99 workers" in err
    code, _, err = halluc(*generate(2), *spread, "--gpus-per-worker", 1)
    assert code == 2 and "no room for 1 workers of 1 GPUs" in err
    code, _, err = halluc(*generate(2), *spread, "--model", "hf:./none")
    assert code == 2 and err.count("\n") == 1 and "none" in err


def test_work_that_takes_every_worker_down_ends_in_one_line(cluster, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    done = tmp_path / "done"

    def begin() -> Callable[[bytes], bytes]:
        def work(item: bytes) -> bytes:
            if item == b"3":
                os.kill(os.getpid(), signal.SIGKILL)
            with done.open("ab") as file:
                file.write(item)
            return item * 2

        return work

    def doubled(text: str) -> list[bytes]:
        with open_cluster(f"ray:{cluster.address}", 2) as found:
            items = (each.encode() for each in text)
            return [each for _, each in found.spread(begin, items, ordered=True)]

    assert doubled("01245") == [b"00", b"11", b"22", b"44", b"55"]
    done.unlink()
    with pytest.raises(RunError, match="4 workers were lost with the same part of the work"):
        doubled("0123456789")
    assert set(done.read_bytes()) >= set(b"012")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--engine", "dask"), "there is no engine 'dask'; give local, ray or ray:HOST:PORT"),
        (("--engine", "ray:auto"), "there is no engine 'ray:auto'"),
        (("--engine", "ray:127.0.0.1:9"), "no Ray cluster answers at 127.0.0.1:9"),
        (("--workers", 2), "--workers and --gpus-per-worker belong to --engine ray"),
    ],
)
def test_engines_that_cannot_be_had(options, message, halluc, tmp_path):
    write_data(tmp_path, 2)
    code, out, err = halluc(*generate(2), *options)
    assert (code, out) == (2, "")
    assert message in err and err.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_without_ray_the_line_says_how_to_get_it(halluc, tmp_path, monkeypatch):
    import sys

    write_data(tmp_path, 2)
    monkeypatch.setitem(sys.modules, "ray", None)
    code, _, err = halluc(*generate(2), "--engine", "ray")
    assert code == 2 and "pip install 'halluc[ray]'" in err and err.count("\n") == 1
