"""guardian, protect and pin: what people here decide about one human. It outranks every source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import click
import msgspec

from rostersync import logs
from rostersync.cli.keys import living_person
from rostersync.cli.shell import Shell, as_of, common, day, decides, pass_shell
from rostersync.cli.show import table
from rostersync.errors import Usage
from rostersync.report import DONE
from rostersync.store import Store


def look_again(shell: Shell, store: Store, persons: Iterable[str]) -> None:
    """What was decided about somebody reaches her neighbours too: her wards, or those who follow her."""
    neighbours = store.cards.neighbourhood(persons)
    for target in shell.settings.targets:
        store.cards.mark_dirty(target, neighbours, shell.now())


def _recorded(shell: Shell, document: dict[str, Any]) -> int:
    syncs = "; ".join(f"rostersync sync {name}" for name in shell.settings.syncs)
    shell.answer(f"Recorded. It reaches the LMS with the next sync: {syncs}", document)
    return DONE


def _not_past(shell: Shell, option: str, until: date | None) -> None:
    if until and until < shell.today():
        raise Usage([f"{option} {until} has passed already; give today or a later date"])


# -- guardians ------------------------------------------------------------------------------------------------------


@click.group()
@common
def guardian() -> None:
    """Stop one guardian's access to one pupil, now; or end that stop."""


@guardian.command()
@click.argument("pupil")
@click.argument("adult", metavar="GUARDIAN")
@click.option(
    "--until", callback=day, metavar="DATE", help="The last day of the denial; until further notice when left out."
)
@decides
def deny(shell: Shell, pupil: str, adult: str, until: date | None, reason: str) -> int:
    """End GUARDIAN's link to PUPIL with the next sync; it beats every source, and is never held by the guard."""
    _not_past(shell, "--until", until)
    with shell.store() as store:
        ids = _pair(store, pupil, adult)
        now = shell.now()
        with store.begin():
            store.decisions.deny(*ids, reason, until, shell.who, now)
            look_again(shell, store, ids)
            store.journal.write(now, shell.who, "guardian deny", ids[0], f"{reason} (guardian {ids[1]})")
    return _recorded(shell, {"pupil": ids[0], "guardian": ids[1], "denied": True, "until": until})


@guardian.command()
@click.argument("pupil")
@click.argument("adult", metavar="GUARDIAN")
@decides
def allow(shell: Shell, pupil: str, adult: str, reason: str) -> int:
    """End the denial: the sources decide again whether GUARDIAN may follow PUPIL."""
    with shell.store() as store:
        ids = _pair(store, pupil, adult)
        with store.begin():
            if not store.decisions.allow(*ids):
                raise Usage(
                    ["that guardian is not denied that pupil; PUPIL comes first: rostersync person KEY shows it"]
                )
            look_again(shell, store, ids)
            store.journal.write(shell.now(), shell.who, "guardian allow", ids[0], f"{reason} (guardian {ids[1]})")
    return _recorded(shell, {"pupil": ids[0], "guardian": ids[1], "denied": False, "until": None})


def _pair(store: Store, pupil: str, adult: str) -> tuple[str, str]:
    ids = (living_person(store, pupil), living_person(store, adult))
    if ids[0] == ids[1]:
        raise Usage(["PUPIL and GUARDIAN are the same person; give the pupil first"])
    return ids


# -- protected persons ----------------------------------------------------------------------------------------------


@click.command()
@click.argument("key")
@click.option("--level", type=click.Choice(["withhold"]), default="withhold", show_default=True, help="How far.")
@decides
def protect(shell: Shell, key: str, level: str, reason: str) -> int:
    """Take KEY out of the LMS with the next sync: memberships, links, e-mail. No grace, and no limit holds it."""
    with shell.store() as store:
        person_id = living_person(store, key)
        now = shell.now()
        with store.begin():
            store.decisions.protect(person_id, level, reason, shell.who, now)
            look_again(shell, store, [person_id])
            store.journal.write(now, shell.who, "protect", person_id, reason)
    return _recorded(shell, {"person": person_id, "level": level})


@click.command()
@click.argument("key")
@decides
def unprotect(shell: Shell, key: str, reason: str) -> int:
    """End the protection of KEY. The LMS user stays suspended until `trash restore` brings it back."""
    with shell.store() as store:
        person_id = living_person(store, key)
        with store.begin():
            if not store.decisions.unprotect(person_id):
                raise Usage(["that person is not protected: rostersync person KEY shows what is decided about her"])
            look_again(shell, store, [person_id])
            store.journal.write(shell.now(), shell.who, "unprotect", person_id, reason)
    shell.answer(
        "The protection has ended. The LMS user stays suspended until: rostersync trash restore KEY --reason ...",
        {"person": person_id, "level": ""},
    )
    return DONE


# -- pins -----------------------------------------------------------------------------------------------------------


@click.group()
@common
def pin() -> None:
    """Persons whom no sync touches, each with a reason and an end."""


@pin.command()
@click.argument("key")
@click.option("--until", required=True, callback=day, metavar="DATE", help="The last day of the pin.")
@decides
def add(shell: Shell, key: str, until: date, reason: str) -> int:
    """Pin KEY: no sync changes this person's LMS users until the end of the pin, but revocations still flow."""
    _not_past(shell, "--until", until)
    with shell.store() as store:
        person_id = living_person(store, key)
        now = shell.now()
        with store.begin():
            store.decisions.pin(person_id, until, reason, shell.who, now)
            look_again(shell, store, [person_id])
            store.journal.write(now, shell.who, "pin add", person_id, reason)
    shell.answer(f"Pinned until {until}.", {"person": person_id, "until": until})
    return DONE


@pin.command()
@click.argument("key")
@decides
def remove(shell: Shell, key: str, reason: str) -> int:
    """End a pin: the next sync treats KEY like everybody else."""
    with shell.store() as store:
        person_id = living_person(store, key)
        with store.begin():
            if not store.decisions.unpin(person_id):
                raise Usage(["that person is not pinned: rostersync pin list"])
            look_again(shell, store, [person_id])
            store.journal.write(shell.now(), shell.who, "pin remove", person_id, reason)
    shell.answer("The pin is gone.", {"person": person_id, "until": None})
    return DONE


@pin.command("list")
@as_of
@common
@pass_shell
def list_pins(shell: Shell) -> int:
    """List everybody who is pinned, by our ids."""
    with shell.looking() as store:
        pins = store.decisions.pins()
    if shell.json:
        # what people write as a reason may name somebody by number or e-mail
        shell.document([msgspec.to_builtins(one) | {"reason": logs.masked(one.reason)} for one in pins])
        return DONE
    rows: list[Sequence[object]] = [
        (one.person, one.until, "has run out" if one.until < shell.today() else "", one.who, one.reason) for one in pins
    ]
    table(["Our id", "Until", "", "Who", "Reason"], rows, empty="Nobody is pinned.")
    return DONE


COMMANDS = (guardian, protect, unprotect, pin)
