"""Knows a copy of an export again: by all that decides its records, and not by its date."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

from rostersync.connectors.pifu.header import Header, read_header

_BLOCK = 1 << 20


class Known(NamedTuple):
    """The header of a copy, and a SHA-256 (hex) over all that decides its records."""

    header: Header
    digest: str


def known(copy: Path, label: str, way: str) -> Known:
    """Read a copy. `way` spells out how it will be read; the digest covers that too. `label` names it in messages.

    Raises:
        OSError: it cannot be read.
        SnapshotRefused: it has no readable header.
    """
    with copy.open("rb") as stream:
        header = read_header(stream, label)
        # the header, which tells the date, is left out, but not what it decides
        decisive = (way, header.encoding, header.root, header.datasource, header.type)
        digest = hashlib.sha256(repr(decisive).encode() + b"\0")
        stream.seek(header.body)
        while block := stream.read(_BLOCK):
            digest.update(block)
    return Known(header, digest.hexdigest())
