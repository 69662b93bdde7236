"""The SITS connector keeps what every connector promises, in each of its shapes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rostersync import connectors
from rostersync.connectors import Connector
from rostersync.connectors.sits import Settings
from rostersync.lab.adult_school import AdultSchool
from rostersync.lab.doubles.server import Server
from rostersync.lab.doubles.sits import SERVICES, Sits

from .contract import ConnectorContract, Source
from .sits_exports import SECRETS, Export, secret, whole, with_one_more


class SitsSource(Source):
    """A folder or database with one export."""

    secrets = SECRETS
    parts = ("member",)

    def __init__(self, home: Path, shape: str) -> None:
        self.export = Export(home, shape)
        self.connector: Connector = self.export.connector

    def offer_all(self) -> None:
        self.export.offer(whole())

    def offer_more(self) -> None:
        self.export.offer(with_one_more(whole()))

    def offer_half(self) -> None:
        self.export.offer(whole(), lambda content: content[: len(content) // 2])

    def offer_nothing(self) -> None:
        for path in self.export.inbox.iterdir():
            path.unlink()

    def copies(self) -> int:
        return len(list(self.export.spool.iterdir()))


class ViewSource(SitsSource):
    """A database. What can be half there is not a row, but a view."""

    def offer_half(self) -> None:
        self.offer_all()
        self.export.edit_layout("v_grupper", "v_gruppene")
        self.connector = self.export.connector

    def offer_nothing(self) -> None:
        self.export.database.unlink(missing_ok=True)
        self.export.database.mkdir()


class RwsSource(SitsSource):
    """A server."""

    def __init__(self, home: Path, double: Sits, server: Server, path: str = SERVICES, shape: str = "rws") -> None:
        self.double, self.server = double, server
        password = secret(home, "of no use elsewhere")
        files = f"{server.url}{path}".replace("://", "://rostersync@")
        self.export = Export(home, shape, files=files, password=password)
        self.connector = self.export.connector

    def _offer(self, school: AdultSchool) -> None:
        self.server.faults.clear()
        self.double.school = school

    def offer_all(self) -> None:
        self._offer(whole())

    def offer_more(self) -> None:
        self._offer(with_one_more(whole()))

    def offer_half(self) -> None:
        self.server.faults.switch("cut", path="GRUPPER")

    def offer_nothing(self) -> None:
        self.server.faults.switch("404")


class XetServedSource(RwsSource):
    """A server that gives everything by one GET."""

    def __init__(self, home: Path, double: Sits, server: Server) -> None:
        super().__init__(home, double, server, "/export.xml", "xet")

    def offer_half(self) -> None:
        self.server.faults.switch("cut")


@pytest.fixture
def double() -> Sits:
    return Sits(whole())


@pytest.fixture
def server(double: Sits) -> Iterator[Server]:
    with Server(double) as running:
        yield running


class TestXetInAFolder(ConnectorContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        return SitsSource(tmp_path, "xet")


class TestXetByOneGet(ConnectorContract):
    @pytest.fixture
    def source(self, tmp_path: Path, double: Sits, server: Server) -> Source:
        return XetServedSource(tmp_path, double, server)


class TestDelimited(ConnectorContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        return SitsSource(tmp_path, "delimited")


class TestRws(ConnectorContract):
    @pytest.fixture
    def source(self, tmp_path: Path, double: Sits, server: Server) -> Source:
        return RwsSource(tmp_path, double, server)


class TestViews(ConnectorContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        return ViewSource(tmp_path, "views")


def test_the_type_sits_is_found_by_its_folder() -> None:
    assert "sits" in connectors.types()
    assert connectors.settings_type("sits") is Settings
