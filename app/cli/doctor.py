"""`halluc doctor`: what is installed, what is missing, the one command that repairs it."""

from __future__ import annotations

import click


@click.command()
def doctor() -> None:
    """Show what is installed, what is missing or in the way, and the command that repairs it.

    Exit code 2 if something is wrong; what is optional is not. If the command does not start at
    all, try python -m halluc.doctor.
    """
    from halluc.doctor import main

    main()
