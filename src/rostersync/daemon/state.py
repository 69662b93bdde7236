"""The state as the daemon reaches it: to look at, to hold for one errand, and what lies beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from rostersync.state_settings import StateSettings
from rostersync.store import Store, open_store
from rostersync.store.address import SqliteFile
from rostersync.store.lease import Lease, lease


@contextmanager
def looking(state: StateSettings, *, create: bool = False) -> Iterator[Store]:
    """The state as it is; a run may be writing meanwhile.

    Raises:
        UserMistake, StateBroken, TryLater: as `open_store` does.
    """
    with _opened(state, create=create) as store:
        yield store


@contextmanager
def held(state: StateSettings, wait_seconds: float, who: str, clock: Callable[[], datetime]) -> Iterator[Store]:
    """The state, held alone until the end of the block.

    Raises:
        StateBusy: another process still holds it after `wait_seconds`.
        UserMistake, StateBroken, TryLater: as `open_store` does.
    """
    with (
        lease(state.url, state.base, wait_seconds, who, access=state.access(), clock=clock) as mine,
        _opened(state, create=True, lease=mine) as store,
    ):
        store.refuse_if_moved()
        yield store


def _opened(state: StateSettings, *, create: bool, lease: Lease | None = None) -> Store:
    secret, access = state.secret.read(), state.access()
    return open_store(state.url, secret, base=state.base, access=access, create=create, lease=lease)


def file_of(state: StateSettings) -> Path | None:
    """The file the state is in; None for one in a database server."""
    place = state.address()
    return place.path if isinstance(place, SqliteFile) else None
