"""What the state knows of each source: its last accepted snapshot, those that were refused, and who released one."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

import msgspec
import sqlalchemy as sa

from rostersync.errors import UserMistake
from rostersync.store.engine import Database
from rostersync.store.tables import snapshot_refused, snapshot_release, source

MOST_KEY_SPACES: Final = 50
"""A source has one or two: more would mean that what stands before the slash is no name of a system."""

SHORTEST_PREFIX: Final = 8
"""Digits of a digest that a person has to type."""


class Counts(msgspec.Struct, frozen=True):
    """How much one source has present, and how many distinct persons and groups it names without describing them.

    `ties` are memberships of single persons.
    """

    persons: int = 0
    groups: int = 0
    ties: int = 0
    dangling_persons: int = 0
    dangling_groups: int = 0


class SourceState(msgspec.Struct, frozen=True):
    """A source's last accepted snapshot; everything is empty before the first one.

    `versions` is what besides the bytes decided its claims, `taken_at` the snapshot's own date, `cursor` where its
    connector goes on from.
    """

    name: str
    accepted_digest: str = ""
    versions: str = ""
    taken_at: datetime | None = None
    accepted_at: datetime | None = None
    run: str = ""
    proof: str = ""
    counts: Counts = Counts()
    cursor: str = ""
    retired: bool = False


class Refused(msgspec.Struct, frozen=True):
    """A snapshot that was not accepted, and why; see `errors.SnapshotRefused`."""

    source: str
    digest: str
    code: str
    text: str
    releasable: bool
    at: datetime


class Sources:
    """The sources by name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def names(self) -> list[str]:
        """Every source that was ever read, in name order."""
        return list(self.numbers())

    def state(self, name: str) -> SourceState:
        """The state of one source; an empty one when it was never accepted."""
        row = self._database.conn.execute(sa.select(source).where(source.c.name == name)).one_or_none()
        if row is None:
            return SourceState(name)
        return SourceState(
            name=name,
            accepted_digest=row.accepted_digest,
            versions=row.versions,
            taken_at=_moment(row.taken_at),
            accepted_at=_moment(row.accepted_at),
            run=row.accepted_run or "",
            proof=row.proof,
            counts=msgspec.json.decode(row.counts, type=Counts) if row.counts else Counts(),
            cursor=row.cursor,
            retired=row.retired_at is not None,
        )

    def number(self, name: str) -> int:
        """The row number of a source, which gets its row now if it has none."""
        numbers = self.numbers()
        if name not in numbers:
            row = sa.insert(source).values(name=name, accepted_digest="", versions="", proof="", counts="", cursor="")
            with self._database.begin():
                self._database.conn.execute(row)
            numbers = self.numbers()
        return numbers[name]

    def numbers(self) -> dict[str, int]:
        """Name -> row number, in name order."""
        rows = self._database.conn.execute(sa.select(source.c.name, source.c.no).order_by(source.c.name))
        return {row.name: row.no for row in rows}

    # -- gate 1 -----------------------------------------------------------------------------------------------------

    def refused(self, name: str, digest: str, code: str, text: str, releasable: bool, at: datetime) -> None:
        """Remember that a snapshot was refused. The same one refused again counts as the newest.

        `digest` is empty for what could not even be told apart; nobody can release that.
        """
        with self._database.begin():
            no = self.number(name)
            mine = sa.and_(snapshot_refused.c.source_no == no, snapshot_refused.c.digest == digest)
            self._database.conn.execute(sa.delete(snapshot_refused).where(mine))
            row = {"source_no": no, "digest": digest, "code": code, "text": text, "releasable": releasable}
            self._database.conn.execute(sa.insert(snapshot_refused).values(**row, at=at.isoformat()))

    def refusals(self, name: str) -> list[Refused]:
        """The snapshots refused since the last accepted one, newest first."""
        query = (
            sa.select(snapshot_refused)
            .join(source, source.c.no == snapshot_refused.c.source_no)
            .where(source.c.name == name)
            .order_by(snapshot_refused.c.at.desc(), snapshot_refused.c.digest)
        )
        return [
            Refused(name, one.digest, one.code, one.text, one.releasable, datetime.fromisoformat(one.at))
            for one in self._database.conn.execute(query)
        ]

    def releases(self, name: str) -> frozenset[str]:
        """The digests of refused snapshots that a person has released."""
        query = sa.select(snapshot_release.c.digest).join(source, source.c.no == snapshot_release.c.source_no)
        return frozenset(self._database.conn.execute(query.where(source.c.name == name)).scalars())

    def release(self, name: str, digest: str, reason: str, who: str, at: datetime) -> str:
        """Let a refused snapshot through the next time it is read. `digest` may be a prefix of 8 or more.

        Returns the whole digest.

        Raises:
            UserMistake: no such snapshot was refused, several begin so, or it can never be released.
        """
        chosen = self._one_refusal(name, digest)
        if not chosen.releasable:
            never = f"that snapshot of {name} can never be released ({chosen.code}: {chosen.text})"
            raise UserMistake([f"{never}; nobody may depart for what may only be a missing line: export it again"])
        with self._database.begin():
            row = (self.number(name), chosen.digest, reason, who, at.isoformat())
            self._database.insert_many(
                snapshot_release, ("source_no", "digest", "reason", "who", "at"), [row], ignore=True
            )
        return chosen.digest

    def _one_refusal(self, name: str, digest: str) -> Refused:
        refusals = self.refusals(name)
        found = [one for one in refusals if one.digest.startswith(digest)]
        if len(digest) < SHORTEST_PREFIX:
            raise UserMistake([f"give at least {SHORTEST_PREFIX} digits of the digest"])
        if len(found) > 1:
            raise UserMistake([f"{len(found)} refused snapshots of {name} begin with {digest}: give more digits"])
        if not found:
            there = ", ".join(one.digest[:12] for one in refusals if one.digest) or "none"
            raise UserMistake([f"no refused snapshot of {name} begins with {digest}; refused are: {there}"])
        return found[0]

    # -- accepting and retiring ---------------------------------------------------------------------------------------

    def accepted(self, accepted: SourceState) -> None:
        """Remember an accepted snapshot. What was refused or released before it is moot."""
        no = self.number(accepted.name)
        execute = self._database.conn.execute
        execute(
            sa.update(source)
            .where(source.c.no == no)
            .values(
                accepted_digest=accepted.accepted_digest,
                versions=accepted.versions,
                taken_at=accepted.taken_at and accepted.taken_at.isoformat(),
                accepted_at=accepted.accepted_at and accepted.accepted_at.isoformat(),
                accepted_run=accepted.run,
                proof=accepted.proof,
                counts=msgspec.json.encode(accepted.counts).decode(),
                cursor=accepted.cursor,
                retired_at=None,
            )
        )
        execute(sa.delete(snapshot_refused).where(snapshot_refused.c.source_no == no))
        execute(sa.delete(snapshot_release).where(snapshot_release.c.source_no == no))

    def go_on_from(self, name: str, cursor: str) -> None:
        """Remember where to go on from after a snapshot that said nothing new."""
        with self._database.begin():
            self._database.conn.execute(sa.update(source).where(source.c.name == name).values(cursor=cursor))

    def retire(self, name: str, at: datetime, targets: Collection[str]) -> int:
        """Take a source out for good: what it claimed is absent from now on, and everyone it knew is dirty.

        Returns how many persons it knew.
        """
        with self._database.begin():
            values = {"source": self.number(name), "at": at.isoformat(), "nothing": b""}
            for statement in _RETIRE:
                self._database.conn.execute(statement, values)
            for target in targets:
                for statement in (_RETIRE_DIRTY, _RETIRE_GROUPS):
                    self._database.conn.execute(statement, {**values, "target": target})
            return int(self._database.conn.execute(_PERSONS_OF, values).scalar_one())

    # -- key spaces -------------------------------------------------------------------------------------------------

    def key_spaces(self, name: str) -> set[str]:
        """What stands before the slash in the source's person keys: a person can then be found by the rest alone."""
        query = sa.select(source.c.no, source.c.key_spaces).where(source.c.name == name)
        row = self._database.conn.execute(query).one_or_none()
        if row is None or row.key_spaces is None:
            return set()
        opened = self._database.keyring.open_global(row.key_spaces, _place(row.no))
        return set(msgspec.json.decode(opened, type=list[str]))

    def remember_key_spaces(self, name: str, spaces: Collection[str]) -> None:
        """Add to the source's key spaces."""
        before = self.key_spaces(name)
        after = sorted({*before, *spaces})[:MOST_KEY_SPACES]
        if set(after) != before:
            no = self.number(name)
            sealed = self._database.keyring.seal_global(msgspec.json.encode(after), _place(no))
            with self._database.begin():
                self._database.conn.execute(sa.update(source).where(source.c.no == no).values(key_spaces=sealed))


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _place(no: int) -> bytes:
    return f"source/{no}/key spaces".encode()


_RETIRE: Final = (
    sa.text("UPDATE claim SET present = FALSE, rejected = FALSE, digest = :nothing WHERE source_no = :source"),
    sa.text("UPDATE tie SET standing = FALSE WHERE source_no = :source"),
    sa.text('UPDATE "group" SET standing = FALSE WHERE source_no = :source'),
    sa.text("UPDATE source SET retired_at = :at, accepted_digest = '', counts = '' WHERE no = :source"),
)

_RETIRE_DIRTY: Final = sa.text("""
    INSERT INTO dirty (target, person_no, since)
    SELECT DISTINCT :target, link.person_no, :at FROM link WHERE link.source_no = :source
    ON CONFLICT DO NOTHING
""")

_RETIRE_GROUPS: Final = sa.text("""
    INSERT INTO dirty_group (target, source_no, key, whole)
    SELECT :target, source_no, key, TRUE FROM "group" WHERE source_no = :source ORDER BY key
    ON CONFLICT (target, source_no, key) DO UPDATE SET whole = TRUE
""")

_PERSONS_OF: Final = sa.text("SELECT count(DISTINCT person_no) FROM link WHERE source_no = :source")
