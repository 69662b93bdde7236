"""One daemon for one state: a lock of the operating system, which goes with its process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rostersync.daemon.state import file_of
from rostersync.errors import StateBusy, TryLater
from rostersync.state_settings import StateSettings


@contextmanager
def alone(state: StateSettings, socket: Path) -> Iterator[None]:
    """Within the block no other daemon of this machine serves the state.

    The lock lies beside a state that is a file, and beside the trigger socket of one that is not. It is for order only: that
    no run is made twice, not even by daemons on two machines, is the business of the lease and the marks.

    Raises:
        StateBusy: another daemon serves it.
        TryLater: the lock cannot be made.
    """
    near = file_of(state) or socket
    path = near.with_name(near.name + ".daemon")
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise TryLater(f"{path} cannot be opened for the lock ({error.strerror}): make its folder writable") from None
    try:
        _take(lock, path)
        yield
    finally:
        os.close(lock)


def _take(lock: int, path: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(lock, 200, 0).decode("utf-8", "replace").strip() or "another process"
        raise StateBusy(
            f"another daemon ({holder}) serves this state already (see {path}); ask it: rostersync trigger SYNC"
        ) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"process {os.getpid()}".encode(), 0)
