"""Days of the small municipality, generated once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from rostersync.lab import Account, Generated, generate, read_account
from tests.lab.reading import Reading, read


@dataclass
class Day:
    """One generated day, its export read plainly, and its account."""

    made: Generated
    read: Reading
    account: Account


def day_of(folder: Path, day: int, **more: object) -> Day:
    made = generate(folder, day=day, **more)  # type: ignore[arg-type]
    return Day(made, read(made.export), read_account(made.account))


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory) -> Day:
    return day_of(tmp_path_factory.mktemp("lab"), 1)


@pytest.fixture(scope="session")
def second(tmp_path_factory: pytest.TempPathFactory) -> Day:
    return day_of(tmp_path_factory.mktemp("lab"), 2)
