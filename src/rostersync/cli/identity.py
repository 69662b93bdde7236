"""questions, and person link, unlink and split: what a human decides about who is who."""

from __future__ import annotations

from collections.abc import Sequence

import click
import msgspec

from rostersync.cli.decisions import look_again
from rostersync.cli.keys import living_person, one_person
from rostersync.cli.shell import Shell, common, decides, pass_shell
from rostersync.cli.show import table
from rostersync.report import DONE
from rostersync.store import Store
from rostersync.store.questions import OpenQuestion

ANSWERS = {
    "contact": "the school system says who is a guardian; to stop one now: rostersync guardian deny PUPIL GUARDIAN",
    "conflicting_records": "have the school system corrected",
    "suggested_role": "add a grant to the grants file, or leave it",
}
"""Question code -> how it is answered, where not by `person link` or `person unlink`."""

_WHO_IS_WHO = "one human: rostersync person link ID ID --reason ...; two: rostersync person unlink ID ID --reason ..."


@click.command()
@common
@pass_shell
def questions(shell: Shell) -> int:
    """List what only a human can decide, the oldest first, with our ids and how to answer."""
    with shell.looking() as store:
        asked = store.questions.open_ones()
    if shell.json:
        shell.document([msgspec.to_builtins(one) | {"answer": _answer(one)} for one in asked])
        return DONE
    rows: list[Sequence[object]] = [
        (shell.local(one.at), one.code, "\n".join(one.about), f"{one.text}\n-> {_answer(one)}") for one in asked
    ]
    table(["Since", "Question", "About", "What is asked, and how to answer"], rows, empty="Nothing is asked.")
    return DONE


def _answer(one: OpenQuestion) -> str:
    return ANSWERS.get(one.code, _WHO_IS_WHO)


@click.command()
@click.argument("key")
@click.argument("other")
@decides
def link(shell: Shell, key: str, other: str, reason: str) -> int:
    """KEY and OTHER are one human: the person with the older LMS user gets everything that is said of either.

    The other LMS user is suspended once its merge is approved; `person unlink` undoes it.
    """
    with shell.store() as store:
        now = shell.now()
        with store.begin():
            one, two = living_person(store, key), living_person(store, other)
            reached = store.cards.neighbourhood([one, two])
            kept, gone = store.joining.join(one, two, shell.who, now)
            _decided(shell, store, "person link", [kept, gone], reached, reason)
    return _told(shell, f"{gone} is {kept} from now on.", {"person": kept, "joined": gone})


@click.command()
@click.argument("key")
@click.argument("other")
@decides
def unlink(shell: Shell, key: str, other: str, reason: str) -> int:
    """KEY and OTHER are two humans: undo `person link`, or answer a question. Give our ids, as `questions` does."""
    with shell.store() as store:
        now = shell.now()
        with store.begin():
            one, two = one_person(store, key), one_person(store, other)
            reached = store.cards.neighbourhood([one, two])
            undone = store.joining.part(one, two, shell.who, now)
            _decided(shell, store, "person unlink", [one, two], reached, reason)
    told = "They are two persons again." if undone else "They stay two persons."
    return _told(shell, told, {"persons": [one, two], "undone": undone})


@click.command()
@click.argument("key")
@click.option(
    "--record", "records", multiple=True, required=True, metavar="RECORD", help="A record as `person KEY` names it."
)
@click.option(
    "--keeps",
    type=click.Choice(["rest", "out"]),
    required=True,
    help="Who keeps our id and the LMS users: the rest, or the records taken out.",
)
@decides
def split(shell: Shell, key: str, records: tuple[str, ...], keeps: str, reason: str) -> int:
    """Take records out of KEY: they, or the rest of them, are another human, who gets an id of her own."""
    with shell.store() as store:
        now = shell.now()
        with store.begin():
            person = living_person(store, key)
            reached = store.cards.neighbourhood([person])
            new = store.splitting.split(person, records, "out" if keeps == "out" else "rest", shell.who, now)
            _decided(shell, store, "person split", [person, new], reached, reason)
    return _told(shell, f"{person} is two persons now; the other is {new}.", {"person": person, "new": new})


def _decided(shell: Shell, store: Store, what: str, pair: Sequence[str], reached: Sequence[str], reason: str) -> None:
    """Write it down, close what it answers, and have everybody looked at again whom it reaches."""
    now = shell.now()
    look_again(shell, store, {*reached, *pair})
    store.close_answered(now)
    store.journal.write(now, shell.who, what, pair[0], f"{reason} (and {pair[1]})")


def _told(shell: Shell, text: str, document: dict[str, object]) -> int:
    syncs = "; ".join(f"rostersync sync {name}" for name in shell.settings.syncs)
    shell.answer(f"{text} It reaches the LMS with the next sync: {syncs}", document)
    return DONE


COMMANDS = (questions,)
