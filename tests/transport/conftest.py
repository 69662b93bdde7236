"""What the transport's tests lean on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from rostersync.lab.doubles.certificates import Authority

from .calling import Caller


@pytest.fixture
def caller() -> Iterator[Caller]:
    """Makes the transport that calls, and closes its connections."""
    made = Caller()
    yield made
    made.close()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that nobody knows who is not told of it."""
    return Authority(tmp_path_factory.mktemp("authority"), datetime.now(UTC))
