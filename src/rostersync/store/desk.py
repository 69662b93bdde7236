"""The desk on which one snapshot is sorted: what is shared by those who take in its persons, groups and memberships.

The tables here are temporary, belong to one intake, and hold numbers, digests and sealed keys only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from rostersync.errors import StateBroken
from rostersync.model import ClaimKind
from rostersync.store.engine import BATCH, Database
from rostersync.store.seen import Seen
from rostersync.store.tables import Number, claim

_RECENT_KEYS: Final = 20_000

staging = sa.MetaData()


def _table(name: str, *parts: sa.Column[Any] | sa.Index, **options: Any) -> sa.Table:
    return sa.Table(name, staging, *parts, prefixes=["TEMPORARY"], **options)


def _number(name: str, *, key: bool = False) -> sa.Column[int]:
    return sa.Column(name, Number, primary_key=key, autoincrement=False, nullable=False)


kept = _table("kept", _number("no", key=True), sa.Column("digest", sa.LargeBinary, nullable=False))
"""Claims whose content came again under another fragment digest."""

unmet = _table("unmet", _number("no", key=True))
"""Claims whose fragment is not in this snapshot and whose content did not come again."""

gone = _table("gone", _number("no", key=True))
"""Claims to delete: their key has newer ones."""

vanished = _table("vanished", _number("no", key=True))
"""Claims whose key is not in this snapshot any more."""

unusable = _table("unusable", sa.Column("kind", sa.String(10), primary_key=True), _number("key", key=True))
"""Keys of rejected records."""

arrival = _table(
    "arrival",
    _number("key"),
    sa.Column("check", sa.LargeBinary, nullable=False),
    sa.Column("person_id", sa.String(32), nullable=False),
    sa.Column("data_key", sa.LargeBinary, nullable=False),
    sa.Index("arrival_key", "key", unique=True),
)
"""Person keys that identity has to decide about. `data_key` is empty where the key is linked already."""

formerly = _table(
    "formerly",
    _number("key", key=True),
    _number("old_key", key=True),
    sa.Column("check", sa.LargeBinary, nullable=False),
)
"""The old keys that arrivals state."""

numbered = _table(
    "numbered",
    _number("claim_no", key=True),
    _number("own_key"),
    _number("key"),
    sa.Column("check", sa.LargeBinary, nullable=False),
)
"""National numbers as keys: members and mentors may be referred to by them."""

spoken = _table(
    "spoken", _number("key", key=True), sa.Column("check", sa.LargeBinary, primary_key=True), sqlite_with_rowid=False
)
"""Every key that what was read speaks of."""

touched = _table("touched", _number("key", key=True))
"""Person keys whose card can have changed."""

regroup = _table("regroup", _number("key", key=True))
"""Group keys whose row has to be worked out again."""

touched_group = _table("touched_group", _number("key", key=True))
"""Group keys whose facts changed in a way that can change a person."""

stirred = _table("stirred", _number("key", key=True), sa.Column("whole", sa.Boolean, nullable=False))
"""Group keys whose row was worked out; `whole` = it is or was a school or owner, which stand in what others are."""

hit = _table("hit", _number("person_no", key=True))
"""Persons who have to be looked at again."""

near = _table("near", _number("person_no", key=True))
"""Their neighbours over guardianships."""


CLAIM_COLUMNS: Final = (
    "no", "source_no", "kind", "key", "digest", "content", "sealed", "present", "rejected", "run", "first"
)  # fmt: skip
"""How a claim row is written."""

_SAME_KEY: Final = "SELECT key, content, no, digest FROM claim WHERE source_no = ? AND kind = ? AND key IN (them)"


class Desk:
    """One source's intake in the making.

    `first` is the number of its first new claim, and tells the claims' age. `is_new` is true for a source that the state
    has no claims of. `ties` is how many standing ties there are more than before. `disowned` are claims that another
    mapping made of bytes that this one rejects, each with the digest it gets: those bytes are to be rejected, and counted,
    on the next night too.
    """

    def __init__(self, database: Database, source_no: int, source: str, run: str) -> None:
        self.database = database
        self.source_no = source_no
        self.source = source
        self.run = run
        self.unnoted_surrogate = database.keyring.surrogates(source)
        # A pupil is named by her class and by each of her teaching groups, which stand near each other in the file.
        self.surrogate = lru_cache(maxsize=_RECENT_KEYS)(self._noted_surrogate)
        self._spoken: list[tuple[int, bytes]] = []
        self.content_digest: Callable[[bytes], bytes] = database.keyring.digest("claim content")
        self.first = self._last_claim() + 1
        self.is_new = not self.run_sql(sa.select(claim.c.no).where(claim.c.source_no == source_no).limit(1)).first()
        if self.is_new:
            database.expect_much()
        self.seen = Seen(self._known_digests())
        self._next = self.first
        self._counted = 0
        self.ties = 0
        self.disowned: list[tuple[bytes, int]] = []
        staging.create_all(database.conn, checkfirst=False)

    def next_claim(self) -> int:
        """The number for one more new claim."""
        self._next += 1
        return self._next - 1

    def claim_row(self, no: int, kind: ClaimKind, one: Came, sealed: bytes) -> tuple[Any, ...]:
        """A new claim's row, in the order of `CLAIM_COLUMNS`."""
        present, rejected = True, False
        return (
            no, self.source_no, kind, one.key, one.digest, one.content, sealed, present, rejected, self.run, self.first
        )  # fmt: skip

    def changed(self) -> bool:
        """Whether this snapshot is anything but the last accepted one over again."""
        return any(self.run_sql(sa.select(table).limit(1)).first() for table in (spoken, kept, gone, vanished))

    def fresh(self, kind: ClaimKind, came: Iterable[Came]) -> list[Came]:
        """Those whose content is new. For the others, the claim that says the same is kept under its new digest."""
        self._count_claims()
        came = list(came)
        rows = self.among(_SAME_KEY, [one.key for one in came], kind)
        there = {(key, content): (no, digest) for key, content, no, digest in rows}
        new: list[Came] = []
        again: list[tuple[int, bytes]] = []
        for one in came:
            no, digest = there.setdefault((one.key, one.content), (0, b""))
            if not no:
                # A second fragment that says the same is no second claim.
                there[one.key, one.content] = (self.first, b"")
                new.append(one)
            elif digest == one.digest:
                self.seen.meet(digest)  # read in spite of being known
            elif no < self.first:
                self.seen.keep(digest)
                again.append((no, one.digest))
        self._keep(again)
        return new

    def _count_claims(self) -> None:
        """Let the planner know each time that a new source's claims have doubled: until then it takes them for none."""
        written = self._next - self.first
        if self.is_new and written >= 2 * self._counted and written:
            self.database.sized(claim)
            self._counted = written

    def _keep(self, again: Sequence[tuple[int, bytes]]) -> None:
        # Two fragments say the same: whichever comes first in the file, the same digest is remembered.
        least = "digest = CASE WHEN excluded.digest < kept.digest THEN excluded.digest ELSE kept.digest END"
        self.database.upsert_many(kept, ("no", "digest"), again, ("no",), least)

    def _noted_surrogate(self, key: str) -> tuple[int, bytes]:
        """What stands for a key: (surrogate, check). Noted, so that no key can pass for another."""
        made = self.unnoted_surrogate(key)
        self.note(made)
        return made

    def note(self, made: tuple[int, bytes]) -> None:
        """Note what was made of a key (surrogate, check), so that no other key can pass for it."""
        self._spoken.append(made)
        if len(self._spoken) >= BATCH:
            self._write_spoken()

    def _write_spoken(self) -> None:
        self.database.insert_many(spoken, ("key", "check"), self._spoken, ignore=True)
        self._spoken.clear()

    def touch(self, keys: Iterable[int]) -> None:
        """Note person keys whose card can have changed. Of a new source that is everybody, so nobody is noted."""
        if not self.is_new:
            self.database.insert_many(touched, ("key",), [(key,) for key in keys], ignore=True)

    def refuse_collisions(self) -> None:
        """Make sure that no surrogate stands for two keys.

        Raises:
            StateBroken: one does. Nothing of this snapshot is then taken in.
        """
        self._write_spoken()
        if self.run_sql(_COLLISIONS).first():
            raise StateBroken(
                f"two different keys of source {self.source} have the same surrogate, so its snapshot was not taken "
                "in. This happens once in millions of years: report it, and start a new state with another secret"
            )

    def run_sql(self, statement: sa.Executable, **values: Any) -> sa.CursorResult[Any]:
        """Run a statement; `:source` is this source's number and `:first` that of its first new claim."""
        return self.database.conn.execute(statement, {"source": self.source_no, "first": self.first, **values})

    def rows(self, statement: sa.Executable, **values: Any) -> list[tuple[Any, ...]]:
        """The rows of a query as plain tuples; values as `run_sql`."""
        return self.database.tuples(statement, {"source": self.source_no, "first": self.first, **values})

    def among(self, statement: str, them: Iterable[Any], *values: Any) -> list[tuple[Any, ...]]:
        """As `Database.among`; the first `?` is this source's number."""
        return self.database.among(statement, them, self.source_no, *values)

    def sized(self) -> None:
        """Let the planner know how much lies on the desk now."""
        self.database.sized(*staging.sorted_tables)

    def clear(self) -> None:
        """Remove the temporary tables."""
        staging.drop_all(self.database.conn, checkfirst=False)

    def _last_claim(self) -> int:
        return int(self.database.conn.execute(sa.select(sa.func.coalesce(sa.func.max(claim.c.no), 0))).scalar_one())

    def _known_digests(self) -> Iterable[Sequence[sa.Row[tuple[bytes, int]]]]:
        mine = sa.and_(claim.c.source_no == self.source_no, claim.c.digest != b"")
        query = sa.select(claim.c.digest, claim.c.no).where(mine).order_by(claim.c.digest)
        return self.database.pages(query)


class Came(msgspec.Struct, frozen=True, gc=False):
    """A claim that came in this snapshot, with what stands for its key and its content."""

    digest: bytes
    key: int
    check: bytes
    content: bytes
    claim: Any


# `check` and `group` are words of SQL, hence the quotes.
_COLLISIONS: Final = sa.text("""
    SELECT 1 FROM (SELECT key FROM spoken GROUP BY key HAVING count(*) > 1) AS twice
    UNION ALL
    SELECT 1 FROM spoken CROSS JOIN link
     WHERE link.source_no = :source AND link.key = spoken.key AND link."check" <> spoken."check"
    UNION ALL
    SELECT 1 FROM spoken CROSS JOIN "group"
     WHERE "group".source_no = :source AND "group".key = spoken.key AND "group"."check" <> spoken."check"
    UNION ALL
    SELECT 1 FROM spoken CROSS JOIN login_key
     WHERE login_key.source_no = :source AND login_key.key = spoken.key AND login_key."check" <> spoken."check"
    UNION ALL
    SELECT 1 FROM numbered CROSS JOIN link
     WHERE link.source_no = :source AND link.key = numbered.key AND link."check" <> numbered."check"
    LIMIT 1
""")
