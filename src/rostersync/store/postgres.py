"""The state in one schema of a PostgreSQL database: transactions, bulk writes by COPY, and temporary tables.

Many rows travel as one COPY into a temporary table of the session, and from there in one statement to where they belong.
Whoever writes holds a lock of her own schema until the commit, so writers stand in line as they do with SQLite.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final, cast

import psycopg
import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from rostersync.errors import NoState, UserMistake
from rostersync.store.address import PostgresSchema
from rostersync.store.engine import BATCH, Database, batches, fetched
from rostersync.store.keyring import Keyring
from rostersync.store.postgres_errors import explain, lost, uncertain
from rostersync.store.postgres_opening import connect, release

_FEW: Final = 12
"""So many rows are as quickly written one by one."""


class PostgresDatabase(Database):
    """The state in a schema. `borrowed` is the connection of a lease, which is not ours to close."""

    mark = "%s"

    def __init__(
        self, conn: sa.Connection, keyring: Keyring, address: PostgresSchema, *, borrowed: bool = False
    ) -> None:
        super().__init__(conn, keyring, address.name, address.beside)
        self.schema = address.schema
        self._borrowed = borrowed
        self._writing = lock_number("write", address.schema)
        self._stagings: dict[tuple[str, ...], str] = {}
        self._durable: dict[tuple[str, ...], str] = {}

    # -- transactions -----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """See `Database`."""
        try:
            self.conn.exec_driver_sql(f"BEGIN READ WRITE; SELECT pg_advisory_xact_lock({self._writing})")
        except BaseException:
            with suppress(psycopg.Error):
                self._driver.rollback()
            raise

    def end_with_commit(self) -> None:
        """See `Database`."""
        try:
            ended = self._driver.execute("COMMIT").statusmessage
        except psycopg.Error as error:
            if lost(error):
                raise uncertain(self.name) from None
            raise explain(error, self.name) or error from None
        if ended != "COMMIT":
            raise RuntimeError(f"a transaction that had failed was to be committed: {ended}")
        self._durable = dict(self._stagings)

    def end_with_rollback(self) -> None:
        """See `Database`."""
        self._stagings = dict(self._durable)
        self.conn.exec_driver_sql("ROLLBACK")

    # -- many rows --------------------------------------------------------------------------------------------------

    def insert_many(
        self, table: sa.Table, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, ignore: bool = False
    ) -> None:
        """See `Database`."""
        target = f"{self._name(table)} ({self._quoted(columns)})"
        otherwise = " ON CONFLICT DO NOTHING" if ignore else ""
        for batch in batches(rows, BATCH):
            if len(batch) <= _FEW:
                marks = ", ".join(["%s"] * len(columns))
                self.many(f"INSERT INTO {target} VALUES ({marks}){otherwise}", batch)  # noqa: S608 - names are ours
            elif ignore:
                staged = self._staged(table, columns, batch)
                self.conn.exec_driver_sql(f"INSERT INTO {target} SELECT * FROM {staged}{otherwise}")  # noqa: S608 - the names are our tables' own
            else:
                self._copy(target, batch)

    def upsert_many(
        self, table: sa.Table, columns: Sequence[str], rows: Iterable[Sequence[Any]], key: Sequence[str], moved: str
    ) -> None:
        """See `Database`."""
        target = f"{self._name(table)} ({self._quoted(columns)})"
        otherwise = f" ON CONFLICT ({self._quoted(key)}) DO UPDATE SET {moved}"
        places = [columns.index(column) for column in key]
        for batch in batches(rows, BATCH):
            # One statement may not come by the same row twice.
            twice = len({tuple(row[place] for place in places) for row in batch}) < len(batch)
            if twice or len(batch) <= _FEW:
                marks = ", ".join(["%s"] * len(columns))
                self.many(f"INSERT INTO {target} VALUES ({marks}){otherwise}", batch)  # noqa: S608 - names are ours
            else:
                staged = self._staged(table, columns, batch)
                self.conn.exec_driver_sql(f"INSERT INTO {target} SELECT * FROM {staged}{otherwise}")  # noqa: S608 - the names are our tables' own

    def update_many(
        self, table: sa.Table, columns: Sequence[str], key: Sequence[str], rows: Iterable[Sequence[Any]]
    ) -> int:
        """See `Database`."""
        name, changed = self._name(table), 0
        for batch in batches(rows, BATCH):
            if len(batch) <= _FEW:
                set_ = self._quoted(columns, "{} = %s")
                where = self._quoted(key, "{} = %s", " AND ")
                changed += self.many(f"UPDATE {name} SET {set_} WHERE {where}", batch)  # noqa: S608 - names are ours
            else:
                staged = self._counted(self._staged(table, (*columns, *key), batch))
                set_ = self._quoted(columns, "{0} = came.{0}")
                same = self._quoted(key, f"{name}.{{0}} = came.{{0}}", " AND ")
                moved = self.conn.exec_driver_sql(f"UPDATE {name} SET {set_} FROM {staged} AS came WHERE {same}")  # noqa: S608 - the names are our tables' own
                changed += moved.rowcount
        return changed

    def delete_many(self, table: sa.Table, key: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """See `Database`."""
        name, gone = self._name(table), 0
        for batch in batches(rows, BATCH):
            if len(batch) <= _FEW:
                gone += self.many(f"DELETE FROM {name} WHERE {self._quoted(key, '{} = %s', ' AND ')}", batch)  # noqa: S608 - the names are our tables' own
            else:
                staged = self._counted(self._staged(table, key, batch))
                same = self._quoted(key, f"{name}.{{0}} = came.{{0}}", " AND ")
                gone += self.conn.exec_driver_sql(f"DELETE FROM {name} USING {staged} AS came WHERE {same}").rowcount  # noqa: S608 - the names are our tables' own
        return gone

    def among(self, statement: str, them: Iterable[Any], *values: Any) -> list[tuple[Any, ...]]:
        """See `Database`."""
        marked = statement.replace("?", "%s").replace("IN (them)", "= ANY(%s)")
        rows: list[tuple[Any, ...]] = []
        for some in batches(them, BATCH):
            rows += fetched(self.conn.exec_driver_sql(marked, (*values, some)))
        return rows

    def expect_much(self) -> None:
        """See `Database`. The server has its own settings."""

    # -- how rows travel --------------------------------------------------------------------------------------------

    @property
    def _driver(self) -> psycopg.Connection[Any]:
        return cast("psycopg.Connection[Any]", self.conn.connection.driver_connection)

    def _copy(self, target: str, rows: Iterable[Sequence[Any]]) -> None:
        into = f"COPY {target} FROM STDIN".encode()
        with self._explaining(), self._driver.cursor() as cursor, cursor.copy(into) as copy:
            for row in rows:
                copy.write_row(row)

    def _staged(self, table: sa.Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
        """The temporary table that holds these rows, and no others; it is this session's, and is kept for next time."""
        kept = (table.name, *columns)
        name = self._stagings.get(kept)
        if name is None:
            name = f"pg_temp.came_{len(self._stagings)}"
            of = f"SELECT {self._quoted(columns)} FROM {self._name(table)}"  # noqa: S608 - names are ours
            self.conn.exec_driver_sql(f"CREATE TEMPORARY TABLE {name[8:]} ON COMMIT DELETE ROWS AS {of} WITH NO DATA")
            self._stagings[kept] = name
        else:
            self.conn.exec_driver_sql(f"TRUNCATE {name}")
        self._copy(name, rows)
        return name

    def _counted(self, staged: str) -> str:
        # Nobody else counts temporary tables: what is to be joined would be taken for thousands of rows, and a table of
        # millions be gone through for a few.
        self.conn.exec_driver_sql(f"ANALYZE {staged}")
        return staged

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        """What SQLAlchemy does for its own statements, for those that go past it."""
        try:
            yield
        except psycopg.Error as error:
            raise explain(error, self.name) or error from None

    def _quoted(self, columns: Sequence[str], as_: str = "{}", between: str = ", ") -> str:
        quote = self.conn.dialect.identifier_preparer.quote
        return between.join(as_.format(quote(column)) for column in columns)

    def _name(self, table: sa.Table) -> str:
        return self.conn.dialect.identifier_preparer.format_table(table)

    # -- tables -----------------------------------------------------------------------------------------------------

    def temporary(self, table: sa.Table) -> None:
        """See `Database`."""
        made = str(sa.schema.CreateTable(table, if_not_exists=True).compile(dialect=self.conn.dialect))
        empty = f"{made}; TRUNCATE pg_temp.{table.name}"
        self.conn.exec_driver_sql(empty if self.in_transaction else f"BEGIN READ WRITE; {empty}; COMMIT")

    def table_names(self) -> set[str]:
        """See `Database`."""
        query = "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace(%s) AND relkind IN ('r', 'p')"
        return set(self.conn.exec_driver_sql(query, (self.schema,)).scalars())

    def make_room(self) -> None:
        """Make the schema where it is missing, inside a transaction."""
        if self.conn.exec_driver_sql("SELECT to_regnamespace(%s)", (self.schema,)).scalar() is None:
            self.conn.exec_driver_sql(f"CREATE SCHEMA {self._quoted([self.schema])}")

    def sized(self, *tables: sa.Table) -> None:
        """See `Database`."""
        names = [table.name for table in tables] or sorted(self.table_names())
        self.conn.exec_driver_sql(f"ANALYZE {self._quoted(names)}")

    def counted_on(self) -> None:
        """See `Database`."""
        query = """
            SELECT quote_ident(t.relname), quote_ident(a.attname), pg_get_serial_sequence(quote_ident(t.relname), a.attname)
              FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid
             WHERE t.relnamespace = to_regnamespace(%s) AND t.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
               AND pg_get_serial_sequence(quote_ident(t.relname), a.attname) IS NOT NULL
        """
        for table, column, sequence in self.conn.exec_driver_sql(query, (self.schema,)).all():
            largest = f"SELECT coalesce(max({column}), 0) + 1 FROM {table}"  # noqa: S608 - names from the catalogue
            self.conn.exec_driver_sql(f"SELECT setval('{sequence}', ({largest}), false)")

    def damage(self) -> list[str]:
        """The server checks its own pages as it reads them; so everything is read."""
        for table in sorted(self.table_names()):
            self.conn.exec_driver_sql(f"SELECT count(*) FROM (SELECT * FROM {self._quoted([table])} OFFSET 0) AS every")  # noqa: S608 - the names are our tables' own
        return []

    def close(self) -> None:
        """See `Database`."""
        if not self._borrowed:
            release(self.conn)


def open_postgres(
    address: PostgresSchema, keyring: Keyring, *, create: bool, leased: sa.Connection | None = None
) -> PostgresDatabase:
    """Open the state in a schema, making the schema when it is missing and `create` is true.

    `leased` is the connection of a lease, to be used for everything: what loses the one then loses the other.

    Raises:
        NoState: there is none.
        UserMistake: the server will never let us in like this.
        StateUnavailable: the server cannot be reached now.
    """
    conn = leased or connect(address, "rostersync")
    database = PostgresDatabase(conn, keyring, address, borrowed=leased is not None)
    try:
        if create:
            if not address.directory.is_dir():
                raise UserMistake(
                    [f"[state] directory: {address.directory} does not exist; make it, writable for this user"]
                )
            if not database.table_names():
                with database.begin():
                    database.make_room()
        elif not database.table_names():
            raise NoState([f"there is no state at {address.name}: the first `rostersync sync` or `plan` makes it"])
    except BaseException:
        database.close()
        raise
    return database


def lock_number(purpose: str, schema: str) -> int:
    """The number of an advisory lock: of one purpose, for one schema of the database."""
    digest = hashlib.blake2b(f"rostersync {purpose} {schema}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


@compiles(sa.schema.CreateColumn, "postgresql")
def _by_code_point(column: sa.schema.CreateColumn, compiler: Any, **options: Any) -> str:
    """Every text sorts by code point, as in Python and SQLite, whatever the server's language; none has a greatest length."""
    made: str = compiler.visit_create_column(column, **options)
    kind = column.element.type
    if isinstance(kind, sa.String):
        made = made.replace(compiler.dialect.type_compiler_instance.process(kind), 'TEXT COLLATE "C"', 1)
    return made
