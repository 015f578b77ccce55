"""`halluc inspect`: open runs in the inspector, on this machine only by default."""

from __future__ import annotations

import importlib.util
import ipaddress
import os
import subprocess
import sys
from pathlib import Path

import click

from halluc.errors import HallucError, InputError

LOCAL = "127.0.0.1"


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN…")
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True)
@click.option(
    "--address",
    default=LOCAL,
    show_default=True,
    help="Where to listen. On any other address everyone who reaches it sees the runs.",
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
    port: int,
    address: str,
    images: Path | None,
    reviews: str | None,
    models: tuple[str, ...],
) -> None:
    """Open runs in the browser: wrong words, their evidence, two runs side by side, reviews.

    It listens on 127.0.0.1, sends nothing anywhere, and stops with Ctrl-C.
    """
    for each in runs:
        if not (each / "run.json").is_file():
            raise InputError(f"{each} is no run: there is no run.json in it")
    if len({each.resolve() for each in runs}) < len(runs):
        raise InputError("a run is named twice; name each once")
    if missing := [each for each in ("streamlit", "sqlalchemy") if not _installed(each)]:
        raise HallucError(
            f"the inspector needs {missing[0]}; install it with: pip install 'halluc[inspector]'"
        )
    if not _is_local(address):
        click.echo(
            f"halluc: warning: everyone who reaches {address} can read these runs and file "
            "reviews; there is no password",
            err=True,
        )
    from app.inspector.settings import Settings
    from halluc.reviews import database

    url = database(reviews or str(runs[0].resolve().parent / "reviews.sqlite"))
    settings = Settings(
        runs=tuple(map(str, runs)),
        images=str(images) if images else "",
        reviews=url,
        models=models,
    )
    # A process of its own: Streamlit sets up signals, logging and an event loop.
    command = server_command(address, port)
    click.echo(f"The inspector is on http://{address}:{port} (Ctrl-C stops it)")
    process = subprocess.Popen(command, env={**os.environ, **settings.environment()})  # noqa: S603
    try:
        code = process.wait()
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        return
    if code:
        raise HallucError(f"the inspector ended with code {code}; is port {port} taken?")


def server_command(address: str, port: int) -> list[str]:
    """What starts the app: no telemetry, no details of errors, no editor's tools."""
    settings = {
        "server.address": address,
        "server.port": port,
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "server.runOnSave": "false",
        "browser.gatherUsageStats": "false",
        "client.showErrorDetails": "none",
        "client.toolbarMode": "minimal",
        "server.maxUploadSize": 50,
    }
    flags = [part for name, each in settings.items() for part in (f"--{name}", str(each))]
    # -P: a folder of the user's that is called app too is not ours.
    return [sys.executable, "-P", "-m", "app.inspector.serve", *flags]


def _installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def _is_local(address: str) -> bool:
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
