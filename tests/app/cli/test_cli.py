import io
import sys
import warnings

import pytest

from app.cli import main


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("--bad", "no such option '--bad'; see halluc --help"),
        ("score nope", "no such command 'nope'; see halluc score --help"),
        ("score pope --foo x", "no such option '--foo'; see halluc score pope --help"),
        ("score chair", "missing argument 'RUN_OR_FILE...'; see halluc score chair --help"),
        ("doctor a", "got unexpected extra argument (a); see halluc doctor --help"),
    ],
)
def test_a_mistyped_command_is_one_line(command, message, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["halluc", *command.split()])
    with pytest.raises(SystemExit) as end:
        main()
    out, err = capsys.readouterr()
    assert (end.value.code, out, err) == (2, "", f"halluc: {message}\n")


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("ascii", "ü–🙂"),
        ("latin-1", r"ü\u2013\ud83d\ude42"),
        ("utf-8", "ü–🙂"),
    ],
)
def test_letters_that_the_terminal_lacks(encoding, shown, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["halluc", "ü–🙂"])
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding))
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BytesIO(), encoding))
    with pytest.raises(SystemExit):
        main()
    for stream in (sys.stdout, sys.stderr):
        stream.write("ü–🙂")
        stream.flush()
        written = stream.buffer.getvalue().decode(encoding.replace("ascii", "utf-8"))
        assert written.endswith(shown)
    assert f"no such command '{shown}'" in written


def test_closed_streams(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["halluc", "list", "nothing"])
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    for stream in (sys.stdout, sys.stderr):
        with stream:
            stream.write("nobody reads it")


def test_a_group_alone_shows_its_help(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["halluc", "score"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    assert "Usage: halluc score [OPTIONS] COMMAND" in capsys.readouterr().err


def test_a_warning_is_one_line(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["halluc", "list", "metrics"])
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        main()
        capsys.readouterr()
        warnings.warn("so\n and \x1b[31m so", stacklevel=1)
    assert capsys.readouterr().err == "halluc: warning: so and \\x1b[31m so\n"
