"""Leaves files where somebody else takes them from: in a folder or on an SFTP server, each there whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from rostersync.transport.files.address import Address, sftp_address
from rostersync.transport.files.settings import LoginSettings
from rostersync.transport.files.staging import advising, obstacles, staging, swept, synced
from rostersync.transport.patience import Patience

if TYPE_CHECKING:
    from rostersync.transport.files.uploading import Uploading

_PART: Final = ".rostersync.part"
"""The hidden name of an upload under way: always the same, so that the next one overwrites what was cut off."""


class Shelf(Protocol):
    """Where files are left. Everything raises TargetUnavailable where the place cannot be reached or written to."""

    def staging(self) -> AbstractContextManager[Path]:
        """An empty private folder to write in; it is gone afterwards."""
        ...

    def leave(self, staged: Path) -> None:
        """Put a staged file there under its own name, in one step, also in place of another."""
        ...

    def fetch(self, name: str, into: Path) -> bool:
        """Copy what lies there under a name; False when nothing does."""
        ...

    def sweep(self) -> None:
        """Remove what a killed run left behind on this machine."""
        ...

    def check(self) -> list[str]:
        """What keeps us from writing there, in sentences, as far as it can be told without a log-in."""
        ...


class FolderShelf:
    """A folder of this machine, on one file system."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def staging(self) -> AbstractContextManager[Path]:
        """A hidden folder in the very place, since only there a rename is one step."""
        return staging(self._directory)

    def leave(self, staged: Path) -> None:
        """Make the file survive a power cut, and rename it."""
        with advising(self._directory):
            synced(staged)
            staged.replace(self._directory / staged.name)
            synced(self._directory)

    def fetch(self, name: str, into: Path) -> bool:
        """Copy the file."""
        with advising(self._directory):
            if not (self._directory / name).is_file():
                return False
            shutil.copyfile(self._directory / name, into)
        return True

    def sweep(self) -> None:
        """Remove the hidden folder."""
        swept(self._directory)

    def check(self) -> list[str]:
        """What stands in the way."""
        return list(obstacles(self._directory))


class SftpShelf:
    """A folder on an SFTP server; one session for each file."""

    def __init__(
        self,
        where: Address,
        settings: LoginSettings,
        wait: Callable[[float], None],
        now: Callable[[], float],
    ) -> None:
        self._where = where
        self._settings = settings
        self._wait, self._now = wait, now

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A temporary folder of this machine."""
        temporary = Path(tempfile.gettempdir())
        with advising(temporary), tempfile.TemporaryDirectory(prefix="rostersync-", dir=temporary) as folder:
            yield Path(folder)

    def leave(self, staged: Path) -> None:
        """Upload the file under a hidden name and, when all of it has arrived, rename it."""
        with self._session() as session:
            session.upload(staged, f"{self._where.path}/{_PART}", f"{self._where.path}/{staged.name}")

    def fetch(self, name: str, into: Path) -> bool:
        """Download the file."""
        with self._session() as session:
            return session.download(f"{self._where.path}/{name}", into)

    def sweep(self) -> None:
        """Nothing: a temporary folder is the system's to clear, and the next upload overwrites one cut off."""

    def check(self) -> list[str]:
        """Nothing that could be told from here; the settings are looked at when they are read."""
        return []

    @contextmanager
    def _session(self) -> Iterator[Uploading]:
        from rostersync.transport.files.uploading import Uploading  # loads paramiko

        patience = Patience(self._settings.line().patience.total_seconds(), self._now, self._wait)
        with Uploading(self._where, self._settings, patience) as session:
            yield session


def shelf(
    directory: str, settings: LoginSettings, wait: Callable[[float], None], now: Callable[[], float]
) -> FolderShelf | SftpShelf:
    """The place that a setting `directory` means; `address.shelf_mistakes` has had nothing to say about it."""
    where = sftp_address(directory)
    return SftpShelf(where, settings, wait, now) if where else FolderShelf(Path(directory))
