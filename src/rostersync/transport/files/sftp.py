"""Files on an SFTP server."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

import paramiko

from rostersync.errors import SourceUnavailable
from rostersync.transport.files.address import Address
from rostersync.transport.files.login import reason, session
from rostersync.transport.files.places import BLOCK, Offered
from rostersync.transport.files.settings import FilesSettings
from rostersync.transport.patience import Patience

_WILD: Final = frozenset("*?[")
_AHEAD: Final = 64
"""Requests under way at a time (32 kB each): enough for a line of 100 ms, little enough for the memory."""


class Sftp:
    """One session; it ends by `close`. Everything raises SourceUnavailable when it is lost or refused."""

    def __init__(self, where: Address, settings: FilesSettings, patience: Patience) -> None:
        """Connect and log in.

        Raises:
            SourceUnavailable: no connection until patience is at its end, another host key than is known, a refusal.
            UserMistake: a secret or the known host keys cannot be read.
        """
        self._where = where
        with self._speaking():
            self._client, self._sftp = session(where, settings, patience)

    def close(self) -> None:
        """End the session."""
        self._client.close()

    def offered(self) -> list[Offered]:
        """The files that the pattern fits, in the order of their names; hidden ones are left out.

        Raises:
            SourceUnavailable: there are none, or a folder may not be listed.
        """
        with self._speaking():
            found = sorted(self._below("", self._where.path.strip("/").split("/")), key=lambda one: one.name)
        if not found:
            raise SourceUnavailable(
                f"{self._where.server}{self._where.path}: no file is there; check that the export still runs, and that "
                "the setting files names folder and file as the server shows them"
            )
        return found

    def blocks(self, one: Offered, most: int | None = None) -> Iterator[bytes]:
        """The bytes of a file.

        Raises:
            SourceUnavailable: it cannot be read, or it changed meanwhile.
        """
        with self._speaking(), self._sftp.open(one.name, "rb") as stream:
            if most is not None:
                yield stream.read(most)
                return
            stream.prefetch(one.known_by[0], _AHEAD)
            while block := stream.read(BLOCK):
                yield block
            if {_known_by(stream.stat()), _known_by(self._sftp.stat(one.name))} != {one.known_by}:
                raise SourceUnavailable(f"{one.label}: it changed while it was read; run again when it is at rest")

    def delete(self, one: Offered, copy: Path) -> None:  # noqa: ARG002 - to read it all again would cost too much
        """Delete a file that has the same size and date as when it was copied.

        Raises:
            SourceUnavailable: it cannot be deleted.
        """
        with self._speaking():
            if _known_by(self._sftp.stat(one.name)) == one.known_by:
                self._sftp.remove(one.name)

    def _below(self, folder: str, names: list[str]) -> Iterator[Offered]:
        """The files below a folder; of `names`, each is a pattern for one level."""
        name, *deeper = names
        for found in self._listed(folder, name):
            path = f"{folder}/{found}"
            if deeper:
                yield from self._below(path, deeper)
            elif (status := self._status(path)) and not stat.S_ISDIR(status.st_mode or 0):
                changed = datetime.fromtimestamp(status.st_mtime or 0, UTC)
                yield Offered(path, f"{self._where.server}{path}", changed, known_by=_known_by(status))

    def _listed(self, folder: str, name: str) -> list[str]:
        if not _WILD & set(name):
            return [name]
        try:
            there = self._sftp.listdir(folder or "/")
        except FileNotFoundError:
            return []
        return [found for found in there if fnmatchcase(found, name) and not found.startswith(".")]

    def _status(self, path: str) -> paramiko.SFTPAttributes | None:
        with suppress(FileNotFoundError):
            return self._sftp.stat(path)
        return None

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        try:
            yield
        except (paramiko.SSHException, paramiko.SFTPError, OSError, EOFError) as error:
            raise SourceUnavailable(f"{self._where.server}: {reason(error)}") from None


def _known_by(status: paramiko.SFTPAttributes) -> tuple[int, ...]:
    return status.st_size or 0, status.st_mtime or 0
