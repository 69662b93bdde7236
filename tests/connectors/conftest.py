"""What the connectors' tests lean on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.slapd import Slapd

from .directory import Directory, directory_in
from .documents import DropFolder


@pytest.fixture
def folder(tmp_path: Path) -> DropFolder:
    """An empty drop folder."""
    return DropFolder(tmp_path)


@pytest.fixture
def directory(slapd: Slapd, tmp_path: Path) -> Iterator[Directory]:
    """A Feide directory with one school and nobody in it."""
    yield from directory_in(slapd, tmp_path)
