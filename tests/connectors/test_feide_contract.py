"""The Feide connector keeps what every connector promises; all of it against real OpenLDAP."""

from __future__ import annotations

from contextlib import suppress

import ldap
import pytest

from rostersync import connectors
from rostersync.connectors.feide import FeideConnector, Settings
from tests.slapd import FOLLOWER

from .contract import ConnectorContract, Source
from .directory import SECRETS, Directory


class FeideSource(Source):
    """A directory with one class in it."""

    secrets = SECRETS

    def __init__(self, directory: Directory, **keys: object) -> None:
        self.directory = directory
        self.connector = directory.connector(**keys)
        directory.add_class()

    def offer_all(self) -> None:
        with suppress(ldap.NO_SUCH_OBJECT):
            self.directory.server.delete(f"uid=elev-2,{self.directory.base}")

    def offer_more(self) -> None:
        self.directory.add("elev-2")

    def offer_half(self) -> None:
        self.directory.line.cut_after = 900

    def offer_nothing(self) -> None:
        self.directory.line.take_down()

    def copies(self) -> int:
        return self.directory.copies()


class TestFeide(ConnectorContract):
    @pytest.fixture
    def source(self, directory: Directory) -> Source:
        return FeideSource(directory)


class TestFeideBySyncrepl(ConnectorContract):
    @pytest.fixture
    def source(self, directory: Directory) -> Source:
        return FeideSource(directory, mode="syncrepl", bind_dn=FOLLOWER)


def test_the_type_feide_is_found_by_its_folder_and_departs_nobody(directory: Directory) -> None:
    assert "feide" in connectors.types()
    assert connectors.settings_type("feide") is Settings
    assert isinstance(connectors.make("feide", "feide", directory.settings()), FeideConnector)
    assert not connectors.departs("feide")
    assert connectors.departs("pifu")
