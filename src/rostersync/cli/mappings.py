"""mapping test: run the tests that stand in the mapping files."""

from __future__ import annotations

from pathlib import Path

import click

from rostersync.cli.shell import Shell, common, pass_shell
from rostersync.report import DONE


@click.group()
@common
def mapping() -> None:
    """Work on the mapping files."""


@mapping.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@common
@pass_shell
def test(shell: Shell, files: tuple[Path, ...]) -> int:
    """Run the tests in every mapping of the config, or only those in FILES."""
    asked = {path.resolve() for path in files}
    rows = []
    for name in shell.settings.syncs:
        for part in shell.parts(name).sources:
            path = part.settings.mapping.resolve()
            if not asked or path in asked:
                rows.append({"sync": name, "mapping": path.name, "tests": part.mapping.tests})
    for row in rows:
        shell.say(f"{row['mapping']}: {row['tests']} tests passed")
    if not rows:
        shell.say("No mapping of the config was named.")
    if shell.json:
        shell.document(rows)
    return DONE


COMMANDS = (mapping,)
