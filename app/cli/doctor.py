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
@click.option(
    "--licences",
    is_flag=True,
    help="Show the licences of what ships with halluc and of all packages installed for it.",
)
def doctor(*, security: bool, licences: bool) -> None:
    """Show what is installed, what is missing or in the way, and the command that repairs it.

    Exit code 2 if something is wrong; what is optional is not. If the command does not start at
    all, try python -m halluc.doctor.
    """
    if security:
        from halluc.security import lines

        say("\n".join(lines()))
        return
    if licences:
        from halluc.licences import lines as told

        say("\n".join(told()))
        return
    from halluc.doctor import main

    main()
