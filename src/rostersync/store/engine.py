"""One connection to the state, and the small interface behind which all that differs between databases is hidden.

Nothing here knows what the tables mean. The connection stands in autocommit and transactions are explicit, because the
drivers' own idea of when a transaction begins is not ours. `sqlite.py` and `postgres.py` fill the interface in.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from rostersync.errors import RostersyncError
from rostersync.ids import Ids
from rostersync.store.keyring import Keyring

BATCH: Final = 5_000
"""Rows in one bulk statement, and persons in one round of queries."""


class Transaction:
    """One write transaction. It ends at the end of its `with` block, or earlier by `commit` or `rollback`."""

    __slots__ = ("_afterwards", "_database", "open")

    def __init__(self, database: Database) -> None:
        self._database = database
        self._afterwards: list[Callable[[], None]] = []
        self.open = True

    def commit(self) -> None:
        """Make everything since the beginning durable. Does nothing when the transaction has ended.

        Raises:
            StateUnavailable: the database went away. Whether everything is durable, or nothing, is then not known.
            LeaseLost: another process has the state now. Nothing is durable.
        """
        if self.open:
            if self._database.before_commit:
                self._database.before_commit()
            self._database.end_with_commit()
            self.open = False
            for step in self._afterwards:
                step()

    def rollback(self) -> None:
        """Undo everything since the beginning. Does nothing when the transaction has ended."""
        if self.open:
            self.open = False
            self._database.end_with_rollback()

    def after_commit(self, step: Callable[[], None]) -> None:
        """Do this when everything is durable, and never if it is rolled back."""
        self._afterwards.append(step)


class Database(ABC):
    """The open state: its connection, its keys, and one transaction at a time.

    `conn` reads at any time and writes inside `begin()`. `name` is how messages call the state, `beside` what the names
    of files beside it begin with. `before_commit` may still refuse a commit (see `fence.py`).
    """

    mark: str
    """The driver's sign for a value in a statement given as text."""

    def __init__(self, conn: sa.Connection, keyring: Keyring, name: str, beside: Path) -> None:
        self.conn = conn
        self.keyring = keyring
        self.ids: Ids = keyring.ids
        self.name = name
        self.beside = beside
        self.before_commit: Callable[[], None] | None = None
        self._transaction: Transaction | None = None

    # -- transactions -----------------------------------------------------------------------------------------------

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        """One write transaction: all inside commits or rolls back together. A nested use joins the outer one.

        Raises:
            StateBusy: another process is writing, and went on for ten seconds.
        """
        if self._transaction is not None and self._transaction.open:
            yield self._transaction
            return
        self.start()
        transaction = self._transaction = Transaction(self)
        try:
            yield transaction
            transaction.commit()
        finally:
            # Whatever ended the block without a commit, a failed commit included, must leave no half-written state.
            self._transaction = None
            _roll_back_quietly(transaction)

    @property
    def in_transaction(self) -> bool:
        """Whether a write transaction is open."""
        return self._transaction is not None and self._transaction.open

    @abstractmethod
    def start(self) -> None:
        """Begin a write transaction; no other process can then write."""

    @abstractmethod
    def end_with_commit(self) -> None:
        """Make the transaction durable; see `Transaction.commit`."""

    @abstractmethod
    def end_with_rollback(self) -> None:
        """Undo the transaction."""

    # -- writing many rows ------------------------------------------------------------------------------------------

    @abstractmethod
    def insert_many(
        self, table: sa.Table, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, ignore: bool = False
    ) -> None:
        """Insert tuples, in batches of 5,000, as fast as the driver can.

        `columns` names the tuples' places; what is not named gets no default, so name every column that must not be
        null. `ignore` leaves out rows whose primary key is there already.
        """

    @abstractmethod
    def upsert_many(
        self, table: sa.Table, columns: Sequence[str], rows: Iterable[Sequence[Any]], key: Sequence[str], moved: str
    ) -> None:
        """Insert tuples; where `key` is there already, do `moved` instead: assignments that know `excluded`."""

    @abstractmethod
    def update_many(
        self, table: sa.Table, columns: Sequence[str], key: Sequence[str], rows: Iterable[Sequence[Any]]
    ) -> int:
        """Set `columns` where `key` is; a tuple holds the former and then the latter. Returns how many rows it changed."""

    @abstractmethod
    def delete_many(self, table: sa.Table, key: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """Delete where `key` is. Returns how many rows it deleted."""

    @abstractmethod
    def expect_much(self) -> None:
        """Much is about to be read and written everywhere: use more memory from now on, if that helps."""

    def many(self, statement: str, rows: Iterable[Sequence[Any]]) -> int:
        """Run one statement, with `mark` for each value, for many tuples in batches of 5,000.

        For what the four above cannot say; slower than they are. Returns how many rows it changed.
        """
        return sum(self.conn.exec_driver_sql(statement, batch).rowcount for batch in batches(rows, BATCH))

    # -- reading many rows ------------------------------------------------------------------------------------------

    @abstractmethod
    def among(self, statement: str, them: Iterable[Any], *values: Any) -> list[tuple[Any, ...]]:
        """Every row of a query over many values, 5,000 at a time, as plain tuples.

        `?` stands for each of `values`, and `IN (them)`, after all of those, for the many. Named values would cost ten
        times the query.
        """

    def tuples(self, statement: sa.Executable, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Every row of a query as the driver's own tuples: for queries with hundreds of thousands of rows."""
        return fetched(self.conn.execute(statement, values))

    def pages(self, statement: sa.Executable) -> Iterator[Sequence[sa.Row[Any]]]:
        """The rows of a query page by page, in flat memory. For use inside `begin()`."""
        with self.conn.execute(statement, execution_options={"yield_per": BATCH}) as rows:
            yield from rows.partitions()

    def stream(self, statement: sa.Executable) -> Iterator[tuple[Any, ...]]:
        """The rows of a query, one after another, in flat memory. For use inside `begin()`."""
        for page in self.pages(statement):
            yield from map(tuple, page)

    # -- tables -----------------------------------------------------------------------------------------------------

    @abstractmethod
    def temporary(self, table: sa.Table) -> None:
        """Have this temporary table, and have it empty; also outside a transaction."""

    @abstractmethod
    def table_names(self) -> set[str]:
        """The tables that are there, whosever they are."""

    @abstractmethod
    def sized(self, *tables: sa.Table) -> None:
        """Let the planner know how large these tables have become in this transaction; without any, all of the state."""

    @abstractmethod
    def counted_on(self) -> None:
        """Let columns that count up by themselves go on after the largest number there is."""

    @abstractmethod
    def damage(self) -> list[str]:
        """What a full look at the database itself finds wrong, as sentences; it may take a minute per gigabyte."""

    def close(self) -> None:
        """Release the connection."""
        self.conn.close()
        self.conn.engine.dispose()


def moment(at: datetime) -> str:
    """A moment as RFC 3339 in UTC, so that the texts sort as the moments do."""
    return at.astimezone(UTC).isoformat()


def batches(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """The rows in lists of at most `size`, in order."""
    remaining = iter(rows)
    while batch := list(islice(remaining, size)):
        yield batch


def fetched(result: sa.CursorResult[Any]) -> list[tuple[Any, ...]]:
    """The driver's own tuples; none for a statement that is no query."""
    try:
        return list(result.cursor.fetchall()) if result.returns_rows and result.cursor else []
    finally:
        result.close()


def _roll_back_quietly(transaction: Transaction) -> None:
    """Roll back without hiding the error that is already on its way."""
    try:
        transaction.rollback()
    except (RostersyncError, sa.exc.DBAPIError):
        transaction.open = False
