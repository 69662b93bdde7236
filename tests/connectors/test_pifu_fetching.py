"""PIFU exports from a web server and an SFTP server: what is promised of a folder holds there too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rostersync.connectors.pifu import Settings, make
from rostersync.errors import SnapshotRefused
from rostersync.lab.doubles.server import Asked, Server, Told
from tests.transport.place import Place
from tests.transport.sshd import Sshd

from .contract import NOW, ConnectorContract, Source, read_both_ways
from .documents import SECRETS, WHOLE, document, made, person


class Shelf(Source):
    """A web server with one export."""

    secrets = SECRETS

    def __init__(self, spool: Path) -> None:
        self.spool = spool
        self.content = b""
        self.server = Server(self)
        address = f"{self.server.url}/everyday/export.xml?nokkel=Hemmelig"
        self.connector = make("everyday", Settings(files=address, spool=spool, guardians=True, patience=None))

    def answer(self, asked: Asked) -> Told:
        return Told(self.content, 200 if self.content else 404, "application/xml")

    def offer_all(self) -> None:
        self.content = document(*WHOLE)

    def offer_more(self) -> None:
        self.content = document(*WHOLE, person("elev-2"))

    def offer_half(self) -> None:
        whole = document(*WHOLE)
        self.content = whole[: len(whole) // 2]

    def offer_nothing(self) -> None:
        self.content = b""

    def copies(self) -> int:
        return len(list(self.spool.iterdir()))


class TestPifuOverHttps(ConnectorContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Iterator[Source]:
        shelf = Shelf(tmp_path)
        with shelf.server:
            yield shelf


def test_pifu_over_sftp_takes_the_newest_by_its_own_date(sshd: Sshd, tmp_path: Path) -> None:
    place = Place(sshd, tmp_path)
    place.drop("a.xml", made("2026-11-21T04:00:00"))
    place.drop("b.xml", made("2026-11-20T04:00:00", person("2")))
    connector = make("everyday", Settings(**place.settings(), guardians=True))  # type: ignore[arg-type]
    assert connector.check() == []
    snapshot = connector.fetch(NOW)
    assert snapshot.label.endswith("/there/a.xml")
    assert len(read_both_ways(connector, snapshot)) == len(WHOLE)
    connector.accepted(snapshot)
    place.drop("a.xml", b"<enterprise><prop")
    with pytest.raises(SnapshotRefused, match=r"sftp://127\.0\.0\.1:\d+/.*a\.xml"):
        connector.fetch(NOW)
    assert list(place.spool.iterdir()) == []
