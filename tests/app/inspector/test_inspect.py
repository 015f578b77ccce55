"""`halluc inspect` starts the app on this machine alone, and says what it cannot open."""

import subprocess

import pytest

from app.cli import inspect
from app.inspector.settings import NAME, read_settings


class Process:
    """Stands for the server."""

    def __init__(self, command, env):
        Process.command, Process.env = command, env

    def wait(self):
        """It ends at once."""
        return 0


@pytest.fixture
def started(monkeypatch):
    """The last command that was started."""
    monkeypatch.setattr(subprocess, "Popen", Process)
    return Process


def option(command, name):
    return command[command.index(f"--{name}") + 1]


def test_it_listens_on_this_machine_and_sends_nothing(halluc, runs, started, monkeypatch):
    code, out, err = halluc("inspect", *runs)
    assert (code, err) == (0, "") and "http://127.0.0.1:8501" in out
    assert "-P" in started.command  # what lies in the user's folder is not run
    assert option(started.command, "server.address") == "127.0.0.1"
    assert option(started.command, "browser.gatherUsageStats") == "false"
    assert option(started.command, "client.showErrorDetails") == "none"
    monkeypatch.setenv(NAME, started.env[NAME])
    settings = read_settings()
    assert settings.runs == tuple(map(str, runs))
    assert settings.reviews == f"sqlite:///{runs[0].parent / 'reviews.sqlite'}"


@pytest.mark.parametrize("address", ["0.0.0.0", "192.168.1.5", "::", "myhost"])  # noqa: S104
def test_another_address_comes_with_a_warning(halluc, runs, started, address):
    code, _, err = halluc("inspect", runs[0], "--address", address)
    assert code == 0 and f"warning: everyone who reaches {address}" in err


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "localhost"])
def test_this_machine_needs_none(halluc, runs, started, address):
    assert halluc("inspect", runs[0], "--address", address)[2] == ""


def test_what_cannot_be_opened_is_one_line(halluc, runs, tmp_path, monkeypatch):
    for arguments, told in (
        ([tmp_path / "none"], "is no run: there is no run.json in it"),
        ([runs[0], runs[0]], "a run is named twice"),
        ([], "Missing argument"),
    ):
        code, _, err = halluc("inspect", *arguments)
        assert code == 2 and told.lower() in err.lower() and len(err.splitlines()) == 1
    monkeypatch.setattr(inspect, "_installed", lambda name: name != "streamlit")
    code, _, err = halluc("inspect", runs[0])
    assert code == 2 and "pip install 'halluc[inspector]'" in err
