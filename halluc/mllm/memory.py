"""Work in batches that a model can take: as large as memory allows, one by one where it must be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

import torch

from halluc.errors import HallucError, SampleError, said
from halluc.mllm.base import Request
from halluc.records import Response


class Batches:
    """Cuts requests into batches that a model can take, and says which one it cannot answer.

    Args:
        name: of the model.
        special: words that it does not take for text, such as that of a picture.
        cuda: its memory is that of an accelerator which keeps what was freed.

    Attributes:
        most: how many requests fit at once, as far as that is known.
    """

    def __init__(self, name: str, special: Sequence[str], *, cuda: bool) -> None:
        self.most: int | None = None
        self._name, self._special, self._cuda = name, special, cuda

    def work(
        self,
        requests: Sequence[Request],
        work: Callable[[Sequence[Request]], list[Response]],
    ) -> list[Response]:
        """Work in batches that fit: halved when memory runs out, and so from then on.

        A batch that fails otherwise is asked one by one, which finds the sample that cannot be
        answered; if each can, it is the batch that cannot be had, and none is tried again.

        Raises:
            SampleError: one request alone does not fit, or the model's own code fails on it.
        """
        done: list[Response] = []
        single = 0  # how many are still to be asked one by one
        while len(done) < len(requests):
            batch = requests[len(done) :][: 1 if single else self.most]
            # Processors take as many pictures for each request.
            batch = list(next(groupby(batch, lambda request: len(request.images)))[1])
            try:
                with torch.inference_mode():
                    done += work(batch)
                if single == 1:
                    self.most = 1
                single = max(single - 1, 0)
                continue
            except HallucError:
                raise
            except Exception as error:
                if not _out_of_memory(error):
                    if len(batch) == 1:
                        raise self._failed(batch[0], error) from error
                    single = len(batch)
                    continue
            # Outside the except clause, which keeps the failed batch's tensors alive.
            if len(batch) == 1:
                raise SampleError(
                    batch[0].id,
                    f"{self._name}: memory runs out on the single sample {batch[0].id!r}; lower "
                    "--max-new-tokens or take a smaller --dtype",
                )
            self.most = len(batch) // 2
            if self._cuda:
                torch.cuda.empty_cache()
        return done

    def _failed(self, request: Request, error: Exception) -> SampleError:
        """What the model's own code says of a sample, in one line."""
        asked = [*(text for turn in request.earlier for text in (turn.prompt, turn.text))]
        asked.append(request.prompt)
        held = next((e for e in self._special if any(e in text for text in asked)), None)
        hint = f"; its prompt holds {held!r}, which is no text to this model" if held else ""
        what = f"{self._name} cannot answer {request.id!r}: {said(error)}{hint}"
        return SampleError(request.id, what)


def _out_of_memory(error: Exception) -> bool:
    """Whether an accelerator's or the CPU's allocator gave up (the latter only says so)."""
    said = str(error)
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or any(
        each in said for each in ("can't allocate memory", "not enough memory")
    )
