"""The PIFU connector keeps what every connector promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from rostersync import connectors
from rostersync.connectors.pifu import PifuConnector, Settings

from .contract import ConnectorContract, Source
from .documents import SECRETS, V1_1, WHOLE, DropFolder, document, person, properties


class PifuSource(Source):
    """A drop folder with one export in it."""

    secrets = SECRETS

    def __init__(self, folder: Path, **form: str) -> None:
        self.folder = DropFolder(folder)
        self.connector = self.folder.connector
        self.form = form

    def offer_all(self) -> None:
        self.folder.drop(document(*WHOLE, **self.form))

    def offer_more(self) -> None:
        self.folder.drop(document(*WHOLE, person("elev-2"), **self.form))

    def offer_half(self) -> None:
        whole = document(*WHOLE, **self.form)
        self.folder.drop(whole[: len(whole) // 2])

    def offer_nothing(self) -> None:
        for path in self.folder.folder.iterdir():
            path.unlink()

    def copies(self) -> int:
        return len(list(self.folder.spool.iterdir()))


class TestPifu(ConnectorContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        return PifuSource(tmp_path)


class TestPifuOfAnOlderVersionInUtf16(ConnectorContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        return PifuSource(tmp_path, namespace=V1_1, encoding="UTF-16")


class TestPlainImsEnterprise(ConnectorContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        return PifuSource(tmp_path, namespace="", head=properties(kind="", made="21/Nov/2026"))


def test_the_type_pifu_is_found_by_its_folder() -> None:
    assert "pifu" in connectors.types()
    assert connectors.settings_type("pifu") is Settings
    assert isinstance(connectors.make("pifu", "everyday", Settings(files="/srv/in/*.xml")), PifuConnector)
