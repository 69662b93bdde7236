"""KEY as typed by a person -> whom or what it means. A national number is never taken as an argument."""

from __future__ import annotations

import sys

import click

from rostersync.errors import Usage
from rostersync.store import Store
from rostersync.whom import KINDS, looks_national, person_of

_NEVER = (
    "a national number may not be an argument, where the shell's history and the list of processes show it: "
    "give - instead, and type it at the prompt"
)


def typed_key(key: str, what: str = "Key or national number") -> str:
    """The key itself; with `-` it is asked for at a prompt, or read as one line from stdin.

    Raises:
        Usage: there is a national number in an argument, or nothing was typed.
    """
    if key == "-":
        typed = _asked(what).strip()
        if not typed:
            raise Usage([f"no key came from stdin: type {KINDS}, or a national number"])
        return typed
    if looks_national(key):
        raise Usage([_NEVER])
    return key


def one_person(store: Store, key: str) -> str:
    """The person id behind a key.

    Raises:
        Usage: a national number was given as an argument, or the key means nobody, or several people.
    """
    return person_of(store, typed_key(key), number=key == "-")


def living_person(store: Store, key: str) -> str:
    """As `one_person`; where people said that she is another person, that one, who has all her claims.

    Raises:
        Usage: as there.
    """
    found = one_person(store, key)
    while survivor := store.joining.joined_into(found):
        found = survivor
    return found


def _asked(what: str) -> str:
    if sys.stdin.isatty():
        # on stderr, so that stdout stays one document with --json
        return str(click.prompt(what, hide_input=True, err=True))
    return sys.stdin.readline()
