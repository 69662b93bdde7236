"""One connection to the state, and all that differs between databases: opening, transactions, bulk writes, errors.

Nothing here knows what the tables mean. The connection stands in autocommit and transactions are explicit, because the
drivers' own idea of when a transaction begins is not ours.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine, ExceptionContext

from rostersync.errors import RostersyncError, StateBroken, StateBusy, TryLater, UserMistake
from rostersync.ids import Ids
from rostersync.store.keyring import Keyring

BATCH: Final = 5_000
"""Rows in one bulk statement, and persons in one round of queries."""

_SMALLEST_PAGE: Final = 512

_PRAGMAS: Final = (
    # A rename or an LMS call follows the commit, so the commit must be on the disk and not only in the page cache.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
    "PRAGMA busy_timeout = 10000",
    # Surrogates are random, so bulk writes touch index pages everywhere; 64 MiB keeps Oslo's indexes in memory.
    "PRAGMA cache_size = -65536",
    "PRAGMA temp.cache_size = -16384",
)


class Transaction:
    """One write transaction. It ends at the end of its `with` block, or earlier by `commit` or `rollback`."""

    __slots__ = ("_afterwards", "_connection", "open")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._afterwards: list[Callable[[], None]] = []
        self.open = True

    def commit(self) -> None:
        """Make everything since the beginning durable. Does nothing when the transaction has ended."""
        if self.open:
            self._end("COMMIT")
            for step in self._afterwards:
                step()

    def rollback(self) -> None:
        """Undo everything since the beginning. Does nothing when the transaction has ended."""
        self._end("ROLLBACK")

    def after_commit(self, step: Callable[[], None]) -> None:
        """Do this when everything is durable, and never if it is rolled back."""
        self._afterwards.append(step)

    def _end(self, how: str) -> None:
        if self.open:
            self._connection.exec_driver_sql(how)
            self.open = False


class Database:
    """The open state: its connection, its keys, and one transaction at a time.

    `conn` is used for every statement; outside `begin()` each statement commits by itself.
    """

    def __init__(self, conn: Connection, keyring: Keyring) -> None:
        self.conn = conn
        self.keyring = keyring
        self.ids: Ids = keyring.ids
        self._transaction: Transaction | None = None

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        """One write transaction: all inside commits or rolls back together. A nested use joins the outer one."""
        if self._transaction is not None and self._transaction.open:
            yield self._transaction
            return
        self.conn.exec_driver_sql("BEGIN IMMEDIATE" if self._is_sqlite else "BEGIN")
        transaction = self._transaction = Transaction(self.conn)
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

    def insert_many(
        self, table: sa.Table, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, ignore: bool = False
    ) -> None:
        """Insert tuples, in batches of 5,000, as fast as the driver can.

        `columns` names the tuples' places; what is not named gets no default, so name every column that must not be
        null. `ignore` leaves out rows whose primary key is there already.
        """
        quote = self.conn.dialect.identifier_preparer.quote
        statement = (
            f"INSERT INTO {self.conn.dialect.identifier_preparer.format_table(table)} "  # noqa: S608 - names are ours
            f"({', '.join(quote(column) for column in columns)}) "
            f"VALUES ({', '.join([self.mark] * len(columns))})"
            f"{' ON CONFLICT DO NOTHING' if ignore else ''}"
        )
        self.many(statement, rows)

    def many(self, statement: str, rows: Iterable[Sequence[Any]]) -> int:
        """Run one statement, with `mark` for each value, for many tuples in batches of 5,000.

        Returns how many rows it changed.
        """
        return sum(self.conn.exec_driver_sql(statement, batch).rowcount for batch in batches(rows, BATCH))

    def among(self, statement: str, them: Iterable[Any], *values: Any) -> list[tuple[Any, ...]]:
        """Every row of a query over many values, 5,000 at a time, as plain tuples.

        `?` stands for each of `values`, and `(them)`, after all of those, for the many. Named values would cost ten
        times the query.
        """
        rows: list[tuple[Any, ...]] = []
        for some in batches(them, BATCH):
            marked = statement.replace("?", self.mark).replace("(them)", f"({', '.join([self.mark] * len(some))})")
            rows += _fetched(self.conn.exec_driver_sql(marked, (*values, *some)))
        return rows

    def tuples(self, statement: sa.Executable, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Every row of a query as the driver's own tuples: for queries with hundreds of thousands of rows."""
        return _fetched(self.conn.execute(statement, values))

    @property
    def mark(self) -> str:
        """The driver's sign for a value in a statement given as text."""
        return "?" if self._is_sqlite else "%s"

    @property
    def _is_sqlite(self) -> bool:
        return self.conn.dialect.name == "sqlite"

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


def database_file(url: str, base: Path) -> Path:
    """The file that an SQLite URL names; a relative path is relative to `base`.

    Raises:
        UserMistake: it is no URL, no SQLite URL, or names no file.
    """
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise UserMistake(["[state] url: not a database URL; write for example sqlite:///state.db"]) from None
    if parsed.get_backend_name() != "sqlite":
        raise UserMistake([f"[state] url: {parsed.get_backend_name()} is not supported yet; use sqlite:///state.db"])
    if not parsed.database or parsed.database == ":memory:":
        raise UserMistake(["[state] url: names no file; write for example sqlite:///state.db"])
    return base / parsed.database


def connect(path: Path, *, create: bool) -> Connection:
    """Open the SQLite file, making it (mode 0600) when it is missing and `create` is true.

    Raises:
        UserMistake: the file or its folder is missing.
        TryLater: it cannot be opened or written to now.
        StateBroken: it is damaged, or no database.
    """
    if not path.parent.is_dir():
        raise UserMistake([f"the folder of the state, {path.parent}, does not exist: make it, writable for this user"])
    if not path.exists():
        if not create:
            raise UserMistake([f"there is no state at {path}: the first `rostersync sync` or `plan` makes it"])
        _create_private(path)
    if not os.access(path, os.W_OK, effective_ids=True) or not os.access(path.parent, os.W_OK, effective_ids=True):
        raise _unwritable(path)
    _refuse_half_a_page(path)
    engine = sa.create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=sa.NullPool,
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,
    )
    _translate_errors(engine, path)
    connection = engine.connect()
    try:
        _prepare(connection, path)
    except BaseException:
        connection.close()
        engine.dispose()
        raise
    return connection


def _refuse_half_a_page(path: Path) -> None:
    """SQLite fills up a page that was cut off with zeros, and says nothing. A log of writes beside it would mend it."""
    size = path.stat().st_size
    log = path.with_name(path.name + "-wal")
    if size and not (log.exists() and log.stat().st_size):
        with path.open("rb") as file:
            page = int.from_bytes(file.read(18)[16:], "big") or 1
        if size < _SMALLEST_PAGE or size % (65_536 if page == 1 else page):
            raise _damaged(path)


def _create_private(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise _unwritable(path) from error


def _prepare(connection: Connection, path: Path) -> None:
    for pragma in _PRAGMAS:
        connection.exec_driver_sql(pragma)
    if connection.exec_driver_sql("PRAGMA journal_mode = WAL").scalar() != "wal":
        raise TryLater(f"the state {path} cannot use write-ahead logging: keep it on a local disk")
    # Missing pages are seen when the first one is read. An empty file is a state whose making was cut off.
    connection.exec_driver_sql("PRAGMA schema_version").scalar_one()


def _translate_errors(engine: Engine, path: Path) -> None:
    """Turn what SQLite says into what the reader can do, for every statement there will ever be."""

    @sa.event.listens_for(engine, "handle_error")
    def explain(context: ExceptionContext) -> None:
        if explained := _explained(context.original_exception, path):
            raise explained from None


def _explained(error: BaseException, path: Path) -> RostersyncError | None:
    """What an error of SQLite means for the reader; None for one that only a programmer can mend."""
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StateBusy(f"another program is writing to the state {path}: wait for it to end, then try again")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return _unwritable(path)
        case sqlite3.SQLITE_FULL | sqlite3.SQLITE_IOERR:
            return TryLater(f"the state {path} cannot be written to ({error}): make room on its disk, then try again")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return _damaged(path)
    return None


def _unwritable(path: Path) -> TryLater:
    return TryLater(f"the state {path} cannot be written to: this user needs write access to it and to its folder")


def _damaged(path: Path) -> StateBroken:
    return StateBroken(
        f"the state {path} is damaged or no rostersync state: restore it from a backup, with its -wal file beside it"
    )


def _fetched(result: sa.CursorResult[Any]) -> list[tuple[Any, ...]]:
    try:
        return list(result.cursor.fetchall()) if result.cursor else []
    finally:
        result.close()


def _roll_back_quietly(transaction: Transaction) -> None:
    """Roll back without hiding the error that is already on its way."""
    try:
        transaction.rollback()
    except (RostersyncError, sa.exc.DBAPIError):
        transaction.open = False
