"""Work spread over machines with Ray: ``--engine ray[:HOST:PORT]``.

What is to be done is cut into items by position before anybody begins, and each item is worked out
from itself alone: so who does it, how often it is tried and in which order items come back change
nothing. The workers are actors of Ray Data (https://docs.ray.io/en/latest/data); one that is lost
is started again, elsewhere if need be, and its items are given out anew. Only the command itself
writes, so a run is as safe as with one process. Items and results are bytes of the caller's making.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import socket
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from halluc import __version__
from halluc.errors import HallucError, InputError, RunError

if TYPE_CHECKING:
    import pyarrow as pa

Work = Callable[[bytes], bytes]
"""Does one item."""

F = TypeVar("F", bound=Callable[..., Any])

_SECONDS = 5.0  # to answer, for a machine that is there


def engine_options(command: F) -> F:
    """The options of commands that can be spread over machines."""
    for option in (
        click.option(
            "--gpus-per-worker",
            type=click.FloatRange(min=0),
            help="With ray: GPUs of each worker [1 where the cluster has any, else 0].",
        ),
        click.option(
            "--workers",
            type=click.IntRange(min=1),
            help="With ray: how many work at once [one a GPU, else one a core].",
        ),
        click.option(
            "--engine",
            default="local",
            show_default=True,
            metavar="E",
            help="local, ray (workers on this machine) or ray:HOST:PORT (a Ray cluster).",
        ),
    ):
        command = option(command)
    return command


@dataclass(frozen=True)
class Cluster:
    """A Ray cluster that this process is connected to; made by `open_cluster`.

    Attributes:
        workers: how many work at once.
        gpus: of each worker.
    """

    workers: int
    gpus: float

    def once(self, question: Callable[[], bytes]) -> bytes:
        """Have one worker find something out.

        Raises:
            HallucError: what it raised.
            RunError: the cluster failed.
        """
        import ray

        # The process ends with the call, so that it keeps no memory of an accelerator.
        task = ray.remote(num_cpus=1, num_gpus=self.gpus, max_calls=1)(_told)
        with _one_line():
            done, failed = ray.get(task.remote(_Place.here(), question))
        if failed:
            raise RunError(failed)
        return bytes(done)

    def spread(
        self, begin: Callable[[], Work], items: Sequence[bytes], *, ordered: bool = False
    ) -> Iterator[tuple[int, bytes]]:
        """Do items on all workers and give each one's number and result as soon as it is there.

        Args:
            begin: makes a worker ready; called once in each of them.
            items: what to do.
            ordered: give results in the items' order.

        Raises:
            HallucError: what a worker raised.
            RunError: the cluster failed.
        """
        import ray.data

        if not items:
            return
        context = ray.data.DataContext.get_current().copy()
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        context.execution_options.preserve_order = ordered
        with ray.data.DataContext.current(context), _one_line():
            rows = [{"number": number, "item": item} for number, item in enumerate(items)]
            results = ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
                _Worker,
                fn_constructor_args=(_Place.here(), begin),
                batch_size=1,
                batch_format="pyarrow",
                compute=ray.data.ActorPoolStrategy(size=min(self.workers, len(items))),
                num_cpus=1,
                num_gpus=self.gpus,
            )
            # Each result is given on before the next one is waited for.
            for table in results.iter_batches(
                batch_size=None, batch_format="pyarrow", prefetch_batches=0
            ):
                for row in table.to_pylist():
                    if row["failed"]:
                        raise RunError(row["failed"])
                    yield row["number"], row["done"]


def spread(
    cluster: Cluster | None, begin: Callable[[], Work], items: Iterable[bytes]
) -> Iterator[bytes]:
    """Do items on a cluster, else one by one in this process; results in the items' order.

    Raises:
        HallucError: what a worker raised.
        RunError: the cluster failed.
    """
    if cluster is None:
        yield from map(begin(), items)
    else:
        for _, done in cluster.spread(begin, list(items), ordered=True):
            yield done


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
    os.environ.setdefault("RAY_DATA_LOG_LEVEL", "ERROR")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    try:
        import ray.data
    except ImportError as error:
        raise RunError(
            f"--engine ray needs {error.name}; install it with: pip install 'halluc[ray]'"
        ) from None
    return ray


def _connect(ray: Any, **how: Any) -> None:
    try:
        with _hushed():
            ray.init(log_to_driver=False, logging_level=logging.CRITICAL, **how)
    except (ConnectionError, RuntimeError, ValueError) as error:
        said = next((line for line in str(error).splitlines() if line.strip()), "")
        raise RunError(f"Ray cannot be used: {said[:300]}") from None
    logging.getLogger("ray.data").setLevel(logging.ERROR)


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


@dataclass(frozen=True)
class _Place:
    """Where the command was given; workers must find the same files and the same code there."""

    folder: str
    version: str

    @classmethod
    def here(cls) -> _Place:
        return cls(str(Path.cwd()), __version__)

    def enter(self) -> None:
        node = socket.gethostname()
        if self.version != __version__:
            raise RunError(
                f"{node} has halluc {__version__}, this machine {self.version}; install the same"
            )
        try:
            os.chdir(self.folder)
        except OSError:
            raise RunError(
                f"{node} has no folder {self.folder}; give the command in one that all machines "
                "share"
            ) from None


class _Worker:
    """An actor: made ready with its first item, so that what is wrong with it can be told."""

    def __init__(self, place: _Place, begin: Callable[[], Work]) -> None:
        self._place, self._begin = place, begin
        self._work: Work | None = None

    def __call__(self, items: pa.Table) -> pa.Table:
        import pyarrow as pa

        (row,) = items.to_pylist()
        done, failed = _told(self._place, partial(self._do, row["item"]))
        return pa.table(
            {
                "number": [row["number"]],
                "done": pa.array([done], pa.large_binary()),
                "failed": [failed],
            }
        )

    def _do(self, item: bytes) -> bytes:
        if self._work is None:
            self._work = self._begin()
        return self._work(item)


def _told(place: _Place, question: Callable[[], bytes]) -> tuple[bytes, str]:
    """What comes of a question, or the known failure in words."""
    try:
        place.enter()
        return question(), ""
    except HallucError as error:
        return b"", str(error)


@contextlib.contextmanager
def _one_line() -> Iterator[None]:
    """Tell what fails in the cluster as one line; bugs in our own code keep their traceback."""
    from ray.exceptions import RayError, RayTaskError

    try:
        yield
    except RayTaskError:
        raise
    except RayError as error:
        said = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
        raise RunError(
            f"the Ray cluster failed: {type(error).__name__}: {said[:300]}; what is done is kept, "
            "and the same command goes on"
        ) from None
