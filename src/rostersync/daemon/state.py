"""The state as the daemon reaches it: to look at, to hold for one errand, and what lies beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from rostersync.config import StateSettings
from rostersync.store import Store, open_store
from rostersync.store.engine import database_file
from rostersync.store.lease import lease


@contextmanager
def looking(state: StateSettings, *, create: bool = False) -> Iterator[Store]:
    """The state as it is; a run may be writing meanwhile.

    Raises:
        UserMistake, StateBroken, TryLater: as `open_store` does.
    """
    store = open_store(state.url, state.secret.read(), base=state.base, create=create)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def held(state: StateSettings, wait_seconds: float, who: str, clock: Callable[[], datetime]) -> Iterator[Store]:
    """The state, held alone until the end of the block.

    Raises:
        StateBusy: another process still holds it after `wait_seconds`.
        UserMistake, StateBroken, TryLater: as `open_store` does.
    """
    with lease(state.url, state.base, wait_seconds, who, clock=clock), looking(state, create=True) as store:
        yield store


def file_of(state: StateSettings) -> Path | None:
    """The file the state is in; None for one in a database server."""
    return database_file(state.url, state.base) if state.url.startswith("sqlite:") else None
