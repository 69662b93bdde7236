"""What is on its way to the targets, and how known moves when it has arrived.

A row lives from the plan to its outcome; known moves in the transaction in which the row disappears, so a kill at any
moment leaves either both or neither. What was handed out when a run was killed may or may not have arrived: `recover`
writes it into known as uncertain, and the next plan sends it again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from rostersync.model import Delivery, Held, Outcome, Placed
from rostersync.store.engine import BATCH, Database, batches
from rostersync.store.known import Knowledge
from rostersync.store.packing import KINDS, PAGE, Digest
from rostersync.store.parcels import ARRIVED, COLUMNS, FAILED, LEAVING, Parcels, uncertain
from rostersync.store.places import Places
from rostersync.store.roster import roster
from rostersync.store.tables import outbox, outcome

WAITS: Final = "waits for an earlier change of the same user"
"""Why a delivery was not tried: an earlier one of the same object failed."""

_ORDER: Final = (outbox.c.phase, outbox.c.object_kind, outbox.c.id)


class _Moving(NamedTuple):
    """How known moves: by which digest, what counts where, and the values at hand, by phase and id."""

    digest: Digest
    places: Places
    values: Mapping[tuple[int, str], Held | None] = MappingProxyType({})


class Outbox:
    """The deliveries under way to all targets."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._knowledge = Knowledge(database)
        self._failed: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self._waiting: defaultdict[str, list[Outcome]] = defaultdict(list)
        self._places: dict[str, Places] = {}

    # -- before delivery --------------------------------------------------------------------------------------------

    def put(self, target: str, run: str, deliveries: Iterable[Delivery]) -> None:
        """Make ready for delivery, in one transaction. One object may have several deliveries, in different phases.

        Raises:
            StateBroken: a user's person is not in the state.
        """
        parcels = Parcels(self._database, target)
        with self._database.begin():
            for batch in batches(deliveries, BATCH):
                self._database.insert_many(outbox, COLUMNS, parcels.rows(run, batch))

    def recover(self, target: str) -> int:
        """Clear what a killed run left, and give the number of deliveries of which nobody knows whether they arrived.

        Those move known to what they would have made, marked uncertain; a removal leaves its row, marked uncertain.
        Deliveries that were never handed out are dropped: the next plan makes them again.
        """
        return self._move_all(target, ARRIVED.where(outbox.c.sent), uncertain)

    # -- during delivery --------------------------------------------------------------------------------------------

    def phases(self, target: str) -> list[int]:
        """The phases in which something is to be delivered, in order. A new round of handing out begins."""
        self._failed.pop(target, None)
        self._waiting.pop(target, None)
        self._places[target] = Places(self._database, target)
        query = sa.select(outbox.c.phase).where(outbox.c.target == target).distinct().order_by(outbox.c.phase)
        return list(self._database.conn.execute(query).scalars())

    def count(self, target: str) -> int:
        """How much is to be delivered."""
        query = sa.select(sa.func.count()).select_from(outbox).where(outbox.c.target == target)
        return int(self._database.conn.execute(query).scalar_one())

    def pending(self, target: str, phase: int | None = None) -> Iterator[Delivery]:
        """What is to be delivered, by phase, kind and id, leaving out what waits for a failed change (see `tell`).

        A phase that is asked for by itself carries the keys that the LMS told in those before.
        """
        query = LEAVING
        if phase is None:
            self.phases(target)
        else:
            query = query.where(outbox.c.phase == phase)
        parcels = Parcels(self._database, target)
        for rows in self._pages(target, query):
            for row in rows:
                if row.id in self._failed[target]:
                    self._waiting[target].append(Outcome(row.id, row.phase, delivered=False, reason=WAITS))
                else:
                    yield parcels.delivery(row)

    def tell(self, target: str, told: Outcome) -> None:
        """Tell at once what became of a delivery, so that `pending` holds back what builds on a failed one."""
        if not told.delivered:
            failed = self._failed[target]
            failed[told.id] = min(told.phase, failed.get(told.id, told.phase))

    def waiting(self, target: str) -> list[Outcome]:
        """The outcomes of what `pending` held back since last asked; they go to `done` like all others."""
        return self._waiting.pop(target, [])

    def mark_sent(self, target: str, handed_out: Iterable[Delivery] | None = None, *, sent: bool = True) -> None:
        """Note durably, before it happens, that these are handed to the target; None = everything.

        With `sent` false: that they were not, after all.
        """
        everything = sa.update(outbox).where(outbox.c.target == target).values(sent=sent)
        with self._database.begin():
            if handed_out is None:
                self._database.conn.execute(everything)
            else:
                rows = ((sent, target, one.phase, one.object_kind, one.id) for one in handed_out)
                self._database.update_many(outbox, ("sent",), ("target", "phase", "object_kind", "id"), rows)

    # -- after delivery ---------------------------------------------------------------------------------------------

    def done(self, target: str, outcomes: Sequence[Outcome], digest: Digest, handed: Iterable[Delivery] = ()) -> None:
        """Move known with these outcomes and drop their rows, in one transaction.

        What is still at hand of what was `handed` over is not opened a second time.

        What failed leaves known as it was, and its reason stays with the run (`Runs.outcomes`). What was delivered
        although an earlier change of the same object had failed becomes known as uncertain, and is sent again; so does
        that of which nobody knows whether it arrived.
        """
        for told in outcomes:
            self.tell(target, told)
        phase_of = attrgetter("phase")
        values = {(one.phase, one.id): one.after for one in handed}
        with self._database.begin():
            known = _Moving(digest, self._places.get(target) or Places(self._database, target), values)
            for phase, of_phase in groupby(sorted(outcomes, key=phase_of), phase_of):
                for batch in batches(of_phase, BATCH):
                    self._settle(target, phase, {told.id: told for told in batch}, known)

    def settle_all(self, target: str, digest: Digest) -> int:
        """Move known with everything in the outbox, in one transaction: a whole set was delivered. Gives the number."""
        return self._move_all(target, ARRIVED, digest)

    def roster(self, target: str) -> Iterator[Placed]:
        """Everything the target should hold once all is delivered: organisations, groups, users, each in id order."""
        return roster(self._database, target)

    # -- rows -------------------------------------------------------------------------------------------------------

    def _move_all(self, target: str, query: sa.Select[Any], digest: Digest) -> int:
        moved = 0
        with self._database.begin():
            known = _Moving(digest, Places(self._database, target))
            for rows in self._pages(target, query):
                self._move(target, rows, {}, known)
                moved += len(rows)
            self._database.conn.execute(sa.delete(outbox).where(outbox.c.target == target))
        return moved

    def _settle(self, target: str, phase: int, told: dict[str, Outcome], known: _Moving) -> None:
        these = sa.and_(
            outbox.c.target == target,
            outbox.c.phase == phase,
            outbox.c.object_kind.in_(KINDS),
            outbox.c.id.in_(list(told)),
        )
        rows = self._database.conn.execute(ARRIVED.where(these)).all()
        arrived = [row for row in rows if told[row.id].delivered or told[row.id].trouble == "unknown"]
        doubtful = {row.id for row in arrived if self._is_doubtful(target, told[row.id])}
        self._move(target, [row for row in arrived if row.id not in doubtful], told, known)
        self._move(target, [row for row in arrived if row.id in doubtful], told, known._replace(digest=uncertain))
        self._keep_reasons(target, these, told)
        self._database.conn.execute(sa.delete(outbox).where(these))

    def _is_doubtful(self, target: str, told: Outcome) -> bool:
        return not told.delivered or self._failed[target].get(told.id, told.phase) < told.phase

    def _move(self, target: str, rows: Sequence[sa.Row[Any]], told: dict[str, Outcome], known: _Moving) -> None:
        parcels = Parcels(self._database, target)
        moves = []
        for row in rows:
            arrived = told.get(row.id)
            at_hand = known.values.get((row.phase, row.id))
            move = parcels.move(row, arrived.target_key if arrived else "", known.digest, at_hand)
            if move.value is None and known.digest is uncertain:
                self._knowledge.doubt(target, move.object_kind, move.id)  # the LMS may have removed it, or not
            elif known.digest is uncertain:
                before = self._knowledge.get(target, move.id)
                moves.append(parcels.doubtful(row, move, before.value if before else None))
            else:
                moves.append(move)
        self._knowledge.move(target, moves, known.places)

    def _keep_reasons(self, target: str, these: sa.ColumnElement[bool], told: dict[str, Outcome]) -> None:
        failed = [one.id for one in told.values() if not one.delivered]
        if not failed:
            return
        parcels = Parcels(self._database, target)
        rows = [
            (row.run, target, row.id, *step, "failed", told[row.id].reason)
            for row in self._database.conn.execute(FAILED.where(these, outbox.c.id.in_(failed))).all()
            for step in parcels.steps(row)
        ]
        self._database.insert_many(outcome, ("run", "target", "id", "kind", "action", "result", "reason"), rows)

    def _pages(self, target: str, query: sa.Select[Any]) -> Iterator[Sequence[sa.Row[Any]]]:
        query = query.where(outbox.c.target == target).order_by(*_ORDER).limit(PAGE)
        last = (-1, "", "")
        while rows := self._database.conn.execute(query.where(sa.tuple_(*_ORDER) > last)).all():
            yield rows
            last = rows[-1][:3]
