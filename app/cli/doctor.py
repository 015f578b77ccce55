"""`halluc doctor`: what is installed, what is missing, the one command that repairs it."""

from __future__ import annotations

import click

from app.cli.text import say


@click.command()
@click.option(
    "--security",
    is_flag=True,
    help="Show what is trusted, where input of others is checked, and what leaves this machine.",
)
def doctor(*, security: bool) -> None:
    """Show what is installed, what is missing or in the way, and the command that repairs it.

    Exit code 2 if something is wrong; what is optional is not. If the command does not start at
    all, try python -m halluc.doctor.
    """
    if security:
        from halluc.security import lines

        say("\n".join(lines()))
        return
    from halluc.doctor import main

    main()
