"""Copies the file of a sender into the spool, digested on the way."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import BinaryIO, NamedTuple

from rostersync.connectors.pifu.header import Header, read_header
from rostersync.errors import SourceUnavailable
from rostersync.transport.spool import Spool

_BLOCK = 1 << 20


class Copy(NamedTuple):
    """A stable copy, its header, and a SHA-256 (hex) over all that decides its records."""

    path: Path
    header: Header
    digest: str


def take(spool: Spool, source: Path, way: str) -> Copy:
    """Copy a file that does not change meanwhile. `way` spells out how it will be read; the digest covers that too.

    Raises:
        OSError: it cannot be read, or the spool cannot be written.
        SnapshotRefused: it has no readable header.
        SourceUnavailable: it changed, or another file took its place, while it was being copied.
    """
    with source.open("rb") as stream:
        before = _identity(os.fstat(stream.fileno()))
        header = read_header(stream, str(source))
        path = spool.create()
        try:
            with spool.writing(path) as copy:
                digest = _fill(copy, stream, header, way)
            if _identity(source.stat()) != before:
                raise SourceUnavailable(f"{source}: it changed while it was read; run again when it is at rest")
        except BaseException:
            spool.drop(path)
            raise
    return Copy(path, header, digest)


def _fill(copy: BinaryIO, stream: BinaryIO, header: Header, way: str) -> str:
    """Copy the stream; the digest leaves out the header, which tells the date, but not what the header decides."""
    decisive = (way, header.encoding, header.root, header.datasource, header.type)
    digest = hashlib.sha256(repr(decisive).encode() + b"\0")
    stream.seek(0)
    copy.write(stream.read(header.body))
    while block := stream.read(_BLOCK):
        digest.update(block)
        copy.write(block)
    return digest.hexdigest()


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
