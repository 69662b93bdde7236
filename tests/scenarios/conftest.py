"""A fresh town for every story."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.town import Town


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every story is told on both databases: on PostgreSQL all by `make proof`, and by `make test` those marked `both`."""
    mine = {marker.name for marker in metafunc.definition.iter_markers()}
    marks = () if "both" in mine else (pytest.mark.proof, pytest.mark.in_full)
    metafunc.parametrize("engine", ["sqlite", pytest.param("postgres", marks=marks)], indirect=True)


@pytest.fixture
def town(tmp_path: Path) -> Town:
    """A town whose LMS reads OneRoster CSV."""
    return Town(tmp_path)


@pytest.fixture(params=["oneroster_csv", "memory"])
def any_town(tmp_path: Path, request: pytest.FixtureRequest) -> Town:
    """A town for each shape of target: the whole set in a file, and one object at a time."""
    return Town(tmp_path, target=request.param)
