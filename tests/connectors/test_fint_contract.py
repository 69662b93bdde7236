"""The FINT connector keeps what every connector promises."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rostersync import connectors
from rostersync.connectors import Connector
from rostersync.connectors.fint import FintConnector, Settings

from .contract import ConnectorContract, Source
from .fint_county import ELEV, PERSON, SECRETS, Site, entry, human, link, site

NEW = "01821052048"


class FintSource(Source):
    """A county on a server of its own."""

    secrets = SECRETS

    def __init__(self, here: Site) -> None:
        self.here = here
        self.connector: Connector = here.connector

    def offer_all(self) -> None:
        self.here.faults.clear()
        self.here.send()

    def offer_more(self) -> None:
        entries = self.here.county.entries
        entries[PERSON].append(human(PERSON, NEW, "Cia", "Ny"))
        entries[ELEV].append(entry(ELEV, "cia-id", {}, person=link(PERSON, NEW, "fodselsnummer")))
        self.here.send()

    def offer_half(self) -> None:
        self.here.send()
        self.here.faults.switch("cut", path="elev/person")

    def offer_nothing(self) -> None:
        self.here.faults.switch("503")

    def copies(self) -> int:
        return len(list(self.here.spool.iterdir()))


class TestFint(ConnectorContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Iterator[Source]:
        with site(tmp_path) as here:
            yield FintSource(here)


class TestFintInOneAnswerFromAnOlderConsumer(ConnectorContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Iterator[Source]:
        with site(tmp_path, numbers=False) as here:
            here.change(page_size=0)
            yield FintSource(here)


def test_the_type_fint_is_found_by_its_folder() -> None:
    assert "fint" in connectors.types()
    assert connectors.settings_type("fint") is Settings
    assert isinstance(connectors.make("fint", "vis", Settings()), FintConnector)
