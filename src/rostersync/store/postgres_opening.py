"""A connection to a PostgreSQL server, set up so that nothing is written in passing.

A session reads unless it says otherwise: every write has to stand in a transaction of `Database.begin`, which is where
the lease is checked. The server sees within two minutes that this machine is gone, and drops its lease.
"""

from __future__ import annotations

from typing import Any, Final

import psycopg
import sqlalchemy as sa
from psycopg import sql

from rostersync.store.address import PostgresSchema
from rostersync.store.postgres_errors import explain, refused

CONNECT_SECONDS: Final = 10
"""How long a server may take to answer before it counts as down."""

_KEEPALIVE: Final = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 6}

_SESSION: Final = """
    SET client_min_messages = warning;
    SET default_transaction_read_only = on;
    SET default_transaction_isolation = 'read committed';
    SET lock_timeout = '10s';
    SET statement_timeout = 0;
    SET idle_in_transaction_session_timeout = 0;
    SET tcp_keepalives_idle = 30;
    SET tcp_keepalives_interval = 10;
    SET tcp_keepalives_count = 6;
    SET synchronous_commit = 'on';
    SET jit = off;
"""
"""A run may think for an hour between two statements; a rename or an LMS call follows a commit, so that is on the disk.

No statement here gains from being compiled first, and some are guessed to be large that are not.
"""


def connect(address: PostgresSchema, called: str) -> sa.Connection:
    """Connect. `called` (63 bytes at most) tells the server's administrator, and those who wait, who this is.

    Raises:
        UserMistake: the server will never let us in like this.
        StateUnavailable: it cannot be reached now.
    """
    raw = _connected(address, called)
    engine = sa.create_engine(
        "postgresql+psycopg://",
        creator=lambda: raw,
        poolclass=sa.NullPool,
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,
        use_native_hstore=False,
    )
    _translate_errors(engine, address.name)
    return engine.connect()


def release(conn: sa.Connection) -> None:
    """Close a connection, also one that is lost. The server undoes what was not committed and lets go of every lock."""
    if not conn.closed:
        driver = conn.connection.driver_connection
        if driver is not None:
            driver.close()
        conn.invalidate()
        conn.close()
    conn.engine.dispose()


def _connected(address: PostgresSchema, called: str) -> psycopg.Connection[Any]:
    options: dict[str, Any] = {"application_name": called, "connect_timeout": CONNECT_SECONDS, **_KEEPALIVE}
    if address.password:
        options["password"] = address.password
    try:
        raw = psycopg.connect(address.url, autocommit=True, **options)
        with raw.cursor() as cursor:
            cursor.execute(_SESSION)
            cursor.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(address.schema)))
            if raw.info.server_version >= 140_000:
                cursor.execute("SET idle_session_timeout = 0")
    except psycopg.Error as error:
        raise refused(error, address) from None
    return raw


def _translate_errors(engine: sa.Engine, name: str) -> None:
    """Turn what PostgreSQL says into what the reader can do, for every statement there will ever be."""

    @sa.event.listens_for(engine, "handle_error")
    def understand(context: sa.engine.ExceptionContext) -> None:
        # A connection that is gone stays gone, for the lease went with it: nothing may connect again behind our back.
        context.is_disconnect = False
        context.invalidate_pool_on_disconnect = False
        if explained := explain(context.original_exception, name):
            raise explained from None
