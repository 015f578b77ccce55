"""Serves the app, in this process, so that whatever ends the process ends the server."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from app.inspector.hosts import OwnHosts
from app.inspector.reading.preload import read_ahead
from app.inspector.settings import Settings


def serve(settings: Settings, address: str, port: int, hosts: Sequence[str]) -> None:
    """Run the server until it is told to stop, by Ctrl-C or SIGTERM.

    Args:
        settings: what the pages show.
        address: where to listen.
        port: the port there.
        hosts: names beside `address` and this machine's by which it may be asked.
    """
    os.environ.update(settings.environment())
    if settings.runs:
        read_ahead(settings.runs[0])
    from starlette.middleware import Middleware
    from streamlit.starlette import App

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what is kept for a while is removed
    script = Path(__file__).with_name("pages") / "main.py"
    sys.argv = [str(script)]  # Streamlit looks beside it for modules
    guard = Middleware(OwnHosts, address=address, named=hosts)
    App(script, middleware=[guard]).run(config=server_settings(address, port))


def server_settings(address: str, port: int) -> dict[str, object]:
    """Streamlit's: no telemetry, no details of errors, no editor's tools, no other origin.

    Python's own garbage collection goes on; the full one that Streamlit makes after each run of
    the script goes through millions of records, and keys that come meanwhile are lost.
    """
    return {
        "server.address": address,
        "server.port": port,
        "server.headless": True,
        "server.fileWatcherType": "none",
        "server.runOnSave": False,
        "server.enableCORS": True,
        "server.enableXsrfProtection": True,
        "server.enableStaticServing": False,
        "server.maxUploadSize": 50,
        "runner.postScriptGC": False,
        "browser.gatherUsageStats": False,
        "client.showErrorDetails": "none",
        "client.toolbarMode": "minimal",
        "logger.hideWelcomeMessage": True,
    }
