"""A key -> the one person it means. The texts never repeat the key."""

from __future__ import annotations

import re

from rostersync.errors import Usage
from rostersync.store import Store

KINDS = "one of our ids, a source key (source/id) or a Feide id"
_NUMBER = re.compile(r"(?<![0-9A-Za-z])\d{6}[ .-]?\d{5,6}(?![0-9A-Za-z])")


def looks_national(key: str) -> bool:
    """Whether there is a national number in a key."""
    return bool(_NUMBER.search(key))


def person_of(store: Store, key: str, *, number: bool) -> str:
    """The person id behind a key. `number`: it was typed where nobody sees it, so it may be a national number.

    Raises:
        Usage: the key means nobody, or several people.
    """
    found = store.cards.find(key) or (store.cards.find_number(key) if number else [])
    if len(found) == 1:
        return found[0]
    if not found:
        raise Usage(
            [f"that key means nobody here: give {KINDS} of somebody in an accepted snapshot; - asks for a number"]
        )
    raise Usage([f"that key means {len(found)} people; use one of our ids: {', '.join(found)}"])
