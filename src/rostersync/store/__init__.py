"""The state of one school owner, as the rest of rostersync sees it: its books, and one transaction over them all."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType

from rostersync.errors import UserMistake
from rostersync.model import Held
from rostersync.store.address import Access, Address, SqliteFile, address
from rostersync.store.approvals import Approvals
from rostersync.store.cards import Cards
from rostersync.store.decisions import Decisions
from rostersync.store.dirty_groups import DirtyGroups
from rostersync.store.doubts import close_answered
from rostersync.store.drifting import Drift
from rostersync.store.engine import Database, Transaction
from rostersync.store.fence import fence
from rostersync.store.generation import Generation
from rostersync.store.holders import Holders
from rostersync.store.intake import Intake, intake
from rostersync.store.joining import Joining
from rostersync.store.journal import Journal
from rostersync.store.keyring import Keyring
from rostersync.store.known import Knowledge
from rostersync.store.lease import Lease
from rostersync.store.moving import Carried, carry, moved_to, stay
from rostersync.store.near import Near
from rostersync.store.opening import Opening
from rostersync.store.outbox import Outbox
from rostersync.store.packing import pack
from rostersync.store.questions import Questions
from rostersync.store.refusals import Refusals
from rostersync.store.runs import Runs
from rostersync.store.schema import prepare, recall, remember
from rostersync.store.sources import Sources
from rostersync.store.splitting import Splitting
from rostersync.store.sqlite import open_sqlite


class Store:
    """An open state. Close it when done."""

    def __init__(self, database: Database, place: Address) -> None:
        self._database = database
        self.opening = Opening(place, database.keyring)
        self._value_digest = database.keyring.digest("value")
        self.ids = database.ids
        self.sources = Sources(database)
        self.cards = Cards(database)
        self.dirty_groups = DirtyGroups(database)
        self.known = Knowledge(database)
        self.outbox = Outbox(database)
        self.refusals = Refusals(database)
        self.near = Near(database)
        self.runs = Runs(database)
        self.approvals = Approvals(database)
        self.decisions = Decisions(database)
        self.questions = Questions(database)
        self.holders = Holders(database)
        self.joining = Joining(database)
        self.splitting = Splitting(database)
        self.journal = Journal(database)
        self.drift = Drift(database)
        self.generation = Generation(database, database.beside)

    def intake(self, source: str, run: str, at: datetime) -> AbstractContextManager[Intake]:
        """Take in one snapshot of a source; see `intake.Intake`."""
        return intake(self._database, source, run, at)

    @cached_property
    def keyed(self) -> Callable[[bytes], bytes]:
        """The digest (16 bytes) by which a fragment is recognised."""
        return self._database.keyring.digest("fragment")

    def value_digest(self, value: Held) -> str:
        """The digest (32 hexadecimal digits) of what an LMS holds: equal values have equal digests."""
        return self._value_digest(pack(value)).hex()

    @property
    def name(self) -> str:
        """How messages call this state."""
        return self._database.name

    def move_to(self, place: Lease, at: datetime) -> list[Carried]:
        """Carry everything over to the empty place that a second lease holds; this state then says where it has gone.

        Raises:
            UserMistake: it is not empty.
            StateBroken: what arrived is not what left; nothing is kept there.
        """
        database = _opened(place.address, self._database.keyring, create=True, lease=place)
        try:
            carried = carry(self._database, database, at, database.name)
            Generation(database, database.beside).follow(self.generation)
        finally:
            database.close()
        return carried

    def moved_to(self) -> str:
        """Where this state has moved, and when; empty while it is the one that counts."""
        return moved_to(self._database)

    def refuse_if_moved(self) -> None:
        """Make sure that this is the state that counts: two would soon say different things.

        Raises:
            UserMistake: it was moved away.
        """
        if where := self.moved_to():
            advice = "if it counts again after all: rostersync state recover --reason ..."
            raise UserMistake([f"[state] url: this state was moved to {where}: write that url here; {advice}"])

    def stay(self) -> None:
        """Let a state that has moved count again."""
        stay(self._database)

    def damage(self) -> list[str]:
        """What a full look at the database, the journal and the seals finds wrong, as sentences."""
        broken = self.journal.verify()
        told = [f"journal entry {no} was changed, or the one before it was removed" for no in broken]
        return [*self._database.damage(), *told]

    def close_answered(self, at: datetime) -> int:
        """Close the questions about who is who that facts or people have answered; gives their number."""
        return close_answered(self._database, at)

    def begin(self) -> AbstractContextManager[Transaction]:
        """One write transaction over all books: everything inside commits or rolls back together. Nested use joins."""
        return self._database.begin()

    def recall(self, name: str) -> str:
        """A text remembered under a name; empty when there is none."""
        return recall(self._database, name)

    def remember(self, name: str, value: str) -> None:
        """Remember a text under a name."""
        remember(self._database, name, value)

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the connection."""
        self._database.close()


def open_store(
    url: str,
    secret: str,
    *,
    base: Path,
    access: Access | None = None,
    create: bool = True,
    lease: Lease | None = None,
) -> Store:
    """Open the state at a URL, bringing it to this version. Relative paths are relative to `base`.

    Whoever holds the `lease` hands it over: with PostgreSQL, nothing is then written after it is lost.

    Raises:
        UserMistake: the URL or the secret is wrong, or (without `create`) there is no state.
        StateBroken: the state is newer than this program, damaged, or not ours.
        StateBusy, StateUnavailable, TryLater: it cannot be used now.
    """
    place = address(url, base, access)
    keyring = Keyring(secret)
    database = _opened(place, keyring, create=create, lease=lease)
    try:
        prepare(database)
        if lease and lease.connection:
            fence(database)
    except BaseException:
        database.close()
        raise
    return Store(database, place)


def reopen(place: Address, keyring: Keyring) -> Store:
    """Open a state that is open already once more, for reading; see `Opening.open`."""
    database = _opened(place, keyring, create=False, lease=None)
    return Store(database, place)


def _opened(place: Address, keyring: Keyring, *, create: bool, lease: Lease | None) -> Database:
    if isinstance(place, SqliteFile):
        return open_sqlite(place.path, keyring, create=create)
    # The driver takes longer to import than an SQLite state to open.
    from rostersync.store.postgres import open_postgres

    return open_postgres(place, keyring, create=create, leased=lease.connection if lease else None)
