"""The state in an SQLite file: how it is opened, checked, written to in bulk, and what its errors mean."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine, ExceptionContext

from rostersync.errors import NoState, RostersyncError, StateBroken, StateBusy, TryLater, UserMistake
from rostersync.store.engine import BATCH, Database, batches, fetched
from rostersync.store.keyring import Keyring

_SMALLEST_PAGE: Final = 512

_PRAGMAS: Final = (
    # A rename or an LMS call follows the commit, so the commit must be on the disk and not only in the page cache.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
    "PRAGMA busy_timeout = 10000",
    "PRAGMA cache_size = -16384",
    "PRAGMA temp.cache_size = -16384",
)
# Surrogates are random, so a bulk touches index pages everywhere; 64 MiB keeps Oslo's indexes in memory.
_ROOM: Final = "PRAGMA cache_size = -65536"


class SqliteDatabase(Database):
    """The state in a file. Bulk writes are the driver's `executemany` over tuples."""

    mark = "?"

    # -- transactions -----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """See `Database`."""
        self.conn.exec_driver_sql("BEGIN IMMEDIATE")

    def end_with_commit(self) -> None:
        """See `Database`."""
        self.conn.exec_driver_sql("COMMIT")

    def end_with_rollback(self) -> None:
        """See `Database`."""
        self.conn.exec_driver_sql("ROLLBACK")

    # -- many rows --------------------------------------------------------------------------------------------------

    def insert_many(
        self, table: sa.Table, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, ignore: bool = False
    ) -> None:
        """See `Database`."""
        self.many(self._insert(table, columns) + (" ON CONFLICT DO NOTHING" if ignore else ""), rows)

    def upsert_many(
        self, table: sa.Table, columns: Sequence[str], rows: Iterable[Sequence[Any]], key: Sequence[str], moved: str
    ) -> None:
        """See `Database`."""
        self.many(f"{self._insert(table, columns)} ON CONFLICT ({self._quoted(key)}) DO UPDATE SET {moved}", rows)

    def update_many(
        self, table: sa.Table, columns: Sequence[str], key: Sequence[str], rows: Iterable[Sequence[Any]]
    ) -> int:
        """See `Database`."""
        set_ = self._quoted(columns, " = ?")
        return self.many(f"UPDATE {self._table(table)} SET {set_} WHERE {self._where(key)}", rows)  # noqa: S608 - names

    def delete_many(self, table: sa.Table, key: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """See `Database`."""
        return self.many(f"DELETE FROM {self._table(table)} WHERE {self._where(key)}", rows)  # noqa: S608 - names are ours

    def among(self, statement: str, them: Iterable[Any], *values: Any) -> list[tuple[Any, ...]]:
        """See `Database`."""
        rows: list[tuple[Any, ...]] = []
        for some in batches(them, BATCH):
            marked = statement.replace("(them)", f"({', '.join('?' * len(some))})")
            rows += fetched(self.conn.exec_driver_sql(marked, (*values, *some)))
        return rows

    def _insert(self, table: sa.Table, columns: Sequence[str]) -> str:
        marks = ", ".join("?" * len(columns))
        return f"INSERT INTO {self._table(table)} ({self._quoted(columns)}) VALUES ({marks})"  # noqa: S608 - names are ours

    def _where(self, key: Sequence[str]) -> str:
        return self._quoted(key, " = ?", " AND ")

    def _quoted(self, columns: Sequence[str], after: str = "", between: str = ", ") -> str:
        quote = self.conn.dialect.identifier_preparer.quote
        return between.join(quote(column) + after for column in columns)

    def _table(self, table: sa.Table) -> str:
        return self.conn.dialect.identifier_preparer.format_table(table)

    def expect_much(self) -> None:
        """See `Database`."""
        self.conn.exec_driver_sql(_ROOM)

    # -- tables -----------------------------------------------------------------------------------------------------

    def temporary(self, table: sa.Table) -> None:
        """See `Database`."""
        self.conn.execute(sa.schema.CreateTable(table, if_not_exists=True))
        self.conn.execute(sa.delete(table))

    def table_names(self) -> set[str]:
        """See `Database`."""
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        return set(self.conn.exec_driver_sql(query).scalars())

    def sized(self, *tables: sa.Table) -> None:
        """SQLite plans by the order of the joins, and needs no figures."""

    def counted_on(self) -> None:
        """SQLite looks for the largest number itself."""

    def damage(self) -> list[str]:
        """See `Database`."""
        found = [text for text in self.conn.exec_driver_sql("PRAGMA quick_check(20)").scalars() if text != "ok"]
        strays = self.conn.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(20)
        return [
            *found,
            *(f"a row of {table} refers to one that is missing in {parent}" for table, _, parent, _ in strays),
        ]


def open_sqlite(path: Path, keyring: Keyring, *, create: bool) -> SqliteDatabase:
    """Open the SQLite file, making it (mode 0600) when it is missing and `create` is true.

    A file that its last user did not close cleanly, `create` being true, is looked through from end to end.

    Raises:
        UserMistake: the folder is missing. NoState: the file is.
        TryLater: it cannot be opened or written to now.
        StateBroken: it is damaged, or no database.
    """
    if not path.parent.is_dir():
        raise UserMistake([f"the folder of the state, {path.parent}, does not exist: make it, writable for this user"])
    if not path.exists():
        if not create:
            raise NoState([f"there is no state at {path}: the first `rostersync sync` or `plan` makes it"])
        _create_private(path)
    if not os.access(path, os.W_OK, effective_ids=True) or not os.access(path.parent, os.W_OK, effective_ids=True):
        raise _unwritable(path)
    cut_off = _unclean(path)
    if not cut_off:
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
        if cut_off and create and connection.exec_driver_sql("PRAGMA quick_check(1)").scalar() != "ok":
            raise _damaged(path)
    except BaseException:
        connection.close()
        engine.dispose()
        raise
    return SqliteDatabase(connection, keyring, str(path), path)


def _unclean(path: Path) -> bool:
    """Whether a log of writes lies beside the file: its last user was killed, or somebody has it open."""
    log = path.with_name(path.name + "-wal")
    return log.exists() and log.stat().st_size > 0


def _refuse_half_a_page(path: Path) -> None:
    """SQLite fills up a page that was cut off with zeros, and says nothing. A log of writes beside it would mend it.

    The header tells how many pages there must be, so this costs nothing however large the file is.
    """
    size = path.stat().st_size
    if size:
        with path.open("rb") as file:
            header = file.read(100)
        page = int.from_bytes(header[16:18], "big") or 1
        page = 65_536 if page == 1 else page
        counted = header[24:28] == header[92:96]  # else an old SQLite wrote last, and did not count
        if size < _SMALLEST_PAGE or size % page or (counted and int.from_bytes(header[28:32], "big") * page > size):
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
