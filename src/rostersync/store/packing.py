"""How what a target holds becomes sealed bytes and back, under the key of the person it is about.

Users are sealed under their person's data key, so that erasing the key erases them; groups and organisations under the
state's own. The seal is bound to target, kind and id: an outbox row's `after` opens in the known row it becomes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec
import sqlalchemy as sa

from rostersync.errors import StateBroken
from rostersync.model import Held, Life, LifeState, ObjectKind, User
from rostersync.store.engine import BATCH, Database, batches
from rostersync.store.tables import person

PAGE: Final = 1_000
"""Sealed rows read at a time."""

KINDS: Final[tuple[ObjectKind, ...]] = ("organisation", "group", "user")
"""Every kind of row, in the order a target is told of them."""

LIFE: Final = ("state", "life_reason", "departed_on", "suspended_on", "extended_to", "hold")
"""The columns of a life, in known and in the outbox."""

Digest: TypeAlias = Callable[[Held], str]
"""The keyed digest of a value, 32 hexadecimal digits; empty for what is uncertain."""

LifeRow: TypeAlias = tuple[LifeState, str, str | None, str | None, str | None, str]
"""A life as those columns hold it."""

_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Held)


class PersonKey(NamedTuple):
    """A person's row number, and the data key her values are sealed under."""

    no: int
    data_key: bytes


class Packing:
    """Packs and seals for the tables of known and the outbox. A key of None is the state's own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._keyring = database.keyring

    def person_keys(self, values: Iterable[Held | None]) -> dict[str, PersonKey]:
        """Person id -> key, for everybody among these values whose user one of them is.

        Raises:
            StateBroken: a user's person has no row.
        """
        wanted = {value.person for value in values if isinstance(value, User)}
        found: dict[str, PersonKey] = {}
        for ids in batches(wanted, BATCH):
            query = sa.select(person.c.id, person.c.no, person.c.data_key).where(person.c.id.in_(ids))
            for id_, no, wrapped in self._database.conn.execute(query).all():
                found[id_] = PersonKey(no, self._keyring.unwrap(wrapped))
        if len(found) < len(wanted):
            raise StateBroken(
                f"{len(wanted) - len(found)} users belong to persons who are not in the state: restore it from a backup"
            )
        return found

    def unwrapped(self, wrapped: bytes | None) -> bytes | None:
        """The key behind a person row's `data_key`; None where the row is about nobody."""
        return None if wrapped is None else self._keyring.unwrap(wrapped)

    def seal(self, key: bytes | None, content: bytes, place: str) -> bytes:
        """Seal for one place (see `place_of`)."""
        if key is None:
            return self._keyring.seal_global(content, place.encode())
        return self._keyring.seal(key, content, place.encode())

    def open(self, key: bytes | None, sealed: bytes, place: str) -> bytes:
        """Open what was sealed for that place.

        Raises:
            StateBroken: it was sealed for another place or person, or is damaged.
        """
        if key is None:
            return self._keyring.open_global(sealed, place.encode())
        return self._keyring.open(key, sealed, place.encode())

    def seal_text(self, key: bytes | None, text: str, place: str) -> bytes | None:
        """Seal a text that may be empty; empty stays NULL."""
        return self.seal(key, text.encode(), place) if text else None

    def open_text(self, key: bytes | None, sealed: bytes | None, place: str) -> str:
        """Open what `seal_text` made."""
        return self.open(key, sealed, place).decode() if sealed is not None else ""


def place_of(target: str, object_kind: str, id_: str) -> str:
    """The place that a value's seal is bound to."""
    return f"known/{target}/{object_kind}/{id_}"


def key_place_of(target: str, object_kind: str, id_: str) -> str:
    """The place that the seal of an LMS's own key is bound to."""
    return f"target key/{target}/{object_kind}/{id_}"


def pack(value: Held) -> bytes:
    """The canonical bytes of a value: equal values have equal bytes."""
    return _encoder.encode(value)


def unpack(packed: bytes) -> Held:
    """The value behind canonical bytes."""
    value: Held = _decoder.decode(packed)
    return value


def life_row(life: Life) -> LifeRow:
    """A life as its columns hold it."""
    dates = (_text(life.departed_on), _text(life.suspended_on), _text(life.extended_to))
    return (life.state, life.reason, *dates, life.hold)


def life_of(row: Any) -> Life:
    """The life that a row's columns tell, in the order of `LIFE`."""
    state, reason, departed_on, suspended_on, extended_to, hold = row
    return Life(state, reason, _date(departed_on), _date(suspended_on), _date(extended_to), hold)


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
