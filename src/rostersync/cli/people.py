"""person and group: the card of one human or one group."""

from __future__ import annotations

import click

from rostersync.cli.card import card_text, group_text
from rostersync.cli.keys import one_person, typed_key
from rostersync.cli.shell import Shell, as_of, common, pass_shell
from rostersync.report import DONE
from rostersync.whycard import why_card


@click.command()
@click.argument("key")
@as_of
@common
@pass_shell
def person(shell: Shell, key: str) -> int:
    """Show the card of KEY: every value with its source and mapping line, every tie, and why not.

    With - as KEY it is asked for, and may be a national number.
    The journal keeps that it was looked at. With --json the values themselves stay out.
    """
    with shell.looking() as store:
        person_id = one_person(store, key)
        store.journal.write(shell.now(), shell.who, "person shown", person_id, "looked at the card")
        cards = [why_card(store, shell.parts(name), person_id, shell.today(name)) for name in shell.settings.syncs]
    shell.answer("\n\n".join(card_text(card) for card in cards), [card.to_json() for card in cards])
    return DONE


@click.command()
@click.argument("key")
@as_of
@common
@pass_shell
def group(shell: Shell, key: str) -> int:
    """Show group KEY: what it is, where it stands, and how many are in it. With - as KEY it is asked for."""
    typed = typed_key(key, "Key of the group")
    with shell.looking() as store:
        shown = [group_text(store, shell.parts(name), typed, shell.today(name)) for name in shell.settings.syncs]
    shell.answer("\n\n".join(text for _, text in shown), [document for document, _ in shown])
    return DONE


COMMANDS = (person, group)
