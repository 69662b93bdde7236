"""state recover: go on after a backup was restored."""

from __future__ import annotations

import click

from rostersync.cli.shell import Shell, common, pass_shell, reason_option
from rostersync.report import DONE


@click.group()
@common
def state() -> None:
    """Look after the state database."""


@state.command()
@reason_option
@common
@pass_shell
def recover(shell: Shell, reason: str) -> int:
    """Accept a state that was restored from a backup: ends and departures flow again, within their limits."""
    with shell.store() as store:
        if not store.generation.restored():
            shell.say("The state is the newest one; there is nothing to recover.")
            return DONE
        now = shell.now()
        with store.begin():
            store.journal.write(now, shell.who, "state recover", "", reason)
        store.generation.recover()
    shell.say("Recovered. Look at the plan before anything is delivered: rostersync plan SYNC")
    return DONE


COMMANDS = (state,)
