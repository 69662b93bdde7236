"""KEY as typed by a person -> the one human it means. A national number is never taken as an argument."""

from __future__ import annotations

import sys

import click

from rostersync.errors import Usage, UserMistake
from rostersync.normalize import digits
from rostersync.store import Store

_NUMBER_LENGTHS = (11, 12)


def one_person(store: Store, key: str) -> str:
    """The person id behind a key: our id, a user id, a source key, or (with `-`) a national number typed at a prompt.

    Raises:
        Usage: a national number was given as an argument.
        UserMistake: the key means nobody, or several people.
    """
    typed = _typed(key) if key == "-" else _argument(key)
    found = store.cards.find(typed) or (store.cards.find_number(typed) if key == "-" else [])
    if len(found) == 1:
        return found[0]
    if not found:
        raise UserMistake(["nobody in the state has that key: a source must have described the person in an accepted snapshot"])
    raise UserMistake([f"that key means {len(found)} people; use one of our ids: {', '.join(found)}"])


def _argument(key: str) -> str:
    if len(digits(key)) in _NUMBER_LENGTHS and key.replace(" ", "").isdigit():
        raise Usage(
            ["a national number may not be an argument, where the shell's history and the process list show it: "
             "give - and type it at the prompt"]
        )
    return key


def _typed(_key: str) -> str:
    if sys.stdin.isatty():
        return str(click.prompt("Key or national number", hide_input=True)).strip()
    line: str = sys.stdin.readline()
    return line.strip()
