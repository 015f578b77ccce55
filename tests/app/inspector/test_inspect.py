"""`halluc inspect` answers this machine alone, ends with its process, says what it cannot open."""

import base64
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from streamlit.config import get_config_options

from app.cli import inspect
from app.inspector.serve import server_settings
from halluc.card import read_card

HALLUC = "from app.cli import main; main()"


@pytest.fixture
def started(monkeypatch):
    """What the server was started with."""
    given = {}

    def serve(settings, address, port, hosts):
        cards = [read_card(Path(each)) for each in settings.runs]
        given.update(settings=settings, address=address, port=port, hosts=hosts, cards=cards)

    monkeypatch.setattr("app.inspector.serve.serve", serve)
    monkeypatch.setattr(inspect, "_check_free", lambda *_: None)
    return given


def test_it_listens_on_this_machine_and_sends_nothing(halluc, runs, started):
    code, out, err = halluc("inspect", *runs)
    assert (code, err) == (0, "") and "http://127.0.0.1:8501" in out
    assert started["address"] == "127.0.0.1"
    options = server_settings("127.0.0.1", 8501)
    assert options["browser.gatherUsageStats"] is False
    assert options["client.showErrorDetails"] == "none"
    # A hidden option of Streamlit's: a new edition may drop it, and then keys are lost again.
    assert options["runner.postScriptGC"] is False and "runner.postScriptGC" in get_config_options()
    assert started["settings"].runs == tuple(map(str, runs))
    assert started["settings"].reviews == str(runs[0].parent / "reviews.sqlite")


def test_it_opens_files_of_answers_and_none_at_all(halluc, runs, started, tmp_path):
    file = tmp_path / "answers.jsonl"
    file.write_text('{"question_id": 1, "prompt": "Is it?", "text": "Yes", "label": "no"}\n')
    code, _, err = halluc("inspect", file, runs[0])
    assert code == 0 and err == f"{file}: yes/no answers, scored with pope\n"
    made, own = started["settings"].runs
    assert (Path(made).name, own) == ("answers", str(runs[0]))
    assert [each["rows"] for each in started["cards"]] == [1, 8]
    assert not Path(made).exists()  # forgotten with the process
    assert started["settings"].reviews == str(tmp_path / "reviews.sqlite")
    assert halluc("inspect")[0] == 0 and started["settings"].runs == ()


@pytest.mark.parametrize("address", ["0.0.0.0", "192.168.1.5", "::", "myhost"])  # noqa: S104
def test_another_address_comes_with_a_warning(halluc, runs, started, address):
    code, _, err = halluc("inspect", runs[0], "--address", address)
    assert code == 0 and f"warning: everyone who reaches {address}" in err


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "localhost"])
def test_this_machine_needs_none(halluc, runs, started, address):
    assert halluc("inspect", runs[0], "--address", address)[2] == ""


def test_what_cannot_be_opened_is_one_line(halluc, runs, tmp_path, monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for arguments, told in (
            ([tmp_path / "none"], "none: no such file or folder"),
            ([tmp_path], "is no run: there is no run.json in it"),
            ([runs[0], runs[0]], "a run is named twice"),
            ([runs[0], "--port", port], f"port {port}"),
            ([runs[0], "--address", "192.0.2.1"], "192.0.2.1"),
        ):
            code, _, err = halluc("inspect", *arguments)
            assert code == 2 and told.lower() in err.lower() and len(err.splitlines()) == 1
    monkeypatch.setattr(inspect, "_installed", lambda name: name != "streamlit")
    code, _, err = halluc("inspect", runs[0])
    assert code == 2 and "pip install 'halluc[inspector]'" in err


def begin(log, *arguments):
    """Start `halluc inspect` on a free port: (process, port) once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", HALLUC, "inspect", *map(str, arguments), "--port", str(port)]
    with log.open("w") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output)
    for _ in range(400):
        try:
            if ask(port, "/_stcore/health", Host=f"127.0.0.1:{port}") == 200:
                break
        except OSError:
            assert server.poll() is None, log.read_text()
        time.sleep(0.1)
    return server, port


def ask(port, path, **headers):
    """The status of a request that bears these headers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.putrequest("GET", path, skip_host=True)
        for name, value in headers.items():
            for each in value if isinstance(value, list) else [value]:
                connection.putheader(name.replace("_", "-"), each)
        connection.endheaders()
        return connection.getresponse().status
    finally:
        connection.close()


def shake_hands(port, **headers):
    """The status of a WebSocket's handshake."""
    key = base64.b64encode(bytes(16)).decode()
    own = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Version": "13"}
    return ask(port, "/_stcore/stream", **own, Sec_WebSocket_Key=key, **headers)


@pytest.fixture(scope="module")
def port(runs, tmp_path_factory):
    """Where the inspector serves, which is also named lab.example."""
    log = tmp_path_factory.mktemp("server") / "log"
    server, port = begin(log, runs[0], "--allow-host", "Lab.Example")
    yield port
    server.terminate()
    server.wait(30)


PATHS = ("/", "/_stcore/health", "/_stcore/host-config", "/media/x.png", "/static/js/none.js")
OWN = ("127.0.0.1", "localhost", "LOCALHOST", "localhost.", "[::1]", "lab.example")
FOREIGN = (
    *("evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "evil.example:8501"),
    *("localhost@evil.example", "evil.example#localhost", "evil.example/localhost", "0.0.0.1"),
    *("192.168.1.5", "", ":8501", "[::1].evil.example", "localhost:x", "2130706433", "[::2]"),
)


@pytest.mark.parametrize("host", FOREIGN)
def test_a_name_that_was_made_to_point_here_is_refused(port, host):
    for path in PATHS:
        assert ask(port, path, Host=host) == 403
    assert shake_hands(port, Host=host) == 403
    assert shake_hands(port, Host=host, Origin=f"http://{host}") == 403


@pytest.mark.parametrize("host", OWN)
def test_its_own_names_are_answered_on_any_port(port, host):
    for own in (host, f"{host}:{port}", f"{host}:9999"):  # a tunnel has a port of its own
        assert ask(port, "/_stcore/health", Host=own) == 200
        assert shake_hands(port, Host=own) == 101
        assert shake_hands(port, Host=own, Origin=f"http://{own}") == 101


@pytest.mark.parametrize(
    "origin",
    [*(f"http://{each}" for each in FOREIGN), "null", "file://", "chrome-extension://localhost",
     "https://evil.example", "http://localhost:3000", "http://127.0.0.1", "localhost"],
)  # fmt: skip
def test_a_page_of_another_origin_is_refused(port, origin):
    own = f"localhost:{port}"
    assert shake_hands(port, Host=own, Origin=origin) == 403
    assert ask(port, "/_stcore/health", Host=own, Origin=origin) == 403


def test_a_host_that_was_allowed_may_stand_before_it(port):
    own = f"127.0.0.1:{port}"
    assert shake_hands(port, Host=own, Origin="https://lab.example") == 101
    assert shake_hands(port, Host=[own, "evil.example"]) in (400, 403)
    two = ["https://lab.example", "http://evil.example"]
    assert shake_hands(port, Host=own, Origin=two) in (400, 403)
    assert ask(port, "/", Host=own, Origin=two) == 403


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_server_outlives_the_command(number, runs, tmp_path):
    server, port = begin(tmp_path / "log", runs[0])
    os.kill(server.pid, number)
    server.wait(30)
    with pytest.raises(ConnectionRefusedError):
        ask(port, "/", Host="localhost")
    assert "Traceback" not in (tmp_path / "log").read_text()
