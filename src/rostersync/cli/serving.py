"""serve and trigger: the daemon, and asking the running daemon to do something now."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rostersync import config, logs
from rostersync.cli.keys import typed_key
from rostersync.cli.shell import Shell, as_of, common, pass_shell
from rostersync.cli.show import steps
from rostersync.errors import RostersyncError, TryLater, Usage, UserMistake
from rostersync.report import MISTAKE, USAGE

if TYPE_CHECKING:
    from rostersync.daemon.protocol import Ask


@click.command()
@as_of
@common
@pass_shell
def serve(shell: Shell) -> int:
    """Run as a daemon: each sync when it is due, when a file arrives, and when `trigger` asks."""
    from rostersync.daemon.bell import Bell
    from rostersync.daemon.serving import serve as run_daemon

    # in a rehearsal the clock goes on from the date it was given
    ahead = shell.now() - datetime.now(UTC)
    logs.set_up()
    return run_daemon(config.locate(shell.config), lambda: datetime.now(UTC) + ahead, Bell())


@click.command()
@click.argument("sync")
@click.option("--full", is_flag=True, help="Read and compare everything, not only what changed.")
@click.option("--person", metavar="KEY", help="Send again everything about one person; - asks for the key.")
@click.option("--group", metavar="KEY", help="Send again one group and its members; - asks for the key.")
@click.option("--school", metavar="ORGNR", help="Send again one school, its groups and its people.")
@click.option("--all", "everything", is_flag=True, help="Send again everything.")
@common
@pass_shell
def trigger(
    shell: Shell, sync: str, full: bool, person: str | None, group: str | None, school: str | None, everything: bool
) -> int:
    """Ask the running daemon to run SYNC now, or to deliver a part of it again, and show how it goes."""
    from rostersync.daemon.protocol import Ask

    if sum(map(bool, (full, person, group, school, everything))) > 1:
        raise Usage(["ask for one thing: --full, --person KEY, --group KEY, --school ORGNR or --all"])
    if person:
        return _asked(shell, Ask(sync, "resync", part="person", key=typed_key(person), number=person == "-"))
    if group:
        return _asked(shell, Ask(sync, "resync", part="group", key=typed_key(group, "Key of the group")))
    if school:
        return _asked(shell, Ask(sync, "resync", part="school", key=school))
    return _asked(shell, Ask(sync, "resync") if everything else Ask(sync, full=full))


def _asked(shell: Shell, ask: Ask) -> int:
    from rostersync.daemon.calling import call

    with steps(shell) as progress:
        for said in call(_socket(shell), ask):
            if said.said == "progress":
                progress(said.step, said.count)
            elif said.said == "waiting":
                click.echo(f"waiting: {said.text}", err=True)
            elif said.last:
                break
    if said.said == "refused":
        raise _error(said.code, said.problems)
    shell.answer(said.text, said.document)
    return said.code


def _socket(shell: Shell) -> Path:
    """Where the daemon is asked. Whoever may ask the packaged one need not be one who may read its config."""
    from rostersync.daemon.calling import SYSTEM, known_socket

    try:
        return known_socket(shell.settings)
    except PermissionError:
        if not SYSTEM.exists():
            raise
        return SYSTEM


def _error(code: int, problems: tuple[str, ...]) -> RostersyncError:
    """What the daemon could not do, as the error it was there."""
    if code == USAGE:
        return Usage(problems)
    return UserMistake(problems) if code == MISTAKE else TryLater("\n".join(problems))


COMMANDS = (serve, trigger)
