"""What the connectors' tests lean on."""

from __future__ import annotations

from pathlib import Path

import pytest

from .documents import DropFolder


@pytest.fixture
def folder(tmp_path: Path) -> DropFolder:
    """An empty drop folder."""
    return DropFolder(tmp_path)
