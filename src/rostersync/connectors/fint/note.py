"""The note that a snapshot leaves for the next one: when everything was last read, and what each resource was then."""

from __future__ import annotations

from datetime import datetime

import msgspec

from rostersync.connectors.fint.gathering import Evidence


class Note(msgspec.Struct, frozen=True):
    """The cursor of a FINT source. `full_at` is when everything was last read, `sections` what this snapshot holds.

    `way` spells out the settings it was read with, `resources` what was found of each, and `digest` is that of the snapshot,
    which an unchanged FINT has again. It names nobody.
    """

    full_at: datetime | None = None
    model: str = ""
    way: str = ""
    sections: tuple[str, ...] = ()
    digest: str = ""
    resources: dict[str, Evidence] = {}

    @classmethod
    def of(cls, cursor: str) -> Note:
        """Read a cursor; an empty one, or one of another version, says nothing."""
        try:
            return msgspec.json.decode(cursor, type=cls)
        except msgspec.DecodeError:
            return cls()

    @property
    def cursor(self) -> str:
        """The note as a cursor."""
        return msgspec.json.encode(self).decode()
