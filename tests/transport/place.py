"""A folder on an SFTP server, and what reads it."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rostersync.credentials import Secret
from rostersync.transport.files import Dated, Files, FilesSettings

from .sshd import Sshd

NOW = datetime.now(UTC) + timedelta(minutes=1)
HOUR = timedelta(hours=1)


def secret(path: Path) -> Secret:
    path.chmod(0o600)
    return Secret("file", str(path), "rostersync.toml:7")


class Place:
    """A folder on the server, and what reads it."""

    def __init__(self, sshd: Sshd, folder: Path) -> None:
        self.sshd = sshd
        self.there = folder / "there"
        self.spool = folder / "spool"
        self.known_hosts = folder / "known_hosts"
        self.there.mkdir()
        self.spool.mkdir()
        self.known_hosts.write_text(sshd.known_host)
        self.waits: list[float] = []

    def drop(self, name: str, content: bytes, changed: datetime = NOW - HOUR) -> Path:
        path = self.there / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (changed.timestamp(), changed.timestamp()))
        return path

    def settings(self, pattern: str = "*.xml", **more: object) -> dict[str, object]:
        return {
            "files": self.sshd.address(self.there / pattern),
            "key": secret(self.sshd.client_key),
            "known_hosts": self.known_hosts,
            "spool": self.spool,
            "patience": None,
            **more,
        }

    def files(self, pattern: str = "*.xml", dated: Dated = lambda _stream, _label: None, **more: object) -> Files:
        settings = FilesSettings(**self.settings(pattern, **more))  # type: ignore[arg-type]
        return Files("everyday", settings, dated, wait=self.waits.append)
