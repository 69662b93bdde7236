"""state verify, move and recover: look after the database that everything is remembered in."""

from __future__ import annotations

from pathlib import Path

import click

from rostersync.cli.shell import Shell, common, pass_shell, reason_option, waits
from rostersync.errors import StateBroken, Usage
from rostersync.report import DONE
from rostersync.store.address import SCHEMA, Access
from rostersync.store.lease import lease


@click.group()
@common
def state() -> None:
    """Look after the state database."""


@state.command()
@waits
@common
@pass_shell
def verify(shell: Shell) -> int:
    """Look the whole database and the journal through for damage; it takes about a minute per gigabyte."""
    with shell.store() as store:
        name, found = store.name, store.damage()
    if found:
        raise StateBroken(f"the state {name} is damaged: {'; '.join(found)}. Restore it from a backup")
    shell.answer(f"The state {name} is whole.", {"damage": []})
    return DONE


@state.command()
@click.option(
    "--to", "url", required=True, metavar="URL", help="Where to: sqlite:///FILE or postgresql://USER@HOST/DATABASE."
)
@click.option("--schema", default=SCHEMA, show_default=True, metavar="NAME", help="PostgreSQL: the owner's schema.")
@click.option(
    "--password-file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="PostgreSQL: the file that holds the password, where libpq does not find it by itself.",
)
@waits
@common
@pass_shell
def move(shell: Shell, url: str, schema: str, password_file: Path | None) -> int:
    """Carry the whole state over to an empty database, verify it, and tell what to change in the config."""
    settings = shell.settings.state
    access = Access(schema, _password(password_file), settings.directory)
    command = click.get_current_context().command_path
    with shell.store() as store, lease(url, settings.base, shell.wait, command, access=access) as there, store.begin():
        store.journal.write(shell.now(), shell.who, "state move", "", f"to {there.address.name}")
        carried = store.move_to(there, shell.now())
    rows = sum(one.rows for one in carried)
    lines = [f'url = "{url}"']
    if not url.startswith("sqlite:"):
        lines += [f'schema = "{schema}"']
        lines += [f'password = {{ file = "{password_file}" }}'] if password_file else []
    shell.answer(
        f"Carried over and verified: {rows:,} rows in {len(carried)} tables.\n"
        f"Now write under [state] in {shell.settings.path.name}, with the same secret:\n  "
        + "\n  ".join(lines)
        + "\nThe old state will not be written to any more. Keep it until the next sync has gone well, then delete it.",
        {"rows": rows, "tables": {one.table: one.rows for one in carried}, "state": lines},
    )
    return DONE


def _password(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise Usage([f"the password in {path} cannot be read: {reason}"]) from None


@state.command()
@reason_option
@waits
@common
@pass_shell
def recover(shell: Shell, reason: str) -> int:
    """Accept a state that was restored from a backup, or moved away and back: everything flows again, within limits."""
    with shell.store(moved=True) as store:
        restored, moved = store.generation.restored(), bool(store.moved_to())
        if restored or moved:
            with store.begin():
                store.journal.write(shell.now(), shell.who, "state recover", "", reason)
                store.generation.recover()
                store.stay()
    shell.answer(
        "Recovered. Look at the plan before anything is delivered: rostersync plan SYNC"
        if restored or moved
        else "The state is the newest one; there is nothing to recover.",
        {"recovered": restored or moved},
    )
    return DONE


COMMANDS = (state,)
