"""lab generate and lab serve: the synthetic municipality as files, and as servers."""

from __future__ import annotations

from pathlib import Path

import click

from rostersync.cli.lab_servers import list_faults, run_servers
from rostersync.cli.shell import Shell, common, pass_shell, written
from rostersync.cli.show import progress, table
from rostersync.errors import Usage
from rostersync.lab import QUIRKS, Size, generate
from rostersync.lab.services import world_of
from rostersync.lab.serving import switches
from rostersync.report import DONE


@click.group()
@common
def lab() -> None:
    """The synthetic municipality, for demos, training and tests. Nobody in it exists."""


@lab.command("generate")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), required=False)
@click.option(
    "--size",
    type=click.Choice(["S", "M", "L", "XL"]),
    default="S",
    show_default=True,
    help="2, 19, 190 or 1,900 schools.",
)
@click.option("--day", type=click.IntRange(1), default=1, show_default=True, help="Which day's export to write.")
@click.option("--seed", type=int, default=42, show_default=True, help="Another seed is another municipality.")
@click.option(
    "--churn",
    type=click.FloatRange(0, 1),
    default=0.01,
    show_default=True,
    help="Share of persons that change each day.",
)
@click.option(
    "--quirk",
    "quirks",
    multiple=True,
    type=click.Choice(sorted(QUIRKS)),
    metavar="NAME",
    help="Something odd in the file; repeatable.",
)
@click.option("--quirks", "listing", is_flag=True, help="List the quirks and stop.")
@common
@pass_shell
def generate_command(
    shell: Shell,
    directory: Path | None,
    size: Size,
    day: int,
    seed: int,
    churn: float,
    quirks: tuple[str, ...],
    listing: bool,
) -> int:
    """Write one day's PIFU-IMS export into DIRECTORY, and an account of what the LMS should hold that day."""
    if listing:
        return _quirks(shell)
    if directory is None:
        raise Usage(["name the folder to write into: rostersync lab generate DIRECTORY"])
    with progress(shell, "schools") as advance:
        made = generate(
            directory, size=size, day=day, seed=seed, churn=churn, quirks=frozenset(quirks), on_progress=advance
        )
    shell.answer(
        f"{written(made.export)}: {made.persons:,} persons, {made.groups:,} groups, {made.memberships:,} memberships\n"
        f"{written(made.account)}: what the LMS should hold",
        {
            "export": str(made.export),
            "account": str(made.account),
            "persons": made.persons,
            "groups": made.groups,
            "memberships": made.memberships,
        },
    )
    return DONE


def _quirks(shell: Shell) -> int:
    if shell.json:
        shell.document(dict(sorted(QUIRKS.items())))
    else:
        table(["Quirk", "What is odd"], sorted(QUIRKS.items()), empty="There are no quirks.")
    return DONE


@lab.command("serve")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), required=False)
@click.option(
    "--size",
    type=click.Choice(["S", "M", "L"]),
    default="S",
    show_default=True,
    help="3, 19 or 190 schools, with the same people in every service.",
)
@click.option("--day", type=click.IntRange(1), default=1, show_default=True, help="Which day the services tell of.")
@click.option("--seed", type=int, default=42, show_default=True, help="Another seed is another municipality.")
@click.option(
    "--port-base",
    type=click.IntRange(1024, 65_000),
    default=None,
    help="Listen on this port and those after it, instead of on any that are free.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="SERVICE:FAULT[:TIMES]",
    help="Something that a service does wrong, so many times or until the end; repeatable.",
)
@click.option("--faults", "listing", is_flag=True, help="List the services' faults and stop.")
@common
@pass_shell
def serve_command(
    shell: Shell,
    directory: Path | None,
    size: Size,
    day: int,
    seed: int,
    port_base: int | None,
    faults: tuple[str, ...],
    listing: bool,
) -> int:
    """Run the municipality's school systems and Feide as servers on this machine, until Ctrl-C.

    DIRECTORY gets a config that reads them all. One that has it already keeps its config and its state: only the
    addresses are put right, so the next day can be served into it.
    """
    if listing:
        return list_faults(shell)
    if directory is None:
        raise Usage(["name the folder to write into: rostersync lab serve DIRECTORY"])
    return run_servers(shell, directory, world_of(size, day, seed), switches(faults), port_base or 0)


COMMANDS = (lab,)
