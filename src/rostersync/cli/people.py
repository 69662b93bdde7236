"""person and group: the card of one human or one group."""

from __future__ import annotations

import click

from rostersync.cli import identity
from rostersync.cli.card import card_text, group_text
from rostersync.cli.keys import one_person, typed_key
from rostersync.cli.shell import Shell, as_of, common, pass_shell
from rostersync.report import DONE
from rostersync.whycard import why_card


class _Person(click.Group):
    """`person KEY` shows; `person link` and its like decide. No key is one of those words: it has a slash or digits."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """What was typed, with `show` before it when a key was typed and none of the commands."""
        if args and not {*self.commands, *ctx.help_option_names}.intersection(args):
            args = ["show", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Person)
@common
def person() -> None:
    """Show the card of one human (`person KEY`), or decide about who is who."""


@person.command()
@click.argument("key")
@as_of
@common
@pass_shell
def show(shell: Shell, key: str) -> int:
    """Show the card of KEY: every value with its source and mapping line, every tie, and why not. `show` may be left out.

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


for command in (identity.link, identity.unlink, identity.split):
    person.add_command(command)

COMMANDS = (person, group)
