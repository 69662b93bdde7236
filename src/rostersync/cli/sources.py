"""source accept, retire and unmatched: what a person decides about a source's snapshots, and whom it means."""

from __future__ import annotations

import click
import msgspec

from rostersync.cli.shell import Shell, common, pass_shell, reason_option, waits
from rostersync.cli.show import table
from rostersync.errors import Usage, UserMistake
from rostersync.report import DONE


@click.group()
@common
def source() -> None:
    """Release a refused snapshot, take a source out for good, or list the logins that lead to nobody."""


@source.command()
@click.argument("name")
@click.argument("digest")
@reason_option
@waits
@common
@pass_shell
def accept(shell: Shell, name: str, digest: str, reason: str) -> int:
    """Let the next run accept the refused snapshot DIGEST of source NAME. Only that very file is released."""
    _known_source(shell, name)
    with shell.store() as store:
        now = shell.now()
        with store.begin():
            try:
                released = store.sources.release(name, digest, reason, shell.who, now)
            except UserMistake as mistake:
                raise Usage(mistake.problems) from None
            store.journal.write(now, shell.who, f"source accept {name}", released, reason)
    syncs = [one.name for one in shell.settings.syncs.values() if name in one.sources]
    shell.answer(
        f"Released. See what would change: rostersync plan {syncs[0] if syncs else 'SYNC'}",
        {"source": name, "released": released},
    )
    return DONE


@source.command()
@click.argument("name")
@reason_option
@waits
@common
@pass_shell
def retire(shell: Shell, name: str, reason: str) -> int:
    """Take source NAME out for good. Those whom only it had depart through the next plan, within its limits."""
    _known_source(shell, name)
    with shell.store() as store:
        now = shell.now()
        with store.begin():
            persons = store.sources.retire(name, now, list(shell.settings.targets))
            store.journal.write(now, shell.who, "source retire", name, reason)
    shell.answer(
        f"Source {name} is retired: {persons:,} persons are looked at again by the next plan.\n"
        f"Now take it out of `from` in {shell.settings.path.name}: the next run would take it in again.",
        {"source": name, "retired": True, "persons": persons},
    )
    return DONE


@source.command()
@click.argument("name")
@common
@pass_shell
def unmatched(shell: Shell, name: str) -> int:
    """List the logins in source NAME's groups that nobody has today, or that several persons have."""
    _known_source(shell, name)
    with shell.looking() as store:
        number = store.sources.numbers().get(name)
        found = [] if number is None else store.holders.unmatched(number)
    if shell.json:
        shell.document([msgspec.to_builtins(one) for one in found])
        return DONE
    rows = [(one.login, one.people or "nobody", "\n".join(one.groups)) for one in found]
    table(["Login", "Persons", "Groups"], rows, empty="Every login in its groups leads to somebody.")
    return DONE


def _known_source(shell: Shell, name: str) -> None:
    if name not in shell.settings.sources:
        there = ", ".join(shell.settings.sources) or "none"
        raise Usage([f"{shell.settings.path.name} has no [source.{name}]; its sources are: {there}"])


COMMANDS = (source,)
