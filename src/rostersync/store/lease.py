"""One run at a time: the lease on a state, held by a process and gone with it.

With SQLite it is a lock of the operating system on a file beside the database. The kernel drops it when its process ends,
however it ends, so nothing ever has to be cleaned up by hand. What the file says is only for the message. With PostgreSQL
it is a lock of the server; see `postgres_lease.py`.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rostersync.errors import StateBusy, TryLater
from rostersync.store.address import Access, Address, SqliteFile, address

POLL_SECONDS = 0.2
"""How often a waiting process looks again."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease that is held: on what, and with PostgreSQL the connection that holds it and has to do the writing."""

    address: Address
    connection: Any = None


def _now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def lease(
    url: str,
    base: Path,
    wait_seconds: float,
    who: str,
    *,
    access: Access | None = None,
    clock: Callable[[], datetime] = _now,
) -> Iterator[Lease]:
    """Hold the state at `url` for as long as the block lasts. Hand what it gives to `open_store`.

    `wait_seconds` is how long to wait for another holder, or for a database server that is down; `who` is the command,
    for those who then wait for us.

    Raises:
        StateBusy: another process still held it after `wait_seconds`.
        StateUnavailable: the database server still could not be reached.
        TryLater: the file beside the database cannot be written.
        UserMistake: `url` names no state, or one that will never let us in.
    """
    place = address(url, base, access)
    if isinstance(place, SqliteFile):
        with _flock(place.path, wait_seconds, who, clock):
            yield Lease(place)
    else:
        # The driver takes longer to import than an SQLite state to open.
        from rostersync.store import postgres_lease

        with postgres_lease.lease(place, wait_seconds, who, POLL_SECONDS) as connection:
            yield Lease(place, connection)


@contextmanager
def _flock(database: Path, wait_seconds: float, who: str, clock: Callable[[], datetime]) -> Iterator[None]:
    path = database.with_name(database.name + ".lock")
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise TryLater(f"{path} cannot be opened for the lease ({error.strerror}): make its folder writable") from None
    try:
        _take(lock, path, time.monotonic() + wait_seconds)
        _sign(lock, f"process {os.getpid()} ({who}) since {clock().isoformat(timespec='seconds')}")
        try:
            yield
        finally:
            _sign(lock, "")
    finally:
        os.close(lock)


def _take(lock: int, path: Path, until: float) -> None:
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                raise StateBusy(_busy(lock, path)) from None
            time.sleep(POLL_SECONDS)
        else:
            return


def _busy(lock: int, path: Path) -> str:
    holder = os.pread(lock, 500, 0).decode("utf-8", "replace").strip() or "another process"
    return (
        f"the state is in use by {holder} (see {path}); wait for it to end, or give --wait 10m to queue behind it. "
        "The lease ends with its process: never delete the file"
    )


def _sign(lock: int, holder: str) -> None:
    os.ftruncate(lock, 0)
    os.pwrite(lock, holder.encode(), 0)
