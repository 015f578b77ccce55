"""`halluc inspect`: open runs in the inspector, on this machine only by default."""

from __future__ import annotations

import importlib.util
import ipaddress
import socket
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.options import TRUTHS
from app.cli.text import say
from halluc.datasets.mme import has_results
from halluc.errors import HallucError, InputError
from halluc.jsonl import reason

if TYPE_CHECKING:
    from app.inspector.settings import Settings

LOCAL = "127.0.0.1"


@click.command()
@click.argument("runs", nargs=-1, type=click.Path(path_type=Path), metavar="[RUN_OR_FILE]…")
@TRUTHS
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True)
@click.option(
    "--address",
    default=LOCAL,
    show_default=True,
    help="Where to listen. On any other address everyone who reaches it sees the runs.",
)
@click.option(
    "--allow-host",
    "hosts",
    multiple=True,
    metavar="HOST",
    help="Also answer to this host name, as of a proxy or of this machine in its network. Any "
    "other than --address and localhost is refused.",
)
@click.option("--images", type=click.Path(path_type=Path), help="Folder of the pictures.")
@click.option(
    "--reviews",
    metavar="FILE|URL",
    help="Database of the reviews: a file of SQLite, or as SQLAlchemy names it. Default: "
    "reviews.sqlite beside the first run.",
)
@click.option("--model", "models", multiple=True, metavar="M", help="Also ask this one, live.")
def inspect(
    *,
    runs: tuple[Path, ...],
    truth: tuple[str, ...],
    port: int,
    address: str,
    hosts: tuple[str, ...],
    images: Path | None,
    reviews: str | None,
    models: tuple[str, ...],
) -> None:
    """Open runs in the browser: wrong words, their evidence, two runs side by side, reviews.

    Files of answers are opened, too, in any form that `halluc score` takes: they are scored
    first, against --truth or against the truth that stands beside the answers. Without any
    argument a page opens to drop files on.

    It listens on 127.0.0.1, sends nothing anywhere, and stops with Ctrl-C.
    """
    if len({each.resolve() for each in runs}) < len(runs):
        raise InputError("a run is named twice; name each once")
    if missing := [each for each in ("streamlit", "sqlalchemy") if not _installed(each)]:
        raise HallucError(
            f"the inspector needs {missing[0]}; install it with: pip install 'halluc[inspector]'"
        )
    from app.inspector.settings import Settings

    beside = runs[0].resolve().parent if runs else Path.cwd()
    _check_free(address, port)
    with tempfile.TemporaryDirectory(prefix="halluc-") as drafts:
        folders = [str(_opened(each, truth, Path(drafts) / str(n))) for n, each in enumerate(runs)]
        settings = Settings(
            runs=tuple(folders),
            images=str(images) if images else "",
            reviews=reviews or str(beside / "reviews.sqlite"),
            models=models,
            drafts=drafts,
        )
        _serve(settings, address, port, hosts)


def _opened(place: Path, truth: Sequence[str], drafts: Path) -> Path:
    """The folder of a run, or of one that is made of a file of answers."""
    if (place / "run.json").is_file():
        return place
    if place.is_dir() and not has_results(place):
        raise InputError(f"{place} is no run: there is no run.json in it")
    from app.workflows.opened import open_answers

    made = open_answers(place, truth, drafts / place.resolve().stem)
    say(f"{place}: {made}", err=True)
    return made.folder


def _serve(settings: Settings, address: str, port: int, hosts: Sequence[str]) -> None:
    """Say where the inspector is, and run it until it is stopped."""
    if not _is_local(address):
        say(
            f"halluc: warning: everyone who reaches {address} can read these runs and file "
            "reviews; there is no password",
            err=True,
        )
    shown = f"[{address}]" if ":" in address else address
    say(f"The inspector is on http://{shown}:{port} (Ctrl-C stops it)")
    from app.inspector.serve import serve

    try:
        serve(settings, address, port, hosts)
    except KeyboardInterrupt:
        return


def _check_free(address: str, port: int) -> None:
    """Refuse an address where nothing can listen.

    Raises:
        HallucError: says why.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family) as tried:
            if sys.platform != "win32":
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind((address, port))
    except OSError as error:
        raise HallucError(
            f"the inspector cannot listen on {address} port {port}: {reason(error)}; "
            "choose another --port or --address"
        ) from None


def _installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def _is_local(address: str) -> bool:
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
