"""A fresh stage for every story."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.hands.stage import Stage
from tests.scenarios.town import AUTUMN


class Staged(Protocol):
    """Makes a stage in a folder."""

    def __call__(self, home: Path, **more: Any) -> Stage: ...


@pytest.fixture(scope="session")
def empty_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a state that has only just been made; copied, because the first migration takes a while."""
    home = tmp_path_factory.mktemp("empty")
    Stage(home).town.store().close()
    return home


@pytest.fixture(scope="session")
def settled_home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folder of a stage, and a copy of it after its first sync: a source's settings hold the folder's name."""
    home = tmp_path_factory.mktemp("settled") / "home"
    home.mkdir()
    stage = Stage(home)
    stage.sync(AUTUMN)
    stage.close()
    return home, Path(shutil.copytree(home, home.with_name("copy")))


@pytest.fixture
def staged(empty_state: Path) -> Iterator[Staged]:
    """Whatever stage a story needs."""
    stages: list[Stage] = []

    def made(home: Path, **more: Any) -> Stage:
        home.mkdir(exist_ok=True)
        for part in empty_state.glob("state.db*"):
            shutil.copy(part, home)
        stages.append(Stage(home, **more))
        return stages[-1]

    yield made
    for one in stages:
        one.close()


@pytest.fixture
def settled(settled_home: tuple[Path, Path]) -> Iterator[Stage]:
    """One source and one LMS after a first sync of the town as it is on the day AUTUMN."""
    home, copy = settled_home
    shutil.rmtree(home)
    shutil.copytree(copy, home)
    stage = Stage(home)
    yield stage
    stage.close()


@pytest.fixture
def stage(tmp_path: Path, staged: Staged) -> Stage:
    """One source, and one LMS that takes one object after the other."""
    return staged(tmp_path)


@pytest.fixture
def two(tmp_path: Path, staged: Staged) -> Stage:
    """One source and two LMSs."""
    return staged(tmp_path, targets=("lms", "archive"))


@pytest.fixture
def county(tmp_path: Path, staged: Staged) -> Stage:
    """Two sources and one LMS."""
    return staged(tmp_path, sources=("everyday", "second"))


@pytest.fixture
def whole(tmp_path: Path, staged: Staged) -> Stage:
    """One LMS that reads a whole set, written anew every time."""
    return staged(tmp_path, whole=True)
