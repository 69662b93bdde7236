"""Our ids: opaque, stable, and the same again after a kill or a restored backup.

An id is the first 128 bits of HMAC-SHA-256 under a key that never rotates, over what founded the thing. It is the LMS
sync key, so it is never a national number, an e-mail address or a source id.
"""

from __future__ import annotations

import hmac
from functools import lru_cache
from typing import Final

from rostersync.model import Face

_REMEMBERED: Final = 20_000


class Ids:
    """Makes ids from one key (32 bytes). All ids are 32 hexadecimal digits."""

    __slots__ = ("_key", "samlegruppe", "user")

    def __init__(self, key: bytes) -> None:
        self._key = key
        # A pupil's user is named on her own card and on those of her guardians, a samlegruppe on every card of a school.
        self.user = lru_cache(maxsize=_REMEMBERED)(self._user)
        self.samlegruppe = lru_cache(maxsize=_REMEMBERED)(self._samlegruppe)

    def _make(self, *parts: str) -> str:
        return hmac.digest(self._key, "\x1f".join(parts).encode(), "sha256")[:16].hex()

    def person(self, source: str, key: str) -> str:
        """The id of the person whom `key` in `source` founded."""
        return self._make("person", source, key)

    def _user(self, person: str, face: Face) -> str:
        """The id of a person's LMS user with that face."""
        return self._make("user", person, face)

    def group(self, source: str, key: str) -> str:
        """The id of a group."""
        return self._make("group", source, key)

    def organisation(self, number: str, source: str, key: str) -> str:
        """The id of a school or owner: by organisation number where there is one, so two sources mean the same school."""
        return self._make("organisation", number) if number else self._make("organisation", source, key)

    def _samlegruppe(self, organisation: str, kind: str) -> str:
        """The id of a computed group, such as all pupils of a school."""
        return self._make("samlegruppe", organisation, kind)
