"""A synced town that every test gets a copy of, and commands that run in this process as a person would type them."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rostersync import logs
from rostersync.cli import main
from tests.scenarios.town import AUTUMN, Town


@dataclass(frozen=True)
class Told:
    """What one command told: its exit code, its stdout and its stderr without log lines."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)


class Desk:
    """A town and somebody who types commands about it."""

    def __init__(self, town: Town, capsys: pytest.CaptureFixture[str]) -> None:
        self.town = town
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Told:
        """Run one command with the town's config."""
        return self.bare("-c", str(self.town.config), *arguments)

    def bare(self, *arguments: str) -> Told:
        """Run one command with nothing but these arguments."""
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        out, err = self._capsys.readouterr()
        logs.set_up(sys.__stderr__)  # capsys' own stream is gone with the fixture's phase, and the next run may log
        said = "".join(line for line in err.splitlines(keepends=True) if not line.startswith('{"'))
        code = ended.value.code
        return Told(code if isinstance(code, int) else -1, out, said)

    def journal(self) -> list[tuple[str, str, str]]:
        """(what, about, why) of every entry, the oldest first."""
        store = self.town.store()
        try:
            return [(one.what, one.about, one.why) for one in reversed(store.journal.entries(1000))]
        finally:
            store.close()


@pytest.fixture(scope="session")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a town after its first sync."""
    home = tmp_path_factory.mktemp("synced")
    Town(home).sync(AUTUMN)
    return home


@pytest.fixture
def town(tmp_path: Path, synced: Path) -> Town:
    """A town of one's own, one sync old."""
    home = tmp_path / "home"
    shutil.copytree(synced, home)
    return Town(home)


@pytest.fixture
def desk(town: Town, capsys: pytest.CaptureFixture[str]) -> Desk:
    """Somebody at the terminal of that town."""
    return Desk(town, capsys)


@pytest.fixture
def fresh(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    """Somebody at the terminal of a town that was never synced."""
    return Desk(Town(tmp_path / "home"), capsys)


@pytest.fixture(autouse=True)
def _plain_surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No config of the machine's own is found, and the logs go back to where the other tests expect them."""
    monkeypatch.delenv("ROSTERSYNC_CONFIG", raising=False)
    yield
    logs.set_up()
