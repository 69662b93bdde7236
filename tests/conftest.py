"""What every test may lean on."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def standards() -> Path:
    """The folder of public schemas and samples; it lies beside the project and is no part of it."""
    folder = ROOT.parent / "shared" / "standards"
    if not folder.is_dir():
        pytest.skip("the public schemas and samples (../shared/standards) are not on this machine")
    return folder
