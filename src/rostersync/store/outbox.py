"""What is on its way to the targets, and how known moves when it has arrived.

A row lives from the plan to its outcome; known moves in the transaction in which the row disappears, so a kill at any
moment leaves either both or neither. What was handed out when a run was killed may or may not have arrived: `recover`
writes it into known as uncertain, and the next plan sends it again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from rostersync.model import Change, Delivery, Held, Outcome, User
from rostersync.store.engine import BATCH, Database, batches
from rostersync.store.known import Knowledge, Move
from rostersync.store.packing import KINDS, LIFE, PAGE, Packing, key_place_of, life_of, life_row, pack, place_of, unpack
from rostersync.store.places import Places
from rostersync.store.roster import roster
from rostersync.store.tables import known, outbox, outcome, person

Digest = Callable[[Held], str]
"""The keyed digest of a value, 32 hexadecimal digits."""

WAITS: Final = "waits for an earlier change of the same user"
"""Why a delivery was not tried: an earlier one of the same object failed."""

_COLUMNS: Final = (
    *("target", "phase", "object_kind", "id", "person_no", "run", "sent", "after", "target_key"),
    *LIFE,
    "sealed",
)
_PLACE: Final = (outbox.c.phase, outbox.c.object_kind, outbox.c.id)
_WITH_PERSON: Final = outbox.outerjoin(person, outbox.c.person_no == person.c.no)
_WITH_KNOWN: Final = _WITH_PERSON.outerjoin(
    known,
    sa.and_(known.c.target == outbox.c.target, known.c.object_kind == outbox.c.object_kind, known.c.id == outbox.c.id),
)
_AFTER: Final = (
    *_PLACE,
    *(outbox.c.person_no, person.c.data_key, outbox.c.after, outbox.c.target_key),
    *(outbox.c[name] for name in LIFE),
)
_LIFE_AT: Final = slice(7, 7 + len(LIFE))
_REST: Final = sa.select(*_PLACE, outbox.c.run, person.c.data_key, outbox.c.sealed).select_from(_WITH_PERSON)
_SETTLED: Final = sa.select(*_AFTER).select_from(_WITH_PERSON)
_HANDED_OUT: Final = sa.select(*_AFTER, outbox.c.sealed, known.c.target_key.label("known_key")).select_from(_WITH_KNOWN)
_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(tuple[Held | None, tuple[Change, ...]])


class Outbox:
    """The deliveries under way to all targets."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._packing = Packing(database)
        self._knowledge = Knowledge(database)
        self._failed: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self._waiting: defaultdict[str, list[Outcome]] = defaultdict(list)

    # -- before delivery --------------------------------------------------------------------------------------------

    def put(self, target: str, run: str, deliveries: Iterable[Delivery]) -> None:
        """Make ready for delivery, in one transaction. One object may have several deliveries, in different phases.

        Raises:
            StateBroken: a user's person is not in the state.
        """
        with self._database.begin():
            for batch in batches(deliveries, BATCH):
                self._database.insert_many(outbox, _COLUMNS, self._rows(target, run, batch))

    def recover(self, target: str) -> int:
        """Clear what a killed run left, and give the number of deliveries of which nobody knows whether they arrived.

        Those move known to what they would have made, marked uncertain; a removal leaves its row, marked uncertain.
        Deliveries that were never handed out are dropped: the next plan makes them again.
        """
        recovered = 0
        with self._database.begin():
            places = Places(self._database, target)
            for rows in self._pages(target, _SETTLED.where(outbox.c.sent)):
                recovered += len(rows)
                self._move(target, rows, {}, _uncertain, places)
            self._clear(target)
        return recovered

    # -- during delivery --------------------------------------------------------------------------------------------

    def pending(self, target: str) -> Iterator[Delivery]:
        """What is to be delivered, by phase, kind and id, leaving out what waits for a failed change (see `tell`)."""
        self._failed.pop(target, None)
        self._waiting.pop(target, None)
        for rows in self._pages(target, _HANDED_OUT):
            for row in rows:
                if row.id in self._failed[target]:
                    self._waiting[target].append(Outcome(row.id, row.phase, delivered=False, reason=WAITS))
                else:
                    yield self._delivery(target, row)

    def tell(self, target: str, told: Outcome) -> None:
        """Tell at once what became of a delivery, so that `pending` holds back what builds on a failed one."""
        if not told.delivered:
            failed = self._failed[target]
            failed[told.id] = min(told.phase, failed.get(told.id, told.phase))

    def waiting(self, target: str) -> list[Outcome]:
        """The outcomes of what `pending` held back since last asked; they go to `done` like all others."""
        return self._waiting.pop(target, [])

    def mark_sent(self, target: str, handed_out: Iterable[tuple[int, str]]) -> None:
        """Note durably, before it happens, that these (phase, id) are handed to the target."""
        with self._database.begin():
            for phase, pairs in groupby(sorted(handed_out), key=lambda pair: pair[0]):
                for ids in batches((id_ for _, id_ in pairs), BATCH):
                    self._database.conn.execute(sa.update(outbox).where(_these(target, phase, ids)).values(sent=True))

    # -- after delivery ---------------------------------------------------------------------------------------------

    def done(self, target: str, outcomes: Sequence[Outcome], digest: Digest) -> None:
        """Move known with these outcomes and drop their rows, in one transaction.

        What failed leaves known as it was, and its reason stays with the run (`Runs.outcomes`). What was delivered
        although an earlier change of the same object had failed becomes known as uncertain, and is sent again.
        """
        for one in outcomes:
            self.tell(target, one)
        with self._database.begin():
            places = Places(self._database, target)
            for phase, group in groupby(sorted(outcomes, key=attrgetter("phase")), key=attrgetter("phase")):
                for batch in batches(group, BATCH):
                    self._settle(target, phase, {one.id: one for one in batch}, digest, places)

    def settle_all(self, target: str, digest: Digest) -> int:
        """Move known with everything in the outbox, in one transaction: a whole set was delivered. Gives the number."""
        settled = 0
        with self._database.begin():
            places = Places(self._database, target)
            for rows in self._pages(target, _SETTLED):
                settled += len(rows)
                self._move(target, rows, {}, digest, places)
            self._clear(target)
        return settled

    def roster(self, target: str) -> Iterator[Held]:
        """Everything the target should hold once all is delivered: organisations, groups, users, each in id order."""
        return roster(self._database, target)

    # -- rows -------------------------------------------------------------------------------------------------------

    def _settle(self, target: str, phase: int, told: dict[str, Outcome], digest: Digest, places: Places) -> None:
        these = _these(target, phase, list(told))
        rows = self._database.conn.execute(_SETTLED.where(these)).all()
        arrived = [row for row in rows if told[row.id].delivered]
        in_doubt = {row.id for row in arrived if self._failed[target].get(row.id, phase) < phase}
        self._move(target, [row for row in arrived if row.id not in in_doubt], told, digest, places)
        self._move(target, [row for row in arrived if row.id in in_doubt], told, _uncertain, places)
        self._keep_reasons(target, these, told)
        self._database.conn.execute(sa.delete(outbox).where(these))

    def _move(self, target: str, rows: Sequence[Any], told: dict[str, Outcome], digest: Digest, places: Places) -> None:
        moves = []
        for row in rows:
            if row.after is None and digest is _uncertain:
                self._knowledge.doubt(target, row.object_kind, row.id)  # the LMS may have removed it, or not
            else:
                moves.append(self._moved(target, row, told.get(row.id), digest))
        self._knowledge.move(target, moves, places)

    def _moved(self, target: str, row: Any, told: Outcome | None, digest: Digest) -> Move:
        place = (target, row.object_kind, row.id)
        key, target_key, life = self._packing.unwrapped(row.data_key), row.target_key, row[_LIFE_AT]
        if told is not None and told.target_key:
            target_key = self._packing.seal_text(key, told.target_key, key_place_of(*place))
        if row.after is None:
            return Move(row.object_kind, row.id, None, None, "", b"", None, life)
        value = unpack(self._packing.open(key, row.after, place_of(*place)))
        return Move(row.object_kind, row.id, row.person_no, value, digest(value), row.after, target_key, life)

    def _keep_reasons(self, target: str, these: sa.ColumnElement[bool], told: dict[str, Outcome]) -> None:
        failed = [one.id for one in told.values() if not one.delivered]
        query = _REST.where(these, outbox.c.id.in_(failed))
        rows = []
        for row in self._database.conn.execute(query) if failed else ():
            _, changes = self._rest(target, row, self._packing.unwrapped(row.data_key))
            steps = dict.fromkeys((change.kind, change.action) for change in changes)
            rows += [(row.run, target, row.id, *step, "failed", told[row.id].reason) for step in steps]
        self._database.insert_many(outcome, ("run", "target", "id", "kind", "action", "result", "reason"), rows)

    def _rows(self, target: str, run: str, deliveries: Sequence[Delivery]) -> Iterator[tuple[Any, ...]]:
        keys = self._packing.person_keys(one.after or one.before for one in deliveries)
        for one in deliveries:
            value = one.after or one.before
            no, key = keys[value.person] if isinstance(value, User) else (None, None)
            place = (target, one.object_kind, one.id)
            after = None if one.after is None else self._packing.seal(key, pack(one.after), place_of(*place))
            target_key = self._packing.seal_text(key, one.target_key, key_place_of(*place))
            rest = self._packing.seal(key, _encoder.encode((one.before, one.changes)), _rest_place(target, one))
            yield (target, one.phase, *place[1:], no, run, False, after, target_key, *life_row(one.life), rest)

    def _delivery(self, target: str, row: Any) -> Delivery:
        place = (target, row.object_kind, row.id)
        key = self._packing.unwrapped(row.data_key)
        after = None if row.after is None else unpack(self._packing.open(key, row.after, place_of(*place)))
        before, changes = self._rest(target, row, key)
        # An LMS that gives its own keys may have told this one's in an earlier phase of this very run.
        target_key = self._packing.open_text(key, row.target_key or row.known_key, key_place_of(*place))
        return Delivery(row.object_kind, row.id, row.phase, before, after, life_of(row[_LIFE_AT]), changes, target_key)

    def _rest(self, target: str, row: Any, key: bytes | None) -> tuple[Held | None, tuple[Change, ...]]:
        return _decoder.decode(self._packing.open(key, row.sealed, _rest_place(target, row)))

    def _pages(self, target: str, query: sa.Select[Any]) -> Iterator[Sequence[Any]]:
        query = query.where(outbox.c.target == target).order_by(*_PLACE).limit(PAGE)
        last = (-1, "", "")
        while rows := self._database.conn.execute(query.where(sa.tuple_(*_PLACE) > last)).all():
            yield rows
            last = rows[-1][:3]

    def _clear(self, target: str) -> None:
        self._database.conn.execute(sa.delete(outbox).where(outbox.c.target == target))


def _uncertain(_: Held) -> str:
    """The digest of what may or may not have arrived."""
    return ""


def _these(target: str, phase: int, ids: Sequence[str]) -> sa.ColumnElement[bool]:
    # The kinds are named so that the primary key serves the look-up.
    return sa.and_(
        outbox.c.target == target, outbox.c.phase == phase, outbox.c.object_kind.in_(KINDS), outbox.c.id.in_(ids)
    )


def _rest_place(target: str, of: Any) -> str:
    return f"outbox/{target}/{of.phase}/{of.object_kind}/{of.id}"
