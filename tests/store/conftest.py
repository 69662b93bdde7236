"""What the tests of the store share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rostersync.store.engine import Database
from tests.store.ledger import ANNE, KARI, OLA, open_database


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Database]:
    """A state, on disk, with three persons and one run in it."""
    database = open_database(tmp_path / "state.db", [KARI, OLA, ANNE])
    yield database
    database.close()
