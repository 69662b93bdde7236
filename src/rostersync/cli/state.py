"""state recover: go on after a backup was restored."""

from __future__ import annotations

import click

from rostersync.cli.shell import Shell, common, pass_shell, reason_option, waits
from rostersync.report import DONE


@click.group()
@common
def state() -> None:
    """Look after the state database."""


@state.command()
@reason_option
@waits
@common
@pass_shell
def recover(shell: Shell, reason: str) -> int:
    """Accept a state that was restored from a backup: ends and departures flow again, within their limits."""
    with shell.store() as store:
        restored = store.generation.restored()
        if restored:
            with store.begin():
                store.journal.write(shell.now(), shell.who, "state recover", "", reason)
                store.generation.recover()
    shell.answer(
        "Recovered. Look at the plan before anything is delivered: rostersync plan SYNC"
        if restored
        else "The state is the newest one; there is nothing to recover.",
        {"recovered": restored},
    )
    return DONE


COMMANDS = (state,)
