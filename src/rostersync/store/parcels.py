"""How a delivery becomes an outbox row, and how the row becomes a delivery again, or the known row it leads to.

`after` is sealed exactly as known keeps it, so that an arrived row moves over without being sealed again. The rest is
written short, because a first load writes it for everybody: a user's changes mostly differ only in their part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from msgspec.structs import replace

from rostersync.model import Action, Change, Delivery, Held, Kind, User
from rostersync.store.engine import Database
from rostersync.store.known import Move
from rostersync.store.packing import LIFE, Digest, Packing, key_place_of, life_of, life_row, pack, place_of, unpack
from rostersync.store.tables import known, outbox, person

Row = Any
"""A row of one of the queries below, taken apart by place."""

COLUMNS: Final = (
    *("target", "phase", "object_kind", "id", "person_no", "run", "sent", "after", "target_key"),
    *LIFE,
    "sealed",
)
"""The places of the tuples that `Parcels.rows` makes."""

_WITH_PERSON: Final = outbox.outerjoin(person, outbox.c.person_no == person.c.no)
_WITH_KNOWN: Final = _WITH_PERSON.outerjoin(
    known,
    sa.and_(known.c.target == outbox.c.target, known.c.object_kind == outbox.c.object_kind, known.c.id == outbox.c.id),
)
_PLACE: Final = (outbox.c.phase, outbox.c.object_kind, outbox.c.id)
_LIFE: Final = tuple(outbox.c[name] for name in LIFE)

ARRIVED: Final = sa.select(
    *_PLACE, outbox.c.person_no, person.c.data_key, outbox.c.after, outbox.c.target_key, *_LIFE
).select_from(_WITH_PERSON)
"""The rows that `Parcels.move` reads."""

LEAVING: Final = sa.select(
    *(*_PLACE, person.c.data_key, outbox.c.after, outbox.c.sealed),
    # An LMS that gives its own keys may have told this one's in an earlier phase of this very run.
    *(sa.func.coalesce(outbox.c.target_key, known.c.target_key), *_LIFE),
).select_from(_WITH_KNOWN)
"""The rows that `Parcels.delivery` reads."""

FAILED: Final = sa.select(*_PLACE, outbox.c.run, person.c.data_key, outbox.c.sealed).select_from(_WITH_PERSON)
"""The rows that `Parcels.steps` reads."""


class _Alike(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Consecutive changes of one object that differ only in (part, old, new)."""

    kind: Kind
    action: Action
    reason: str
    scopes: tuple[str, ...]
    counted: bool
    revocation: bool
    needs: tuple[tuple[str, str, str], ...]
    parts: list[tuple[str, str, str]]


_alike: Final = attrgetter("kind", "action", "reason", "scopes", "counted", "revocation", "needs")
_taken_apart: Final = attrgetter(*_Alike.__struct_fields__)
_differing: Final = attrgetter("part", "old", "new")
_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(tuple[Held | None, list[_Alike]])


class Parcels:
    """Packs and unpacks the outbox rows of one target."""

    def __init__(self, database: Database, target: str) -> None:
        self._packing = Packing(database)
        self._target = target

    def rows(self, run: str, deliveries: Sequence[Delivery]) -> Iterator[tuple[Any, ...]]:
        """One row for each delivery, not sent yet.

        Raises:
            StateBroken: a user's person is not in the state.
        """
        packing, target = self._packing, self._target
        keys = packing.person_keys(one.after or one.before for one in deliveries)
        for one in deliveries:
            kind, id_, value = one.object_kind, one.id, one.after or one.before
            no, key = keys[value.person] if isinstance(value, User) else (None, None)
            after = None if one.after is None else packing.seal(key, pack(one.after), place_of(target, kind, id_))
            target_key = packing.seal_text(key, one.target_key, key_place_of(target, kind, id_))
            short = [(*alike, list(map(_differing, these))) for alike, these in groupby(one.changes, _alike)]
            rest = packing.seal(key, _encoder.encode((one.before, short)), _rest_place(target, one.phase, kind, id_))
            yield (target, one.phase, kind, id_, no, run, False, after, target_key, *life_row(one.life), rest)

    def delivery(self, row: Row) -> Delivery:
        """The delivery behind a row of `LEAVING`."""
        phase, kind, id_, wrapped, sealed_after, sealed, sealed_key = row[:7]
        key = self._packing.unwrapped(wrapped)
        after = self._after(key, sealed_after, kind, id_)
        before, changes = self._rest(key, sealed, phase, kind, id_)
        target_key = self._packing.open_text(key, sealed_key, key_place_of(self._target, kind, id_))
        return Delivery(kind, id_, phase, before, after, life_of(row[7:]), changes, target_key)

    def move(self, row: Row, told_key: str, digest: Digest, value: Held | None = None) -> Move:
        """What a row of `ARRIVED` makes of known. `told_key` is the LMS's own key where it told one.

        Its `value` is not opened again where it is still at hand.
        """
        _, kind, id_, no, wrapped, sealed, target_key = row[:7]
        if sealed is None:
            return Move(kind, id_, None, None, "", b"", None, row[7:])
        key = self._packing.unwrapped(wrapped) if told_key or value is None else None
        if told_key:
            target_key = self._packing.seal_text(key, told_key, key_place_of(self._target, kind, id_))
        if value is None:
            value = unpack(self._packing.open(key, sealed, place_of(self._target, kind, id_)))
        return Move(kind, id_, no, value, digest(value), sealed, target_key, row[7:])

    def doubtful(self, row: Row, move: Move, before: Held | None) -> Move:
        """The same move when nobody knows whether it arrived, from what was known `before`."""
        value = either(before, move.value)
        if value is None or value == move.value:
            return move
        key, place = self._packing.unwrapped(row[4]), place_of(self._target, move.object_kind, move.id)
        return move._replace(value=value, sealed=self._packing.seal(key, pack(value), place))

    def steps(self, row: Row) -> list[tuple[Kind, Action]]:
        """The kinds of step in a row of `FAILED`, each once, in order."""
        phase, kind, id_, _, wrapped, sealed = row
        _, changes = self._rest(self._packing.unwrapped(wrapped), sealed, phase, kind, id_)
        return list(dict.fromkeys((change.kind, change.action) for change in changes))

    def _after(self, key: bytes | None, sealed: bytes | None, kind: str, id_: str) -> Held | None:
        return None if sealed is None else unpack(self._packing.open(key, sealed, place_of(self._target, kind, id_)))

    def _rest(
        self, key: bytes | None, sealed: bytes, phase: int, kind: str, id_: str
    ) -> tuple[Held | None, tuple[Change, ...]]:
        before, short = _decoder.decode(self._packing.open(key, sealed, _rest_place(self._target, phase, kind, id_)))
        changes: list[Change] = []
        for kind_, action, reason, scopes, counted, revocation, needs, parts in map(_taken_apart, short):
            changes += [
                Change(kind_, action, id_, reason, part, scopes, counted, revocation, needs, old, new)
                for part, old, new in parts
            ]
        return before, tuple(changes)


def uncertain(_: Held) -> str:
    """The digest of what may or may not have arrived."""
    return ""


def either(before: Held | None, after: Held | None) -> Held | None:
    """What an LMS may hold when nobody knows whether `after` arrived: an active user may still have every tie she had.

    Were they forgotten, nothing would ever take them away: not even a link that was to end at once.
    """
    if not isinstance(before, User) or not isinstance(after, User) or not after.enabled:
        return after
    ties = {tie.group: tie for tie in (*before.memberships, *after.memberships)}
    guardians = sorted({*before.guardians, *after.guardians})
    return replace(after, memberships=tuple(sorted(ties.values())), guardians=tuple(guardians))


def _rest_place(target: str, phase: int, kind: str, id_: str) -> str:
    return f"outbox/{target}/{phase}/{kind}/{id_}"
