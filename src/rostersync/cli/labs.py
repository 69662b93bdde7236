"""lab generate: the synthetic municipality as files."""

from __future__ import annotations

from pathlib import Path

import click

from rostersync.cli.shell import Shell, common, pass_shell, written
from rostersync.cli.show import progress, table
from rostersync.errors import Usage
from rostersync.lab import QUIRKS, Size, generate
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


COMMANDS = (lab,)
