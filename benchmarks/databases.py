"""Where the state is while it is measured: a file of SQLite, or a PostgreSQL server of the benchmark's own.

The server runs with PostgreSQL's own settings - durable, with autovacuum - except that it listens on a socket only. What it
uses of the processor is counted for the whole of it, so a clean-up in the background counts for the row it falls into.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from tests.postgres import Server, programs

from benchmarks.measure import tree

STATES = ("sqlite", "postgresql")
_SOCKET_ONLY = {"listen_addresses": ""}
_TICKS = os.sysconf("SC_CLK_TCK")


class Missing(Exception):
    """A program that a row needs is not on this machine; the message says what to install."""


class Database(Protocol):
    """A place for states."""

    name: str
    lasts: bool
    """Whether its states are there the next time too."""

    @property
    def cpu(self) -> Callable[[], float] | None:
        """Tells the CPU seconds of the server so far; None where the database is a part of the program."""

    def url(self, state: str) -> str:
        """Where a state is, as the config has it; relative to its home where it is a file."""

    def create(self, state: str, like: str = "") -> None:
        """Make a state anew, empty or `like` another."""


class Sqlite:
    """Each state is a file in its home, and is copied with it."""

    name = "sqlite"
    lasts = True
    cpu = None

    def url(self, state: str) -> str:
        """A file in the home."""
        return f"sqlite:///{state}.db"

    def create(self, state: str, like: str = "") -> None:
        """The program makes it, and it is copied with its home."""


class Postgresql:
    """Each state is a database of one server."""

    name = "postgresql"
    lasts = False

    def __init__(self, server: Server) -> None:
        self._server = server

    def url(self, state: str) -> str:
        """A database on the server's socket."""
        return self._server.url(state)

    def create(self, state: str, like: str = "") -> None:
        """A database; what making it has left for the server to write is written before anything is measured."""
        with self._server.connect() as admin:
            admin.execute(f'DROP DATABASE IF EXISTS "{state}" WITH (FORCE)')
            admin.execute(f'CREATE DATABASE "{state}"' + (f' TEMPLATE "{like}"' if like else ""))
            admin.execute("CHECKPOINT")

    def cpu(self) -> float:
        """Of all its processes, those that have ended included: the first of them has waited for them."""
        return sum(map(_seconds, tree(self._server.pid)))


@contextmanager
def database(name: str) -> Iterator[Database]:
    """A place for states, by name; gone afterwards.

    Raises:
        Missing: PostgreSQL is not on this machine.
    """
    if name == "sqlite":
        yield Sqlite()
        return
    if (found := programs()) is None:
        raise Missing("PostgreSQL is not on this machine; Debian and Ubuntu: apt-get install postgresql")
    server = Server(found, _SOCKET_ONLY)
    try:
        yield Postgresql(server)
    finally:
        server.remove()


def _seconds(pid: int) -> float:
    """User and system time of a process and of the children it has waited for: fields 14 to 17 of proc(5) stat."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    return sum(map(int, stat.rpartition(")")[2].split()[11:15])) / _TICKS
