"""Where the states of a test are. A test names each by a path; on PostgreSQL the path stands for a database of its own."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from rostersync.store import Store, open_store
from rostersync.store.address import Access, PostgresSchema, SqliteFile, address
from rostersync.store.engine import Database
from rostersync.store.keyring import Keyring
from rostersync.store.postgres import open_postgres
from rostersync.store.sqlite import open_sqlite
from tests.postgres import Server

SECRET = "a secret of the tests that is long enough"

GIVEN = "ROSTERSYNC_TEST_URL"
"""The environment variable that tells a child process of a test where the state is."""


@dataclass
class States:
    """The databases of one test. `server` is None for SQLite."""

    server: Server | None = None
    names: dict[Path, str] = field(default_factory=dict)

    def url(self, path: Path, secret: str = SECRET) -> str:
        """The URL of the state that a path stands for; on PostgreSQL it is there already, and empty."""
        if given := os.environ.get(GIVEN):
            return given
        if self.server is None:
            return f"sqlite:///{path}"
        if path not in self.names:
            self.names[path] = self.server.borrow(secret)
        return self.server.url(self.names[path])

    def access(self, path: Path) -> Access:
        """What the URL does not say."""
        return Access(directory=path.parent)

    def anew(self, path: Path, secret: str = SECRET) -> Path:
        """Have an empty state there, whatever was there before. Migrating a new one would take longer."""
        if self.server is None:
            for one in path.parent.glob(f"{path.name}*"):
                one.unlink()
            path.write_bytes(_empty_file(secret))
        else:
            if name := self.names.pop(path, ""):
                self.server.give_back(name)
            self.url(path, secret)
        return path

    def blank(self, path: Path) -> Path:
        """Have nothing at all there."""
        if self.server is not None:
            self.names[path] = self.server.blank()
        return path

    def environment(self, path: Path) -> dict[str, str]:
        """The environment in which another process finds the state of a path."""
        return {**os.environ, GIVEN: self.url(path)}

    def give_back(self) -> None:
        """The test is over."""
        for name in self.names.values():
            assert self.server is not None
            self.server.give_back(name)
        self.names.clear()


@cache
def _empty_file(secret: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        open_store("sqlite:///empty.db", secret, base=Path(folder)).close()
        return (Path(folder) / "empty.db").read_bytes()


STATES = States()
"""Those of the test that runs."""


def blank(path: Path) -> Path:
    """Have nothing at all at this path."""
    return STATES.blank(path)


def on_postgres() -> bool:
    """Whether the test that runs has its states in PostgreSQL."""
    return STATES.server is not None


def open_state(path: Path, secret: str = SECRET, **options: Any) -> Store:
    """The state that a path stands for; the caller closes it."""
    url = STATES.url(path, secret)
    return open_store(url, secret, base=path.parent, access=STATES.access(path), **options)


def database(path: Path, *, create: bool = True, secret: str = SECRET) -> Database:
    """Its database, as it is: without looking at version and secret."""
    place = address(STATES.url(path, secret), path.parent, STATES.access(path))
    if isinstance(place, SqliteFile):
        return open_sqlite(place.path, Keyring(secret), create=create)
    assert isinstance(place, PostgresSchema)
    return open_postgres(place, Keyring(secret), create=create)


@contextmanager
def _looking(path: Path) -> Iterator[sa.Connection]:
    url = STATES.url(path)
    if STATES.server is not None:
        engine = sa.create_engine(
            "postgresql+psycopg://", creator=lambda: STATES.server.connect(STATES.names[path]), poolclass=sa.NullPool
        )
        with engine.connect() as conn:
            conn.exec_driver_sql("SET search_path TO rostersync")
            conn.commit()
            yield conn
            conn.commit()
    else:
        with sa.create_engine(url, poolclass=sa.NullPool).connect() as conn:
            yield conn
            conn.commit()


def sql(path: Path, query: str, *values: Any) -> list[tuple[Any, ...]]:
    """What the database itself says, seen from another connection; `?` stands for a value."""
    with _looking(path) as conn:
        rows = conn.exec_driver_sql(query.replace("?", "%s") if on_postgres() else query, values)
        return [tuple(row) for row in rows] if rows.returns_rows else []


def written(path: Path) -> bytes:
    """Every byte of the state as it lies on the disk, or as a dump of the server shows it."""
    if not on_postgres():
        return b"".join(one.read_bytes() for one in path.parent.glob(f"{path.name}*"))
    with _looking(path) as conn:
        tables = conn.exec_driver_sql("SELECT tablename FROM pg_tables WHERE schemaname = 'rostersync'").scalars().all()
        rows = [row for table in tables for row in conn.execute(sa.text(f'SELECT * FROM "{table}"'))]  # noqa: S608 - the names are our tables' own
    return b"\n".join(value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row)


def back_up(path: Path) -> bytes:
    """A backup of the state, as its administrator makes it."""
    return path.read_bytes() if STATES.server is None else STATES.server.dump(STATES.names[path])


def put_back(path: Path, backup: bytes) -> None:
    """Restore it over what is there."""
    if STATES.server is not None:
        STATES.server.restore(STATES.names[path], backup)
        return
    for name in (f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)
    path.write_bytes(backup)
