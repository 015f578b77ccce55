"""What is trusted and what is not, where each is checked, and what leaves this machine.

Shown by `halluc doctor --security`; docs/security.md holds the same table.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple


class Entry(NamedTuple):
    """A way by which something of a stranger comes in.

    Attributes:
        what: comes in.
        rule: what is done with it, and what is refused.
        where: the module that checks it.
    """

    what: str
    rule: str
    where: str


ENTRIES = (
    Entry("answers, questions, annotations", "read as JSON, CSV or text of the types wanted; "
          "else one line with file and line", "halluc.jsonl, halluc.answers"),
    Entry("pictures of a data set", "named inside its folder, not by .. or a link out of it; plain "
          "files of raster formats, of bounded size", "halluc.datasets.images"),
    Entry("uploads to the inspector", "the same formats and size, from memory",
          "app.inspector.reading.live"),
    Entry("model folders", "plain .safetensors in the folder itself, all hashed; no pickle, no "
          "code unless --trust-remote-code", "halluc.mllm.checkpoint"),
    Entry("adapters", "LoRA in safetensors; no module that they name is imported",
          "halluc.mllm.checkpoint"),
    Entry("replies of servers", "read with distrust; numbers that are none are not told",
          "halluc.mllm.replies"),
    Entry("runs of others", "typed records; numbers that are none are left out",
          "halluc.records, halluc.runs"),
    Entry("requests to the inspector", "own hosts and origins only, else status 403",
          "app.inspector.hosts"),
    Entry("text that is printed", "escape sequences are shown, not obeyed", "app.cli.text"),
    Entry("text in the browser", "escaped; no HTML of an answer", "app.inspector.drawing.html"),
    Entry("text in Markdown", "shown as it is: no link, picture or HTML",
          "app.workflows.markdown"),
)  # fmt: skip


LEAVES = (
    ("openai:NAME@URL", "pictures, prompts and OPENAI_API_KEY go to that server"),
    ("hf:ORG/NAME", "the hub is asked for the checkpoint (not with HF_HUB_OFFLINE=1)"),
    ("--engine ray:HOST:PORT", "pictures, prompts and answers go to that cluster"),
    ("--reviews URL", "reviews go to that database"),
)
"""What leaves the machine, each by the option that asks for it; else nothing does."""

# Settings of the environment by which something leaves, or comes from elsewhere.
_SETTINGS = ("OPENAI_API_KEY", "OPENAI_ORG_ID", "HF_TOKEN", "HF_ENDPOINT", "HTTPS_PROXY",
             "https_proxy", "HTTP_PROXY", "http_proxy")  # fmt: skip


def lines() -> Iterator[str]:
    """The rules, and how this machine is set; no value of a setting is shown."""
    yield "Trusted: the command, its options, installed packages and plugins. Not trusted:"
    for what, rule, where in ENTRIES:
        yield f"  {what}: {rule} ({where})"
    yield "What leaves this machine, and by what:"
    for option, what in LEAVES:
        yield f"  {option}: {what}"
    yield "On this machine:"
    for name in _SETTINGS:
        if os.environ.get(name):
            yield f"  {name} is set"
    offline = os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")
    yield f"  the hub {'is never asked' if offline else 'may be asked for models'}"
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        yield "  commands run as root; a user of their own can write less"
