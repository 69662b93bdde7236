"""The OneRoster connector keeps what every connector promises, over either version's service and from either's CSV."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rostersync import connectors
from rostersync.connectors.oneroster import OneRosterConnector, Settings, make

from .contract import ConnectorContract, Source
from .oneroster_parts import SECRETS, Service, one_more, whole, write_folder, write_zip


class OverRest(Source):
    """A service on loopback."""

    secrets = SECRETS

    def __init__(self, service: Service) -> None:
        self.service = service
        self.connector = service.connector

    def offer_all(self) -> None:
        self.service.offer(whole())

    def offer_more(self) -> None:
        self.service.offer(one_more())

    def offer_half(self) -> None:
        self.offer_all()
        self.service.faults.switch("cut", path="/users")

    def offer_nothing(self) -> None:
        self.service.faults.switch("503")

    def copies(self) -> int:
        return len(list(self.service.spool.iterdir()))


class FromFiles(Source):
    """A folder with one set in it."""

    secrets = SECRETS

    def __init__(self, folder: Path, version: str, *, zipped: bool) -> None:
        self.folder, self.spool, self.version, self.zipped = folder / "in", folder / "spool", version, zipped
        for one in (self.folder, self.spool):
            one.mkdir()
        pattern = str(self.folder / "*")
        self.connector = make("vis", Settings(files=pattern, spool=self.spool, guardians=True))

    def _write(self, roster: dict[str, list[dict[str, object]]]) -> None:
        write = write_zip if self.zipped else write_folder
        write(self.folder / ("set.zip" if self.zipped else "set"), roster, version=self.version)

    def offer_all(self) -> None:
        self._write(whole())

    def offer_more(self) -> None:
        self._write(one_more())

    def offer_half(self) -> None:
        self.offer_all()
        path = self.folder / ("set.zip" if self.zipped else "set/users.csv")
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])

    def offer_nothing(self) -> None:
        for path in sorted(self.folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()

    def copies(self) -> int:
        return len(list(self.spool.iterdir()))


class TestService11(ConnectorContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Iterator[Source]:
        with Service(tmp_path) as service:
            yield OverRest(service)


class TestService12(ConnectorContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Iterator[Source]:
        with Service(tmp_path, version="rostering/v1p2") as service:
            yield OverRest(service)


class TestZipOf11(ConnectorContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        return FromFiles(tmp_path, "1.1", zipped=True)


class TestFolderOf12(ConnectorContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        return FromFiles(tmp_path, "1.2", zipped=False)


def test_the_same_roster_gives_the_same_records_whatever_it_came_by(tmp_path: Path) -> None:
    """Service and CSV, of the same version: one mapper for both."""
    for version, label in (("v1p1", "1.1"), ("rostering/v1p2", "1.2")):
        home = tmp_path / label
        home.mkdir()
        files = FromFiles(home, label, zipped=True)
        files.offer_all()
        with Service(tmp_path / f"{label} service", version=version) as service:
            served = OverRest(service)
            served.offer_all()
            over_rest = [one.parse() for one in served.fragments()]
        from_files = [one.parse() for one in files.fragments()]
        assert over_rest == from_files


def test_the_type_oneroster_is_found_by_its_folder() -> None:
    assert "oneroster" in connectors.types()
    assert connectors.settings_type("oneroster") is Settings
    assert isinstance(connectors.make("oneroster", "vis", Settings(files="/srv/in/*.zip")), OneRosterConnector)
