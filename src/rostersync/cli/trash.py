"""trash: departed users and their dates. Every change needs a reason, and is journalled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import click
from msgspec.structs import replace

from rostersync.assembly import Parts
from rostersync.cli.keys import one_person
from rostersync.cli.people import day
from rostersync.cli.show import table
from rostersync.cli.shell import Shell, as_of, common, pass_shell, reason_option
from rostersync.errors import Usage, UserMistake
from rostersync.lifecycle import next_step, policy_for
from rostersync.model import Known, Life, LifeState, User
from rostersync.report import DONE
from rostersync.store import Store

_STATES: tuple[LifeState, ...] = ("departed", "suspended", "handed_over")


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
    rows = []
    with shell.looking() as store:
        for name in shell.settings.syncs:
            parts = shell.parts(name)
            for target in parts.settings.targets:
                for state in (only,) if only else _STATES:
                    rows += [_row(target, known, parts) for known in store.known.by_state(target, state)]
    if shell.json:
        shell.document(rows)
        return DONE
    columns = ("target", "user", "face", "state", "reason", "departed", "suspended", "next")
    headings = ("Target", "Our id", "User", "State", "Reason", "Departed", "Suspended", "Next")
    table(headings, [[row[column] for column in columns] for row in rows], empty="The trash is empty.")
    return DONE


def _row(target: str, known: Known, parts: Parts) -> dict[str, str]:
    user = known.value
    assert isinstance(user, User)  # noqa: S101 - only users depart
    life = known.life
    coming = next_step(life, policy_for(user, parts.settings.departed), parts.settings.calendar)
    after = f"{coming[1]} from {coming[0]}" if coming and coming[0] < date.max else "stays"
    return {
        "target": target,
        "user": known.id,
        "face": user.face,
        "state": life.state,
        "reason": life.reason,
        "departed": str(life.departed_on or ""),
        "suspended": str(life.suspended_on or ""),
        "next": f"held: {life.hold}" if life.hold else after,
    }


@trash.command()
@click.argument("key")
@reason_option
@as_of
@common
@pass_shell
def restore(shell: Shell, key: str, reason: str) -> int:
    """Bring a suspended user back with the next sync; a guardian gets today's children only."""

    def back(life: Life) -> Life:
        return replace(life, reason="absent", hold="", extended_to=None)

    return _move(shell, key, "restore", reason, back, ("suspended", "departed"))


@trash.command()
@click.argument("key")
@click.option("--to", "until", required=True, callback=day, metavar="DATE", help="The next step comes no earlier than this.")
@reason_option
@as_of
@common
@pass_shell
def extend(shell: Shell, key: str, until: date, reason: str) -> int:
    """Give a departed user more time before the next step."""
    return _move(shell, key, "extend", reason, lambda life: replace(life, extended_to=until), _STATES)


@trash.command()
@click.argument("key")
@click.option("--end", is_flag=True, help="End the hold instead.")
@reason_option
@as_of
@common
@pass_shell
def hold(shell: Shell, key: str, end: bool, reason: str) -> int:
    """Stop the clock of a departed user until `trash hold --end`; nothing is restored or removed meanwhile."""
    return _move(shell, key, "hold end" if end else "hold", reason, lambda life: replace(life, hold="" if end else reason), _STATES)


@trash.command()
@click.argument("key")
@reason_option
@as_of
@common
@pass_shell
def remove(shell: Shell, key: str, reason: str) -> int:
    """Put a suspended user into the next removal plan, ahead of its time. The plan still needs an approval."""
    on = shell.today()
    return _move(
        shell, key, "remove", reason, lambda life: replace(life, suspended_on=date(2000, 1, 1), extended_to=on), ("suspended",)
    )


@trash.command()
@click.argument("key")
@reason_option
@as_of
@common
@pass_shell
def confirm(shell: Shell, key: str, reason: str) -> int:
    """Confirm that the LMS administrator has deleted a user who was handed over for removal."""
    with shell.store() as store:
        found = [pair for pair in _users(shell, store, key) if pair[1].life.state == "handed_over"]
        if not found:
            raise UserMistake(["nobody handed over for removal has that key: rostersync trash list --state handed_over"])
        with store.begin():
            for target, known in found:
                store.known.forget(target, known.id)
                store.journal.write(shell.now(), shell.who, "trash confirm", known.id, reason)
    return _told(shell, [known for _, known in found], "confirmed")


def _move(
    shell: Shell, key: str, what: str, reason: str, change: Callable[[Life], Life], states: tuple[LifeState, ...]
) -> int:
    with shell.store() as store:
        found = [pair for pair in _users(shell, store, key) if pair[1].life.state in states]
        if not found:
            raise UserMistake([f"no {' or '.join(states)} user has that key: rostersync trash list"])
        with store.begin():
            for target, known in found:
                store.known.set_life(target, known.id, change(known.life))
                store.journal.write(shell.now(), shell.who, f"trash {what}", known.id, reason)
                assert isinstance(known.value, User)  # noqa: S101 - only users depart
                store.cards.mark_dirty(target, [known.value.person], shell.now())
    return _told(shell, [known for _, known in found], what)


def _users(shell: Shell, store: Store, key: str) -> list[tuple[str, Known]]:
    """The LMS users that a key means: one when it is a user id, else both faces of the person, at every target."""
    found = []
    for target in shell.settings.targets:
        known = store.known.get(target, key) if len(key) == 32 else None
        if known and isinstance(known.value, User):
            found.append((target, known))
        else:
            found += [(target, one) for one in store.known.for_persons(target, [one_person(store, key)]).values()]
    return found


def _told(shell: Shell, users: list[Known], what: str) -> int:
    shell.say(f"{len(users)} users: {what}. It takes effect with the next sync.")
    if shell.json:
        shell.document({"users": [known.id for known in users], "what": what})
    return DONE


COMMANDS = (trash,)
