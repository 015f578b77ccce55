"""The engine that does the work: ``--engine local`` or ``ray[:HOST:PORT]``."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import socket
import sys
from collections.abc import Iterator
from typing import Any

from app.engine.cluster import Cluster
from halluc.errors import InputError, RunError

_SECONDS = 5.0  # to answer, for a machine that is there


@contextlib.contextmanager
def open_cluster(
    engine: str, workers: int | None = None, gpus: float | None = None
) -> Iterator[Cluster | None]:
    """What ``--engine`` stands for; None for this process alone.

    Args:
        engine: "local", "ray" or "ray:HOST:PORT".
        workers: how many work at once; default: one for each GPU's share, else one a core.
        gpus: of each worker; default: 1 if the cluster has any.

    Raises:
        InputError: the engine is none, or there is no room for the workers.
        RunError: Ray is not installed, or nothing answers at the address.
    """
    if engine == "local":
        if workers is not None or gpus is not None:
            raise InputError("--workers and --gpus-per-worker belong to --engine ray")
        yield None
        return
    form = re.fullmatch(r"ray(?::([^/\s]+):(\d{1,5}))?", engine)
    if form is None:
        raise InputError(f"there is no engine {engine!r}; give local, ray or ray:HOST:PORT")
    ray = _import_ray()
    try:
        if form[1] is None:
            cores = max(os.cpu_count() or 1, workers or 1)
            _connect(ray, address="local", num_cpus=cores, include_dashboard=False)
        else:
            _knock(form[1], int(form[2]))
            _connect(ray, address=f"{form[1]}:{form[2]}")
        yield _room(ray.cluster_resources(), workers, gpus)
    finally:
        ray.shutdown()


def _import_ray() -> Any:
    # Read when Ray is imported: it tells nobody of its use, and what it does stays in its logs.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    try:
        import ray
        from ray._private import worker
    except ImportError as error:
        raise RunError(
            f"--engine ray needs {error.name}; install it with: pip install 'halluc[ray]'"
        ) from None
    # It has no option against telling of lost workers on stdout, where figures go.
    worker.print_to_stdstream = _say_nothing
    return ray


def _say_nothing(*_: Any, **__: Any) -> None: ...


def _connect(ray: Any, **how: Any) -> None:
    try:
        with _hushed():
            ray.init(log_to_driver=False, logging_level=logging.CRITICAL, **how)
    except (ConnectionError, RuntimeError, ValueError) as error:
        said = next((line for line in str(error).splitlines() if line.strip()), "")
        raise RunError(f"Ray cannot be used: {said[:300]}") from None


@contextlib.contextmanager
def _hushed() -> Iterator[None]:
    """Ray's core writes past Python to the terminal; what is wrong it raises, too."""
    sys.stderr.flush()
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


def _knock(host: str, port: int) -> None:
    """Ray itself tries for two minutes, and then ends the process."""
    try:
        socket.create_connection((host, port), _SECONDS).close()
    except (OSError, OverflowError) as error:
        raise RunError(
            f"no Ray cluster answers at {host}:{port} ({error}); start one there with: ray start "
            f"--head --port {port}"
        ) from None


def _room(resources: dict[str, float], workers: int | None, gpus: float | None) -> Cluster:
    """The cluster, if it has room for the workers."""
    cores, cards = int(resources.get("CPU", 0)), resources.get("GPU", 0.0)
    each = gpus if gpus is not None else float(cards > 0)
    most = min(cores, int(cards / each)) if each else cores
    if most < (workers or 1):
        wanted = f"{workers or 1} workers" + (f" of {each:g} GPUs" if each else "")
        raise InputError(
            f"the Ray cluster has {cores} cores and {cards:g} GPUs: no room for {wanted}; give "
            "smaller --workers or --gpus-per-worker"
        )
    return Cluster(workers or most, each)
