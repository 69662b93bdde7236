"""runs, status and journal: what ran, what is held, who did what and why."""

from __future__ import annotations

import click
import msgspec

from rostersync.cli.shell import Shell, common, pass_shell
from rostersync.cli.show import table
from rostersync.report import DONE
from rostersync.store import Store


@click.command()
@click.argument("number", type=click.IntRange(1), default=20, metavar="[N]")
@click.option("--run", "run_id", metavar="RUN", help="One run: every change of it, by our ids.")
@click.option("--only", metavar="KIND.ACTION", help="With --run: only these changes, such as person.depart.")
@common
@pass_shell
def runs(shell: Shell, number: int, run_id: str | None, only: str | None) -> int:
    """List the last N runs, or open one run's counts into the list of its changes."""
    with shell.looking() as store:
        if run_id:
            return _changes(shell, store, run_id, only)
        found = store.runs.last(number)
    if shell.json:
        shell.document(msgspec.to_builtins(found))
        return DONE
    rows = [(one.id, one.sync, one.command, one.started_at, one.finished_at or "did not finish", _code(one.code)) for one in found]
    table(["Run", "Sync", "Command", "Started", "Finished", ">Exit"], rows, empty="Nothing has run yet.")
    return DONE


def _code(code: int | None) -> str:
    return "" if code is None else str(code)


def _changes(shell: Shell, store: Store, run_id: str, only: str | None) -> int:
    kind, _, action = (only or "").partition(".")
    outcomes = [one for one in store.runs.outcomes(run_id) if kind in ("", one.kind) and action in ("", one.action)]
    if shell.json:
        shell.document(msgspec.to_builtins(outcomes))
        return DONE
    rows = [(one.target, one.kind, one.action, one.id, one.result, one.reason) for one in outcomes]
    table(["Target", "Kind", "Action", "Our id", "Result", "Reason"], rows, empty="That run changed nothing.")
    return DONE


@click.command()
@common
@pass_shell
def status(shell: Shell) -> int:
    """Show the sources, what each LMS holds, what is open, and the last run."""
    with shell.looking() as store:
        sources = [(name, store.sources.state(name)) for name in store.sources.names()]
        targets = {name: store.known.count(name) for name in shell.settings.targets}
        questions = store.questions.open_ones()
        refusals = [one for name, _ in sources for one in store.sources.refusals(name)]
        last = store.runs.last(1)
        pins = store.decisions.pins()
        restored = store.generation.restored()
    if shell.json:
        shell.document(
            {
                "sources": {name: msgspec.to_builtins(state) for name, state in sources},
                "targets": targets,
                "questions": msgspec.to_builtins(questions),
                "refused": msgspec.to_builtins(refusals),
                "pinned": len(pins),
                "restored_backup": restored,
                "last": msgspec.to_builtins(last[0]) if last else None,
            }
        )
        return DONE
    rows = [(name, state.taken_at or "", state.accepted_at or "never", "retired" if state.retired else state.proof) for name, state in sources]
    table(["Source", "Export made", "Accepted", "Proof"], rows, empty="No source has been read yet.")
    shell.say("")
    table(["Target", ">Objects held"], [(name, f"{count:,}") for name, count in targets.items()], empty="No targets.")
    for one in refusals:
        shell.say(f"\n  Refused: {one.source}, {one.text}")
    for question in questions:
        shell.say(f"\n  Question ({question.code}): {question.text}\n    about {', '.join(question.about)}")
    if pins:
        shell.say(f"\n  {len(pins)} pinned persons: rostersync pin list")
    if restored:
        shell.say("\n  The state was restored from a backup: only creates and updates flow until `rostersync state recover --reason ...`.")
    if last:
        shell.say(f"\n  Last run: {last[0].id} ({last[0].command}), exit {_code(last[0].code) or 'unknown: it did not finish'}")
    return DONE


@click.group()
@common
def journal() -> None:
    """Who did what, when and why. It cannot be changed or switched off."""


@journal.command("list")
@click.argument("number", type=click.IntRange(1), default=50, metavar="[N]")
@click.option("--about", metavar="ID", default="", help="Only entries about this id or digest.")
@common
@pass_shell
def list_entries(shell: Shell, number: int, about: str) -> int:
    """List the newest N entries."""
    with shell.looking() as store:
        entries = store.journal.entries(number, about)
    if shell.json:
        shell.document(msgspec.to_builtins(entries))
        return DONE
    rows = [(one.at, one.who, one.what, one.about, one.why) for one in entries]
    table(["When", "Who", "What", "About", "Why"], rows, empty="The journal is empty.")
    return DONE


COMMANDS = (runs, status, journal)
