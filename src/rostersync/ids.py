"""Our ids: opaque, stable, and the same again after a kill or a restored backup.

An id is the first 128 bits of HMAC-SHA-256 under a key that never rotates, over what founded the thing. It is the LMS
sync key, so it is never a national number, an e-mail address or a source id.
"""

from __future__ import annotations

import hashlib
import hmac

from rostersync.model import Face


class Ids:
    """Makes ids from one key (32 bytes). All ids are 32 hexadecimal digits."""

    __slots__ = ("_keyed",)

    def __init__(self, key: bytes) -> None:
        self._keyed = hmac.new(key, digestmod=hashlib.sha256)

    def _make(self, *parts: str) -> str:
        mac = self._keyed.copy()
        mac.update("\x1f".join(parts).encode())
        return mac.hexdigest()[:32]

    def person(self, source: str, key: str) -> str:
        """The id of the person whom `key` in `source` founded."""
        return self._make("person", source, key)

    def user(self, person: str, face: Face) -> str:
        """The id of a person's LMS user with that face."""
        return self._make("user", person, face)

    def group(self, source: str, key: str) -> str:
        """The id of a group."""
        return self._make("group", source, key)

    def organisation(self, number: str, source: str, key: str) -> str:
        """The id of a school or owner: by organisation number where there is one, so two sources mean the same school."""
        return self._make("organisation", number) if number else self._make("organisation", source, key)

    def samlegruppe(self, organisation: str, kind: str) -> str:
        """The id of a computed group, such as all pupils of a school."""
        return self._make("samlegruppe", organisation, kind)
