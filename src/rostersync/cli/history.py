"""runs and journal: what ran, and who did what and why."""

from __future__ import annotations

import json
from typing import Any

import click
import msgspec

from rostersync import logs
from rostersync.cli.shell import Shell, common, pass_shell
from rostersync.cli.show import table
from rostersync.errors import Usage
from rostersync.report import ACTIONS, DONE, KINDS
from rostersync.store import Store
from rostersync.store.runs import PastRun


@click.command()
@click.argument("number", type=click.IntRange(1), default=20, metavar="[N]")
@click.option("--run", "run_id", metavar="RUN", help="One run: every change of it, by our ids.")
@click.option(
    "--only", metavar="KIND.ACTION", default="", help="With --run: only these changes, such as person.depart."
)
@common
@pass_shell
def runs(shell: Shell, number: int, run_id: str | None, only: str) -> int:
    """List the last N runs, or open one run's counts into the list of its changes."""
    kind, action = _step(only, run_id)
    with shell.looking() as store:
        if run_id:
            return _changes(shell, store, run_id, kind, action)
        found = store.runs.last(number)
    if shell.json:
        shell.document([_told(run) for run in found])
        return DONE
    rows = [
        (
            run.id,
            run.sync,
            run.command,
            shell.local(run.finished_at) or "did not finish",
            "" if run.code is None else run.code,
        )
        for run in found
    ]
    table(["Run", "Sync", "Command", "Finished", ">Exit"], rows, empty="Nothing has run yet.")
    return DONE


def _step(only: str, run_id: str | None) -> tuple[str, str]:
    """`person.depart` as kind and action; either may be left out."""
    if only and not run_id:
        raise Usage(["--only goes with --run RUN: rostersync runs lists the runs"])
    kind, _, action = only.partition(".")
    if kind not in ("", *KINDS) or action not in ("", *ACTIONS):
        raise Usage([f"--only {only}: the kinds are {', '.join(KINDS)}; the actions are {', '.join(ACTIONS)}"])
    return kind, action


def _told(run: PastRun) -> dict[str, Any]:
    return {name: value for name, value in msgspec.to_builtins(run).items() if name != "report"}


def _changes(shell: Shell, store: Store, run_id: str, kind: str, action: str) -> int:
    run = store.runs.get(run_id)
    if run is None:
        raise Usage(["no run has that id: rostersync runs lists them"])
    lines = [one for one in store.runs.outcomes(run_id) if kind in ("", one.kind) and action in ("", one.action)]
    if shell.json:
        report = json.loads(run.report) if run.report else None
        shell.document(_told(run) | {"report": report, "changes": [one._asdict() for one in lines]})
        return DONE
    rows = [(one.target, one.kind, one.action, one.id, one.result, one.reason) for one in lines]
    table(
        ["Target", "Kind", "Action", "Our id", "Result", "Reason"], rows, empty="That run changed nothing of the kind."
    )
    return DONE


@click.group()
@common
def journal() -> None:
    """Who did what, when and why. It cannot be changed or switched off."""


@journal.command("list")
@click.argument("number", type=click.IntRange(1), default=50, metavar="[N]")
@click.option("--about", metavar="ID", default="", help="Only entries about this id, digest or name.")
@common
@pass_shell
def list_entries(shell: Shell, number: int, about: str) -> int:
    """List the newest N entries."""
    with shell.looking() as store:
        entries = store.journal.entries(number, about)
    if shell.json:
        # what people write as a reason may name somebody by number or e-mail
        shell.document([msgspec.to_builtins(one) | {"why": logs.masked(one.why)} for one in entries])
        return DONE
    rows = [(shell.local(one.at), one.who, one.what, one.about, one.why) for one in entries]
    table(["When", "Who", "What", "About", "Why"], rows, empty="The journal is empty.")
    return DONE


COMMANDS = (runs, journal)
