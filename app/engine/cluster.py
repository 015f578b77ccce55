"""Work given out to workers on many machines, through Ray.

What is to be done is cut into items by position before anybody begins, and each item is worked out
from itself alone: so who does it, how often it is tried and in which order results come change
nothing. Workers are actors of Ray (https://docs.ray.io/en/latest/ray-core/actors.html), each with
an item at a time; for one that is lost another is started, elsewhere if need be, and its item is
given out again. Only the command itself writes, so a run is as safe as with one process. Items and
results are bytes of the caller's making.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from halluc import __version__
from halluc.errors import HallucError, RunError, SampleError
from halluc.work import Work, in_process

TRIES = 4
"""So many workers may be lost with the same item, or before they are ready, and no more."""

# Of the workers: results that wait for those before them, when order is asked for.
_HELD = 8


@dataclass(frozen=True)
class Cluster:
    """A Ray cluster that this process is connected to; made by `app.engine.connect.open_cluster`.

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
            return _done(*ray.get(task.remote(_Place.here(), question)))

    def spread(
        self, begin: Callable[[], Work], items: Iterable[bytes], *, ordered: bool = False
    ) -> Iterator[tuple[int, bytes]]:
        """Do items on all workers and give each one's number and result as soon as it is there.

        Args:
            begin: makes a worker ready; called once in each of them.
            items: what to do; taken little by little.
            ordered: give results in the items' order.

        Raises:
            HallucError: what a worker raised.
            RunError: the cluster failed, or an item takes every worker down that does it.
        """
        with _one_line():
            crew = _Crew(self, begin, items)
            try:
                yield from crew.results(ordered=ordered)
            finally:
                crew.dismiss()


def spread(
    cluster: Cluster | None, begin: Callable[[], Work], items: Iterable[bytes]
) -> Iterator[bytes]:
    """Do items on a cluster, else one by one in this process; results in the items' order.

    Raises:
        HallucError: what a worker raised.
        RunError: the cluster failed, or an item takes every worker down that does it.
    """
    if cluster is None:
        yield from in_process(begin, items)
    else:
        for _, done in cluster.spread(begin, items, ordered=True):
            yield done


@dataclass
class _Task:
    """An item, and with how many workers it was lost; without an item: to become ready."""

    number: int = -1
    item: bytes | None = None
    lost: int = 0


class _Crew:
    """The workers of a cluster and what each is doing.

    Args:
        cluster: where they are.
        begin, items: as in `Cluster.spread`.
    """

    def __init__(self, cluster: Cluster, begin: Callable[[], Work], items: Iterable[bytes]) -> None:
        import ray

        worker = ray.remote(num_cpus=1, num_gpus=cluster.gpus)(_Worker)
        self._start = partial(worker.remote, _Place.here(), begin)
        self._size = cluster.workers
        self._items = (_Task(number, item) for number, item in enumerate(items))
        self._ahead = deque[_Task]()  # to be given out next, made while workers are busy
        self._doing: dict[Any, tuple[Any, _Task]] = {}
        self._free: list[Any] = []

    def results(self, *, ordered: bool) -> Iterator[tuple[int, bytes]]:
        """The results, in any order or in that of the items."""
        self._refill()
        for _ in range(len(self._ahead)):
            self._hire(_Task())
        held: dict[int, bytes] = {}
        turn = 0
        while self._ahead or any(task.item is not None for _, task in self._doing.values()):
            held |= self._wait()
            # Whoever is free works on while the caller does something with the results.
            self._give(turn + _HELD * self._size if ordered else None)
            while held and (not ordered or turn in held):
                number = turn if ordered else next(iter(held))
                yield number, held.pop(number)
                turn += 1
            self._refill()

    def dismiss(self) -> None:
        """Let all workers go."""
        for worker in [*self._free, *(worker for worker, _ in self._doing.values())]:
            _let_go(worker)

    def _refill(self) -> None:
        self._ahead.extend(islice(self._items, max(0, self._size - len(self._ahead))))

    def _hire(self, task: _Task) -> None:
        worker = self._start()
        self._doing[worker.prepare.remote()] = worker, task

    def _give(self, before: int | None) -> None:
        """Give everybody who is free the next item, if its number is not too high."""
        while self._free and self._ahead and (before is None or self._ahead[0].number < before):
            worker, task = self._free.pop(), self._ahead.popleft()
            self._doing[worker.do.remote(task.item)] = worker, task

    def _wait(self) -> dict[int, bytes]:
        """The result of whoever is done first, by its number; none if it is a worker's being ready.

        Raises:
            HallucError: what a worker raised.
            RunError: too many are lost.
        """
        import ray
        from ray.exceptions import ObjectLostError, OutOfMemoryError, RayActorError

        (first,), _ = ray.wait(list(self._doing))
        worker, task = self._doing.pop(first)
        try:
            done = _done(*ray.get(first))
        except (RayActorError, ObjectLostError, OutOfMemoryError) as error:
            _let_go(worker)
            task.lost += 1
            if task.lost == TRIES:
                raise RunError(
                    f"{TRIES} workers were lost with the same part of the work ({_line(error)}); "
                    "if it takes more memory than there is, smaller batches or fewer --workers help"
                ) from None
            self._hire(task if task.item is None else _Task())
            if task.item is not None:
                self._ahead.appendleft(task)
            return {}
        self._free.append(worker)
        return {} if task.item is None else {task.number: done}


def _let_go(worker: Any) -> None:
    import ray

    with contextlib.suppress(ray.exceptions.RayError):
        ray.kill(worker)


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
    """An actor. What is wrong is told rather than raised, for Ray would add its traceback."""

    def __init__(self, place: _Place, begin: Callable[[], Work]) -> None:
        self._place, self._begin = place, begin
        self._work: Work = bytes

    def prepare(self) -> tuple[bytes, HallucError | None]:
        """Become ready."""
        return _told(self._place, self._made_ready)

    def do(self, item: bytes) -> tuple[bytes, HallucError | None]:
        """The result of an item, or the failure."""
        return _told(self._place, partial(self._work, item))

    def _made_ready(self) -> bytes:
        self._work = self._begin()
        return b""


def _told(place: _Place, question: Callable[[], bytes]) -> tuple[bytes, HallucError | None]:
    """What comes of a question, or the known failure."""
    try:
        place.enter()
        return question(), None
    except SampleError as error:
        return b"", error
    except HallucError as error:
        return b"", RunError(str(error))


def _done(done: bytes, failed: HallucError | None) -> bytes:
    """What was told, if it is no failure."""
    if failed:
        raise failed
    return done


@contextlib.contextmanager
def _one_line() -> Iterator[None]:
    """Tell what fails in the cluster as one line; bugs in our own code keep their traceback."""
    from ray.exceptions import RayError, RayTaskError

    try:
        yield
    except RayTaskError:
        raise
    except RayError as error:
        raise RunError(
            f"the Ray cluster failed: {_line(error)}; what is done is kept, and the same command "
            "continues"
        ) from None


def _line(error: Exception) -> str:
    """An error of Ray's in one line."""
    said = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return f"{type(error).__name__}: {said[:300]}"
