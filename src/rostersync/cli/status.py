"""status: the sources, what each LMS holds, what waits for a person, and what comes next."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

import click
import msgspec

from rostersync.cli.shell import Shell, common, pass_shell
from rostersync.cli.show import table
from rostersync.config import SyncSettings
from rostersync.lifecycle import next_step, policy_for
from rostersync.model import User
from rostersync.reconciling import let_be
from rostersync.report import DONE
from rostersync.store import Store

_FEW = 10
"""Ids shown for one reason."""


@click.command()
@common
@pass_shell
def status(shell: Shell) -> int:
    """Show the sources, what each LMS holds, what waits for a person, and what comes next."""
    with shell.looking() as store:
        found = _found(shell, store)
    if shell.json:
        shell.document(found)
        return DONE
    rows = [
        (
            name,
            shell.local(one["taken_at"]),
            shell.local(one["accepted_at"]) or "never",
            "retired" if one["retired"] else one["proof"],
        )
        for name, one in found["sources"].items()
    ]
    table(["Source", "Export made", "Accepted", "Proof"], rows, empty="No source has been read yet.")
    shell.say("")
    targets = [
        (name, f"{one['objects']:,}", f"{one['departed']:,}", f"{one['suspended']:,}", one["next"] or "")
        for name, one in found["targets"].items()
    ]
    columns = ["Target", ">Objects held", ">Departed", ">Suspended", "Next suspension or removal"]
    table(columns, targets, empty="The config has no targets.")
    shell.say("\n" + "\n".join(_waiting(shell, found)))
    return DONE


def _found(shell: Shell, store: Store) -> dict[str, Any]:
    names = sorted({*shell.settings.sources, *store.sources.names()})
    return {
        "sources": {name: msgspec.to_builtins(store.sources.state(name)) for name in names},
        "targets": {name: _target(shell, store, name) for name in shell.settings.targets},
        "questions": msgspec.to_builtins(store.questions.open_ones()),
        "refused": [msgspec.to_builtins(one) for name in names for one in store.sources.refusals(name)],
        "pinned": len(store.decisions.pins()),
        "drift": {name: _drift(shell, store, sync) for name, sync in shell.settings.syncs.items()},
        "restored_backup": store.generation.restored(),
        "last": {name: _last(store, name) for name in shell.settings.syncs},
    }


def _target(shell: Shell, store: Store, name: str) -> dict[str, Any]:
    states: Counter[str] = Counter()
    coming: list[date] = []
    syncs = [one for one in shell.settings.syncs.values() if name in one.targets]
    for state in ("departed", "suspended"):
        for known in store.known.by_state(name, state):
            states[state] += 1
            if syncs and isinstance(known.value, User):
                step = next_step(known.life, policy_for(known.value, syncs[0].departed), syncs[0].calendar)
                coming += [step[0]] if step and step[0] < date.max else []
    return {
        "objects": store.known.count(name),
        "departed": states["departed"],
        "suspended": states["suspended"],
        "next": min(coming).isoformat() if coming else None,
        "refused": [msgspec.to_builtins(one) | {"parked": one.parked} for one in store.refusals.of(name).values()],
    }


def _drift(shell: Shell, store: Store, sync: SyncSettings) -> dict[str, int]:
    """How much differed at a sync's targets when they were last read back, and what of it people let be."""
    ignored = let_be(store, shell.today(sync.name))
    found = store.drift.found(*sync.targets)
    return {"open": sum(one.row not in ignored for one in found), "let_be": sum(one.row in ignored for one in found)}


def _last(store: Store, sync: str) -> dict[str, Any] | None:
    """A sync's last run, with what it left to a person."""
    last = store.runs.last(1, sync)
    if not last:
        return None
    report = json.loads(last[0].report) if last[0].report else {}
    told: dict[str, Any] = msgspec.to_builtins(last[0]) | {
        "held": report.get("held", []),
        "removal": _left(report),
    }
    del told["report"]
    return told


def _left(report: dict[str, Any]) -> dict[str, Any]:
    """The removals of a run that are still to come: those it was approved for are done."""
    removal: dict[str, Any] = report.get("removal", {})
    due = removal.get("person", {}).get("remove", 0)
    done = report.get("delivered", {}).get("person", {}).get("remove", 0)
    return removal | {"person": {"remove": due - done}} if done else removal


def _waiting(shell: Shell, found: dict[str, Any]) -> Iterator[str]:
    """What a person has to do or know, one sentence each."""
    for one in found["refused"]:
        yield f"  Refused: {one['source']}, {one['text']}"
        if one["releasable"]:
            yield f"    release: rostersync source accept {one['source']} {one['digest'][:12]} --reason ..."
    for name, target in found["targets"].items():
        yield from _refusal_lines(name, target["refused"])
    for sync, last in found["last"].items():
        yield from _run_lines(shell, sync, last)
    yield from _question_lines(found["questions"])
    if found["pinned"]:
        yield f"  {found['pinned']:,} pinned persons: rostersync pin list"
    for sync, drift in found["drift"].items():
        if drift["open"] or drift["let_be"]:
            told = f"{drift['open']:,} differ from what was delivered, and {drift['let_be']:,} that are let be"
            yield f"  Things in the LMS of {sync}: {told}: rostersync drift {sync} --last --list"
    if found["restored_backup"]:
        yield "  The state is a restored backup: nothing ends until `rostersync state recover --reason ...`."


def _refusal_lines(target: str, refused: list[dict[str, Any]]) -> Iterator[str]:
    """What an LMS does not take, by its reason: one reason is read once."""
    about: dict[tuple[str, bool], list[str]] = {}
    for one in refused:
        about.setdefault((one["reason"], one["parked"]), []).append(f"{one['kind']} {one['id']}, since {one['since']}")
    for (reason, parked), them in sorted(about.items()):
        yield f"  {len(them):,} {'parked, refused' if parked else 'refused'} by {target}: {reason}"
        yield from (f"    {one}" for one in them[:_FEW])
        if len(them) > _FEW:
            yield f"    and {len(them) - _FEW:,} more: rostersync status --json"
    if any(one["parked"] for one in refused):
        yield "    What is parked is tried again when it changes, in a full run, after `drift SYNC repair` or `resync SYNC`"


def _question_lines(questions: list[dict[str, Any]]) -> Iterator[str]:
    """The same question about many people is read once."""
    about: dict[tuple[str, str], list[str]] = {}
    for question in questions:
        about.setdefault((question["code"], question["text"]), []).append(" and ".join(question["about"]))
    for (code, text), persons in about.items():
        yield f"  {len(persons):,} x {code}: {text}\n    about " + "\n          ".join(persons)


def _run_lines(shell: Shell, sync: str, last: dict[str, Any] | None) -> Iterator[str]:
    if last is None:
        yield f"  {sync} has never run. Begin with: rostersync plan {sync}"
        return
    if last["finished_at"] is None:
        yield f"  Last {last['command']} of {sync} ({shell.local(last['started_at'])}) did not finish: run it again."
        return
    ended = f"{shell.local(last['finished_at'])}, exit {last['code']}"
    yield f"  Last {last['command']} of {sync}: {ended} (run {last['id']})"
    for entry in last["held"]:
        yield f"    HELD {entry['count']:,} x {entry['kind']} {entry['action']} of {entry['of']:,}: {entry['release']}"
    removal = last["removal"]
    if count := removal.get("person", {}).get("remove", 0):
        yield f"    {count:,} due for permanent removal: rostersync approve {removal['digest'][:12]} --reason ..."


COMMANDS = (status,)
