"""trash: departed users and their dates. Every change needs a reason, and is journalled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

import click
from msgspec.structs import replace

from rostersync import logs
from rostersync.cli.choosing import Found, chosen, refuse_barred, refuse_wanted, user_of
from rostersync.cli.shell import Shell, as_of, common, day, decides, pass_shell
from rostersync.cli.show import table
from rostersync.config import SyncSettings
from rostersync.errors import Usage
from rostersync.lifecycle import REMOVAL_ASKED, RESTORE_ASKED, next_step, policy_for
from rostersync.model import Known, Life, LifeState
from rostersync.report import DONE
from rostersync.store import Store

_STATES: tuple[LifeState, ...] = ("departed", "suspended", "handed_over")
_WAITING: tuple[LifeState, ...] = ("departed", "suspended")
"""The states in which a clock runs towards the next step."""


@click.group()
@common
def trash() -> None:
    """Departed users: who, why, since when, and what happens next."""


@trash.command("list")
@click.option("--state", "only", type=click.Choice(_STATES), help="Only these.")
@as_of
@common
@pass_shell
def list_trash(shell: Shell, only: LifeState | None) -> int:
    """List departed and suspended users with the reason and the next step."""
    with shell.looking() as store:
        rows = [
            _row(target, known, sync)
            for target, sync in _targets(shell).items()
            for state in ((only,) if only else _STATES)
            for known in store.known.by_state(target, state)
        ]
    if shell.json:
        # what people write as a reason may name somebody by number or e-mail
        shell.document([row | {"next": logs.masked(row["next"])} for row in rows])
        return DONE
    columns = ("target", "user", "face", "state", "reason", "departed", "suspended", "next")
    headings = ("Target", "Our id", "User", "State", "Reason", "Departed", "Suspended", "Next")
    table(headings, [[row[column] for column in columns] for row in rows], empty="The trash is empty.")
    return DONE


def _targets(shell: Shell) -> Mapping[str, SyncSettings]:
    """Every target with the sync whose periods its users follow: the first that names it."""
    syncs = reversed(list(shell.settings.syncs.values()))
    return {target: sync for sync in syncs for target in sync.targets}


def _row(target: str, known: Known, sync: SyncSettings) -> dict[str, str]:
    life = known.life
    return {
        "target": target,
        "user": known.id,
        "face": user_of(known).face,
        "state": life.state,
        "reason": life.reason,
        "departed": str(life.departed_on or ""),
        "suspended": str(life.suspended_on or ""),
        "next": _next(known, sync),
    }


def _next(known: Known, sync: SyncSettings) -> str:
    life = known.life
    if life.hold:
        return f"held: {life.hold}"
    if life.state == "handed_over":
        return "trash confirm, once deleted there"
    if life.reason == RESTORE_ASKED:
        return "restored by the next sync"
    coming = next_step(life, policy_for(user_of(known), sync.departed), sync.calendar)
    return f"{coming[1]} from {coming[0]}" if coming and coming[0] < date.max else "stays"


# -- what is decided about one of them ------------------------------------------------------------------------------


@trash.command()
@click.argument("key")
@decides
def restore(shell: Shell, key: str, reason: str) -> int:
    """Bring a suspended user back with the next sync.

    With today's values where a source has her; a guardian gets today's children only. Whom no source has is let in
    again, with a new grace period.
    """

    def back(life: Life) -> Life:
        return replace(life, reason=RESTORE_ASKED, extended_to=None)

    with shell.store() as store:
        found = chosen(shell, store, key, ("suspended",))
        refuse_barred(shell, store, found)
        return _move(shell, store, found, "restore", reason, back)


@trash.command()
@click.argument("key")
@click.option(
    "--to", "until", required=True, callback=day, metavar="DATE", help="The next step comes no earlier than this."
)
@decides
def extend(shell: Shell, key: str, until: date, reason: str) -> int:
    """Give a departed or suspended user more time before the next step."""
    if until <= shell.today():
        raise Usage([f"--to {until} gives no more time; name a day after today"])
    with shell.store() as store:
        found = chosen(shell, store, key, _WAITING)
        return _move(shell, store, found, "extend", reason, lambda life: replace(life, extended_to=until))


@trash.command()
@click.argument("key")
@click.option("--end", is_flag=True, help="End the hold instead.")
@decides
def hold(shell: Shell, key: str, end: bool, reason: str) -> int:
    """Stop the clock of a departed or suspended user until `trash hold --end`: no restore, no removal meanwhile."""
    with shell.store() as store:
        found = chosen(shell, store, key, _WAITING)
        if end and not any(known.life.hold for _, known in found):
            raise Usage(["that user is not held: rostersync trash list"])
        what, held = ("hold end", "") if end else ("hold", reason)
        return _move(shell, store, found, what, reason, lambda life: replace(life, hold=held))


@trash.command()
@click.argument("key")
@decides
def remove(shell: Shell, key: str, reason: str) -> int:
    """Put a suspended user into the next plan of permanent removals, whose digest a person has to approve."""

    def out(life: Life) -> Life:
        return replace(life, reason=REMOVAL_ASKED, extended_to=None)

    with shell.store() as store:
        found = chosen(shell, store, key, ("suspended",))
        refuse_barred(shell, store, found)
        refuse_wanted(shell, store, found)
        return _move(shell, store, found, "remove", reason, out)


@trash.command()
@click.argument("key")
@decides
def confirm(shell: Shell, key: str, reason: str) -> int:
    """Confirm that the LMS administrator has deleted a user who was handed over for removal."""
    with shell.store() as store:
        found = chosen(shell, store, key, ("handed_over",))
        with store.begin():
            for target, known in found:
                store.known.forget(target, known.id)
                store.journal.write(shell.now(), shell.who, "trash confirm", known.id, reason)
    shell.answer("Confirmed: nothing more is kept of that user.", _document(found, "confirm"))
    return DONE


def _move(shell: Shell, store: Store, found: Found, what: str, reason: str, change: Callable[[Life], Life]) -> int:
    now = shell.now()
    with store.begin():
        for target, known in found:
            store.known.set_life(target, known.id, change(known.life))
            store.cards.mark_dirty(target, [user_of(known).person], now)
            store.journal.write(now, shell.who, f"trash {what}", known.id, reason)
    syncs = "; ".join(f"rostersync sync {name}" for name in shell.settings.syncs)
    shell.answer(f"Recorded for {_how_many(found)}. The next sync goes by it: {syncs}", _document(found, what))
    return DONE


def _how_many(found: Found) -> str:
    return "one user" if len(found) == 1 else f"{len(found)} users"


def _document(found: Found, what: str) -> dict[str, object]:
    return {"users": [{"target": target, "user": known.id} for target, known in found], "what": what}


COMMANDS = (trash,)
