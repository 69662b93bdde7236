"""person, group, guardian, protect and pin: one human at a time, and what people here decide about her."""

from __future__ import annotations

from datetime import date
from typing import Any

import click

from rostersync.cli.card import card_text, group_text
from rostersync.cli.keys import one_person
from rostersync.cli.show import table
from rostersync.cli.shell import Shell, as_of, common, pass_shell, reason_option
from rostersync.errors import Usage, UserMistake
from rostersync.report import DONE
from rostersync.whycard import why_card
from rostersync.store import Store


def day(_context: click.Context, _parameter: click.Parameter, text: str | None) -> date | None:
    """A date option."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise click.BadParameter("write a date as YYYY-MM-DD") from None


@click.command()
@click.argument("key")
@as_of
@common
@pass_shell
def person(shell: Shell, key: str) -> int:
    """Show the card of KEY: every value with its source and mapping line, every tie, and why not. Use - to type the key."""
    with shell.store() as store:
        person_id = one_person(store, key)
        cards = [
            why_card(store, shell.parts(name), person_id, shell.today(name)) for name in shell.settings.syncs
        ]
        store.journal.write(shell.now(), shell.who, "person shown", person_id, "looked at the card")
    if shell.json:
        shell.document([card.to_json() for card in cards])
    for card in cards:
        shell.say(card_text(card))
    return DONE


@click.command()
@click.argument("key")
@as_of
@common
@pass_shell
def group(shell: Shell, key: str) -> int:
    """Show group KEY: what it is, where it stands, and how many are in it."""
    with shell.looking() as store:
        shown = [group_text(store, shell.parts(name), key, shell.today(name)) for name in shell.settings.syncs]
    if shell.json:
        shell.document([one for one, _ in shown])
    for _, text in shown:
        shell.say(text)
    return DONE


# -- guardians ------------------------------------------------------------------------------------------------------


@click.group()
@common
def guardian() -> None:
    """Stop one guardian's access to one pupil, now; or end that stop."""


@guardian.command()
@click.argument("pupil")
@click.argument("adult", metavar="GUARDIAN")
@click.option("--until", callback=day, metavar="DATE", help="The last day of the denial; until further notice when left out.")
@reason_option
@common
@pass_shell
def deny(shell: Shell, pupil: str, adult: str, until: date | None, reason: str) -> int:
    """End GUARDIAN's link to PUPIL with the next sync; it beats every source, and is never held by the guard."""
    return _guardianship(shell, pupil, adult, "guardian deny", reason, lambda store, ids, now: store.decisions.deny(
        *ids, reason, until, shell.who, now
    ))


@guardian.command()
@click.argument("pupil")
@click.argument("adult", metavar="GUARDIAN")
@reason_option
@common
@pass_shell
def allow(shell: Shell, pupil: str, adult: str, reason: str) -> int:
    """End the denial: the sources decide again whether GUARDIAN may follow PUPIL."""
    return _guardianship(shell, pupil, adult, "guardian allow", reason, lambda store, ids, now: store.decisions.allow(*ids))


def _guardianship(shell: Shell, pupil: str, adult: str, what: str, reason: str, decide: Any) -> int:
    with shell.store() as store:
        ids = (one_person(store, pupil), one_person(store, adult))
        if ids[0] == ids[1]:
            raise Usage(["PUPIL and GUARDIAN are the same person; give the pupil first"])
        now = shell.now()
        with store.begin():
            decide(store, ids, now)
            _look_again(shell, store, ids)
            store.journal.write(now, shell.who, what, ids[0], f"{reason} (guardian {ids[1]})")
    return _said(shell, {"pupil": ids[0], "guardian": ids[1], "decision": what})


def _look_again(shell: Shell, store: Store, persons: tuple[str, ...]) -> None:
    for target in shell.settings.targets:
        store.cards.mark_dirty(target, store.cards.neighbourhood(persons), shell.now())


def _said(shell: Shell, document: dict[str, Any]) -> int:
    syncs = " ; ".join(f"rostersync sync {name}" for name in shell.settings.syncs)
    shell.say(f"Recorded. It reaches the LMS with the next sync, ahead of everything else: {syncs}")
    if shell.json:
        shell.document(document)
    return DONE


# -- protected persons ----------------------------------------------------------------------------------------------


@click.command()
@click.argument("key")
@click.option("--level", type=click.Choice(["withhold"]), default="withhold", show_default=True)
@reason_option
@common
@pass_shell
def protect(shell: Shell, key: str, level: str, reason: str) -> int:
    """Take KEY out of the LMS with the next sync: memberships, links and e-mail, at once and whatever the guard says."""
    with shell.store() as store:
        person_id = one_person(store, key)
        now = shell.now()
        with store.begin():
            store.decisions.protect(person_id, level, reason, shell.who, now)
            _look_again(shell, store, (person_id,))
            store.journal.write(now, shell.who, "protect", person_id, reason)
    return _said(shell, {"person": person_id, "level": level})


@click.command()
@click.argument("key")
@reason_option
@common
@pass_shell
def unprotect(shell: Shell, key: str, reason: str) -> int:
    """End the protection of KEY. The LMS user stays suspended until `trash restore` brings it back."""
    with shell.store() as store:
        person_id = one_person(store, key)
        now = shell.now()
        with store.begin():
            store.decisions.unprotect(person_id)
            _look_again(shell, store, (person_id,))
            store.journal.write(now, shell.who, "unprotect", person_id, reason)
    return _said(shell, {"person": person_id, "level": ""})


# -- pins -----------------------------------------------------------------------------------------------------------


@click.group()
@common
def pin() -> None:
    """Persons whom no sync touches, each with a reason and an end."""


@pin.command()
@click.argument("key")
@click.option("--until", required=True, callback=day, metavar="DATE", help="The last day of the pin.")
@reason_option
@common
@pass_shell
def add(shell: Shell, key: str, until: date, reason: str) -> int:
    """Pin KEY: no sync changes this person's LMS users until the end of the pin, but revocations still flow."""
    if until < shell.today():
        raise Usage([f"--until {until} has passed already"])
    with shell.store() as store:
        person_id = one_person(store, key)
        now = shell.now()
        with store.begin():
            store.decisions.pin(person_id, until, reason, shell.who, now)
            _look_again(shell, store, (person_id,))
            store.journal.write(now, shell.who, "pin add", person_id, reason)
    shell.say(f"Pinned until {until}.")
    if shell.json:
        shell.document({"person": person_id, "until": until})
    return DONE


@pin.command()
@click.argument("key")
@reason_option
@common
@pass_shell
def remove(shell: Shell, key: str, reason: str) -> int:
    """End a pin: the next sync treats KEY like everybody else."""
    with shell.store() as store:
        person_id = one_person(store, key)
        now = shell.now()
        with store.begin():
            if not store.decisions.unpin(person_id):
                raise UserMistake(["that person is not pinned: rostersync pin list"])
            _look_again(shell, store, (person_id,))
            store.journal.write(now, shell.who, "pin remove", person_id, reason)
    shell.say("The pin is gone.")
    if shell.json:
        shell.document({"person": person_id, "until": None})
    return DONE


@pin.command("list")
@common
@pass_shell
def list_pins(shell: Shell) -> int:
    """List every pin with its end and reason."""
    with shell.looking() as store:
        pins = store.decisions.pins()
    if shell.json:
        shell.document([{"person": one.person, "until": one.until, "who": one.who, "reason": one.reason} for one in pins])
        return DONE
    table(["Our id", "Until", "By", "Reason"], [(p.person, p.until, p.who, p.reason) for p in pins], empty="Nobody is pinned.")
    return DONE


COMMANDS = (person, group, guardian, protect, unprotect, pin)
