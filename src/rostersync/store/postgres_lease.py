"""The lease on a state in PostgreSQL: an advisory lock of the session that also does all the writing.

What loses the lease - a kill, a cut cable, a restarted server - loses the connection, and with it everything that was not
committed. The server drops the lock of a session whose machine is gone within two minutes.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rostersync.errors import StateBusy, StateUnavailable
from rostersync.store.address import PostgresSchema
from rostersync.store.postgres import lock_number
from rostersync.store.postgres_opening import connect, release

if TYPE_CHECKING:
    import sqlalchemy as sa

_LONGEST = 63
"""Bytes that the server keeps of a session's name."""

_HOLDER = """
    SELECT a.application_name, to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"')
      FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
     WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND (l.classid::bigint << 32) | l.objid::bigint = %s
"""


@contextmanager
def lease(address: PostgresSchema, wait_seconds: float, who: str, poll_seconds: float) -> Iterator[sa.Connection]:
    """Hold the state for as long as the block lasts. Gives the connection that holds it; see `lease.lease`."""
    until = time.monotonic() + wait_seconds
    conn = _connected(address, who, until, poll_seconds)
    try:
        _take(conn, address, until, poll_seconds)
        yield conn
    finally:
        release(conn)


def _connected(address: PostgresSchema, who: str, until: float, poll_seconds: float) -> sa.Connection:
    name = f"{who.partition(';')[0]} (process {os.getpid()} on {socket.gethostname()})"
    called = name.encode()[:_LONGEST].decode("utf-8", "ignore")
    while True:
        try:
            return connect(address, called)
        except StateUnavailable:
            if time.monotonic() >= until:
                raise
            time.sleep(poll_seconds)


def _take(conn: sa.Connection, address: PostgresSchema, until: float, poll_seconds: float) -> None:
    number = lock_number("lease", address.schema)
    while not conn.exec_driver_sql("SELECT pg_try_advisory_lock(%s)", (number,)).scalar():
        if time.monotonic() >= until:
            raise StateBusy(_busy(conn, address, number))
        time.sleep(poll_seconds)


def _busy(conn: sa.Connection, address: PostgresSchema, number: int) -> str:
    row = conn.exec_driver_sql(_HOLDER, (number,)).first()
    holder = f"{row[0]} since {row[1]}" if row and row[0] else "another process"
    return (
        f"the state {address.name} is in use by {holder}; wait for it to end, or give --wait 10m to queue behind it. "
        "The lease ends with its process"
    )
