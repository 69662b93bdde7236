"""What `lab serve` does: furnishes a folder, starts the servers, says where they are, and waits to be told to end."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from rostersync.cli.setup import furnish
from rostersync.cli.shell import Shell, written
from rostersync.cli.show import table
from rostersync.daemon.bell import STOP, Bell
from rostersync.errors import Usage
from rostersync.lab import slapd
from rostersync.lab.served_config import MARK, config_text, moved, write_secrets
from rostersync.lab.services import well_known
from rostersync.lab.serving import DIRECTORY, Served, Switch, faults_of, serving
from rostersync.lab.world import World
from rostersync.report import DONE

_NO_DIRECTORY: Final = (
    "OpenLDAP's server is not on this machine, so there is no Feide directory; Debian and Ubuntu: apt-get install slapd"
)
_LOOK_AGAIN: Final = 3600.0
"""Seconds between two looks at nothing: only a signal ends the wait."""


def run_servers(shell: Shell, directory: Path, world: World, faults: list[Switch], port_base: int) -> int:
    """Serve until SIGTERM or Ctrl-C.

    Raises:
        Usage: the folder holds something else, or a port is taken.
    """
    config = directory / "rostersync.toml"
    again = _is_ours(config)
    if not again and directory.exists() and any(directory.iterdir()):
        raise Usage(
            [f"{directory} is not empty and not of `lab serve`; name a new folder, so that nothing is overwritten"]
        )
    files = directory / "lab"
    for folder in (directory, files):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    now, bell = datetime.now(UTC), Bell()
    try:
        with (
            bell.listening(),
            serving(world, files, now, program=slapd.program(), port_base=port_base, faults=faults) as served,
        ):
            write_secrets(files)
            addresses = {one.name: one.url for one in served}
            if again:
                config.write_text(moved(config.read_text(encoding="utf-8"), addresses), encoding="utf-8")
            else:
                furnish(directory, config_text(addresses), "out")
            _tell(shell, config, world, served)
            while not bell.wait(_LOOK_AGAIN) & STOP:
                pass
    finally:
        bell.close()
    return DONE


def list_faults(shell: Shell) -> int:
    """Every fault of every service."""
    known = faults_of()
    if shell.json:
        shell.document(known)
    else:
        rows = [(service, fault, does) for service, several in known.items() for fault, does in several.items()]
        table(["Service", "Fault", "What it does"], rows, empty="There are no faults.")
    return DONE


def _is_ours(config: Path) -> bool:
    return config.is_file() and config.read_text(encoding="utf-8", errors="replace").startswith(MARK)


def _tell(shell: Shell, config: Path, world: World, served: list[Served]) -> None:
    """Where everything is, and what to try. Whoever reads us through a pipe gets it at once."""
    whole = any(one.name == DIRECTORY for one in served)
    if shell.json:
        shell.document(_document(config, world, served, "" if whole else _NO_DIRECTORY))
    elif not shell.quiet:
        shell.say(f"Lysvik kommune on {world.today}: {world.schools} schools, and nobody in them exists.\n")
        rows = [(one.name, one.title, one.url, ", ".join(one.faults)) for one in served]
        table(["Name", "What", "Address", "Faults"], rows, empty="")
        shell.say(("" if whole else f"\n{_NO_DIRECTORY}") + _next_commands(config, world))
    sys.stdout.flush()


def _next_commands(config: Path, world: World) -> str:
    command, on = f"rostersync -c {written(config)}", f"--as-of {world.today}"
    return (
        "\nIn another terminal:\n"
        f"  {command} check --online\n"
        f"  {command} plan oslo {on}\n"
        f"  {command} person {well_known(world) or 'KEY'} {on}\n"
        "Ctrl-C ends it; with --day N into the same folder it is another day."
    )


def _document(config: Path, world: World, served: list[Served], missing: str) -> Mapping[str, Any]:
    servers = [{one.part: one.name, "type": one.type, "url": one.url, "faults": list(one.faults)} for one in served]
    return {
        "config": str(config),
        "date": world.today.isoformat(),
        "schools": world.schools,
        "person": well_known(world),
        "servers": servers,
        "missing": [missing] if missing else [],
    }
