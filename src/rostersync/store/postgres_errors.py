"""What PostgreSQL's errors mean for the reader: a sentence with what to do, and the right exit code."""

from __future__ import annotations

import re
from typing import Final

import psycopg

from rostersync.errors import RostersyncError, StateBroken, StateBusy, StateUnavailable, TryLater, UserMistake
from rostersync.store.address import PostgresSchema

_LOST: Final = re.compile(r"08|57P0")
"""SQLSTATE: the connection failed, or the server is going down."""

_CONFIG: Final = "[state]"


def explain(error: BaseException, name: str) -> RostersyncError | None:
    """What an error of a statement means; None for one that only a programmer can mend."""
    if not isinstance(error, psycopg.Error):
        return None
    code = error.sqlstate or ""
    if lost(error):
        return StateUnavailable(
            f"the connection to the state {name} was lost{_said(error)}; nothing of the step under way was written. "
            "When the server is back, give the same command again: it goes on from there"
        )
    if code in ("55P03", "40P01", "40001", "57014"):
        return StateBusy(f"another program is writing to the state {name}: wait for it to end, then try again")
    if code in ("53100", "58030", "53200", "53300", "53400"):
        return TryLater(
            f"the server of the state {name} has no room{_said(error)}; nothing of the step under way was written. "
            "Make room on its disk (or in its memory), then try again"
        )
    if code == "42501":
        return UserMistake([f"{_CONFIG} url: its role may not do this in {name}{_said(error)}; {_GRANTS}"])
    if code == "0A000" and "recovery" in str(error):
        return TryLater(
            f"the server of the state {name} is a standby, which only reads: name the primary, "
            "or add target_session_attrs=read-write to the url"
        )
    if code.startswith("XX"):
        return StateBroken(
            f"the server found the state {name} damaged{_said(error)}: have its disk looked at, and restore a backup"
        )
    return None


def lost(error: BaseException) -> bool:
    """Whether an error means that the connection is gone."""
    if not isinstance(error, psycopg.Error):
        return False
    if error.sqlstate is None:
        return isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))
    return bool(_LOST.match(error.sqlstate))


def uncertain(name: str) -> StateUnavailable:
    """The connection was lost when the commit was on its way."""
    return StateUnavailable(
        f"the connection to the state {name} was lost while a step was being made durable, so nobody knows whether it "
        "was. Nothing is lost by that: give the same command again when the server is back, and it finds out",
        uncertain=True,
    )


def refused(error: psycopg.Error, address: PostgresSchema) -> RostersyncError:
    """Why there is no connection. The server's own words decide, for it gives no code before somebody has logged in."""
    text = str(error)
    name = address.name
    for pattern, advice in _REFUSALS:
        if pattern.search(text):
            return UserMistake([f"{_CONFIG} {advice.format(name=name)}{_said(error)}"])
    return StateUnavailable(
        f"the state {name} cannot be reached{_said(error)}. Once the server runs, give the same command again; "
        "with --wait 5m it is waited for"
    )


def _said(error: psycopg.Error) -> str:
    """What the server said, in brackets, on one line; without what may repeat a value."""
    said = error.diag.message_primary or str(error)
    line = " ".join(said.split()).removeprefix("connection failed: ").removeprefix("connection is bad: ")
    return f" ({line})" if line else ""


_GRANTS: Final = (
    "let an administrator of the database run: GRANT CONNECT, TEMPORARY ON DATABASE ... and "
    "CREATE SCHEMA ... AUTHORIZATION ... for that role (docs/how-to/postgresql.md)"
)

_REFUSALS: Final = (
    (
        re.compile(r"password authentication failed|no password supplied|empty password|scram|SASL", re.IGNORECASE),
        "password: {name} does not take it; look at password under [state], or at libpq's passfile",
    ),
    (
        re.compile(r"database \S+ does not exist"),
        "url: there is no such database, {name}; let an administrator run: createdb --owner=ROLE DATABASE",
    ),
    (
        re.compile(r"role \S+ does not exist|[Pp]eer authentication failed|Ident authentication failed|"
                   r"pg_hba\.conf|is not permitted to log in|permission denied for database"),
        "url: {name} does not let this user in; look at the role in the url and at the server's pg_hba.conf",
    ),
    (
        re.compile(r"invalid (connection option|URI|port|percent|sslmode|integer)|missing \"=\"|could not parse|"
                   r"definition of service|root certificate file|certificate verify failed|does not support SSL"),
        "url: {name} cannot be used as it stands",
    ),
)  # fmt: skip
"""What time will not mend."""
