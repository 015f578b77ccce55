"""The most memory that a training takes: of an accelerator, or of this process."""

from __future__ import annotations

import contextlib
import re
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import torch

from halluc.errors import ModelError

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class Peak:
    """Measures from when it is made on.

    On CUDA it is what torch has reserved of the device; else it is the resident memory of the
    process, with Python, torch and the model in it. Where the system cannot forget an earlier peak
    (all but Linux), that counts, too.

    Args:
        device: where the model is.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
        else:
            with contextlib.suppress(OSError):
                _CLEAR.write_text("5")

    @property
    def bytes(self) -> int:
        """The peak so far."""
        if self._device.type == "cuda":
            return int(torch.cuda.max_memory_reserved(self._device))
        with contextlib.suppress(OSError):
            if told := re.search(r"VmHWM:\s+(\d+) kB", _STATUS.read_text()):
                return 1024 * int(told[1])
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else 1024 * most

    @contextlib.contextmanager
    def in_one_line(self, name: str) -> Iterator[None]:
        """Say in a line that memory runs out, and what helps."""
        try:
            yield
        except torch.OutOfMemoryError:
            raise ModelError(
                f"{name}: memory runs out in training; try a smaller --batch-size with a larger "
                "--accumulate, --gradient-checkpointing or --load-in-4bit"
            ) from None
