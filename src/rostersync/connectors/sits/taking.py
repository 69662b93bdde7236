"""Takes an export in: fetches what the layout's shape asks for, reads its rows to the end, and keeps them in one copy.

The copy is the same for every shape, so that everything behind it is too: one row a line, and the proof as the last.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from rostersync.connectors.sits.delimited import NEWLINE, delimited_rows
from rostersync.connectors.sits.layout import Layout, Table
from rostersync.connectors.sits.rows import Row
from rostersync.connectors.sits.rws import rws_rows
from rostersync.connectors.sits.xet import xet_rows
from rostersync.errors import SourceUnavailable
from rostersync.transport.files import Copied
from rostersync.transport.spool import Spool

_encode: Final = msgspec.json.Encoder(order="deterministic").encode
_row: Final = msgspec.json.Decoder(Row)
_proof: Final = msgspec.json.Decoder(str)


class Taken(NamedTuple):
    """Rows in a copy of our own, and a SHA-256 (hex) over all that decides their records.

    `empty` are the tables without any row: more often than nobody, that means a wrong path or an empty answer.
    """

    path: Path
    digest: str
    empty: tuple[Table, ...]


def rows_of_file(layout: Layout, table: Table, copied: Copied) -> Iterator[Row]:
    """The rows of one fetched file; of an XET export those of every table.

    Raises:
        OSError, SnapshotRefused: as the shape's own reader.
    """
    if layout.shape == "xet":
        return xet_rows(copied.path, copied.label, layout.tables)
    if layout.shape == "rws":
        return rws_rows(copied.path.read_bytes(), copied.label, table)
    return delimited_rows(copied.path, copied.label, table, layout)


def keep(spool: Spool, rows: Iterator[Row], layout: Layout, way: str) -> Taken:
    """Write rows into a copy. `way` spells out what, besides them, decides their records.

    Raises:
        OSError: the spool cannot be written.
        SnapshotRefused, SourceUnavailable: as reading the rows does.
    """
    path = spool.create()
    digest = hashlib.sha256(way.encode() + b"\0")
    counts: Counter[str] = Counter()
    try:
        with spool.writing(path) as copy:
            for row in rows:
                line = _encode(row) + b"\n"
                counts[row.table] += 1
                digest.update(line)
                copy.write(line)
            copy.write(_encode(_told(layout, counts)))
    except BaseException:
        spool.drop(path)
        raise
    return Taken(path, digest.hexdigest(), tuple(table for table in layout.tables if not counts[table.name]))


def kept_rows(path: Path) -> tuple[list[Row], str]:
    """The rows of a copy, and the proof that they are all.

    Raises:
        SourceUnavailable: our copy is gone, or not whole.
    """
    try:
        *lines, last = path.read_bytes().split(b"\n")
        return [_row.decode(line) for line in lines], _proof.decode(last)
    except OSError as error:
        reason = error.strerror or "it cannot be read"
    except msgspec.DecodeError:
        reason = "it is not whole"
    # raised out here: what a decoder says may quote a row
    raise SourceUnavailable(f"{path}: our copy of the export is gone ({reason}); run again")


def _told(layout: Layout, counts: Counter[str]) -> str:
    """What proved that the export is whole, in words."""
    ends = "every file ends with the end of a line" if layout.end == NEWLINE else f'every file ends with "{layout.end}"'
    proofs = {
        "xet": "root closed",
        "delimited": ends,
        "rws": "every answer is a whole list",
        "views": "every view was read to its end",
    }
    return "; ".join((proofs[layout.shape], *(f"{table.name}: {counts[table.name]} rows" for table in layout.tables)))
