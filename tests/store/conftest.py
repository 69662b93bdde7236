"""What the tests of the store share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from rostersync.store import Store
from rostersync.store.engine import Database
from tests.store.ledger import ANNE, KARI, OLA, open_database
from tests.store.snapshots import opened


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Database]:
    """A state, on disk, with three persons and one run in it."""
    database = open_database(tmp_path / "state.db", [KARI, OLA, ANNE])
    yield database
    database.close()


@pytest.fixture(scope="session")
def empty_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state that has only just been made; copied, because the first migration takes a while."""
    path = tmp_path_factory.mktemp("empty") / "state.db"
    with opened(path):
        pass
    return path


@pytest.fixture
def state_file(tmp_path: Path, empty_state: Path) -> Path:
    """The file of an empty state of its own."""
    return Path(shutil.copy(empty_state, tmp_path / "state.db"))


@pytest.fixture
def store(state_file: Path) -> Iterator[Store]:
    """An empty state, open."""
    with opened(state_file) as store:
        yield store
