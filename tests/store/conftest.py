"""What the tests of the store share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rostersync.store import Store
from rostersync.store.engine import Database
from tests.states import STATES
from tests.store.ledger import ANNE, KARI, OLA, open_database
from tests.store.snapshots import opened

SQLITE_ONLY = {"test_keyring", "test_seen", "test_open", "test_lease"}
"""What is about one database, or about none; everything else is promised of both."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every promise of the store is tried on both databases."""
    module = metafunc.module.__name__.rpartition(".")[2]
    if module not in SQLITE_ONLY and "postgres" not in module:
        metafunc.parametrize("engine", ["sqlite", "postgres"], indirect=True)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Database]:
    """A state, on disk, with three persons and one run in it."""
    database = open_database(tmp_path / "state.db", [KARI, OLA, ANNE])
    yield database
    database.close()


@pytest.fixture
def state_file(tmp_path: Path) -> Path:
    """The path of an empty state of its own."""
    return STATES.anew(tmp_path / "state.db")


@pytest.fixture
def store(state_file: Path) -> Iterator[Store]:
    """An empty state, open."""
    with opened(state_file) as store:
        yield store
