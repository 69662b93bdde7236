"""mapping test: run the tests that stand in the mapping files."""

from __future__ import annotations

from pathlib import Path

import click

from rostersync.cli.shell import Shell, common, pass_shell
from rostersync.errors import Usage
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
    _refuse_strangers(shell, files)
    asked = {path.resolve() for path in files}
    rows = [
        {"sync": name, "mapping": part.settings.mapping.name, "tests": part.mapping.tests}
        for name in shell.settings.syncs
        for part in shell.parts(name).sources
        if not asked or part.settings.mapping.resolve() in asked
    ]
    shell.answer("\n".join(f"{row['mapping']}: {row['tests']} tests passed" for row in rows), rows)
    return DONE


def _refuse_strangers(shell: Shell, files: tuple[Path, ...]) -> None:
    """A test that is not run must not look as if it had passed."""
    there = {source.mapping.resolve(): source.mapping.name for source in shell.settings.sources.values()}
    strangers = [path for path in files if path.resolve() not in there]
    if strangers:
        names = ", ".join(sorted(set(there.values())))
        raise Usage(
            [
                f"{path}: no [source.NAME] of the config has this mapping; its mappings are: {names}"
                for path in strangers
            ]
        )


COMMANDS = (mapping,)
