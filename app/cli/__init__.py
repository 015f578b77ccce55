"""The `halluc` command. Each subcommand is a module of this package, imported when it is used."""

from __future__ import annotations

import importlib
import sys

import click

from halluc import __version__
from halluc.errors import HallucError

# name → (module, one line of help). The help stands here so that `halluc --help` imports nothing.
COMMANDS = {
    "demo": "Generate, score and picture, small and offline, on the embedded world.",
    "generate": "Ask an MM-LLM for captions or yes/no answers and keep them as a run.",
    "score": "Score a run or a file of answers with a published metric.",
    "train": "Train the embedded MM-LLM.",
    "model": "Describe an MM-LLM in the survey's terms.",
}


class LazyGroup(click.Group):
    """A group whose subcommands are imported only when they run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names, in the order a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import the module of one subcommand."""
        if name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(f"app.cli.{name}"), name)
        assert isinstance(command, click.Command)  # noqa: S101
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="halluc")
def cli() -> None:
    """The workbench for hallucination in multimodal LLMs: measure it, see it, correct it."""


def main() -> None:
    """Run the command; a known failure is one line on stderr and exit code 2."""
    try:
        cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except click.Abort:
        sys.exit(130)
    except HallucError as error:
        click.echo(f"halluc: {error}", err=True)
        sys.exit(2)
