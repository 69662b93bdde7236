"""Keeps private copies of source files: readable by us alone, digested while copied, gone when nobody needs them."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from rostersync.connectors.pifu.header import Header, read_header
from rostersync.errors import SourceUnavailable

_BLOCK = 1 << 20


class Copy(NamedTuple):
    """A stable copy, its header, and a SHA-256 (hex) over all that decides its records."""

    path: Path
    header: Header
    digest: str


class Spool:
    """The copies of one source, in one folder. Each is locked while it is needed, so a killed run's are told apart."""

    def __init__(self, name: str, folder: Path | None) -> None:
        self._prefix = f"rostersync-{re.sub('[^A-Za-z0-9_]', '-', name)}-"
        self._folder = folder or Path(tempfile.gettempdir())
        self._held: dict[Path, int] = {}

    def take(self, source: Path, way: str) -> Copy:
        """Copy a file that does not change meanwhile. `way` spells out how it will be read; the digest covers that too.

        Raises:
            OSError: it cannot be read, or the folder cannot be written.
            SnapshotRefused: it has no readable header.
            SourceUnavailable: it changed, or another file took its place, while it was being copied.
        """
        self._sweep()
        with source.open("rb") as stream:
            before = _identity(os.fstat(stream.fileno()))
            header = read_header(stream, str(source))
            path = self._create()
            try:
                digest = self._fill(path, stream, header, way)
                if _identity(source.stat()) != before:
                    raise SourceUnavailable(f"{source}: it changed while it was read; run again when it is at rest")
            except BaseException:
                self.drop(path)
                raise
        return Copy(path, header, digest)

    def drop(self, path: Path) -> None:
        """Delete a copy."""
        path.unlink(missing_ok=True)
        if (held := self._held.pop(path, None)) is not None:
            os.close(held)

    def _create(self) -> Path:
        while True:
            descriptor, name = tempfile.mkstemp(prefix=self._prefix, suffix=".xml", dir=self._folder)  # mode 0600
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_nlink:
                self._held[Path(name)] = descriptor
                return Path(name)
            # another run on this machine swept it away before it was locked
            os.close(descriptor)

    def _fill(self, path: Path, stream: BinaryIO, header: Header, way: str) -> str:
        """Copy the stream; the digest leaves out the header, which tells the date, but not what the header decides."""
        decisive = (way, header.encoding, header.root, header.datasource, header.type)
        digest = hashlib.sha256(repr(decisive).encode() + b"\0")
        stream.seek(0)
        with open(self._held[path], "wb", closefd=False) as copy:
            copy.write(stream.read(header.body))
            while block := stream.read(_BLOCK):
                digest.update(block)
                copy.write(block)
        return digest.hexdigest()

    def _sweep(self) -> None:
        """Delete what killed runs left behind: their locks died with them."""
        for path in self._folder.glob(f"{self._prefix}*.xml"):
            with suppress(OSError):
                descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    path.unlink()
                finally:
                    os.close(descriptor)


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
