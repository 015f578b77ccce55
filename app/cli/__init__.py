"""The `halluc` command. Each subcommand is a module of this package, imported when it is used."""

from __future__ import annotations

import errno
import logging
import sys
import warnings

import click

from app.cli.lazy import LazyGroup
from app.cli.text import prepare_streams
from halluc import __version__
from halluc.errors import HallucError
from halluc.text import is_text

# The modules of this package that are commands, each with its line of help.
COMMANDS = {
    "demo": "Generate, score and picture, small and offline, on the embedded world.",
    "generate": "Ask an MM-LLM for captions or yes/no answers and keep them as a run.",
    "revise": "Revise finished captions: ask the picture about each claim, correct what it denies.",
    "score": "Score a run or a file of answers with a published metric.",
    "compare": "Say whether runs really differ: paired, with intervals and a verdict in words.",
    "gate": "Fail a pipeline where a new run is worse than its base by more than is allowed.",
    "arena": "Run many methods, controls, models and benchmarks from one file, in one report.",
    "inspect": "Inspect runs in the browser: wrong words, their evidence, reviews.",
    "report": "Write what a view of a run shows, or an arena, as one HTML file.",
    "analyse": "Analyse which factors go along with hallucination (LURE), and a detector.",
    "data": "Build POPE questions and preference pairs, and recognise published questions.",
    "train": "Train adapters (DPO, fine-tuning), a detector, or what halluc ships.",
    "model": "Describe an MM-LLM, or check what works on it.",
    "list": "Show the metrics, decodings, revisers, models and data that there are.",
    "doctor": "Show what is installed, what is missing, and the command that repairs it.",
}

# A disk that is full, failing or not to be written, limits of a process, and names that no file can
# have: no bug, wherever they come up.
STORAGE = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EACCES, errno.EPERM, errno.EROFS),
    *(errno.ENAMETOOLONG, errno.ELOOP, errno.EFBIG, errno.EMFILE, errno.ENFILE),
}


@click.group(
    cls=LazyGroup,
    package=__name__,
    commands=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="halluc")
def cli() -> None:
    """The workbench for hallucination in multimodal LLMs: measure it, see it, correct it."""


def main() -> None:
    """Run the command; a known failure is one line on stderr and exit code 2."""
    prepare_streams()
    warnings.showwarning = _warn  # type: ignore[assignment]
    # peft imports it where it is there, and on a CPU it tells of a kernel that is not.
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    for each in sys.argv[1:]:
        if not is_text(each):
            _tell(f"{each[:200]} is not UTF-8; files and names that are used have to be: rename it")
            sys.exit(2)
    try:
        cli.main(prog_name="halluc", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()  # the help itself
        sys.exit(2)
    except click.ClickException as error:
        _tell(_one_line(error))
        sys.exit(2)
    except click.Abort:
        sys.exit(130)
    except HallucError as error:
        _tell(str(error))
        sys.exit(2)
    except MemoryError:
        _tell("not enough memory; take fewer rows, a smaller batch or a larger machine")
        sys.exit(2)
    except OSError as error:
        if error.errno not in STORAGE:
            raise
        place = f"{str(error.filename)[:200]}: " if error.filename else ""
        _tell(f"{place}{error.strerror}")
        sys.exit(2)


def _warn(what: Warning | str, *where: object, **more: object) -> None:
    """A warning in one line, without the place in the code that gave it."""
    _tell(f"warning: {' '.join(str(what).split())}")


LONGEST = 900
"""Characters of a message."""


def _tell(what: str) -> None:
    """Print one line; what names and paths may hold beside letters is shown, not obeyed.

    A long name in its midst is cut: what is wrong stands first, how to mend it last.
    """
    shown = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in what)
    if len(shown) > LONGEST:
        shown = f"{shown[: LONGEST // 2]} … {shown[-LONGEST // 2 :]}"
    click.echo(f"halluc: {shown}", err=True)


def _one_line(error: click.ClickException) -> str:
    """What is wrong with the command, and where its help is."""
    what = " ".join(error.format_message().split()).removesuffix(".")
    what = what[:1].lower() + what[1:]
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{what}; see {context.command_path} --help" if context else what
