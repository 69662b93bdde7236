"""Which plans a human may release, which she has released, and how much has flowed lately without her."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final

import msgspec
import sqlalchemy as sa

from rostersync.errors import Usage
from rostersync.model import Action, Kind
from rostersync.store.engine import Database, moment
from rostersync.store.tables import approval, plan, tally

SHORTEST: Final = 8
"""The fewest digits by which a digest may be named."""

REMEMBERED: Final = timedelta(days=31)
"""How long tallies are kept; the guard looks back over a few days."""


class PlanRow(msgspec.Struct, frozen=True):
    """Something a person may approve: a whole plan, one held entry, or a removal. `text` says what, naming nobody."""

    digest: str
    sync: str
    purpose: str
    run: str
    at: str
    text: str


class Approvals:
    """The plans, approvals and tallies of all syncs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- plans ------------------------------------------------------------------------------------------------------

    def remember_plan(self, digest: str, sync: str, purpose: str, run: str, at: datetime, text: str) -> None:
        """Remember what a digest stands for; the newest run that found it counts."""
        row = (digest, sync, purpose, run, moment(at), text)
        with self._database.begin():
            self._database.conn.execute(sa.delete(plan).where(plan.c.digest == digest))
            self._database.insert_many(plan, PlanRow.__struct_fields__, [row])

    def find_plan(self, prefix: str) -> PlanRow:
        """What a digest, or its first 8 digits or more, stands for.

        Raises:
            Usage: too short, unknown, or several begin so.
        """
        if len(prefix) < SHORTEST:
            raise Usage([f"give at least {SHORTEST} digits of the digest; `rostersync plan SYNC` prints it"])
        columns = (plan.c[name] for name in PlanRow.__struct_fields__)
        query = sa.select(*columns).where(plan.c.digest.startswith(prefix, autoescape=True)).limit(2)
        found = self._database.conn.execute(query).all()
        if not found:
            raise Usage(["no plan and no held entry has that digest; `rostersync plan SYNC` prints those of today"])
        if len(found) > 1:
            raise Usage(["several digests begin so; give more digits"])
        return PlanRow(*found[0])

    # -- approvals --------------------------------------------------------------------------------------------------

    def approve(self, digest: str, sync: str, reason: str, who: str, at: datetime, expires: datetime) -> None:
        """Release what the whole digest stands for, until `expires`. An earlier approval is replaced."""
        columns = ("digest", "sync", "reason", "who", "at", "expires")
        with self._database.begin():
            self._database.conn.execute(sa.delete(approval).where(approval.c.digest == digest))
            self._database.insert_many(approval, columns, [(digest, sync, reason, who, moment(at), moment(expires))])

    def approvals(self, sync: str, now: datetime) -> set[str]:
        """The digests that are released for a sync now."""
        query = sa.select(approval.c.digest).where(approval.c.sync == sync, approval.c.expires > moment(now))
        return set(self._database.conn.execute(query).scalars())

    # -- tallies ----------------------------------------------------------------------------------------------------

    def tally_add(self, target: str, on: date, counts: Mapping[tuple[str, str, str], int]) -> None:
        """Add one day's cleared changes, by (kind, action, scope)."""
        columns = ("target", "on", "kind", "action", "scope", "count")
        rows = [(target, on.isoformat(), *entry, count) for entry, count in counts.items()]
        with self._database.begin():
            self._forget_tallies(target, on - REMEMBERED)
            added = '"count" = tally."count" + excluded."count"'
            self._database.upsert_many(tally, columns, rows, columns[:5], added)

    def tally(self, target: str, since: date) -> dict[tuple[Kind, Action, str], int]:
        """What was cleared since a day (inclusive), by (kind, action, scope)."""
        entry = (tally.c.kind, tally.c.action, tally.c.scope)
        query = sa.select(*entry, sa.func.sum(tally.c["count"])).where(
            tally.c.target == target, tally.c.on >= since.isoformat()
        )
        rows = self._database.conn.execute(query.group_by(*entry)).all()
        return {(kind, action, scope): int(count) for kind, action, scope, count in rows}

    def _forget_tallies(self, target: str, before: date) -> None:
        old = sa.and_(tally.c.target == target, tally.c.on < before.isoformat())
        self._database.conn.execute(sa.delete(tally).where(old))
