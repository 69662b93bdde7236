"""Gives the records of a taken export as fragments."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from rostersync.connectors import Fragment, KeyedDigest, Snapshot, Wanted
from rostersync.connectors.sits.layout import Layout
from rostersync.connectors.sits.mapper import records
from rostersync.connectors.sits.schools import Schools
from rostersync.connectors.sits.taking import kept_rows
from rostersync.model import ClaimKind, Record

_encode: Final = msgspec.json.Encoder(order="deterministic").encode
_CLAIMS: Final[dict[str, ClaimKind]] = {"person": "person", "group": "group", "membership": "membership"}


class SitsReading:
    """One pass over a taken export. Its rows are few enough to be held at once; who is named in one is found in others."""

    def __init__(
        self, snapshot: Snapshot, keyed: KeyedDigest, wanted: Wanted, layout: Layout, schools: Schools, way: str
    ) -> None:
        self._path = Path(snapshot.path)
        self._keyed = keyed
        self._wanted = wanted
        self._layout = layout
        self._schools = schools
        self._way = way.encode()
        self._proof = ""

    @property
    def proof(self) -> str:
        """What proved completeness, in words; empty until then."""
        return self._proof

    def __iter__(self) -> Iterator[Fragment]:
        self._proof = ""
        rows, proof = kept_rows(self._path)
        for record in records(rows, self._layout, self._schools, self._wanted):
            digest = self._keyed(self._way + _encode(_told(record)))
            yield Fragment(_CLAIMS[record.kind], digest, record.line, partial(_itself, record))
        self._proof = proof


def _told(record: Record) -> tuple[object, ...]:
    """What a record says, without the line that it stands on."""
    return record.kind, record.fields, record.whose, record.unread, [_told(part) for part in record.parts]


def _itself(record: Record) -> Record:
    return record
